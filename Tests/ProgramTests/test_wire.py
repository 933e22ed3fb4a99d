"""The wire on the real binary: exact to the byte in both framings, within its limits, for any input."""

import json
import os
import re
import subprocess
import threading
import time

import pytest
from program import BINARY, PATIENCE, ROOT, RPCError, environment, frame, resident_kilobytes, small, wait_for

EXAMPLES = json.loads((ROOT / "Tests/Fixtures/jsonrpc-examples.json").read_text())["examples"]
NEVER = {"prompt": "never", "sandbox": {"never": True}}
NOBODY = "0197a0b0-0000-7000-8000-000000000000"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
PONG = b'{"jsonrpc":"2.0","id":1,"result":{}}'
FRAMINGS = ["line", "header"]


def talk(home, data, *arguments):
    """All that is written to these bytes and the end of input."""
    done = subprocess.run(
        [BINARY, *arguments], input=data, capture_output=True, env=environment(home), timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def frames(data, framing="line"):
    """The messages in an output, whose exact form is checked."""
    found = []
    while data:
        if framing == "line":
            message, end, data = data.partition(b"\n")
            assert end == b"\n"
        else:
            head = re.match(rb"Content-Length: ([1-9]\d*)\r\n\r\n", data)
            assert head, data[:80]
            length = int(head[1])
            message, data = data[head.end():head.end() + length], data[head.end() + length:]
            assert len(message) == length
        found.append(message)
    return found


def error(code, message, id=None):
    """An error of JSON-RPC itself; its hint is what schemas/examples say it is."""
    kind = {-32700: "parse_error", -32600: "invalid_request", -32601: "method_not_found"}[code]
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message, "data": {"type": kind, "retryable": False}}, "id": id}


def without_hints(answer):
    if isinstance(answer, list):
        return [without_hints(one) for one in answer]
    if answer and "error" in answer:
        answer["error"]["data"].pop("hint")
    return answer


# -- the specification ---------------------------------------------------------------------------------------------


def as_ours(answer):
    """The examples call methods that we do not have, and their errors have no data; everything else about the answers stays."""
    if isinstance(answer, list):
        return [as_ours(one) for one in answer]
    if answer and "result" in answer:
        return error(-32601, "Method not found", answer["id"])
    if answer:
        return error(answer["error"]["code"], answer["error"]["message"], answer["id"])
    return answer


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_the_examples_of_the_specification(home, example, framing):
    found = frames(talk(home, frame(example["sent"], framing), "--framing", framing), framing)
    expected = as_ours(example["answer"])
    assert [without_hints(json.loads(message)) for message in found] == ([] if expected is None else [expected])


def test_there_are_fifteen_of_them():
    assert len(EXAMPLES) == 15


