"""The kit on the clients of this repository, and on clients that are wrong."""

import os
import re
import subprocess
import sys

import pytest
from kit import CASES, HERE

ROOT = HERE.parents[1]
SMALLEST = ROOT / "clients/examples/client.py"
CLIENTS = {
    "fifty lines": [sys.executable, SMALLEST],
    "Python": [sys.executable, HERE / "drivers/python.py"],
    "Node": ["node", HERE / "drivers/node.mjs"],
}


def kit(*arguments):
    done = subprocess.run(
        [sys.executable, HERE / "kit.py", "--program", os.environ["IMAGEWIRE"], *map(str, arguments)], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_our_clients_conform(client):
    status, said = kit(*CLIENTS[client])
    assert status == 0, said
    passed, unsupported = map(int, re.search(r"Conformance: (\d+) passed, 0 failed, (\d+) unsupported", said).groups())
    assert passed > len(CASES) + 5 and unsupported == 0, said


#: What is wrong with a client: a piece of the smallest one, what stands for it, and the case that must fail.
WRONG = {
    "kills the process": ("process.stdin.close()", "process.kill()", "the-end"),
    "ends the process with a signal": ("process.stdin.close()", "process.terminate()", "the-end"),
    "submits instead of waiting again": ('self.call("result", id=prediction["id"])', 'self.call("submit", prompt=prompt)', "it-takes-long"),
    "does not wait again": ('while prediction["status"] in', 'for _ in [1] if prediction["status"] not in', "it-takes-long"),
    "does not read standard error": ("stdout=subprocess.PIPE)", "stdout=subprocess.PIPE, stderr=subprocess.PIPE)", "much-on-standard-error"),
    "takes the first message for the reply": (
        'self.waiting.pop(message.get("id"), None)', "self.waiting.popitem()[1] if self.waiting else None", "several-in-one-write"),
    "takes the first notification for the reply": (
        'self.waiting.pop(message.get("id"), None)', "self.waiting.popitem()[1] if self.waiting else None", "many-notifications"),
    "reads short lines only": ("json.loads(line)\n            reply", "json.loads(line[:65536])\n            reply", "a-long-message"),
    "reads another encoding": ("json.loads(line)\n            reply", 'json.loads(line.decode("latin-1"))\n            reply', "every-character"),
    "never starts again": ("{}, None\n        for", "{}, process\n        for", "it-dies"),
    "stumbles over a new error": ("raise Refused(message", "assert message['error']['code'] < 4000; raise Refused(message", "an-error"),
    "stumbles over a new notification": ("message = json.loads(line)\n            reply", 'message = json.loads(line); message.get("params", {}).get("x")\n            reply', "what-is-not-known"),
    "hides a failure": ('if prediction["status"] != "completed" or prediction["failure"]:', "if False:", "it-fails"),
    "hides what to do": ('(prediction["failure"] or {}).get("hint") or ""', '""', "it-fails"),
    "hides whether it cost money": (" (billing: {prediction['billing']})", "", "it-fails"),
    "hides that nothing was saved": ('if prediction["status"] != "completed" or prediction["failure"]:', 'if prediction["status"] != "completed":', "no-output-is-saved"),
    "submits again by itself": (
        '        prediction = self.call("submit", prompt=prompt)',
        '        try:\n            prediction = self.call("submit", prompt=prompt)\n        except Lost:\n            prediction = self.call("submit", prompt=prompt)',
        "it-dies-at-the-submit"),
    "reads a byte too few": ("json.loads(line)\n            reply", "json.loads(process.stdout.read1(1) + line)\n            reply", "one-byte-at-a-time"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_client_is_noticed(wrong, tmp_path):
    right, instead, case = WRONG[wrong]
    source = SMALLEST.read_text()
    assert source.count(right) == 1, right
    client = tmp_path / "client.py"
    client.write_text(source.replace(right, instead))
    status, said = kit("--only", case, "--patience", 3, sys.executable, client)
    assert status == 1 and f"failed  {case}: " in said, said


#: What is right, though our clients do otherwise: a piece of the smallest one, what stands for it, and the case that must pass.
RIGHT = {
    "looks round before it submits": (
        'self.call("submit", prompt=prompt)', '(self.call("ping"), self.call("list"), self.call("submit", prompt=prompt))[-1]',
        "it-dies-at-the-submit"),
    "polls status": ('self.call("result", id=prediction["id"])', 'self.call("status", id=prediction["id"])', "it-takes-long"),
    "waits for several": (
        'self.call("result", id=prediction["id"])', 'self.call("wait", ids=[prediction["id"]])["predictions"][0]', "it-takes-long"),
}


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_client_passes(right, tmp_path):
    ours, instead, case = RIGHT[right]
    source = SMALLEST.read_text()
    assert source.count(ours) == 1, ours
    client = tmp_path / "client.py"
    client.write_text(source.replace(ours, instead))
    status, said = kit("--only", case, "--patience", 5, sys.executable, client)
    assert status == 0 and f"passed  {case}: " in said, said


def test_every_case_notices_something():
    assert {case for _, _, case in WRONG.values()} == set(CASES)


def test_a_transcript_that_differs_is_noticed(tmp_path):
    client = tmp_path / "client.py"
    client.write_text(SMALLEST.read_text().replace('return message["result"]', 'return {**message["result"], "more": 1}'))
    status, said = kit("--only", "idempotency.jsonl", sys.executable, client)
    assert status == 1 and "failed  idempotency.jsonl" in said


def test_a_client_without_generate_is_told_what_was_not_tried(tmp_path):
    client = tmp_path / "client.py"
    client.write_text(SMALLEST.read_text().replace('outcome = {"path"', 'outcome = {"unsupported": "it has no generate"} if "generate" in asked else {"path"'))
    status, said = kit("--only", "it-fails", sys.executable, client)
    assert status == 1 and "unsupported  it-fails" in said and "1 unsupported" in said


def test_a_client_that_does_little_does_not_conform(tmp_path):
    client = tmp_path / "client.py"
    client.write_text(SMALLEST.read_text().replace("asked = json.loads(line)", "asked = json.loads(line)\n            "
        'if "call" in asked: print(json.dumps({"unsupported": "it has no calls"}), flush=True); continue'))
    status, said = kit(sys.executable, client)
    passed, unsupported = map(int, re.search(r"Conformance: (\d+) passed, 0 failed, (\d+) unsupported", said).groups())
    assert 0 < passed < unsupported, said
    assert status == 1 and "Fewer than half of the cases passed" in said


def test_a_reader_that_has_read_enough_ends_the_kit_quietly():
    with subprocess.Popen(
        [sys.executable, HERE / "kit.py", "--program", os.environ["IMAGEWIRE"], sys.executable, SMALLEST],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:
        assert process.stdout.readline().startswith("passed  ")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1
