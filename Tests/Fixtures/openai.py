#!/usr/bin/env python3
"""A server with OpenAI's Images API on this machine, for tests: Python's standard library only, every fault on demand.

    with LoopbackOpenAI() as server:
        server.script("lost", {"error": 400, "code": "moderation_blocked"})
        ...  OPENAI_BASE_URL=server.url  ...
        assert len(server.posts()) == 1

Each POST takes the next behaviour; none left is "normal". A behaviour is a name or an object:
  normal            200 with `n` images as `b64_json`; as a stream of events where the body has `stream`
  {"do": "large", "megabytes": m}      200 with one image whose base64 has m million characters, the same each time
  url               200 with `url`s on this server                 data_uri    the image as a data URI in `url`
  empty, no_data, html, truncated      200 with no body; with `data: []`; with HTML; cut in the middle
  lost, reset       read the request, then close or reset the connection without a byte
  stream_cut        a stream that breaks off before its image    stream_late   one that breaks off right behind it
  stream_error      a stream that ends with an error event
  {"steps": [event, …], "bytes": b}      a stream, one event for each `step()`, the last of them may be "cut"; with
                    `bytes` one byte a write. Events: partial, completed, error, done, and the hostile partials
                    junk (no base64), text (no image), huge (16 MB and a bit)
  {"status": n, "json": …, "headers": {…}, "length": n}      that answer; cut where `length` is more
  {"bytes": b"…", "type": "image/png", "length": n}      200 with that body and Content-Type; cut where `length` is more
  {"files": [{"name": "a.mp4", "bytes": b"…", "type": …}, …], "as": "b64"}      200 with these outputs: as b64 (in `b64_json`),
                    data_uri, url or relative (on this server, with that name and Content-Type; `length` says more than there is)
  {"error": n, "code": …, "type": …, "message": …, "param": …}   OpenAI's error object with that status
Any of them may be `hold`: {"do": "normal", "hold": true} answers after `release()`.

`models` is the list at `/v1/models`, "lost" for no answer, or "held" for
none while the client waits. It tells which server this is. Addresses may have a query.
"""

import base64
import functools
import json
import os
import socket
import struct
import threading
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wavespeed import png

PATIENCE = 30