# -- framing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
def test_everything_at_once_and_a_byte_at_a_time_are_the_same(home, framing):
    messages = [example["sent"] for example in EXAMPLES] + [PING]
    data = b"".join(frame(message, framing) for message in messages)
    whole = talk(home, data)
    process = subprocess.Popen(
        [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(home)
    )
    reader = threading.Thread(target=lambda: parts.append(process.stdout.read()))
    parts = []
    reader.start()
    for byte in data:
        os.write(process.stdin.fileno(), bytes([byte]))
    process.stdin.close()
    reader.join(PATIENCE)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
    assert parts == [whole]
    assert frames(whole, framing)[-1] == PONG


@pytest.mark.parametrize("data", [
    frame(PING), frame(PING)[:-1], frame(PING)[:-1] + b"\r\n", b"\xef\xbb\xbf" + frame(PING), b"\n\r\n \t\n" + frame(PING),
    b"\xef\xbb\xbf\r\n" + frame(PING)[:-1], frame(PING) + b"\n\n  \n",
], ids=["LF", "no LF at the end", "CRLF", "byte order mark", "blank lines", "mark, blank line, no LF", "blank lines behind"])
def test_lines(home, data):
    assert talk(home, data) == PONG + b"\n"


BODY = json.dumps(PING).encode()
N = b"%d" % len(BODY)


@pytest.mark.parametrize("head", [
    b"Content-Length: " + N + b"\r\n\r\n", b"content-length:" + N + b"\r\n\r\n", b"CONTENT-LENGTH :  " + N + b" \n\n",
    b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: " + N + b"\r\n\r\n",
    b"Content-Length: " + N + b"\r\nX-Anything: 1\r\n\r\n", b"\xef\xbb\xbf\r\nContent-Length: " + N + b"\r\n\r\n",
    b"Content-Length: " + N + b"\r\nContent-Length: 0" + N + b"\r\n\r\n",
])
def test_headers(home, head):
    answer = b"Content-Length: %d\r\n\r\n%s" % (len(PONG), PONG)
    assert talk(home, head + BODY) == answer
    assert talk(home, (head + BODY) + frame(PING, "header")) == answer * 2


@pytest.mark.parametrize("length", [
    b"-5", b"x", b"", b"5 5", b"5.0", b"9223372036854775808", b"18446744073709551617", b"99999999999999999999999", b"0x10",
])
def test_a_bad_length_is_a_parse_error_and_the_next_header_is_found(home, length):
    data = b"Content-Length: " + length + b"\r\n\r\n" + BODY + frame(PING, "header")
    found = frames(talk(home, data), "header")
    assert [without_hints(json.loads(message)) for message in found[:-1]] == [error(-32700, "Parse error")]
    assert found[-1] == PONG


@pytest.mark.parametrize("head", [b"Content-Type: x\r\n\r\n", b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n"])
def test_no_length_and_two_lengths_are_a_parse_error(home, head):
    found = frames(talk(home, head + BODY + b"\r\n" + frame(PING, "header")), "header")
    assert [without_hints(json.loads(message)) for message in found[:-1]] == [error(-32700, "Parse error")]
    assert found[-1] == PONG


def test_the_framing_can_be_said(home):
    refusal = json.loads(talk(home, b"Content-Length: 2\n" + frame(PING), "--framing", "line").split(b"\n")[0])
    assert without_hints(refusal) == error(-32700, "Parse error")
    assert talk(home, b"\r\n" + frame(PING, "header"), "--framing=header") == b"Content-Length: %d\r\n\r\n%s" % (len(PONG), PONG)
    assert talk(home, frame(PING), "--framing", "auto") == PONG + b"\n"


# -- messages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("id", [
    "0", "-0", "1.0", "1.5", "1e2", "1E+2", "9007199254740993", "18446744073709551616", '"1"', '""', '"\\u00e9"', '"é"',
    '"a\\/b"', '"\\ud83d\\ude00"', '"\\ud800"', '"\u2028"', "null", '"' + "x" * 1024 + '"', "1" * 1024,
])
def test_ids_come_back_as_the_same_bytes(home, id, framing):
    request = '{"jsonrpc":"2.0","id":%s,"method":"ping"}' % id
    answer = ('{"jsonrpc":"2.0","id":%s,"result":{}}' % id).encode()
    wrong = '{"jsonrpc":"2.0","id":%s,"method":"status"}' % id
    found = frames(talk(home, frame(request, framing) + frame("[%s]" % request, framing) + frame(wrong, framing)), framing)
    assert found[:2] == [answer, b"[%s]" % answer]
    assert found[2].startswith(('{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,' % id).encode())


@pytest.mark.parametrize("id", ["true", "[]", "{}", "[1]"])
def test_ids_that_are_invalid(home, id):
    found = frames(talk(home, frame('{"jsonrpc":"2.0","id":%s,"method":"ping"}' % id)))
    assert [without_hints(json.loads(message)) for message in found] == [error(-32600, "Invalid Request")]


def test_an_id_too_long_is_refused_under_null(home):
    answer = json.loads(talk(home, frame('{"jsonrpc":"2.0","id":"%s","method":"ping"}' % ("x" * 1025))))
    assert answer["id"] is None and answer["error"]["code"] == -32602 and answer["error"]["data"]["limit"] == 1024


@pytest.mark.parametrize("text, expected", [
    ('{"id":7,"method":"ping"}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"1.0","id":7,"method":"ping"}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":2.0,"id":7,"method":"ping"}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":1}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"ping","params":"x"}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"ping","params":1}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"ping","params":false}', error(-32600, "Invalid Request", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"rpc.nothing"}', error(-32601, "Method not found", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"$/nothing"}', error(-32601, "Method not found", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"PING"}', error(-32601, "Method not found", 7)),
    ('{"jsonrpc":"2.0","id":7,"method":"exit"}', error(-32601, "Method not found", 7)),
    ('{"jsonrpc":"2.0","id":6,"id":7,"method":"x","method":"ping","trace":1}', {"jsonrpc": "2.0", "id": 7, "result": {}}),
    ('{"jsonrpc":"2.0","id":"\\ud800","method":"ping","params":{"x":NaN}}', error(-32700, "Parse error")),
    ('{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\\ud800"}}', {"jsonrpc": "2.0", "id": 7, "result": {}}),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\xff"}}', error(-32700, "Parse error")),
    (b'\xff\xfe\x00', error(-32700, "Parse error")),
    ("{}" * 2, error(-32700, "Parse error")),
    ("[" * 512 + "]" * 512, [error(-32600, "Invalid Request")]),
    ("[" * 513 + "]" * 513, error(-32700, "Parse error")),
    ("[" * 100_000, error(-32700, "Parse error")),
])
def test_decisions_that_the_specification_leaves_open(home, text, expected):
    # The connection lives on after each.
    found = [without_hints(json.loads(message)) for message in frames(talk(home, frame(text) + frame(PING)))]
    assert found == [expected, json.loads(PONG)]


@pytest.mark.parametrize("text", [
    '{"jsonrpc":"2.0","method":"nothing"}', '{"jsonrpc":"2.0","method":"status","params":{"x":1}}',
    '{"jsonrpc":"2.0","method":"submit","params":5.5e1,"id2":1}'.replace("5.5e1", "[]"), '{"jsonrpc":"2.0","method":"$/x"}',
    '{"jsonrpc":"2.0","id":1,"result":{}}', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}',
    '[{"jsonrpc":"2.0","id":1,"result":{}}]', '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}}',
    '{"jsonrpc":"2.0","method":"$/cancelRequest","id":99}', '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":[]}}',
])
def test_messages_that_get_no_answer(home, text):
    assert frames(talk(home, frame(text) + frame(PING))) == [PONG]


def test_two_in_flight_under_one_id_are_both_served(spawn):
    with spawn() as program:
        one = program.call("submit", input=NEVER)["id"]
        two = program.call("submit", input=NEVER)["id"]
        for id in (one, two):
            program.send({"jsonrpc": "2.0", "id": "same", "method": "result", "params": [id]})
        program.call("ping")
        program.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "same"}})
        answers = [program.receive(), program.receive()]
        assert {answer["id"] for answer in answers} == {"same"}
        assert {answer["error"]["code"] for answer in answers} == {-32800}
        assert program.call("status", id=one)["status"] in ("created", "processing")


