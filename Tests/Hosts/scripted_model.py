"""A model on loopback that follows a script, and keeps what a host sends it.

It speaks Anthropic Messages, OpenAI Chat Completions and OpenAI Responses, each also as a stream. To a request without our
tools it says "ok". To any other it makes the next call of its script, where next is told by the number of results that the
request holds: so a request that a host repeats gets the same answer. After the last result it says "Done.".

Like the services it plays, it refuses what they refuse: image URLs that they cannot fetch, and images in tool messages of
Chat Completions.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

#: Tools by which a host's model finds tools that the host did not list. With `exec`, Codex's model finds and calls them in
#: JavaScript; Vibe's finds them with the last and calls them in TypeScript.
SEARCHES = ("ToolSearch", "tool_search", "exec", "search_tool_functions")
FIND = "text(ALL_TOOLS.filter(tool => /image/i.test(tool.name + tool.description)))"
#: What Codex's own search ranks, the best first.
RANK = "text((await tools.tool_search({{query: {query}, limit: 8}})).tools.map(({{name}}) => ({{name}})))"
#: Everything of a result: all but its images as text, its images as images.
JAVASCRIPT = """const result = await tools.{name}({arguments});
text({{...result, content: result.content.filter(block => block.type !== "image")}});
for (const block of result.content) if (block.type === "image") image(block);"""
TYPESCRIPT = "async function main() {{ return await tools.{name}({arguments}); }}"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9A-HJKMNP-TV-Z]{26}\b")


class Heard:
    """A request, the same for all three protocols."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.tools = []  # {"name", "namespace", "description", "schema"}
        self.system = ""
        self.calls = {}  # id -> name
        self.results = []  # (call id, blocks)

    def refusal(self):
        """Why the service would refuse this request."""
        shown = [one.get("as user", one) for _, blocks in self.results for one in blocks]
        return next((one["refused"] for one in shown if "refused" in one), None)

    def tool(self, wanted):
        """The tool that the host gave this name, with a prefix of its own perhaps."""
        named = [t for t in self.tools if re.search(rf"(^|[^a-z]){wanted}$", t["name"])]
        # A host may have a tool of that name itself.
        return next((t for t in named if "imagewire" in t.get("namespace", t["name"])), named[0] if named else None)


# -- reading ---------------------------------------------------------------------------------------------------------


def block(part):
    """A block of a result: text, an image or what else it is."""
    if isinstance(part, str):
        return {"text": part}
    kind = part.get("type")
    if kind in ("text", "input_text", "output_text"):
        return {"text": part["text"]}
    if kind == "image":
        source = part.get("source", {})
        url = source.get("url", "")
        if source.get("type") == "url" and not url.startswith("https://"):
            return {**part, "refused": f"image.source.url: Only HTTPS URLs are supported, not {url}"}
        return {"image": source.get("media_type", url), "base64": source.get("data", "")}
    if kind in ("image_url", "input_image"):
        url = part["image_url"] if isinstance(part["image_url"], str) else part["image_url"]["url"]
        if not re.match(r"https?://|data:image/", url):
            return {**part, "refused": f"Invalid image_url: expected a base64-encoded data URL or an http(s) URL, got {url}"}
        head, _, data = url.partition(",")
        return {"image": head, "base64": data}
    return part


def blocks(content):
    return [block(part) for part in ([content] if isinstance(content, (str, dict)) else content or [])]


def anthropic(body):
    heard = Heard("anthropic")
    heard.system = "".join(b["text"] for b in blocks(body.get("system")) if "text" in b)
    for tool in body.get("tools", []):
        heard.tools.append({
            "name": tool["name"], "description": tool.get("description", ""), "schema": tool.get("input_schema", {}),
            **({"deferred": True} if tool.get("defer_loading") else {}),
        })
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part["type"] == "tool_use":
                heard.calls[part["id"]] = part["name"]
            elif part["type"] == "tool_result":
                failed = [{"is_error": True}] if part.get("is_error") else []
                heard.results.append((part["tool_use_id"], failed + blocks(part.get("content"))))
    return heard


