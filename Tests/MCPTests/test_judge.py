"""The judge of conversations would notice: each of these is a conversation that must not pass."""

import json

import jsonschema
import pytest
from conversation import Judge

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "_meta": {"progressToken": 0}}}
MODERN = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
RESULT = {"content": [{"type": "text", "text": "x"}], "isError": False}


def progress(value):
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 0, "progress": value}}


def follow(*said):
    judge = Judge()
    for side, message in said:
        judge.sent(message) if side == ">" else judge.received(message)
    return judge


def test_a_good_one_passes():
    answer = {"jsonrpc": "2.0", "id": 1, "result": RESULT}
    judge = follow((">", CALL), ("<", progress(0)), ("<", progress(1)), ("<", answer))
    assert judge.judged == 3 and judge.methods == {"tools/call"}


@pytest.mark.parametrize(
    "said",
    [
        [(">", CALL), ("<", {"jsonrpc": "2.0", "id": 2, "result": RESULT})],
        [(">", CALL), ("<", {"jsonrpc": "2.0", "id": 1, "result": {"isError": False}})],
        [(">", CALL), ("<", {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "m"}})],
        [(">", CALL), ("<", progress(1)), ("<", progress(1))],
        [(">", CALL), ("<", {"jsonrpc": "2.0", "id": 1, "result": RESULT}), ("<", progress(1))],
        [
            (">", CALL), (">", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            ("<", {"jsonrpc": "2.0", "id": 1, "result": RESULT}),
        ],
        [(">", MODERN), ("<", {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}})],
        [("<", {"jsonrpc": "2.0", "id": None, "error": {"code": -32700}})],
    ],
    ids=json.dumps,
)
def test_a_bad_one_does_not(said):
    with pytest.raises((AssertionError, jsonschema.ValidationError, KeyError)):
        follow(*said)
