"""A host of MCP Apps, written from the specification: it shows a view in a sandboxed frame of a headless Chromium and passes
its calls on to a real `imagewire mcp`. Like a desktop host it needs no sandbox proxy, since it is no web page of others.

Every message of the view is judged by `messages.py`, every message of the server by `conversation.Judge`.
"""

import base64
import json
import queue
import time
from pathlib import Path

import jsonschema
from browser import Browser
from conversation import Judge

from apps import messages

#: What the specification demands where a page declares no domains.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'; frame-src 'none'; object-src 'none'; base-uri 'self'"
)
STATELESS = "2026-07-28"
CLIENT = {"name": "apps-test", "version": "1"}
PATIENCE = 20


class Frames(Browser):
    """A browser that also runs scripts in the frame of the view, wherever Chromium keeps it."""

    def __init__(self, **options):
        self.frame, self.contexts = None, []
        super().__init__(**options)
        self.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def _message(self):
        message = super()._message()
        method, params = message.get("method"), message.get("params", {})
        if method == "Target.attachedToTarget" and params["targetInfo"]["type"] == "iframe":
            self.frame = params["sessionId"]
        elif method == "Runtime.executionContextCreated":
            context = params["context"]
            if context["auxData"].get("isDefault") and context["origin"] in ("://", "null", ""):
                self.contexts.append(context["id"])
        return message

    def inside(self, script):
        """The value of a script in the view."""
        session = self.session
        place = {} if self.frame else {"contextId": self.contexts[-1]}
        self.session = self.frame or session
        try:
            result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, **place)
        finally:
            self.session = session
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def listen(self):
        """Hears the errors of a frame of its own process too."""
        if self.frame:
            session, self.session = self.session, self.frame
            for domain in ("Runtime", "Log", "Network"):
                self.ask(f"{domain}.enable")
            self.session = session