class LoopbackOpenAI:
    """The server; `url` is a base URL with its /v1."""

    def __init__(self):
        self.lock = threading.Condition()
        self.behaviours = []
        self.requests = []
        self.models = [{"id": "gpt-image-2", "object": "model"}, {"id": "a/b", "object": "model"}]
        self.files = {}
        self.released = threading.Event()
        self.steps = threading.Semaphore(0)
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.owner = self

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self):
        return f"{self.root}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def script(self, *behaviours):
        """The answers to the next POSTs, in order."""
        with self.lock:
            self.behaviours = [item if isinstance(item, dict) else {"do": item} for item in behaviours]
            self.released.clear()

    def release(self):
        """Lets held answers go."""
        self.released.set()

    def step(self, count=1):
        """Lets the open stream send its next events."""
        self.steps.release(count)

    def posts(self, at_least=0):
        """The POSTs so far; waits until there are that many."""
        with self.lock:
            self.lock.wait_for(lambda: sum(r["method"] == "POST" for r in self.requests) >= at_least, PATIENCE)
            return [request for request in self.requests if request["method"] == "POST"]

    def questions(self):
        """The requests for the list of models so far."""
        with self.lock:
            return [request for request in self.requests if request["path"].split("?")[0] == "/v1/models"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that are killed go without a word."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._note(b"")
        if self.path.startswith("/picture/"):
            return self._send(200, png(24, 16), "image/png")
        if file := self.server.owner.files.get(self.path):
            self.close_connection = "length" in file
            return self._send(200, file["bytes"], file.get("type", "application/octet-stream"), length=file.get("length"))
        if self.path.split("?")[0] == "/v1/models":
            models = self.server.owner.models
            if models == "held":
                # Until the client has gone.
                self.rfile.read(1)
            if models in ("lost", "held"):
                self.close_connection = True
                return
            if isinstance(models, int):
                return self._error(models, {"message": "no list"})
            return self._json(200, {"object": "list", "data": models})
        self._error(404, {"message": "no such page"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        owner = self.server.owner
        self._note(body)
        with owner.lock:
            behaviour = owner.behaviours.pop(0) if owner.behaviours else {"do": "normal"}
        if behaviour.get("hold"):
            owner.released.wait(PATIENCE)
        if "error" in behaviour:
            return self._error(behaviour["error"], behaviour)
        if "status" in behaviour:
            self.close_connection = "length" in behaviour
            content = json.dumps(behaviour.get("json", {})).encode()
            return self._send(
                behaviour["status"], content, "application/json", behaviour.get("length"), behaviour.get("headers", {}))
        if behaviour.get("do") is None and "bytes" in behaviour and "steps" not in behaviour:
            self.close_connection = "length" in behaviour
            kind = behaviour.get("type", "application/json")
            return self._send(200, behaviour["bytes"], kind, length=behaviour.get("length"))
        if "files" in behaviour:
            return self._files(behaviour)
        if self.path.split("?")[0] not in ("/v1/images/generations", "/v1/images/edits", "/v1/images"):
            return self._error(404, {"message": f"no such path {self.path}"})
        fields = _fields(self.headers, body)
        if "steps" in behaviour:
            return self._steps(behaviour)
        if behaviour["do"] == "large":
            return self._send(200, _large(behaviour["megabytes"]), "application/json")
        getattr(self, "_" + behaviour["do"])(fields)

    # -- behaviours ----------------------------------------------------------------------------------------------------

    def _normal(self, fields):
        if fields.get("stream") in (True, "true"):
            return self._stream(fields, ["partial", "partial", "completed", "done"])
        count = int(fields.get("n", 1))
        self._json(200, {"created": 1, "data": [{"b64_json": _text(png(32 + index, 16))} for index in range(count)]})

    def _url(self, fields):
        self._json(200, {"created": 1, "data": [{"url": f"{self.server.owner.root}/picture/1.png"}]})

    def _files(self, behaviour):
        owner, data = self.server.owner, []
        for file in behaviour["files"]:
            text = _text(file["bytes"])
            if behaviour["as"] in ("url", "relative"):
                path = f"/file/{len(owner.files)}/{file['name']}"
                owner.files[path] = file
                data.append({"url": (owner.root if behaviour["as"] == "url" else "") + path})
            else:
                data.append({"b64_json": text} if behaviour["as"] == "b64" else {"url": f"data:{file.get('type', '')};base64,{text}"})
        self._json(200, {"created": 1, "data": data})

    def _data_uri(self, fields):
        self._json(200, {"created": 1, "data": [{"url": "data:image/png;base64," + _text(png(8, 8))}]})

    def _empty(self, fields):
        self._send(200, b"", "application/json")

    def _no_data(self, fields):
        self._json(200, {"created": 1, "data": []})

    def _html(self, fields):
        self._send(200, b"<html>welcome to the wireless network</html>", "text/html")

    def _truncated(self, fields):
        whole = json.dumps({"created": 1, "data": [{"b64_json": _text(png(32, 16))}]}).encode()
        self._send(200, whole[: len(whole) // 2], "application/json", length=len(whole))
        self.close_connection = True

    def _lost(self, fields):
        self.close_connection = True

    def _reset(self, fields):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _stream_cut(self, fields):
        self._stream(fields, ["partial"], cut=True)

    def _stream_late(self, fields):
        self._stream(fields, ["partial", "completed"], cut=True)

    def _stream_error(self, fields):
        self._stream(fields, ["partial", "error"])

    def _steps(self, behaviour):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, event in enumerate(behaviour["steps"]):
            self.server.owner.steps.acquire(timeout=PATIENCE)
            if event == "cut":
                self.close_connection = True
                return
            text = self._event(index, event)
            for piece in [text[i : i + 1] for i in range(len(text))] if behaviour.get("bytes") else [text]:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _stream(self, fields, events, cut=False):
        text = b": welcome\r\n\r\n" + b"".join(self._event(index, event) for index, event in enumerate(events))
        self._send(200, text, "text/event-stream", length=len(text) + 100 if cut else None)
        self.close_connection = cut

    def _event(self, index, event):
        prefix = "image_edit" if self.path.endswith("edits") else "image_generation"
        if event == "done":
            return b"data: [DONE]\n\n"
        if event == "error":
            data = {"type": "error", "error": {"message": "it broke", "type": "server_error", "code": None}}
        else:
            word = "completed" if event == "completed" else "partial_image"
            contents = {"junk": "*" * 64, "text": _text(b"<html>no picture</html>"), "huge": "A" * ((16 << 20) + 4)}
            content = contents.get(event) or _text(png(16 + index, 16))
            data = {"type": f"{prefix}.{word}", "b64_json": content, "partial_image_index": index}
        return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()

    # -- pieces --------------------------------------------------------------------------------------------------------

    def _note(self, body):
        owner = self.server.owner
        with owner.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            owner.requests.append({
                "method": self.command, "path": self.path, "headers": headers, "body": body,
                "fields": _fields(self.headers, body) if body else {},
            })
            owner.lock.notify_all()

    def _json(self, status, value, headers=()):
        self._send(status, json.dumps(value).encode(), "application/json", headers=dict(headers))

    def _error(self, status, what):
        error = {"message": what.get("message", "no"), "type": what.get("type", "invalid_request_error"),
                 "code": what.get("code"), "param": what.get("param")}
        self._send(status, json.dumps({"error": error}).encode(), "application/json", headers=what.get("headers", {}))

    def _send(self, status, content, kind, length=None, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


@functools.lru_cache(maxsize=1)
def _large(megabytes):
    """One body for all, so that the server needs little memory itself."""
    height = megabytes * 1_000_000 * 3 // 4 // 3000
    return json.dumps({"created": 1, "data": [{"b64_json": _text(png(1000, height, noise=os.urandom))}]}).encode()


def _text(content):
    return base64.b64encode(content).decode()


def _fields(headers, body):
    """The members of a JSON body, or the parts of a form: a file is {"name", "type", "content"}."""
    kind = headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        try:
            return json.loads(body)
        except ValueError:
            return {}
    message = BytesParser(_class=Message).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    fields = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if part.get_filename():
            value = {"name": part.get_filename(), "type": part.get_content_type(), "content": value}
        else:
            value = value.decode()
        if name.endswith("[]"):
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields
