#!/usr/bin/env python3
"""Tells whether a client of imagewire, in any language, does what schemas/README.md, "What every client must do", asks for.

    python3 Tests/Conformance/kit.py [--program imagewire] [--only NAME] [--patience SECONDS] CLIENT [ARGUMENT …]

CLIENT is a small program around the client; Tests/Conformance/README.md says how it is written. Needs Python 3.9 and nothing else.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import server
from transcript import fill, match, read

HERE = Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parents[1] / "schemas/examples"


class Unsupported(Exception):
    """The client has no such call."""


class Driver:
    """The program around the client: a line of JSON for each call, and one for each outcome."""

    def __init__(self, command, program, home, patience, **variables):
        self.patience = patience
        self.home = home
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(home / "errors", "wb"),
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(("WAVESPEED_", "OPENAI_", "IMAGEWIRE_", "XDG_"))},
                "HOME": str(home), "IMAGEWIRE": str(program), "IMAGEWIRE_PROVIDER": "sandbox", **variables,
            })
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(b"")

    def ask(self, **what):
        """The outcome of a call."""
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()
        try:
            line = self.lines.get(timeout=self.patience)
        except queue.Empty:
            raise AssertionError(f"no outcome of {what} within {self.patience} s") from None
        assert line, f"the client ended during {what}: {self.said()}"
        outcome = json.loads(line)
        if "unsupported" in outcome:
            raise Unsupported(outcome["unsupported"])
        return outcome

    def said(self):
        return (self.home / "errors").read_text(errors="replace")[-500:].strip()

    def end(self):
        """Ends the client by the end of its input."""
        self.process.stdin.close()
        try:
            status = self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            raise AssertionError("the client did not end with its input") from None
        assert status == 0, f"the client ended with status {status}: {self.said()}"

    def kill(self):
        self.process.kill()
        self.process.wait()


class Log:
    """What the client did to the server."""

    def __init__(self, path):
        self.path = path

    def events(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def count(self, method):
        return sum(event.get("method") == method for event in self.events())

    def wait_until_ended(self, patience):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            events = self.events()
            for event in events:
                assert "signal" not in event, f"the client sent signal {event['signal']} instead of closing standard input"
            if any("ended" in event for event in events):
                return
            time.sleep(0.05)
        raise AssertionError("the process did not get to its end: it was killed, or its standard input stayed open")


# -- Cases with a server that stands for imagewire -----------------------------------------------------------------


def gets_the_prediction(driver, log):
    outcome = driver.ask(call="status", params={"id": server.ID})
    assert outcome.get("result", {}).get("id") == server.ID, f"the outcome was {outcome}"
    return outcome["result"]


def gets_every_character(driver, log):
    prompt = gets_the_prediction(driver, log)["input"]["prompt"]
    assert prompt == server.TEXT, f"the prompt came as {prompt!r}"


def gets_the_whole_message(driver, log):
    assert len(gets_the_prediction(driver, log)["metadata"]["text"]) == 2_000_000


def gets_the_error(driver, log):
    outcome = driver.ask(call="status", params={"id": server.ID})
    assert outcome.get("error", {}).get("code") == 4321, f"the outcome was {outcome}"


def says_that_it_is_lost_and_starts_again(driver, log):
    outcome = driver.ask(call="status", params={"id": server.ID})
    assert "lost" in outcome, f"the process ended without a reply, and the outcome was {outcome}"
    gets_the_prediction(driver, log)


def waits_again_and_submits_once(driver, log):
    outcome = driver.ask(generate="a red fox")
    assert outcome.get("path") == str(HERE / "server.py"), f"the outcome was {outcome}"
    assert log.count("submit") == 1, f"it submitted {log.count('submit')} times"


def says_why_it_failed(*words):
    """What the user is told has the words of `error`, of `failure.hint` and of `billing`."""

    def case(driver, log):
        outcome = driver.ask(generate="a red fox")
        assert "failed" in outcome, f"the prediction failed, and the outcome was {outcome}"
        for part in words:
            assert part in outcome["failed"], f"it does not say {part!r}: {outcome['failed']!r}"
        assert log.count("submit") == 1, f"it submitted {log.count('submit')} times"

    return case


def never_submits_again(driver, log):
    outcome = driver.ask(generate="a red fox")
    assert "lost" in outcome, f"the process ended during a submit, and the outcome was {outcome}"
    gets_the_prediction(driver, log)
    assert log.count("submit") == 1, f"it submitted {log.count('submit')} times: the first may have been accepted and paid for"


def ends_the_process_by_its_input(driver, log):
    gets_the_prediction(driver, log)


#: By the name of the server's case: what must hold, and the check.
CASES = {
    "one-byte-at-a-time": ("reads a message that comes byte by byte", gets_the_prediction),
    "several-in-one-write": ("finds its reply between notifications", gets_the_prediction),
    "many-notifications": ("reads notifications that it did not ask for", gets_the_prediction),
    "what-is-not-known": ("ignores fields, words and notifications that it does not know", gets_the_prediction),
    "every-character": ("reads every character of a text", gets_every_character),
    "a-long-message": ("reads a message of 4 MB", gets_the_whole_message),
    "much-on-standard-error": ("never lets standard error fill", gets_the_prediction),
    "an-error": ("reports an error that it does not know", gets_the_error),
    "it-dies": ("reports that the process ended, and starts it again", says_that_it_is_lost_and_starts_again),
    "it-takes-long": ("waits again when a wait is out of time, and submits once", waits_again_and_submits_once),
    "it-fails": (
        "says why a prediction failed, what to do, and whether it cost money",
        says_why_it_failed("The content was refused.", "Change the prompt.", "charged")),
    "no-output-is-saved": (
        "says that no output was saved, what to do, and whether it cost money",
        says_why_it_failed("No output was saved.", "Call result again.", "charged")),
    "it-dies-at-the-submit": ("never submits again by itself", never_submits_again),
    "the-end": ("ends the process by closing its standard input", ends_the_process_by_its_input),
}


def play(command, name, patience):
    """One case."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        log = Log(home / "log")
        driver = Driver(command, HERE / "server.py", home, patience, CONFORMANCE_CASE=name, CONFORMANCE_LOG=str(log.path))
        try:
            CASES[name][1](driver, log)
            driver.end()
            log.wait_until_ended(patience)
        finally:
            driver.kill()


