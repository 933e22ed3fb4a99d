"""The golden transcripts, replayed against the program in every framing, every message judged by the schemas.

Their format is described in schemas/README.md. clients/node/test replays the same files through the Node client.
"""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from contract import METHODS, OPENRPC, Contract, by_name
from program import ROOT, Ended

EXAMPLES = sorted((ROOT / "schemas/examples").glob("*.jsonl"))
KINDS = {
    "id": r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "sha256": r"[0-9a-f]{64}",
    "url": r"(https?|file)://.+",
    "string": r"(?s).+",
}
PLACEHOLDER = re.compile(r"<([a-z0-9|]+)(\?)?(?::([\w-]+))?>")
#: A name within a longer string.
WITHIN = re.compile(r"<[a-z]+:[\w-]+>")
#: Errors that no client can bring about at will.
UNPLAYED = {"internal", "storage_failed", "queue_full", "budget_exceeded", "provider_failed"}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def match(expected, actual, bound, path="message"):
    """Raises where a message is not the one in the transcript."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), path
        names = set(expected) - {"..."}
        assert set(actual) == names or ("..." in expected and set(actual) > names), f"{path} has {sorted(set(actual) ^ names)}"
        for name in names:
            match(expected[name], actual[name], bound, f"{path}.{name}")
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(actual) == len(expected), path
        for index, element in enumerate(expected):
            match(element, actual[index], bound, f"{path}[{index}]")
    elif isinstance(expected, str) and (placeholder := PLACEHOLDER.fullmatch(expected)):
        kind, optional, name = placeholder.groups()
        if not (optional and actual is None):
            assert fits(kind, actual), f"{path} is {actual!r}, not {expected}"
        if name:
            assert bound.setdefault(expected, actual) == actual, f"{path} is {actual!r}, not {bound[expected]!r}"
    else:
        expected = fill(expected, bound)
        assert type(expected) is type(actual) and expected == actual, f"{path} is {actual!r}, not {expected!r}"


def fits(kind, value):
    if kind == "any":
        return True
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "path":
        return isinstance(value, str) and Path(value).is_absolute() and Path(value).stat().st_size > 0
    if "|" in kind:
        return value in kind.split("|")
    return isinstance(value, str) and re.fullmatch(KINDS[kind], value) is not None


def fill(message, bound):
    """The client's message with known values in place of the placeholders."""
    if isinstance(message, dict):
        return {name: fill(value, bound) for name, value in message.items()}
    if isinstance(message, list):
        return [fill(value, bound) for value in message]
    if isinstance(message, str):
        return bound.get(message) or WITHIN.sub(lambda name: bound.get(name[0], name[0]), message)
    return message


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
