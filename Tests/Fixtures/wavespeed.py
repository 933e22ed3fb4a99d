#!/usr/bin/env python3
"""A WaveSpeed on this machine, for tests: Python's standard library only, every fault on demand.

As a program:   python3 wavespeed.py [--port 0] [--script '{"polls": 9}']
  prints one line {"port": N, "output_port": M} when ready, and exits when its stdin closes. `port` is the service;
  `output_port` is a second server for outputs, so that tests can see what another host would get to see.
  `--many`: a server for each line "open" on stdin, each with such a line; "close N" ends the one at port N.

As a module:    with LoopbackWaveSpeed() as server:
                    server.script(submit=["lost_reply"], polls=1)
                    ...  WAVESPEED_BASE_URL=server.url  ...
                    assert len(server.posts()) == 1

What it does unscripted: a submit answers `created`; the first `polls` (2) polls say `processing`, the next ones
`completed` with one output on `output_port`: a PNG, what `output_format` says, or an MP4 where the model's name ends in
"video"; a download has the type and the bytes that its name's ending says. With `enable_sync_mode` the submit answers
`completed`, with `enable_base64_output` the output is bare base64; a model of the catalogue without the field ignores it.
History lists what was accepted, newest first, as the last answer said that it stands; both ways to delete work.
WaveSpeed's own clients complete against it: Tests/ForeignServers/test_wavespeed.py. Where nothing says what the service does, this
is a choice: a deleted prediction is 404 (it may be `deleted`), a bill begins with the oldest, and a model that the catalogue does
not list takes every field.

SCRIPT: `POST /_/script` (or `server.script(...)`) with any of
  submit, poll, history, delete, download, price, balance, models, ticket, put, billings
                                            a list of behaviours: each request to that endpoint takes the next one,
                                            and an empty list is "normal" again
  polls                                     how many polls say `processing` first (2)
  outputs                                   a list instead of the default; {id}, {ending} (that of the default) and {base},
                                            {output} (the two hosts' http://127.0.0.1:PORT) are filled in inside strings
  expect_key                                answer 401 to any other key
  billed                                    what the bill says of each prediction, with a refund where it failed; without it
                                            the bill is empty
  usd                                       what one image costs (0.05); balance answers a hundred times as much
  units                                     by how much a field multiplies that where it is given: {"audio": 12}
  catalogue                                 what GET …/models lists
  retry_after, date, history_ignores_filters, history_without_input

A behaviour is a name, or {"do": name, ...} with any of
  "times": n | "forever"    use it that often            "delay_ms": n   before answering
  "hold": true              answer only after POST /_/release            "headers": {...}   added to the answer
  "close": true             close the connection after the answer
  "at": "text"              only for requests whose path contains it

On every endpoint:
  normal                    as above
  drop, reset               read the whole request, then close (FIN) or reset (RST) the connection without a byte
  hang                      read it and never answer
  400 401 402 403 404 405 407 408 409 410 413 417 422 425 429 500 503   that status with the service's JSON body
  307 302                   a redirect ("to": URL)       502 504   a gateway's HTML page       html   200 with HTML
  empty, truncated, short   200 with no body; with half a JSON text; with fewer bytes than Content-Length says
  reply                     {"do": "reply", "status": 418, "json": ... or "body": "..." or "base64": "...", "headers": {...}}
  envelope                  {"do": "envelope", "code": 403, "message": "insufficient role"} with HTTP 200
On submit also:
  lost_reply, lost_reply_reset, lost_reply_504   the prediction is made (history has it), the answer is lost
  bare, sync_timeout, completed, no_id, bad_id, error_with_id
On ticket (where a file is to be uploaded, and what stands for it then) also:
  elsewhere                 {"do": "elsewhere", "to": URL}: the file goes there      no_url   the ticket lacks its address
On put (the bytes of a file, on `output_port`) nothing else: 403 where one of the ticket's headers is missing or different,
the length is not the ticket's, or a key came along. Other headers are not signed.
On poll also:
  running, bare, nulls      nulls: has_nsfw_contents, error and urls are null; created_at has nine digits
  base64, data_uri, object_url, text, no_outputs   completed with such outputs
  state                     {"do": "state", "status": "cancelled", "code": 5004, "error": "...", ...}: any members
  expired_link              completed with an output that answers 403
On download also:
  redirect                  {"do": "redirect", "to": URL}; "loop" leads to itself without end
  huge                      says that it is 3 GB long  endless   sends without a length and without end
  trickle                   one byte, then nothing       short     half of the image
  file                      {"do": "file", "base64": "...", "cut": n, "encoding": "gzip", "length": false, "etag": "...", "ranges": true}:
                            cut after n bytes; encoded; without a length, so that its end is the connection's; parts by Range

A HEAD, which opens a connection, is answered with 403; its endpoint in the log is "open".

`GET /_/log` is {"requests": [...]}: n, connection, port, method, path, target (path as it was written), headers (lower-case names), body, seconds
(steady clock) when it was read, ended when its answer begins or its connection is given up (null before), endpoint.
`GET /_/log?at_least=3` answers when there are three, or after ten seconds.
`POST /_/reset` forgets everything. As `http_proxy` it plays any host. Requests to /_/ are not logged.
"""