# -- Transcripts, with imagewire itself ----------------------------------------------------------------------------


def exchanges(path):
    """The requests of a transcript with their responses; `None` where it shows something that a client does not do by itself."""
    head, *lines = read(path)
    if set(head) - {"title", "framing"} or any({"text", "bytes"} & set(line) for line in lines):
        return None
    open_requests, found = {}, []
    for line in lines:
        message = line.get("client")
        if message is not None:
            plain = isinstance(message, dict) and "id" in message and isinstance(message.get("params", {}), dict)
            if not plain or open_requests or message["method"] in ("initialize", "shutdown"):
                return None
            open_requests[json.dumps(message["id"])] = message
        elif isinstance(answer := line.get("server"), dict) and "id" in answer:
            request = open_requests.pop(json.dumps(answer["id"]), None)
            if request is None:
                return None
            found.append((request, answer))
    return None if open_requests else found


def replay(command, program, path, patience):
    """One transcript."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bound = {"<folder>": str(home)}
        driver = Driver(command, program, home, patience)
        try:
            for request, response in exchanges(path):
                params = fill(request.get("params", {}), bound)
                # No patience but the request's own: what runs out of time is an answer, too.
                outcome = driver.ask(call=request["method"], params=params)
                kind = "result" if "result" in response else "error"
                assert kind in outcome, f"{request['method']} was answered with {response}, and the outcome was {outcome}"
                match(response[kind], outcome[kind], bound, request["method"])
            driver.end()
        finally:
            driver.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("IMAGEWIRE", "imagewire"), help="imagewire (IMAGEWIRE, else on the path)")
    parser.add_argument("--only", help="only this case or transcript")
    parser.add_argument("--patience", type=float, default=20, help="seconds that a call may take (20)")
    parser.add_argument("client", nargs=argparse.REMAINDER, help="the client's program and its arguments")
    options = parser.parse_args()
    if not options.client:
        parser.error("CLIENT is missing")
    counts = {"passed": 0, "failed": 0, "unsupported": 0}

    def check(name, says, run):
        if options.only not in (None, name):
            return
        try:
            run()
            outcome, why = "passed", ""
        except Unsupported as error:
            outcome, why = "unsupported", f": {error}"
        except (AssertionError, OSError, ValueError, KeyError) as error:
            outcome, why = "failed", f": {error}"
        counts[outcome] += 1
        print(f"{outcome}  {name}: {says}{why}", flush=True)

    for name, (says, _) in CASES.items():
        check(name, says, lambda: play(options.client, name, options.patience))
    for path in sorted(TRANSCRIPTS.glob("*.jsonl")):
        if exchanges(path):
            check(path.name, read(path)[0]["title"], lambda: replay(options.client, options.program, path, options.patience))
    print("Conformance: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    is_enough = counts["passed"] * 2 >= max(1, sum(counts.values()))
    if not is_enough:
        print("Fewer than half of the cases passed: a client that conforms passes more.")
    sys.exit(0 if is_enough and not counts["failed"] else 1)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has read enough. Python writes the rest at its end and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