def chat(body):
    heard = Heard("chat")
    for tool in body.get("tools") or []:
        function = tool["function"]
        heard.tools.append({
            "name": function["name"], "description": function.get("description", ""), "schema": function.get("parameters", {}),
        })
    for message in body["messages"]:
        if message["role"] in ("system", "developer"):
            heard.system += "".join(b.get("text", "") for b in blocks(message["content"]))
        for call in message.get("tool_calls") or []:
            heard.calls[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            seen = blocks(message["content"])
            for one in seen:
                if "image" in one:
                    one["refused"] = "Image URLs are only allowed for messages with role 'user', not 'tool'."
            heard.results.append((message["tool_call_id"], seen))
        elif message["role"] == "user" and "Observation:" in json.dumps(message["content"]):
            # smolagents' way of telling a result.
            heard.results.append((f"observation {len(heard.results)}", blocks(message["content"])))
        elif heard.results and message["role"] == "user":
            # Hosts show an image after the result, in a message of the user.
            heard.results[-1][1].extend({"as user": b} for b in blocks(message["content"]))
    return heard


def responses(body):
    heard = Heard("responses")
    heard.system = body.get("instructions") or ""
    more = [item["tools"] for item in body["input"] if isinstance(item, dict) and item.get("type") == "additional_tools"]
    for tool in sum(more, body.get("tools") or []):
        for function in tool.get("tools", [tool]):
            heard.tools.append({
                "name": function.get("name", function["type"]), "description": function.get("description", ""),
                "schema": function.get("parameters", {}),
                **({"namespace": tool["name"]} if tool["type"] == "namespace" else {}),
            })
    for item in body["input"] if isinstance(body["input"], list) else []:
        kind = item.get("type", "message")
        if kind in ("function_call", "custom_tool_call", "tool_search_call"):
            heard.calls[item["call_id"]] = item.get("name", "tool_search")
        elif kind in ("function_call_output", "custom_tool_call_output"):
            heard.results.append((item["call_id"], blocks(item["output"])))
        elif kind == "tool_search_output":
            heard.results.append((item["call_id"], blocks(json.dumps(item["tools"]))))
            for space in item["tools"]:
                for function in space.get("tools", [space]):
                    heard.tools.append({
                        "name": function["name"], "description": function.get("description", ""),
                        "schema": function.get("parameters", {}), "namespace": space["name"],
                    })
        elif kind == "message" and item["role"] in ("system", "developer"):
            heard.system += "".join(b.get("text", "") for b in blocks(item["content"]))
    return heard


# -- writing ---------------------------------------------------------------------------------------------------------


def anthropic_events(body, call, text):
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None, "usage": usage,
    }
    if call:
        part = {"type": "tool_use", "id": call["id"], "name": call["name"], "input": call["arguments"]}
        begin, delta = {**part, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(call["arguments"])}
    else:
        part = {"type": "text", "text": text}
        begin, delta = {**part, "text": ""}, {"type": "text_delta", "text": text}
    reason = "tool_use" if call else "end_turn"
    yield {**message, "content": [part], "stop_reason": reason}
    for event in (
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": begin},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def chat_events(body, call, text):
    head = {"id": "c1", "created": 1, "model": body["model"]}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    message = {"role": "assistant", "content": None if call else text}
    if call:
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
        message["tool_calls"] = [{"id": call["id"], "type": "function", "function": function}]
    reason = "tool_calls" if call else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    yield {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    delta = dict(message)
    if call:
        delta["tool_calls"] = [{"index": 0, **message["tool_calls"][0]}]
    for choice in ({"delta": delta, "finish_reason": None}, {"delta": {}, "finish_reason": reason}):
        chunk = {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}
        yield f"data: {json.dumps(chunk)}\n\n"
    yield f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def responses_events(body, call, text):
    if call and "code" in call:
        item = {
            "type": "custom_tool_call", "id": f"ctc_{call['id']}", "call_id": call["id"], "status": "completed", "name": "exec",
            "namespace": "functions", "input": call["code"],
        }
    elif call and call["name"] == "tool_search":
        item = {
            "type": "tool_search_call", "id": "ts_1", "call_id": call["id"], "status": "completed", "execution": "client",
            "arguments": call["arguments"],
        }
    elif call:
        item = {
            "type": "function_call", "id": f"fc_{call['id']}", "call_id": call["id"], "status": "completed",
            "name": call["name"], "arguments": json.dumps(call["arguments"]),
            **({"namespace": call["namespace"]} if call.get("namespace") else {}),
        }
    else:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    response = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": body["model"], "status": "completed", "output": [item],
        "parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "error": None, "metadata": {},
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, **details},
    }
    yield response
    for number, event in enumerate((
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    )):
        yield f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n"


PROTOCOLS = {
    "/messages": (anthropic, anthropic_events),
    "/chat/completions": (chat, chat_events),
    "/responses": (responses, responses_events),
}


# -- the server ------------------------------------------------------------------------------------------------------