class Host:
    """One conversation with a server, and at most one view."""

    def __init__(self, program, revision="2025-11-25", **options):
        self.program, self.revision = program, revision
        self.width = options.pop("view", 640)
        self.tools_allowed = options.pop("tools", True)
        self.context = {"theme": "light", "displayMode": "inline", "availableDisplayModes": ["inline"]} | options.pop("context", {})
        self.judge = Judge()
        self.number, self.replies = 0, {}
        self.calls, self.sizes, self.contexts, self.answers, self.refused = [], [], [], {}, []
        self.isReady = self.wasToldInput = False
        self.browser = Frames(width=1000, height=1600, **options)
        self.browser.open(Path(__file__).with_name("host.html").as_uri())
        if revision != STATELESS:
            hello = {"protocolVersion": revision, "capabilities": messages.CAPABILITIES, "clientInfo": CLIENT}
            self.hello = self.ask("initialize", hello)
            self.program.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        else:
            self.hello = self.ask("server/discover", {})
        self.tools = {tool["name"]: tool for tool in self.ask("tools/list", {})["tools"]}
        messages.check_tools(self.tools.values())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.__exit__(None, None, None)

    # -- the server ------------------------------------------------------------------------------------------------

    def request(self, method, params, then):
        """Sends a request to the server; `then` gets its reply."""
        self.number += 1
        if self.revision == STATELESS:
            params = params | {
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": STATELESS,
                    "io.modelcontextprotocol/clientCapabilities": messages.CAPABILITIES,
                    "io.modelcontextprotocol/clientInfo": CLIENT,
                }
            }
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.judge.sent(message)
        self.replies[self.number] = then
        self.program.send(message)

    def ask(self, method, params):
        """A request and its result."""
        got = []
        self.request(method, params, got.append)
        while not got:
            self.hear(self.program.receive())
        assert "result" in got[0], got[0]
        return got[0]["result"]

    def hear(self, message):
        self.judge.received(message)
        self.replies.pop(message["id"])(message)

    # -- the view --------------------------------------------------------------------------------------------------

    def show(self, tool, arguments, result=None):
        """Calls a tool, and shows its result in the view that it names."""
        uri = self.tools[tool]["_meta"]["ui"]["resourceUri"]
        page = self.ask("resources/read", {"uri": uri})["contents"]
        assert [one["uri"] for one in page] == [uri]
        jsonschema.validate(page[0], messages.CONTENTS)
        assert "csp" not in page[0]["_meta"]["ui"], "then the policy would have to name its domains"
        result = result or self.ask("tools/call", {"name": tool, "arguments": arguments})
        self.load(page[0]["text"])
        self.tell("tool-input", arguments=arguments)
        self.tell("tool-result", **result)
        return result

    def load(self, html):
        """A page in a frame, up to its handshake."""
        self.isReady = False
        self.browser.contexts.clear()
        self.browser.value(f"show({json.dumps(html)},{json.dumps(POLICY)},{self.width})")
        self.until(lambda: self.isReady, "the view did not begin")
        self.browser.listen()

    def tell(self, name, **params):
        """A notification to the view, which it must be ready for."""
        assert self.isReady
        self.post({"jsonrpc": "2.0", "method": f"ui/notifications/{name}", "params": params})

    def change(self, **context):
        """The host's context changes."""
        self.context |= context
        self.tell("host-context-changed", **context)

    def demand(self, method, **params):
        """A request to the view, and its answer."""
        self.number += 1
        number = f"host-{self.number}"
        self.post({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        self.until(lambda: number in self.answers, f"no answer to {method}")
        return self.answers[number]

    def post(self, message):
        self.browser.value(f"send({json.dumps(message)})")

    def until(self, condition, what):
        """Passes messages on until it is true. The view wakes this; for the server it looks every 20 ms."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what}; calls: {self.calls[-5:]}; {self.browser.complaints}"
            for message in self.browser.value("take(20)"):
                self.heard(message)
            while True:
                try:
                    _, message = self.program.messages.get_nowait()
                except queue.Empty:
                    break
                assert isinstance(message, dict), message
                self.hear(message)

    def until_inside(self, script, what=None):
        """Passes messages on until a script in the view is true."""
        self.until(lambda: self.browser.inside(script), what or script)

    def heard(self, message):
        """A message of the view."""
        messages.from_view(message)
        method, params = message.get("method"), message.get("params", {})
        if method is None:
            self.answers[message["id"]] = message
            return
        assert self.isReady or method in ("ui/initialize", "ui/notifications/initialized"), f"{method} before initialized"
        if method == "ui/initialize":
            able = {"serverTools": {}} if self.tools_allowed else {}
            self.answer(message, {
                "protocolVersion": messages.VERSION, "hostInfo": CLIENT, "hostCapabilities": able,
                "hostContext": {**self.context, "containerDimensions": {"width": self.width}},
            })
        elif method == "ui/notifications/initialized":
            self.isReady = True
        elif method == "ui/notifications/size-changed":
            self.sizes.append(params)
            self.browser.value(f"frame.height={params['height']}")
        elif method == "tools/call":
            self.forward(message, params)
        elif method == "ui/request-display-mode":
            self.context["displayMode"] = params["mode"]
            self.answer(message, {"mode": params["mode"]})
        elif method == "ui/update-model-context":
            self.contexts.append(params["content"][0]["text"])
            self.answer(message, {})
        else:
            raise AssertionError(f"the host has no {method}")

    def forward(self, message, params):
        assert self.tools_allowed, "the host offered no tools"
        tool = self.tools[params["name"]]
        assert "app" in tool.get("_meta", {}).get("ui", {}).get("visibility", ["model", "app"])
        jsonschema.validate(params["arguments"], tool["inputSchema"])
        self.calls.append((params["name"], params["arguments"]))

        def reply(answer):
            body = {"result": answer["result"]} if "result" in answer else {"error": answer["error"]}
            if body.get("result", {}).get("isError"):
                self.refused.append(body["result"]["content"][0]["text"])
            self.post({"jsonrpc": "2.0", "id": message["id"], **body})

        self.request("tools/call", params, reply)

    def answer(self, message, result):
        self.post({"jsonrpc": "2.0", "id": message["id"], "result": result})

    # -- the person ------------------------------------------------------------------------------------------------

    def text(self, selector):
        return self.browser.inside(f"document.querySelector({json.dumps(selector)}).textContent.trim()")

    def shown(self):
        """The names of the buttons that are shown and may be clicked."""
        return self.browser.inside(
            "[...document.querySelectorAll('#actions button')].filter(b=>b.checkVisibility()&&b.ariaDisabled!=='true').map(b=>b.id)"
        )

    def until_picture(self):
        self.until_inside("{const i=document.getElementById('large');!i.closest('[hidden]')&&i.complete&&i.naturalWidth>0}")

    def settle(self):
        """Passes messages on until the frame is as large as the view."""
        self.until_inside("innerHeight>=document.documentElement.scrollHeight")

    def click(self, selector):
        """A click of the mouse on an element, once it is there and the frame is large enough to show it."""
        place = (
            f"{{const r=document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "[r.x+Math.min(r.width/2,40),r.y+Math.min(r.height/2,40)]}"
        )
        self.until_inside(f"document.querySelector({json.dumps(selector)})?.checkVisibility()??false")
        self.settle()
        # A frame that was resized a moment ago may not get it: then nothing in it hears of a click.
        self.browser.inside(
            "{const hear=new Promise(done=>addEventListener('click',()=>done(true),{once:true,capture:true}));"
            "window.heard=()=>Promise.race([hear,new Promise(done=>setTimeout(done,500,false))])}"
        )
        self.until(lambda: self.press(place), f"no click on {selector}")

    def press(self, place):
        """A click at a place of the view; whether the view heard it."""
        x, y = self.browser.inside(place)
        top = self.browser.value(f"scrollTo(0,{max(0, y - 700)}),scrollY")
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y - top, button="left", clickCount=1)
        return self.browser.inside("window.heard()")

    def write(self, text):
        self.browser.ask("Input.insertText", text=text)

    def called(self, name):
        """The arguments of the calls of a tool, in their order."""
        return [arguments for tool, arguments in self.calls if tool == name]

    def picture(self, path):
        """A screenshot of the view."""
        self.settle()
        height = self.browser.value("frame.getBoundingClientRect().height")
        clip = {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 1}
        data = self.browser.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))
