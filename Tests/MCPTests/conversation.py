"""The rules for a recorded conversation: every message of the server judged by the schemas of its revision, and the rules
that no schema says.
"""

import json
from functools import cache
from pathlib import Path

import jsonschema

SCHEMAS = Path(__file__).resolve().parents[1] / "Fixtures/mcp"
LEGACY = "2025-11-25"
STATELESS = "2026-07-28"
TASKS = "ext-tasks-draft"
VERSION = "io.modelcontextprotocol/protocolVersion"

#: The definition of each result, by method. Those of the tasks extension are in a schema of their own.
RESULTS = {
    "initialize": "InitializeResult",
    "server/discover": "DiscoverResult",
    "ping": "EmptyResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "completion/complete": "CompleteResult",
    "subscriptions/listen": "SubscriptionsListenResult",
    "tasks/get": "GetTaskResult",
    "tasks/list": "ListTasksResult",
    "tasks/cancel": "CancelTaskResult",
    "tasks/result": "GetTaskPayloadResult",
    "tasks/update": "UpdateTaskResult",
}
NOTIFICATIONS = {
    "notifications/progress": "ProgressNotification",
    "notifications/tasks/status": "TaskStatusNotification",
    "notifications/tasks": "TaskStatusNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
}
ERRORS = {-32022: "UnsupportedProtocolVersionError", -32021: "MissingRequiredClientCapabilityError"}
#: JSON-RPC 2.0 itself, for errors to what had no id: the older schemas of MCP do not have them.
ANONYMOUS = {
    "type": "object",
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": "null"},
        "error": {
            "type": "object",
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "data": {}},
            "required": ["code", "message"],
            "additionalProperties": False,
        },
    },
    "required": ["jsonrpc", "id", "error"],
    "additionalProperties": False,
}


@cache
def schema(name):
    path = SCHEMAS / (f"{name}.schema.json" if name == TASKS else f"mcp-{name}.schema.json")
    return json.loads(path.read_text())


@cache
def validator(name, definition):
    """Judges by one definition of a revision."""
    whole = schema(name)
    place = "definitions" if "definitions" in whole else "$defs"
    assert definition in whole[place], f"{name} has no {definition}"
    kind = jsonschema.validators.validator_for(whole)
    return kind({"$ref": f"#/{place}/{definition}", place: whole[place], "$schema": whole["$schema"]})


def has(name, definition):
    whole = schema(name)
    return definition in whole.get("definitions", whole.get("$defs", {}))


def read(path):
    """The messages of a record, as `(side, message)`; batches are taken apart."""
    for line in Path(path).read_text().splitlines():
        entry = json.loads(line)
        if not entry["text"].strip():
            continue
        message = json.loads(entry["text"])
        for one in message if isinstance(message, list) else [message]:
            yield entry["from"], one