def test_a_batch_is_one_array_in_one_frame(spawn):
    with spawn() as program:
        id = program.call("submit", input=small("a fox"), wait_ms=10000)["id"]
        program.send([
            {"jsonrpc": "2.0", "id": "a", "method": "status", "params": [id]},
            {"jsonrpc": "2.0", "method": "ping"},
            {"jsonrpc": "2.0", "id": "b", "method": "nothing"},
            5,
            {"jsonrpc": "2.0", "id": "c", "method": "result", "params": [id]},
        ])
        answer = program.receive()
        assert [one["id"] for one in answer] == ["a", "b", None, "c"]
        assert answer[0]["result"] == answer[3]["result"]


# -- params --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, spellings", [
    ("ping", ["none", None, {}, [], [None], [{}]]),
    ("list", ["none", None, {}, [], [None], [{}]]),
    ("status", [["ID"], ["ID", {}], [{"id": "ID"}], {"id": "ID"}, ["ID", False], ["ID", None], ["ID", {"full": False}],
                {"id": "ID", "full": None}]),
    ("result", [["ID", {"timeout_ms": 0}], ["ID", 0], [{"id": "ID", "timeout_ms": 0}], {"id": "ID", "timeout_ms": 0},
                ["ID", 0, False], ["ID", "0e0"], ["ID", None, {"timeout_ms": 0.0}], ["ID", -5]]),
    ("wait", [[["ID"]], {"ids": ["ID"]}, [{"ids": ["ID"]}], [["ID"], "all"], [["ID"], "any", 0], [["ID", "ID"], {"mode": "all"}]]),
    ("cancel", [["ID"], {"id": "ID"}, [{"id": "ID"}], ["ID", False]]),
])
def test_every_spelling_of_params_is_the_same_call(spawn, method, spellings):
    with spawn() as program:
        id = program.call("submit", input=small("a fox"), wait_ms=10000)["id"]
        answers = []
        for number, params in enumerate(spellings):
            text = '"params":%s,' % json.dumps(params).replace("ID", id).replace('"0e0"', "0e0") if params != "none" else ""
            program.send('{"jsonrpc":"2.0",%s"id":"n%d","method":"%s"}' % (text, number, method))
            answer = program.receive()
            assert answer["id"] == f"n{number}"
            assert "result" in answer, (params, answer)
            answers.append(answer["result"])
        assert all(answer == answers[0] for answer in answers), answers


