"""The golden transcripts, replayed against the program in every framing, every message judged by the schemas.

Their format is described in schemas/README.md. clients/node/test replays the same files through the Node client.
"""

import json
import re
import sys

import jsonschema
import pytest
from contract import METHODS, OPENRPC, Contract, by_name
from program import ROOT, Ended

sys.path.insert(0, str(ROOT / "Tests/Conformance"))
from transcript import fill, match, read

EXAMPLES = sorted((ROOT / "schemas/examples").glob("*.jsonl"))
#: Errors that no client can bring about at will.
UNPLAYED = {"internal", "storage_failed", "queue_full", "budget_exceeded", "provider_failed"}


def replay(path, framing, spawn, home, contract):
    head, *lines = read(path)
    bound = {"<folder>": str(home)}
    kept = []

    def receive():
        return kept.pop() if kept else program.receive()

    with spawn(*head.get("arguments", []), framing=framing, home=home) as program:
        for line in lines:
            if "client" in line:
                message = fill(line["client"], bound)
                contract.sent(message)
                program.send(message)
            elif "text" in line:
                program.send(line["text"])
            elif "bytes" in line:
                for request in re.findall(r"\{.*\}", line["bytes"]):
                    contract.sent(json.loads(request))
                program.process.stdin.write(line["bytes"].encode())
                program.process.stdin.flush()
            elif "server" in line:
                message = receive()
                contract.received(message)
                match(line["server"], message, bound)
            else:
                # None, one or many: any other message belongs to the next line.
                while not kept:
                    message = receive()
                    try:
                        match(line["server_may"], message, bound)
                    except AssertionError:
                        kept.append(message)
                    else:
                        contract.received(message)
        assert program.finish() == head.get("exit", 0)
        with pytest.raises(Ended):
            receive()


@pytest.mark.parametrize(
    "path, framing", [pytest.param(path, framing, id=f"{path.stem}-{framing}") for path in EXAMPLES for framing in read(path)[0]["framing"]]
)
def test_the_program_says_what_the_transcript_says(path, framing, spawn, home):
    replay(path, framing, spawn, home, Contract())


def covered(path):
    """The methods that a transcript has answered or notifies, and the notifications and errors that the program must send in it."""
    asked, found = {}, set()
    for line in read(path)[1:]:
        sent = [json.loads(request) for request in re.findall(r"\{.*\}", line.get("bytes", ""))]
        for message in (*sent, *messages(line.get("client"))):
            if "id" in message:
                asked[json.dumps(message["id"])] = message.get("method")
            else:
                found.add(message.get("method"))
        for message in messages(line.get("server")):
            if "error" in message:
                found.add(message["error"]["data"]["type"])
            else:
                found.add(message.get("method") or asked[json.dumps(message["id"])])
    return found


def messages(value):
    """The messages of a batch, the message, or nothing."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def test_every_method_notification_and_error_is_in_a_transcript():
    # The test above compares it with the program.
    assert len(EXAMPLES) > 10
    found = set().union(*map(covered, EXAMPLES))
    assert set(METHODS) - found == set()
    # Nothing is deleted from the change log within a minute, so no transcript can show a reset.
    assert {one["name"] for one in OPENRPC["x-notifications"]} - found <= {"prediction/reset"}
    assert set(OPENRPC["components"]["errors"]) - found <= UNPLAYED


# -- that the judges would notice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expected, actual",
    [
        ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1, "...": True}, {"b": 1, "c": 2}), ("<time>", "2026-11-23"), ("<id>", "x"),
        ("<integer>", True), ("<integer>", None), ("<created|processing>", "completed"), (1, True), ([1], [1, 2]),
        ("<path>", "/no/such/file"), ({"a": "<id:x>"}, {"a": "019a0000-0000-7000-8000-000000000001"}),
    ],
)
def test_a_difference_is_noticed(expected, actual):
    with pytest.raises((AssertionError, OSError)):
        match(expected, actual, {"<id:x>": "019a0000-0000-7000-8000-000000000002"})


@pytest.mark.parametrize(
    "method, result",
    [
        ("ping", {"pong": True}), ("shutdown", {}), ("delete", {"deleted": ["x"]}), ("delete", {}),
        ("list", {"predictions": [], "next_cursor": 5}), ("list", {"predictions": [{"id": "x"}], "next_cursor": None}),
    ],
)
def test_a_wrong_result_is_noticed(method, result):
    contract = Contract()
    params = {"ids": ["019a0000-0000-7000-8000-000000000001"]} if method == "delete" else None
    contract.sent({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    with pytest.raises(jsonschema.ValidationError):
        contract.received({"jsonrpc": "2.0", "id": 1, "result": result})


def test_wrong_params_and_errors_are_noticed():
    contract = Contract()
    contract.sent({"jsonrpc": "2.0", "id": 1, "method": "list", "params": {"limits": 5}})
    with pytest.raises(jsonschema.ValidationError):
        contract.received({"jsonrpc": "2.0", "id": 1, "result": {"predictions": [], "next_cursor": None}})
    with pytest.raises(jsonschema.ValidationError):
        contract.received({"jsonrpc": "2.0", "id": 1, "error": {"code": 1001, "message": "m", "data": {"type": "gone"}}})
    assert by_name(["i", {"full": True}], METHODS["status"]["params"]) == {"id": "i", "full": True}