import base64
import datetime
import gzip
import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse
import zlib

ENDPOINTS = ("submit", "poll", "history", "delete", "download", "price", "balance", "models", "ticket", "put", "billings")

ROUTES = {
    ("POST", "/api/v3/predictions"): "history", ("POST", "/api/v3/predictions/delete"): "delete",
    ("POST", "/api/v3/model/price"): "price", ("GET", "/api/v3/balance"): "balance", ("GET", "/api/v3/models"): "models",
    ("POST", "/api/v3/media/uploads"): "ticket", ("POST", "/api/v3/billings/search"): "billings",
}


def png(width=16, height=16, colour=(180, 40, 90), noise=None):
    """A real image, small; with a source of noise one that nothing makes smaller."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + (noise(3 * width) if noise else bytes(colour) * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0 if noise else -1)) + chunk(b"IEND", b"")


PICTURE = png()
#: By the ending of a name: its media type and a file, the pictures whole, the film no more than its beginning.
FILES = {
    "png": ("image/png", PICTURE),
    "jpeg": ("image/jpeg", base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9"
        "//j/wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AJwH/9k=")),
    "webp": ("image/webp", base64.b64decode("UklGRh4AAABXRUJQVlA4TBEAAAAvD8ADAAdQlNJWq/+BiOh/AAA=")),
    "mp4": ("video/mp4", b"\0\0\0\x18ftypisom\0\0\0\0isom\0\0\0\x08free"),
}
FILES["jpg"] = FILES["jpeg"]


def model(name, required=("prompt",), facts=None, **properties):
    """An item of the catalogue, as the service has them; `facts` are its own members, such as type, description and formula."""
    schema = {
        "type": "object", "required": list(required), "properties": {"prompt": {"type": "string"}, **properties},
        "x-order-properties": ["prompt", *properties],
    }
    way = {"type": "model_run", "method": "POST", "server": "", "api_path": f"/api/v3/{name}", "request_schema": schema}
    known = {"name": name, "type": "text-to-image", "base_price": 0.05, **(facts or {})}
    return {"model_id": name, **known, "api_schema": {"api_schemas": [way]}}


SIZES = {"type": "string", "default": "1024*1024", "enum": ["1024*1024", "1024*1536"]}
CATALOGUE = [
    model("openai/gpt-image-1-high-fidelity"),
    model("acme/painter", size=SIZES, seed={"type": "integer", "minimum": -1}),
    {"model_id": "acme/mystery", "name": "mystery"},
]
REASONS = {
    400: 'Field "prompt" must be a string.', 401: "Invalid API key {key}", 402: "Payment required",
    403: "Your role is not permitted to do this", 404: "Not found", 405: "Method not allowed",
    407: "Proxy authentication required", 408: "Request timeout", 409: "Conflict", 410: "Gone",
    413: "Too large", 417: "Expectation failed", 422: "Unprocessable", 425: "Too early",
    429: "Too many requests", 500: "Internal error", 503: "Unavailable",
}


def instant(text, otherwise):
    """Milliseconds since 1970 of a time in the form of RFC 3339."""
    if text is None:
        return otherwise
    whole, _, rest = text.rstrip("Z").partition(".")
    return round(datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 1000 + int(f"{rest:0<3}"[:3])


class Dropped(Exception):
    """The connection is to be closed; nothing more is said on it."""


class LoopbackWaveSpeed:
    """The server. Everything it knows is under one lock; every connection has a thread."""

    def __init__(self, port=0, host="127.0.0.1"):
        self.host = host
        self.changed = threading.Condition()
        self.stopping = False
        self.connections = self.open = 0
        self.reset()
        self.listener, self.port = self._listen(port)
        self.output_listener, self.output_port = self._listen(0)

    # -- for tests -------------------------------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def output_url(self):
        return f"http://{self.host}:{self.output_port}"

    def __enter__(self):
        for listener, port in ((self.listener, self.port), (self.output_listener, self.output_port)):
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()
        return self

    def __exit__(self, *_):
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        for listener in (self.listener, self.output_listener):
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def script(self, **what):
        """Adds behaviours and settings; see the top of the file."""
        with self.changed:
            for name, value in what.items():
                if name in ENDPOINTS:
                    self.queues[name].extend(dict(b) if isinstance(b, dict) else {"do": str(b)} for b in value)
                elif name in self.settings:
                    self.settings[name] = value
                else:
                    raise ValueError(f"nothing is called {name}")

    def reset(self):
        with self.changed:
            self.queues = {name: [] for name in ENDPOINTS}
            self.settings = {
                "polls": 2, "outputs": ["{output}/output/{id}.{ending}"], "expect_key": None, "retry_after": None,
                "date": None, "usd": 0.05, "billed": None, "units": {}, "catalogue": CATALOGUE,
                "history_ignores_filters": False, "history_without_input": False,
            }
            self.requests = []
            self.predictions = {}
            self.tickets = {}
            self.released = 0
            self.changed.notify_all()

    def clear(self):
        """Forgets what was scripted; what happened stays."""
        with self.changed:
            for queue in self.queues.values():
                queue.clear()

    def release(self):
        """Lets everything go that is held."""
        with self.changed:
            self.released += 1
            self.changed.notify_all()

    def log(self, at_least=0, seconds=10):
        """Every request so far; waits until there are that many."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.requests) >= at_least, seconds)
            return list(self.requests)

    def more(self, count, seconds=30):
        """Waits for that many further requests, and returns every request so far."""
        wanted = len(self.log()) + count
        requests = self.log(wanted, seconds)
        assert len(requests) >= wanted, f"only {len(requests) - wanted + count} of {count} requests came"
        return requests

    def wait_until(self, condition, seconds=30):
        """Waits until a condition of all requests holds."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.requests), seconds), f"not after {len(self.requests)} requests"

    def wait_until_closed(self, seconds=30):
        """Waits until every connection has ended: until all that a killed process sent has been read."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.open == 0, seconds), f"{self.open} connections stay open"

    def posts(self):
        """The submits: what costs money."""
        return [r for r in self.log() if r["endpoint"] == "submit"]

    def posts_of(self, prompt):
        """The submits of one prompt."""
        return [r for r in self.posts() if json.loads(r["body"]).get("prompt") == prompt]

    def puts(self):
        """The files that came."""
        return [r for r in self.log() if r["endpoint"] == "put"]

    def polls(self):
        return [r for r in self.log() if r["endpoint"] == "poll"]

    def downloads(self):
        return [r for r in self.log() if r["endpoint"] == "download"]

    # -- connections -----------------------------------------------------------------------------------------------

    def _listen(self, port):
        listener = socket.create_server((self.host, port), backlog=512)
        return listener, listener.getsockname()[1]

    def _accept(self, listener, port):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                # A client that left before it was served ends nothing.
                if self.stopping:
                    return
                continue
            with self.changed:
                self.connections += 1
                self.open += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(connection, number, port), daemon=True).start()

    def _serve(self, connection, number, port):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        try:
            while self._one(connection, stream, number, port):
                pass
        except (Dropped, OSError, ValueError):
            pass
        finally:
            stream.close()
            connection.close()
            with self.changed:
                self.open -= 1
                self.changed.notify_all()

    def _one(self, connection, stream, number, port):
        # TLS has no business here: say so at once and do not wait for the end of a line that never comes.
        if stream.peek(1)[:1] == b"\x16":
            return False
        line = stream.readline(65536)
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        # As a proxy is asked: the whole address. Then this is the host behind it, whatever its name.
        path = re.sub(r"^http://[^/]*", "", target)
        headers = {}
        while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        # An impatient proxy's `Expect` is answered only where no behaviour says otherwise.
        endpoint = self._endpoint(method, path, port)
        behaviour = self._next(endpoint, path) if endpoint else {}
        if headers.get("expect", "").lower() == "100-continue" and behaviour.get("do") != "417":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b""
        if not (headers.get("expect") and behaviour.get("do") == "417"):
            body = stream.read(int(headers.get("content-length", 0)))
        if path.startswith("/_/"):
            self._send(connection, *self._admin(method, path, body))
            return True
        with self.changed:
            request = {
                "n": len(self.requests) + 1, "connection": number, "port": port, "method": method, "path": path,
                "target": target, "headers": headers, "body": body.decode("utf-8", "replace"),
                "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body), "seconds": time.monotonic(),
                "ended": None, "endpoint": endpoint,
            }
            self.requests.append(request)
            self.changed.notify_all()
        try:
            if behaviour.get("delay_ms"):
                with self.changed:
                    self.changed.wait_for(lambda: self.stopping, behaviour["delay_ms"] / 1000)
            if endpoint == "open":
                status, extra, content = 403, {}, b""
            else:
                status, extra, content = self._answer(connection, endpoint, behaviour, path, headers, body)
            if behaviour.get("hold"):
                with self.changed:
                    before = self.released
                    self.changed.wait_for(lambda: self.stopping or self.released > before)
        finally:
            request["ended"] = time.monotonic()
        self._send(connection, status, {**extra, **behaviour.get("headers", {})}, content)
        return not behaviour.get("close")

    def _send(self, connection, status, headers, content, length=None):
        head = {"Date": self.settings["date"] or time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())}
        head["Content-Length"] = str(len(content) if length is None else length)
        head.update(headers)
        lines = [f"HTTP/1.1 {status} Whatever"] + [f"{n}: {v}" for n, v in head.items() if v is not None]
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)

    # -- what to answer --------------------------------------------------------------------------------------------

    def _endpoint(self, method, path, port):
        path = path.partition("?")[0]
        if path.startswith("/_/"):
            return None
        if method == "HEAD":
            return "open"
        if method == "PUT" and path.startswith("/put/"):
            return "put"
        if port == self.output_port or path.startswith("/output/"):
            return "download"
        if (method, path) in ROUTES:
            return ROUTES[method, path]
        if re.fullmatch(r"/api/v3/predictions/[^/]+(/result)?", path):
            # Deletion by this method is of older documentation, as is the result without the last part.
            return {"GET": "poll", "DELETE": "other" if path.endswith("/result") else "delete"}.get(method, "other")
        return "submit" if path.startswith("/api/v3/") and method == "POST" else "other"

    def _next(self, endpoint, path):
        with self.changed:
            queue = self.queues.get(endpoint, [])
            behaviour = next((one for one in queue if one.get("at", "") in path), None)
            if behaviour is None:
                return {"do": "normal"}
            times = behaviour.get("times", 1)
            if times != "forever":
                behaviour["times"] = times - 1
                if times <= 1:
                    queue.remove(behaviour)
            return dict(behaviour)

    def _answer(self, connection, endpoint, behaviour, path, headers, body):
        do = behaviour.get("do", "normal")
        if self.settings["expect_key"] and endpoint not in ("download", "put"):
            if headers.get("authorization") != f"Bearer {self.settings['expect_key']}":
                do = "401"
        if do == "drop":
            raise Dropped
        if do in ("reset", "lost_reply_reset"):
            if do != "reset":
                self._create(path, body)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Dropped
        if do == "hang":
            with self.changed:
                self.changed.wait_for(lambda: self.stopping)
            raise Dropped
        if do in ("302", "307", "redirect"):
            to = behaviour.get("to", "loop")
            to = path if to == "loop" else self._fill(to, "")
            return (int(do) if do.isdigit() else 302), {"Location": to}, b""
        if do in ("502", "504"):
            return int(do), {"Content-Type": "text/html"}, b"<html><h1>Bad gateway</h1></html>"
        if do.isdigit():
            retry = self.settings["retry_after"]
            text = REASONS.get(int(do), "No").replace("{key}", headers.get("authorization", "")[7:])
            message = behaviour.get("message", text)
            return int(do), {"Retry-After": retry} if retry else {}, self._json({"code": int(do), "message": message})
        if do == "html":
            return 200, {"Content-Type": "text/html"}, b"<html>Please log in</html>"
        if do == "empty":
            return 200, {}, b""
        if do == "envelope":
            told = {k: v for k, v in behaviour.items() if k in ("code", "message", "data")}
            return 200, {}, self._json(told)
        if do == "reply":
            content = behaviour["body"].encode() if "body" in behaviour else self._json(behaviour.get("json"))
            if "base64" in behaviour:
                content = base64.b64decode(behaviour["base64"])
            return behaviour.get("status", 200), {}, content
        if do == "file":
            return self._file(connection, behaviour, headers)
        if endpoint == "put":
            return self._put(path, headers, body)
        status, extra, content = getattr(self, f"_{endpoint}", self._other)(connection, do, behaviour, path, body)
        if do == "truncated":
            content = content[: len(content) // 2]
        if do == "short":
            self._send(connection, status, extra, content[: len(content) // 2], length=len(content))
            raise Dropped
        return status, extra, content

    def _other(self, connection, do, behaviour, path, body):
        return 404, {}, self._json({"code": 404, "message": "No such route"})

    def _ticket(self, connection, do, behaviour, path, body):
        asked = json.loads(body)
        with self.changed:
            name = urllib.parse.quote(f"{len(self.tickets) + 1}-{asked['filename']}", safe="")
            # A file without a known type is sent without one.
            kind = {"Content-Type": asked["content_type"]} if "content_type" in asked else {}
            headers = {**kind, "If-None-Match": "*", "X-Ticket": name, "X-Empty": ""}
            self.tickets[name] = {"size": asked["size"], "signed": headers}
        url = behaviour.get("to", f"{self.output_url}/put/{name}?signature=SIGNED")
        if do == "headers":
            headers = {**headers, **behaviour["more"]}
        upload = {"method": "PUT", "url": url, "headers": headers, "expires_at": "2099-01-01T00:00:00Z"}
        if do == "no_url":
            del upload["url"]
        return 200, {}, self._wrap({
            "type": "image", "download_url": behaviour.get("address", f"https://media.example/{name}"), "filename": asked["filename"],
            "size": asked["size"], "upload": upload,
        })

    def _put(self, path, headers, body):
        ticket = self.tickets.get(path.partition("?")[0].rpartition("/")[2])
        is_signed = ticket and all(headers.get(name.lower()) == value for name, value in ticket["signed"].items())
        fits = is_signed and len(body) == ticket["size"] and "authorization" not in headers
        return (200, {}, b"") if fits else (403, {}, b"<Error/>")

    def _submit(self, connection, do, behaviour, path, body):
        if do == "no_id":
            return 200, {}, self._wrap({"status": "created"})
        if do == "bad_id":
            return 200, {}, self._wrap({"id": "../../balance", "status": "created"})
        prediction = self._create(path, body)
        if do == "lost_reply":
            raise Dropped
        if do == "lost_reply_504":
            return 504, {"Content-Type": "text/html"}, b"<html>Gateway timeout</html>"
        shown = self._shown(prediction)
        if do == "sync_timeout":
            shown.update(status="processing", code=5004, error="Sync mode timed out, the task is still running")
        elif do == "completed" or self._wants(prediction, "enable_sync_mode"):
            prediction["polls"] = self.settings["polls"]
            shown = self._completed(prediction)
        prediction["last"] = shown
        if do == "error_with_id":
            return 500, {}, self._json({"code": 500, "message": "Internal error", "data": {"id": prediction["id"]}})
        return 200, {}, self._json(shown) if do == "bare" else self._wrap(shown)

    def _poll(self, connection, do, behaviour, path, body):
        name = path.partition("?")[0].split("/")[4]
        with self.changed:
            prediction = self.predictions.get(name)
            if prediction is None:
                return 404, {}, self._json({"code": 404, "message": "Prediction not found"})
            if do not in ("running", "truncated", "short"):
                prediction["polls"] += 1
            done = prediction["polls"] > self.settings["polls"]
        shown = self._completed(prediction) if done else self._shown(prediction, "processing")
        picture = base64.b64encode(PICTURE).decode()
        outputs = {
            "base64": [picture], "data_uri": [f"data:image/png;base64,{picture}"],
            "object_url": [{"url": self._fill("{output}/output/{id}.png", name)}], "text": ["a cat, sitting"],
            "no_outputs": [], "expired_link": [self._fill("{output}/expired/{id}.png", name)],
        }
        if do == "running":
            shown = self._shown(prediction, "processing")
        if do in outputs:
            shown = {**self._completed(prediction), "outputs": outputs[do]}
        if do == "nulls":
            shown = {
                **self._completed(prediction), "has_nsfw_contents": None, "error": None, "urls": None,
                "created_at": "2025-05-19T06:09:15.948268264Z",
            }
        if do == "state":
            if behaviour.get("status") in ("failed", "cancelled", "timeout", "deleted"):
                shown = self._shown(prediction)
            shown.update({k: v for k, v in behaviour.items() if k not in ("do", "times", "delay_ms", "hold", "close")})
        prediction["last"] = shown
        return 200, {}, self._json(shown) if do == "bare" else self._wrap(shown)

    def _history(self, connection, do, behaviour, path, body):
        asked = json.loads(body)
        for name in ("page", "page_size"):
            if not isinstance(asked.get(name), int):
                return 400, {}, self._json({"code": 400, "message": f'Field "{name}" must be a number.'})
        if not 1 <= asked["page_size"] <= 100:
            return 400, {}, self._json({"code": 400, "message": 'Field "page_size" must be from 1 to 100.'})
        with self.changed:
            items = list(self.predictions.values())[::-1]
        if not self.settings["history_ignores_filters"]:
            first, last = instant(asked.get("created_after"), 0), instant(asked.get("created_before"), float("inf"))
            items = [
                p for p in items if asked.get("model") in (None, p["model"]) and first <= p["created"] <= last
                and asked.get("status") in (None, p["last"]["status"])
            ]
        page, _ = self._page(items, asked)
        shown = [{**p["last"], "input": p["input"]} for p in page]
        if self.settings["history_without_input"]:
            for item in shown:
                del item["input"]
        return 200, {}, self._wrap({"page": asked["page"], "items": shown, "total": len(items)})

    @staticmethod
    def _page(items, asked):
        """What is on the page that was asked for, and whether there is more."""
        begin = (asked["page"] - 1) * asked["page_size"]
        return items[begin : begin + asked["page_size"]], len(items) > begin + asked["page_size"]

    def _delete(self, connection, do, behaviour, path, body):
        name = path.partition("?")[0].removeprefix("/api/v3/predictions/")
        with self.changed:
            if name == "delete":
                gone = [i for i in json.loads(body)["ids"] if self.predictions.pop(i, None)]
                return 200, {}, self._wrap({"deleted_count": len(gone)})
            if not self.predictions.pop(name, None):
                return 404, {}, self._json({"code": 404, "message": "Prediction not found"})
        return 200, {}, self._wrap({"id": name, "status": "deleted"})

    def _price(self, connection, do, behaviour, path, body):
        asked, usd = json.loads(body), self.settings["usd"]
        count = asked["inputs"].get("n", 1)
        # As the service does: a field that is missing is no error, and makes it cheaper.
        for name, unit in self.settings["units"].items():
            count *= unit if asked["inputs"].get(name) else 1
        return 200, {}, self._wrap({"model_id": asked["model_id"], "price": 2 * usd * count, "discounted_price": usd * count})

    def _balance(self, connection, do, behaviour, path, body):
        return 200, {}, self._wrap({"balance": 100 * self.settings["usd"]})

    def _billings(self, connection, do, behaviour, path, body):
        """Charges of `billed` each (dollars), with a refund where it failed; none unless that is set."""
        asked, usd = json.loads(body), self.settings["billed"]
        with self.changed:
            predictions = [] if usd is None else list(self.predictions.values())
        first, last = instant(asked.get("start_time"), 0), instant(asked.get("end_time"), float("inf"))
        items = [
            self._bill(p, kind, usd) for p in predictions for kind in ("deduct", "refund")
            if asked.get("billing_type") in (None, kind) and asked.get("model_uuid") in (None, p["model"])
            and p["id"] in asked.get("prediction_uuids", [p["id"]]) and first <= p["created"] <= last
            and (kind == "deduct" or p["last"]["status"] in ("failed", "timeout"))
        ]
        page, more = self._page(items, asked)
        return 200, {}, self._wrap({"page": asked["page"], "has_more": more, "items": page})

    @staticmethod
    def _bill(prediction, kind, usd):
        of = {"uuid": prediction["id"], "model_uuid": prediction["model"], "status": prediction["last"]["status"]}
        return {
            "uuid": f"{kind}-{prediction['id']}", "billing_type": kind, "price": usd,
            "created_at": prediction["last"]["created_at"], "prediction": of,
        }

    def _models(self, connection, do, behaviour, path, body):
        return 200, {}, self._wrap(self.settings["catalogue"])

    def _download(self, connection, do, behaviour, path, body):
        if path.startswith("/expired/"):
            return 403, {"Content-Type": "text/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        media_type, content = FILES.get(path.partition("?")[0].rpartition(".")[2], FILES["png"])
        kind = {"Content-Type": media_type}
        if do == "huge":
            self._send(connection, 200, kind, PICTURE, length=3 << 30)
            raise Dropped
        if do == "endless":
            self._send(connection, 200, {**kind, "Content-Length": None, "Connection": "close"}, b"")
            while True:
                connection.sendall(PICTURE * 1000)
        if do == "trickle":
            self._send(connection, 200, kind, PICTURE[:1], length=len(PICTURE))
            with self.changed:
                self.changed.wait_for(lambda: self.stopping)
            raise Dropped
        return 200, kind, content

    def _file(self, connection, behaviour, headers):
        """A file as a host of outputs serves it, or as a bad one does."""
        content = base64.b64decode(behaviour["base64"])
        extra, status, begin = dict(behaviour.get("headers", {})), behaviour.get("status", 200), 0
        if "etag" in behaviour:
            extra["ETag"] = behaviour["etag"]
        if behaviour.get("encoding") == "gzip":
            content, extra["Content-Encoding"] = gzip.compress(content), "gzip"
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if asked and behaviour.get("ranges") and headers.get("if-range", behaviour.get("etag")) == behaviour.get("etag"):
            status, begin = 206, int(asked[1])
            extra["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        rest = content[begin:]
        sent = rest[: behaviour["cut"] - begin] if "cut" in behaviour else rest
        if behaviour.get("length") is False:
            self._send(connection, status, {**extra, "Content-Length": None, "Connection": "close"}, sent)
            raise Dropped
        if len(sent) < len(rest):
            self._send(connection, status, extra, sent, length=len(rest))
            raise Dropped
        return status, extra, rest

    # -- predictions -----------------------------------------------------------------------------------------------

    def _create(self, path, body):
        with self.changed:
            number = len(self.predictions) + 1
            prediction = {
                "id": f"{number:032x}", "model": path.partition("?")[0].removeprefix("/api/v3/"),
                "input": json.loads(body), "created": int(time.time() * 1000), "polls": 0,
            }
            prediction["last"] = self._shown(prediction)
            self.predictions[prediction["id"]] = prediction
            return prediction

    def _shown(self, prediction, status="created"):
        created = prediction["created"]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created // 1000)) + f".{created % 1000:03d}Z"
        return {
            "id": prediction["id"], "model": prediction["model"], "outputs": [],
            "urls": {"get": f"{self.url}/api/v3/predictions/{prediction['id']}/result"}, "has_nsfw_contents": [],
            "status": status, "created_at": stamp, "error": "", "executionTime": 0, "timings": {"inference": 0},
        }

    def _completed(self, prediction):
        ending = "mp4" if prediction["model"].endswith("video") else prediction["input"].get("output_format", "png")
        outputs = [self._fill(o, prediction["id"], ending) for o in self.settings["outputs"]]
        if self._wants(prediction, "enable_base64_output"):
            outputs = [base64.b64encode(FILES.get(ending, FILES["png"])[1]).decode() for _ in outputs]
        return {
            **self._shown(prediction, "completed"), "outputs": outputs, "has_nsfw_contents": [False] * len(outputs),
            "executionTime": 25729, "timings": {"inference": 25098},
        }

    def _wants(self, prediction, field):
        """Whether the input asks for it and the model has it; a model that is not in the catalogue has every field."""
        if prediction["input"].get(field) is not True:
            return False
        known = next((one for one in self.settings["catalogue"] if one["model_id"] == prediction["model"]), {})
        ways = known.get("api_schema", {}).get("api_schemas", [])
        return all(field in way["request_schema"]["properties"] for way in ways)

    def _fill(self, text, name, ending="png"):
        if isinstance(text, dict):
            return {key: self._fill(value, name, ending) for key, value in text.items()}
        if not isinstance(text, str):
            return text
        for word, value in (("id", name), ("ending", ending), ("base", self.url), ("output", self.output_url)):
            text = text.replace("{%s}" % word, value)
        return text

    @staticmethod
    def _json(value):
        return json.dumps(value).encode()

    def _wrap(self, data):
        return self._json({"code": 200, "message": "success", "data": data})

    # -- the admin's paths -----------------------------------------------------------------------------------------

    def _admin(self, method, path, body):
        path, _, query = path.partition("?")
        try:
            if (method, path) == ("POST", "/_/script"):
                self.script(**json.loads(body))
            elif (method, path) == ("POST", "/_/reset"):
                self.reset()
            elif (method, path) == ("POST", "/_/release"):
                self.release()
            elif (method, path) == ("GET", "/_/log"):
                count = re.search(r"at_least=(\d+)", query)
                return 200, {}, self._json({"requests": self.log(int(count[1]) if count else 0)})
            else:
                return 404, {}, b"{}"
            return 200, {}, b"{}"
        except (ValueError, TypeError) as error:
            return 400, {}, self._json({"message": str(error)})


def many():
    """Serves as many services as stdin asks for, each with a state of its own: a process for each costs 150 ms."""
    servers = {}
    for line in sys.stdin:
        command, _, port = line.strip().partition(" ")
        if command == "open":
            server = LoopbackWaveSpeed().__enter__()
            servers[server.port] = server
            print(json.dumps({"port": server.port, "output_port": server.output_port}), flush=True)
        elif command == "close":
            servers.pop(int(port)).__exit__()


def main():
    if "--many" in sys.argv:
        many()
        return
    port = int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0
    with LoopbackWaveSpeed(port) as server:
        if "--script" in sys.argv:
            server.script(**json.loads(sys.argv[sys.argv.index("--script") + 1]))
        print(json.dumps({"port": server.port, "output_port": server.output_port}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