def test_delete_takes_an_array_by_position(spawn):
    with spawn() as program:
        ids = [program.call("submit", input=small("a fox"), wait_ms=10000)["id"] for _ in range(2)]
        assert program.call("delete", [ids]) == {"deleted": ids, "scrubbed": True}


def test_submit_by_position(spawn):
    with spawn() as program:
        prediction = program.call("submit", ["a fox", {"input": {"size": "64x64"}, "wait_ms": 10000}])
        assert (prediction["status"], prediction["input"]) == ("completed", small("a fox"))
        program.send('{"jsonrpc":"2.0","id":"w","method":"submit","params":{"prompt":"a fox","input":{"size":"64x64"},"wait_ms":1e4}}')
        assert program.receive()["result"]["status"] == "completed"


@pytest.mark.parametrize("params, path", [
    (["x", {"id": "y"}], "id"), ([], "id"), (None, "id"), ({"id": 5}, "id"), ({"id": NOBODY, "full": 1}, "full"),
    ([NOBODY, False, 3], None),
])
def test_params_that_cannot_be_meant(spawn, params, path):
    with spawn() as program:
        with pytest.raises(RPCError) as refused:
            program.call("status", params)
        assert refused.value.code == -32602
        assert refused.value.data["type"] == "invalid_params"
        assert refused.value.data.get("path") == path


STRICT = {
    "submit": {"prompt": "a fox"}, "status": {"id": NOBODY}, "result": {"id": NOBODY}, "cancel": {"id": NOBODY},
    "wait": {"ids": [NOBODY]}, "list": {}, "delete": {"ids": [NOBODY]}, "subscribe": {}, "unsubscribe": {"subscription": "s1"},
}


@pytest.mark.parametrize("method", STRICT)
def test_unknown_members_are_refused_by_name(spawn, method):
    with spawn() as program:
        with pytest.raises(RPCError) as refused:
            program.call(method, {**STRICT[method], "timeout": 5})
        assert refused.value.code == -32602
        assert refused.value.data["path"] == "timeout"
        assert "timeout" in refused.value.message and refused.value.data["hint"]
        # A field that other protocols attach to every call is not an error.
        decorations = {"_meta": {"a": 1}, "partialResultToken": "p", "task": {"ttl": 1}, "workDoneToken": 1}
        try:
            program.call(method, {**STRICT[method], **decorations})
        except RPCError as other:
            assert other.code == 1001 or other.data.get("path") == "subscription"
        assert program.call("ping", {"anything": 1}) == {}
        assert program.call("initialize", {"anything": 1, "processId": None, "capabilities": {}})["serverInfo"]


# -- limits --------------------------------------------------------------------------------------------------------

MIB = 1 << 20


def padded(length):
    """A ping of exactly so many bytes."""
    head, tail = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"', b'"}}'
    return head + b"x" * (length - len(head) - len(tail)) + tail


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_message_of_64_mib_is_read_and_one_byte_more_is_skipped(home, framing):
    data = frame(padded(64 * MIB), framing) + frame(padded(64 * MIB + 1), framing) + frame(PING, framing)
    found = frames(talk(home, data), framing)
    assert found[0] == found[2] == PONG
    refused = json.loads(found[1])
    assert refused["id"] is None and refused["error"]["code"] == -32600
    assert refused["error"]["data"]["limit"] == 64 * MIB


def test_a_message_far_over_the_limit_is_not_kept(spawn):
    with spawn() as program:
        program.call("ping")
        before = resident_kilobytes(program.process)
        for _ in range(200):
            program.process.stdin.write(b"x" * MIB)
        program.send("", {"jsonrpc": "2.0", "id": "after", "method": "ping"})
        assert program.receive()["error"]["data"]["limit"] == 64 * MIB
        assert program.receive()["id"] == "after"
        assert resident_kilobytes(program.process) - before < 20_000