class Judge:
    """Follows one conversation. `received` raises at the first message that should not be."""

    def __init__(self):
        self.revision = LEGACY
        self.asked = {}
        self.cancelled = set()
        self.progress = {}
        self.token_of = {}
        self.subscriptions = {}
        self.task_tokens = set()
        self.judged = 0
        self.methods = set()

    @staticmethod
    def key(value):
        return json.dumps(value)

    def sent(self, message):
        if "method" not in message:
            return
        params = message.get("params") or {}
        meta = params.get("_meta") or {} if isinstance(params, dict) else {}
        if "id" in message:
            revision = STATELESS if VERSION in meta else self.revision
            self.asked[self.key(message["id"])] = (message["method"], revision, params)
            if "progressToken" in meta:
                token = self.key(meta["progressToken"])
                self.progress.pop(token, None)
                self.token_of[self.key(message["id"])] = token
                if "task" in params and revision == LEGACY:
                    self.task_tokens.add(token)
        elif message["method"] == "notifications/cancelled":
            self.cancelled.add(self.key(params["requestId"]))

    def received(self, message):
        self.judged += 1
        assert message["jsonrpc"] == "2.0"
        if "method" in message and "id" in message:
            # Stateless revisions have no requests of the server.
            assert self.revision != STATELESS
            definition = {"elicitation/create": "ElicitRequest", "roots/list": "ListRootsRequest"}[message["method"]]
            validator(self.revision, definition).validate(message)
        elif "method" in message:
            self.notified(message)
        elif message.get("id") is None:
            jsonschema.validate(message, ANONYMOUS)
        else:
            self.answered(message)

    def answered(self, message):
        key = self.key(message["id"])
        assert key in self.asked, f"{key} was not requested"
        assert key not in self.cancelled, f"{key} was cancelled and answered all the same"
        method, revision, params = self.asked.pop(key)
        self.methods.add(method)
        token = self.token_of.pop(key, None)
        if token not in self.task_tokens:
            self.progress.pop(token, None)
        self.subscriptions.pop(key, None)
        if "error" in message:
            definition = ERRORS.get(message["error"]["code"]) or next(
                name for name in ("JSONRPCErrorResponse", "JSONRPCError") if has(revision, name)
            )
            return validator(revision, definition).validate(message)
        result = message["result"]
        envelope = next(name for name in ("JSONRPCResultResponse", "JSONRPCResponse") if has(revision, name))
        validator(revision, envelope).validate(message)
        self.result(method, revision, params, result)
        if method == "initialize":
            self.revision = result["protocolVersion"]

    def result(self, method, revision, params, result):
        definition = RESULTS[method]
        if revision == STATELESS:
            assert "io.modelcontextprotocol/serverInfo" in result["_meta"]
            if method.startswith("tasks/") or result["resultType"] == "task":
                definition = "CreateTaskResult" if method == "tools/call" else definition
                validator(TASKS, definition).validate(result)
                if result.get("status") == "completed" and "result" in result:
                    validator(STATELESS, "CallToolResult").validate(result["result"])
                return
            if result["resultType"] == "input_required":
                assert method == "tools/call" and result["inputRequests"]
                return validator(STATELESS, "InputRequiredResult").validate(result)
        elif method == "tools/call" and "task" in params and revision == LEGACY:
            definition = "CreateTaskResult"
        validator(revision, definition).validate(result)
        if method == "tasks/result":
            validator(revision, "CallToolResult").validate(result)
            assert "io.modelcontextprotocol/related-task" in result["_meta"]
        if "structuredContent" in result:
            assert revision >= "2025-06-18", "structuredContent is younger than this revision"
            assert sum(block["type"] == "text" for block in result["content"]) == 1

    def notified(self, message):
        method, params = message["method"], message["params"]
        subscription = (params.get("_meta") or {}).get("io.modelcontextprotocol/subscriptionId")
        if method == "notifications/tasks":
            validator(TASKS, "TaskStatusNotification").validate(message)
            assert self.key(subscription) in self.subscriptions, "news for a subscription that was not acknowledged"
        elif method == "notifications/subscriptions/acknowledged":
            validator(STATELESS, NOTIFICATIONS[method]).validate(message)
            asked, _, _ = self.asked[self.key(subscription)]
            assert asked == "subscriptions/listen"
            self.subscriptions[self.key(subscription)] = True
        else:
            validator(self.revision, NOTIFICATIONS[method]).validate(message)
        if method == "notifications/progress":
            token = self.key(params["progressToken"])
            live = {self.token_of.get(key) for key in self.asked} | self.task_tokens
            assert token in live, "progress for a request that is over"
            cancelled = {self.token_of.get(key) for key in self.cancelled}
            assert token not in cancelled, "progress for a request that was cancelled"
            assert params["progress"] > self.progress.get(token, -1), "progress that is none"
            self.progress[token] = params["progress"]


def judge(path):
    """Judges a whole record; says by what methods it came and how many messages there were."""
    judge = Judge()
    for side, message in read(path):
        judge.sent(message) if side == "client" else judge.received(message)
    return judge
