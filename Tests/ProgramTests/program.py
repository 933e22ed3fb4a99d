"""The program as a test starts it: with a state directory of its own, without the environment of the user."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("IMAGEWIRE", str(ROOT / ".build/debug/imagewire"))
#: Long enough for a busy machine; nothing waits this long unless it is broken.
PATIENCE = 60
#: A key that would be noticed anywhere.
KEY = "wsk_SECRETsecret0123456789"
#: The default model, for tests that name it.
MODEL = "openai/gpt-image-1-high-fidelity"


class RPCError(Exception):
    """An error reply."""

    def __init__(self, error):
        super().__init__(f"{error['code']} {error['message']} {error.get('data')}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data")


class Ended(Exception):
    """The process ended while something was still expected of it."""


def environment(home, **more):
    """The environment of a process: enough to run, without any setting of the machine."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG", "ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
    return {**kept, "HOME": str(home), **{name: str(value) for name, value in more.items() if value is not None}}


def small(prompt, **fields):
    """An input whose image the sandbox draws at once. The default, 1024 x 1024, takes a second in a debug build."""
    return {"prompt": prompt, "size": "64x64", **fields}


def frame(message, framing="line"):
    """A message as bytes. Strings and bytes are sent as they are, so that tests can be wrong on purpose."""
    text = message if isinstance(message, (str, bytes)) else json.dumps(message)
    body = text.encode() if isinstance(text, str) else text
    return body + b"\n" if framing == "line" else b"Content-Length: %d\r\n\r\n" % len(body) + body


def wait_for(condition, what, patience=30):
    """Polls until the condition is true, where there is no event to wait for."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def stay_in_one_day():
    """Limits are of a day (UTC), and no test of them may begin in one day and end in the next."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)


def resident_kilobytes(process):
    """How much memory a process has in use now."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


class Program:
    """One process. Everything it writes to stdout must be a JSON-RPC message in the framing expected, or the test fails."""

    def __init__(self, home, *arguments, framing="line", stdin=subprocess.PIPE, wrapper=(), **variables):
        self.framing = framing
        self.home = home
        self.process = subprocess.Popen(
            [*wrapper, BINARY, *map(str, arguments)], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(home, **variables), cwd=str(home),
        )
        self.messages = queue.Queue()
        self.log = b""
        self.replies = {}
        self.notifications = []
        self.number = 0
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self._read, self._drain)]
        for thread in self.threads:
            thread.start()

    # -- output ----------------------------------------------------------------------------------------------------

    def _read(self):
        stream = self.process.stdout
        try:
            while line := stream.readline():
                if self.framing == "header":
                    assert line.startswith(b"Content-Length: ") and line.endswith(b"\r\n"), line
                    assert stream.readline() == b"\r\n"
                    line = stream.read(int(line.split(b":")[1])) + b"\n"
                assert line.endswith(b"\n"), f"a frame was cut: {line!r}"
                self.messages.put((line[:-1], json.loads(line)))
        except (AssertionError, ValueError) as error:
            self.messages.put((b"", error))
        self.messages.put((b"", None))

    def _drain(self):
        while chunk := self.process.stderr.read1(65536):
            self.log += chunk

    def receive(self, patience=PATIENCE):
        """The next message, whatever it is; `Ended` where there is none any more."""
        return self.receive_raw(patience)[1]

    def receive_raw(self, patience=PATIENCE):
        """The next message as bytes and as a value."""
        raw, message = self.messages.get(timeout=patience)
        if isinstance(message, Exception):
            raise AssertionError("stdout is not only protocol") from message
        if message is None:
            self.messages.put((b"", None))
            raise Ended(self.log.decode(errors="replace"))
        return raw, message

    # -- requests -------------------------------------------------------------------------------------------------

    def send(self, *messages):
        """Writes messages, all at once."""
        self.process.stdin.write(b"".join(frame(message, self.framing) for message in messages))
        self.process.stdin.flush()

    def start(self, method, params=None, **members):
        """Sends a request and returns its id; `reply` waits for the answer."""
        self.number += 1
        params = members or params
        request = {"jsonrpc": "2.0", "id": self.number, "method": method}
        self.send({**request, "params": params} if params is not None else request)
        return self.number

    def reply(self, number, patience=PATIENCE):
        """The result of a request; raises `RPCError` where it is an error."""
        deadline = time.monotonic() + patience
        while number not in self.replies:
            message = self.receive(max(0.01, deadline - time.monotonic()))
            if "method" in message:
                self.notifications.append(message)
            else:
                self.replies[message["id"]] = message
        message = self.replies.pop(number)
        if "error" in message:
            raise RPCError(message["error"])
        return message["result"]

    def call(self, method, params=None, **members):
        """A request and its result."""
        return self.reply(self.start(method, params, **members))

    # -- how it ends -----------------------------------------------------------------------------------------------

    def close(self):
        """End of input."""
        self.process.stdin.close()

    def wait(self, patience=PATIENCE):
        """The exit status, once it has ended by itself."""
        code = self.process.wait(patience)
        for thread in self.threads:
            thread.join(patience)
        return code

    def finish(self, patience=PATIENCE):
        """End of input, then the exit status."""
        self.close()
        return self.wait(patience)

    def kill(self, number=signal.SIGKILL):
        """A signal; SIGKILL unless one says otherwise."""
        self.process.send_signal(number)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
        code = self.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream and stream.close()
            except BrokenPipeError:
                pass
        assert KEY.encode() not in self.log, "the key is in the log"
        assert kind or code >= 0 or code in (-signal.SIGKILL, -signal.SIGTERM), f"it crashed: {code} {self.log!r}"