def test_batches_of_1000_and_no_more(home):
    batch = [{**PING, "id": number} for number in range(1000)]
    answers, refused = map(json.loads, frames(talk(home, frame(batch) + frame(batch + [PING]))))
    assert [answer["id"] for answer in answers] == list(range(1000))
    assert refused["error"]["code"] == -32600 and refused["error"]["data"]["limit"] == 1000


def test_ten_thousand_in_flight_and_no_more(spawn):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        request = '{"jsonrpc":"2.0","id":"w%d","method":"result","params":["' + id + '",1800000]}\n'
        program.send(*((request % number).rstrip() for number in range(10_001)))
        refused = program.receive()
        assert refused["id"] == "w10000"
        assert refused["error"]["code"] == 1003 and refused["error"]["data"]["limit"] == 10_000
        # So is everything else, until one of them is given up.
        with pytest.raises(RPCError) as refused:
            program.call("ping")
        assert refused.value.code == 1003
        assert resident_kilobytes(program.process) < 120_000
        program.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "w7"}})
        assert program.receive()["id"] == "w7"
        assert program.call("status", id=id)["status"] in ("created", "processing")
        number = program.start("cancel", id=id)
        waiting = {f"w{number}" for number in range(10_000)} - {"w7"}
        while waiting or number:
            answer = program.receive()
            assert answer["result"]["status"] == "cancelled"
            if answer["id"] == number:
                number = None
            else:
                waiting.remove(answer["id"])


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_client_that_writes_everything_before_it_reads_does_not_deadlock(home, framing):
    process = subprocess.Popen(
        [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(home)
    )
    count = 50_000
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    process.stdin.write(b"".join(frame({**PING, "id": number}, framing) for number in range(count)))
    process.stdin.close()
    found = frames(process.stdout.read(), framing)
    guard.cancel()
    process.stdout.close()
    assert process.wait(PATIENCE) == 0
    assert [json.loads(message)["id"] for message in found] == list(range(count))


def test_pictures_that_nobody_reads_bound_our_memory_too(home):
    count = 480
    process = subprocess.Popen(
        [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(home))

    def ask(number, method, **params):
        process.stdin.write(frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        process.stdin.flush()

    try:
        ask(0, "submit", input={"prompt": "a fox", "sandbox": {"delay_ms": 1000}})
        id = json.loads(process.stdout.readline())["result"]["id"]
        # All of them are answered by the same moment, long after they were read, with a quarter of a megabyte each.
        for number in range(1, count + 1):
            ask(number, "result", id=id, inline=True)
        wait_for(lambda: list((home / ".local/state/imagewire/outputs").glob("*.png")), "there is no image")
        last, still = 0, 0
        while still < 10:
            now = resident_kilobytes(process)
            last, still = now, still + 1 if now <= last else 0
            assert now < (64 + 32) * 1024
            time.sleep(0.1)  # Nothing tells when it has stopped to take memory.
        replies = [process.stdout.readline() for _ in range(count)]
        assert all(b'"base64":"' in reply and len(reply) > 200_000 for reply in replies)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_images_of_one_batch_share_the_limit_of_unwritten_bytes(spawn):
    count = 300
    with spawn() as program:
        # The default of 1024 x 1024: a quarter of a megabyte.
        id = program.call("submit", prompt="a fox", wait_ms=60000)["id"]
        one = {"jsonrpc": "2.0", "method": "result", "params": {"id": id, "inline": True}}
        program.send([{**one, "id": number} for number in range(count)])
        raw, answers = program.receive_raw()
        assert [answer["id"] for answer in answers] == list(range(count))
        results = [answer["result"] for answer in answers]
        shown = [result for result in results if "base64" in result["files"][0]]
        assert 100 < len(shown) < count and len(raw) < (64 << 20) + count * 2_048
        assert all("omitted" not in result for result in shown)
        # Nothing is lost: each of the others names the omitted fields and the path of the file.
        others = [result for result in results if result not in shown]
        assert all(result["omitted"] == ["files[0].base64"] and result["files"][0]["path"] for result in others)


def test_a_reader_that_stops_reading_bounds_our_memory(spawn, home):
    with spawn() as program:
        id = program.call("submit", input={"prompt": "a fox " * 10_000, "size": "64x64"}, wait_ms=10000)["id"]
        program.finish()
    process = subprocess.Popen(
        [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(home)
    )
    count = 4_000
    sent = []

    def write():
        for number in range(count):
            os.write(process.stdin.fileno(), frame({"jsonrpc": "2.0", "id": number, "method": "status", "params": [id]}))
            sent.append(number)
        process.stdin.close()

    writer = threading.Thread(target=write, daemon=True)
    try:
        writer.start()
        # Until it reads no more: then the client's own pipe is full and its writing stops.
        last, still = -1, 0
        while still < 10:
            writer.join(0.2)
            still = still + 1 if len(sent) == last and writer.is_alive() else 0
            last = len(sent)
            assert last < count, "it read all of it"
        # 64 MiB of replies, the most that one read may add to them, and the memory of an idle process.
        assert resident_kilobytes(process) < (64 + 64) * 1024
        answered = [json.loads(process.stdout.readline())["id"] for _ in range(count)]
        assert answered == list(range(count))
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# -- the message limit ---------------------------------------------------------------------------------------------


def many(program, count):
    """Predictions of about 4.5 KB each; their ids, oldest first."""
    tags = ["x" * 120 + str(number) for number in range(32)]
    numbers = [program.start("submit", input={"prompt": "a fox", "size": "64x64"}, tags=tags) for _ in range(count)]
    ids = [program.reply(number)["id"] for number in numbers]
    for start in range(0, count, 10):
        asked = ids[start:start + 10]
        assert program.call("wait", ids=asked, timeout_ms=60000)["done"]
    return ids


def test_wait_pages_through_more_ids_than_fit_into_a_message(spawn):
    # The ids that are left out would not fit either.
    with spawn("--max-message-bytes", 4_096) as program:
        rest = ids = many(program, 120)
        shown = []
        while rest:
            answer = program.call("wait", ids=rest)
            assert answer["predictions"]
            shown += [prediction["id"] for prediction in answer["predictions"]]
            rest = answer["more"]
        assert shown == ids


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("limit", [65_536, 16_384])
def test_list_and_wait_page_under_the_limit(spawn, framing, limit):
    with spawn("--max-message-bytes", limit, framing=framing) as program:
        ids = many(program, 40)
        found, cursor, pages = [], None, 0
        while True:
            program.start("list", {"limit": 500, **({"cursor": cursor} if cursor else {})})
            raw, answer = program.receive_raw()
            assert len(raw) + 64 <= limit
            found += [prediction["id"] for prediction in answer["result"]["predictions"]]
            assert all("input" not in one and "metadata" not in one for one in answer["result"]["predictions"])
            cursor, pages = answer["result"]["next_cursor"], pages + 1
            if not cursor:
                break
        assert sorted(found, reverse=True) == found and set(found) == set(ids) and len(found) == len(ids)
        assert pages > 40 * 4_000 // limit
        rest, shown = ids, []
        while rest:
            program.start("wait", ids=rest)
            raw, answer = program.receive_raw()
            assert len(raw) + 64 <= limit
            result = answer["result"]
            assert result["done"] is True and result["predictions"]
            shown += [prediction["id"] for prediction in result["predictions"]]
            assert result["more"] == rest[len(result["predictions"]):]
            rest = result["more"]
        assert shown == ids


def test_one_prediction_leaves_out_its_input_where_it_would_break_the_limit(spawn):
    with spawn() as program:
        prompt = "é" * 32_000
        program.start("submit", prompt=prompt)
        raw, answer = program.receive_raw()
        id = answer["result"]["id"]
        assert len(raw) < 65_536
        assert answer["result"]["omitted"] == ["input"] and "input" not in answer["result"]
        for method in ("status", "result", "cancel"):
            program.start(method, id=id)
            raw, answer = program.receive_raw()
            assert len(raw) < 65_536 and answer["result"]["omitted"] == ["input"]
        full = program.call("status", id=id, full=True)
        assert full["input"] == {"prompt": prompt} and "omitted" not in full


def test_inline_only_when_asked(spawn):
    with spawn() as program:
        id = program.call("submit", input=small("a fox"), wait_ms=10000)["id"]
        program.start("result", id=id)
        raw, answer = program.receive_raw()
        assert len(raw) < 65_536 and "base64" not in answer["result"]["files"][0]
        assert len(program.call("result", id=id, inline=True)["files"][0]["base64"]) > 1_000


# -- messages without a request ------------------------------------------------------------------------------------


def test_it_never_speaks_first(spawn, home):
    with spawn() as program:
        assert program.call("submit", input=small("a fox"), wait_ms=10000)["status"] == "completed"
        program.finish()
    assert talk(home, b"") == b""
    assert talk(home, b" \r\n\n") == b""
