"""The messages of MCP Apps, stable 2026-01-26, as schemas: written from the text of the specification (SEP-1865,
modelcontextprotocol/ext-apps, specification/2026-01-26/apps.mdx). What it does not name is refused.
"""

import jsonschema

VERSION = "2026-01-26"
EXTENSION = "io.modelcontextprotocol/ui"
TYPE = "text/html;profile=mcp-app"
CAPABILITIES = {"extensions": {EXTENSION: {"mimeTypes": [TYPE]}}}


def exactly(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


TEXT, FREE = {"type": "string"}, {"type": "object"}
NUMBER = {"type": "number", "minimum": 0}
MODE = {"enum": ["inline", "fullscreen", "pip"]}
NOTHING = exactly()
DOMAINS = {"type": "array", "items": TEXT}
BLOCK = {"type": "object", "properties": {"type": {"enum": ["text", "image", "audio", "resource", "resource_link"]}}, "required": ["type"]}

#: `_meta.ui` of a tool.
TOOL_META = exactly(
    resourceUri={"type": "string", "pattern": "^ui://"},
    visibility={"type": "array", "items": {"enum": ["model", "app"]}, "minItems": 1, "uniqueItems": True},
)
#: `_meta.ui` of a page.
RESOURCE_META = exactly(
    csp=exactly(connectDomains=DOMAINS, resourceDomains=DOMAINS, frameDomains=DOMAINS, baseUriDomains=DOMAINS),
    permissions=exactly(camera=NOTHING, microphone=NOTHING, geolocation=NOTHING, clipboardWrite=NOTHING),
    domain=TEXT, prefersBorder={"type": "boolean"},
)
CONTENTS = {
    **exactly(
        ["uri", "mimeType"], uri={"type": "string", "pattern": "^ui://"}, mimeType={"const": TYPE}, text=TEXT, blob=TEXT,
        _meta=exactly(ui=RESOURCE_META),
    ),
    "oneOf": [{"required": ["text"]}, {"required": ["blob"]}],
}

#: What a view may send, by method.
REQUESTS = {
    "ui/initialize": exactly(
        ["appInfo", "appCapabilities", "protocolVersion"],
        appInfo=exactly(["name", "version"], name=TEXT, version=TEXT, title=TEXT, websiteUrl=TEXT),
        appCapabilities=exactly(
            experimental=FREE, tools=exactly(listChanged={"type": "boolean"}),
            availableDisplayModes={"type": "array", "items": MODE},
        ),
        protocolVersion={"const": VERSION},
    ),
    "ui/open-link": exactly(["url"], url=TEXT),
    "ui/message": exactly(["role", "content"], role={"const": "user"}, content=BLOCK),
    "ui/request-display-mode": exactly(["mode"], mode=MODE),
    "ui/update-model-context": exactly(content={"type": "array", "items": BLOCK}, structuredContent=FREE),
    "tools/call": exactly(["name", "arguments"], name=TEXT, arguments=FREE),
    "resources/read": exactly(["uri"], uri=TEXT),
    "ping": NOTHING,
}
NOTIFICATIONS = {
    "ui/notifications/initialized": NOTHING,
    "ui/notifications/size-changed": exactly(["width", "height"], width=NUMBER, height=NUMBER),
    "notifications/message": FREE,
}
ANSWER = {"oneOf": [{"required": ["result"]}, {"required": ["error"]}]}


def from_view(message):
    """Raises where a view may not send this."""
    assert message["jsonrpc"] == "2.0"
    if "method" not in message:
        assert set(message) <= {"jsonrpc", "id", "result", "error"}
        return jsonschema.validate(message, ANSWER)
    kinds = REQUESTS if "id" in message else NOTIFICATIONS
    assert message["method"] in kinds, f"{message['method']} is no message of a view"
    jsonschema.validate(message.get("params", {}), kinds[message["method"]])


def check_tools(tools):
    """Raises where what tools say of views is not the specification's."""
    for tool in tools:
        if "ui" in tool.get("_meta", {}):
            jsonschema.validate(tool["_meta"]["ui"], TOOL_META)