class ScriptedModel:
    """The server, for one conversation. `script` is a list of `scenarios.Call` and `Search`."""

    def __init__(self, script, world=None):
        self.script, self.world = script, world
        self.lock = threading.Lock()
        self.numbers = count(1)
        #: What the model was shown in the longest request of the conversation.
        self.heard = Heard(None)
        self.missing, self.begun = [], set()
        #: Every request as it came: path and body.
        self.requests = []
        #: Tool searches: their call ids, and the tools that they looked for. They are no steps of the script.
        self.searches = {}
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                model.reply(self, self.path.partition("?")[0], body)

            def do_GET(self):
                self.say(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

            def do_HEAD(self):
                self.say(200, {})

            def say(self, status, value):
                self.send(status, "application/json", json.dumps(value).encode())

            def send(self, status, kind, content):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def reply(self, handler, path, body):
        self.requests.append({"path": path, "body": body})
        if path.endswith("/count_tokens"):
            return handler.say(200, {"input_tokens": 1})
        for end, (read, write) in PROTOCOLS.items():
            if path.endswith(end):
                break
        else:
            return handler.say(404, {"error": {"message": f"there is no {path}", "type": "not_found"}})
        with self.lock:
            heard = read(body)
            call, text = self.next(heard)
        if refusal := heard.refusal():
            error = {"type": "invalid_request_error", "message": refusal, "code": None, "param": None}
            return handler.say(400, {"type": "error", "error": error})
        whole, *events = write(body, call, text)
        if body.get("stream"):
            return handler.send(200, "text/event-stream", "".join(events).encode())
        return handler.say(200, whole)

    def next(self, heard):
        """The next call, or else a text."""
        if not heard.tool("generate_image") and not any(t["name"] in SEARCHES for t in heard.tools):
            return None, "ok"
        done = [(id, seen) for id, seen in heard.results if id not in self.searches]
        if len(heard.results) >= len(self.heard.results):
            self.heard = heard
        if len(done) >= len(self.script) or heard.refusal():
            return self.last_words(heard)
        step, id = self.script[len(done)], f"call_{next(self.numbers)}"
        if hasattr(step, "words"):
            return {"id": id, **self.ranked(heard, step.words)}, None
        found = json.dumps([seen for i, seen in heard.results if i in self.searches])
        if search := self.search(heard, step.tool, found):
            self.searches[id] = step.tool
            return {"id": id, **search}, None
        words = json.dumps([seen for _, seen in heard.results])
        latest = (ID.findall(words) or ["no-id-was-shown"])[-1]
        call = self.call(heard, step.tool, self.filled(step.arguments, latest), found)
        if not call:
            self.missing.append(step.tool)
            return None, f"There is no tool {step.tool}."
        if len(done) not in self.begun:
            self.begun.add(len(done))
            if step.before:
                step.before(self.world)
        return {"id": id, **call}, None

    def filled(self, arguments, latest):
        """The arguments of a call as JSON."""
        return json.dumps(arguments).replace("{id}", latest).replace("{folder}", str(self.world.folder if self.world else ""))

    @staticmethod
    def ranked(heard, words):
        """The call by which the model of this host searches for tools by words."""
        if any(t["name"] == "exec" for t in heard.tools):
            return {"name": "exec", "code": RANK.format(query=json.dumps(words))}
        return {"name": "ToolSearch", "arguments": {"query": words, "max_results": 5}}

    def search(self, heard, wanted, found):
        """The next call that looks for a tool which the host did not list, unless there is none."""
        names = {t["name"] for t in heard.tools}
        times = list(self.searches.values()).count(wanted)
        query = {"query": wanted.replace("_", " ")}
        if times == 0 and not heard.tool(wanted):
            if "ToolSearch" in names:
                return {"name": "ToolSearch", "arguments": {**query, "max_results": 5}}
            if "tool_search" in names:
                return {"name": "tool_search", "arguments": query}
            if "exec" in names and not re.search(rf"mcp__\w+__{wanted}\b", found):
                return {"name": "exec", "code": FIND}
            if "search_tool_functions" in names:
                return {"name": "search_tool_functions", "arguments": {"mode": "best_match", **query}}
        if times == 1 and (function := re.search(rf"\w+\.{wanted}\b", found)):
            return {"name": "search_tool_functions", "arguments": {"mode": "details", "functions": [function[0]]}}
        return None

    @staticmethod
    def call(heard, wanted, arguments, found):
        """The call of a tool, if the host has it."""
        if tool := heard.tool(wanted):
            # A host may demand more than the server does.
            empty = {"object": {}, "array": [], "number": 0, "integer": 0, "boolean": False}
            kinds = tool["schema"].get("properties", {})
            more = {name: empty.get(kinds[name].get("type"), "") for name in tool["schema"].get("required", [])}
            return {"name": tool["name"], "namespace": tool.get("namespace"), "arguments": {**more, **json.loads(arguments)}}
        if function := re.search(rf"\bmcp__\w+__{wanted}\b", found):
            return {"name": "exec", "code": JAVASCRIPT.format(name=function[0], arguments=arguments)}
        if function := re.search(rf"\w+\.{wanted}\b", found):
            code = TYPESCRIPT.format(name=function[0], arguments=arguments)
            return {"name": "run_typescript", "arguments": {"code": code}}
        return None

    def last_words(self, heard):
        """Text, or the call by which smolagents wants to be told that nothing is left to do."""
        if heard.tool("final_answer"):
            return {"id": f"call_{next(self.numbers)}", "name": "final_answer", "arguments": {"answer": "Done."}}, None
        return None, "Done."
