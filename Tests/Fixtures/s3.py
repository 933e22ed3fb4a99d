"""An S3 on this machine, for tests: one bucket in memory, every fault on demand. It checks no signature.

    with LoopbackS3() as server:
        server.script("503", "lost_reply")
        ...  S3_ENDPOINT_URL=server.url, --output-dir s3://pictures/album  ...
        assert list(server.objects) == ["album/…"]

Each PUT of an output takes the next behaviour: an empty text for none, a status; or
  lost_reply    stored, and the connection ends without a reply        drop     not stored, no reply
  html          200 with a web page, not stored                        no_etag  stored, and the reply names no ETag
  hold          stored, and the reply waits for `release`              no_condition   501 to If-None-Match
An object under a key that exists is refused with 412, if the request says If-None-Match: *.
"""

import datetime
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><body>Welcome to this hotel's network</body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.server.owner.ahead)

    @property
    def is_skewed(self):
        """As S3 judges it: by more than 15 minutes."""
        signed = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%S%z").timestamp()
        return abs(signed - time.time() - self.server.owner.ahead) > 900

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, **headers):
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        self.answer(status, body, Content_Type="application/xml", **headers)

    def handle_one(self):
        server = self.server.owner
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            # Cut: whoever sent it is dead.
            self.close_connection = True
            return None
        path = urllib.parse.unquote(self.path).lstrip("/")
        bucket, _, key = path.partition("/")
        with server.changed:
            server.requests.append((self.command, path, dict(self.headers.items())))
            behaviour = None
            if self.command == "PUT" and not key.endswith(".imagewire"):
                behaviour = server.behaviours.pop(0) if server.behaviours else None
            server.changed.notify_all()
        if path in server.answers:
            answer, token = server.answers[path]
            return self.answer(200 if self.headers["Authorization"] == token else 403, answer)
        if self.is_skewed:
            return self.refuse(403, "RequestTimeTooSkewed")
        if server.always:
            return self.misbehave(server, server.always, key, body)
        if bucket != server.bucket:
            return self.refuse(404, "NoSuchBucket")
        if behaviour:
            return self.misbehave(server, behaviour, key, body)
        self.behave(server, key, body)

    def behave(self, server, key, body):
        found = server.objects.get(key)
        if self.command == "PUT":
            if found and self.headers.get("If-None-Match") == "*":
                return self.refuse(412, "PreconditionFailed")
            self.store(server, key, body)
            return self.answer(200, ETag='"1"')
        if not key:
            return self.answer(200)
        if not found:
            return self.refuse(404, "NoSuchKey")
        if self.command == "DELETE":
            del server.objects[key]
            return self.answer(204)
        bytes, meta = found
        self.answer(200, bytes, ETag='"1"', Content_Length=str(len(bytes)), x_amz_meta_sha256=meta)

    def store(self, server, key, body):
        server.objects[key] = (body, self.headers.get("x-amz-meta-sha256"))

    def misbehave(self, server, behaviour, key, body):
        if behaviour == "html":
            return self.answer(200, PAGE, Content_Type="text/html")
        if behaviour == "redirect":
            return self.answer(307, Location="http://127.0.0.1:9/elsewhere")
        if behaviour == "no_condition":
            if self.headers.get("If-None-Match"):
                return self.refuse(501, "NotImplemented")
            return self.behave(server, key, body)
        if behaviour in ("lost_reply", "no_etag", "hold"):
            self.store(server, key, body)
            if behaviour == "no_etag":
                return self.answer(200)
            if behaviour == "hold":
                server.released.wait(60)
                return self.answer(200, ETag='"1"')
        if behaviour in ("lost_reply", "drop"):
            self.close_connection = True
            return None
        codes = {"500": "InternalError", "503": "SlowDown", "409": "ConditionalRequestConflict", "403": "AccessDenied"}
        return self.refuse(int(behaviour), codes.get(behaviour, "Odd"))

    do_GET = do_HEAD = do_PUT = do_DELETE = handle_one


class LoopbackS3:
    def __init__(self, bucket="pictures", host="127.0.0.1"):
        self.bucket = bucket
        #: Bytes and `x-amz-meta-sha256` by key.
        self.objects = {}
        #: Method, path and headers of each request.
        self.requests = []
        self.behaviours = []
        #: A behaviour of every request.
        self.always = None
        #: What else it answers, by path: bytes, to an `Authorization`.
        self.answers = {}
        #: By how many seconds its clock is ahead of ours.
        self.ahead = 0
        self.released = threading.Event()
        self.changed = threading.Condition()
        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.owner = self
        self.url = f"http://{host}:{self.server.server_address[1]}"

    def script(self, *behaviours):
        self.behaviours = list(behaviours)

    @property
    def outputs(self):
        """The objects that are outputs."""
        return {key: found[0] for key, found in self.objects.items() if not key.endswith(".imagewire")}

    def puts(self):
        """The paths of the PUTs of outputs."""
        return [path for method, path, _ in self.requests if method == "PUT" and not path.endswith(".imagewire")]

    def wait_for_put(self, count=1):
        """Returns once so many outputs have been put."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.puts()) >= count, 60), "no PUT came"

    def release(self):
        self.released.set()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release()
        self.server.shutdown()
        self.server.server_close()
