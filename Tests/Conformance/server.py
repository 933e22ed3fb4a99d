#!/usr/bin/env python3
"""Stands for imagewire in the cases of kit.py: answers as imagewire may, and writes down what its client did.

The environment names the case (CONFORMANCE_CASE) and the file for the log (CONFORMANCE_LOG).
"""

import json
import os
import signal
import sys
import time

CASE = os.environ.get("CONFORMANCE_CASE", "")
ID = "019a0000-0000-7000-8000-000000000001"
#: What a text may hold; JSON carries all of it.
TEXT = "\u2028 \u0000 \U0001f98a é \ufffd \\ \" </script> \r\n"
PREDICTION = {
    "id": ID, "model": "m", "status": "created", "outputs": [], "urls": {}, "has_nsfw_contents": [],
    "created_at": "2026-11-23T12:34:56.789Z", "error": "", "timings": {"inference": None, "queued": None, "total": None},
    "provider": "sandbox", "remote_id": None, "input": {"prompt": TEXT}, "files": [], "billing": "none", "cost": None,
    "failure": None, "idempotency_key": None, "tags": [], "metadata": {}, "started_at": None, "finished_at": None, "revision": 1,
}
FILE = {
    "path": __file__, "index": 1, "kind": "image", "media_type": "image/png", "bytes": 1, "sha256": "0" * 64, "width": 1, "height": 1,
}
COMPLETED = {**PREDICTION, "status": "completed", "outputs": ["file:///x"], "files": [FILE], "revision": 5}
#: The answers to methods that are about no certain prediction.
SIMPLE = {"ping": {}, "shutdown": None, "list": {"predictions": [], "next_cursor": None}}


def failure(kind, message, hint):
    return {"type": kind, "retryable": False, "message": message, "hint": hint, "remote_code": None}


def log(**event):
    with open(os.environ["CONFORMANCE_LOG"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"pid": os.getpid(), **event}) + "\n")


def told(number, _):
    log(signal=number)
    os._exit(128 + number)


class Wire:
    """Messages in the framing of the client's first byte."""

    def __init__(self):
        self.input, self.output, self.is_header = sys.stdin.buffer, sys.stdout.buffer, None

    def receive(self):
        line = self.input.readline()
        if self.is_header is None and line.strip():
            self.is_header = line[:1].isalpha()
        if not self.is_header:
            return json.loads(line) if line.strip() else self.receive() if line else None
        length = None
        while line.strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            line = self.input.readline()
        return json.loads(self.input.read(length)) if length is not None else None

    def frame(self, message):
        body = json.dumps(message, ensure_ascii=False).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body) if self.is_header else body + b"\n"

    def write(self, data):
        self.output.write(data)
        self.output.flush()


class Answers:
    """The answers of the cases. The method with the name of the case, if there is one, answers the calls about predictions."""

    def __init__(self, wire):
        self.wire = wire
        self.waits = 0

    def reply(self, request, result):
        self.wire.write(self.wire.frame({"jsonrpc": "2.0", "id": request["id"], "result": result}))

    def answer(self, request):
        method = request["method"]
        if method == "initialize":
            own = {"provider": "sandbox", "model": "m", "max_message_bytes": 65536, "methods": []}
            return self.reply(request, {
                "capabilities": {"experimental": {"imagewire": own}}, "serverInfo": {"name": "imagewire", "version": "99.0.0"}})
        case = getattr(self, CASE.replace("-", "_"), None)
        # A client may look round before it does what it was told: that is never made hard.
        return case(request) if case and method not in SIMPLE else self.usual(request)

    def usual(self, request):
        self.reply(request, SIMPLE.get(request["method"], COMPLETED))

    def notification(self, number=0):
        return self.wire.frame({
            "jsonrpc": "2.0", "method": "prediction/updated",
            "params": {"subscription": "s0", "cursor": f"c{number}", "prediction": {**PREDICTION, "revision": number}}})

    # -- the wire

    def one_byte_at_a_time(self, request):
        for byte in self.wire.frame({"jsonrpc": "2.0", "id": request["id"], "result": COMPLETED}):
            self.wire.write(bytes([byte]))

    def several_in_one_write(self, request):
        own = self.wire.frame({"jsonrpc": "2.0", "id": request["id"], "result": COMPLETED})
        self.wire.write(self.notification(1) + own + self.notification(2))

    def many_notifications(self, request):
        self.wire.write(b"".join(map(self.notification, range(5_000))))
        self.usual(request)

    def what_is_not_known(self, request):
        self.wire.write(self.wire.frame({"jsonrpc": "2.0", "method": "of/tomorrow", "params": [1, {"a": None}]}))
        self.reply(request, {**COMPLETED, "of_tomorrow": {"a": [1]}, "files": [{**FILE, "kind": "hologram", "depth": 3}]})

    def every_character(self, request):
        self.usual(request)

    def a_long_message(self, request):
        self.reply(request, {**COMPLETED, "metadata": {"text": "é" * 2_000_000}})

    def much_on_standard_error(self, request):
        for _ in range(200):
            sys.stderr.write("imagewire: " + "x" * 10_000 + "\n")
        sys.stderr.flush()
        self.usual(request)

    def an_error(self, request):
        self.wire.write(self.wire.frame({"jsonrpc": "2.0", "id": request["id"], "error": {
            "code": 4321, "message": "Not today.", "data": {"type": "of_tomorrow", "retryable": True, "hint": "Try tomorrow."}}}))

    def it_dies(self, request):
        if not os.path.exists(os.environ["CONFORMANCE_LOG"] + ".died"):
            open(os.environ["CONFORMANCE_LOG"] + ".died", "w").close()
            os._exit(1)
        self.usual(request)

    # -- money

    def it_takes_long(self, request):
        """The wait runs out of time twice."""
        self.waits += request["method"] in ("result", "wait", "status")
        one = COMPLETED if self.waits > 2 else {**PREDICTION, "status": "processing", "revision": 3}
        self.reply(request, {"done": self.waits > 2, "predictions": [one], "more": []} if request["method"] == "wait" else one)

    def it_fails(self, request):
        self.reply(request, {
            **PREDICTION, "status": "failed", "error": "The content was refused.", "billing": "charged",
            "failure": failure("of_tomorrow", "The content was refused.", "Change the prompt.")})

    def no_output_is_saved(self, request):
        self.reply(request, {
            **COMPLETED, "files": [], "error": "No output was saved.", "billing": "charged",
            "failure": {**failure("download_failed", "No output was saved.", "Call result again."), "missing": [1]}})

    def it_dies_at_the_submit(self, request):
        self.it_dies(request) if request["method"] == "submit" else self.usual(request)


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, told)
    wire = Wire()
    answers = Answers(wire)
    while (message := wire.receive()) is not None:
        log(method=message.get("method"), params=message.get("params"))
        if "id" in message:
            answers.answer(message)
        elif message.get("method") == "exit":
            break
    # As if the reply to a paid request were still on its way.
    time.sleep(0.5)
    log(ended=True)


if __name__ == "__main__":
    main()
