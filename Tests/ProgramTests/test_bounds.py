"""The bounds of one message; a large one delays no other call."""

import base64
import json
import os
import sqlite3

import pytest
from program import RPCError, wait_for

MEGABYTE = 1 << 20


def request(id, method, params):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def peak_megabytes(program):
    with open(f"/proc/{program.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024


def edit(megabytes, **more):
    """An input with an image in it, as base64: random bytes, so that nothing can be shared."""
    picture = base64.b64encode(os.urandom(megabytes * MEGABYTE * 3 // 4)).decode()
    return {"prompt": "make it snow", "image": f"data:image/png;base64,{picture}", "size": "64x64", **more}


# -- The bounds of one message ---------------------------------------------------------------------------------------

def test_more_values_than_a_message_may_hold_are_refused_under_its_id(spawn):
    with spawn() as program:
        zeros = "[" + "0," * (4 * MEGABYTE) + "0]"
        program.send(f'{{"jsonrpc":"2.0","method":"submit","params":{{"input":{{"prompt":"a","list":{zeros}}}}},"id":"x"}}')
        with pytest.raises(RPCError) as error:
            program.reply("x")
        assert error.value.code == -32600 and error.value.data["limit"] == 200_000
        assert program.call("ping") == {}
        assert peak_megabytes(program) < 200


def test_the_most_values_a_message_may_hold_are_taken(spawn):
    with spawn() as program:
        # Beside the list: params, input, prompt, size, wait_ms and the list itself.
        kept = program.call("submit", input={"prompt": "a", "size": "64x64", "list": [0] * (200_000 - 6)}, wait_ms=60_000)
        assert kept["status"] == "completed"
        with pytest.raises(RPCError) as error:
            program.call("submit", input={"prompt": "a", "size": "64x64", "list": [0] * (200_000 - 4)})
        assert error.value.code == -32600


def test_the_members_of_a_batch_share_its_limit(spawn):
    with spawn() as program:
        members = [request(n, "status", {"id": "x", "list": [0] * 90_000}) for n in range(3)]
        program.send(members)
        replies = {reply["id"]: reply["error"] for reply in program.receive()}
        assert [replies[n]["code"] for n in range(3)] == [-32602, -32602, -32600]


@pytest.mark.parametrize("value", ['"%s"' % ("x" * 48_000_001), "1" * 48_000_001], ids=["text", "number"])
def test_an_input_over_the_limit_is_refused(spawn, value):
    with spawn() as program:
        program.send('{"jsonrpc":"2.0","id":"large","method":"submit","params":{"input":{"prompt":"a","image":%s}}}' % value)
        with pytest.raises(RPCError) as error:
            program.reply("large")
        assert error.value.code == -32602 and error.value.data["path"] == "input"
        assert "Nothing was sent." in error.value.message
        assert program.call("list")["predictions"] == []


# -- Calls behind a large message ------------------------------------------------------------------------------------

def test_a_ping_overtakes_a_large_submit(spawn):
    with spawn() as program:
        program.send(request("large", "submit", {"input": edit(4)}), request("ping", "ping", {}))
        assert program.receive()["id"] == "ping"
        assert program.reply("large")["status"] == "created"


def test_submits_keep_their_order_behind_a_large_one(spawn):
    with spawn() as program:
        program.send(
            request("large", "submit", {"input": edit(4), "idempotency_key": "k"}),
            request("small", "submit", {"input": {"prompt": "another", "size": "64x64"}, "idempotency_key": "k"}),
            request("list", "list", {}),
        )
        large = program.reply("large")
        with pytest.raises(RPCError) as error:
            program.reply("small")
        assert error.value.code == 1002 and error.value.data["id"] == large["id"]
        assert [p["id"] for p in program.reply("list")["predictions"]] == [large["id"]]


def test_the_end_of_input_waits_for_a_large_submit(spawn):
    with spawn() as program:
        program.send(request("large", "submit", {"input": edit(4)}))
        program.close()
        id = program.reply("large")["id"]
        program.wait()
    with spawn() as program:
        assert program.call("result", id=id)["status"] == "completed"


# -- Finished inputs leave memory and database -----------------------------------------------------------------------

def table(home):
    return next((home / ".local/state/imagewire").glob("predictions*.db"))


def cell(home, id):
    connection = sqlite3.connect(table(home))
    try:
        rows = connection.execute("SELECT i.input FROM inputs i JOIN predictions p USING (seq)").fetchall()
        assert len(rows) == 1
        return bytes(rows[0][0])
    finally:
        connection.close()


@pytest.mark.parametrize("end, status", [({}, "completed"), ({"fail": "content_refused"}, "failed"), ({"never": True}, "cancelled")])
def test_a_large_input_leaves_the_table_when_it_is_over(spawn, home, end, status):
    given = edit(1, sandbox=end)
    with spawn() as program:
        id = program.call("submit", input=given, idempotency_key="k")["id"]
        if status == "cancelled":
            program.call("cancel", id=id)
        done = program.call("result", id=id)
        assert done["status"] == status and done["omitted"] == ["input"]
        file = home / ".local/state/imagewire/inputs" / id
        wait_for(lambda: b"stored" in cell(home, id), "it stays in the table")
        assert json.loads(file.read_bytes()) == given
        assert file.stat().st_mode & 0o777 == 0o600
        mark = json.loads(cell(home, id))
        assert mark["stored"]["bytes"] == file.stat().st_size and "prompt" not in mark
        assert program.call("status", id=id, full=True)["input"] == given
        program.finish()
    with spawn() as program:
        assert program.call("status", id=id)["omitted"] == ["input"]
        assert program.call("status", id=id, full=True)["input"] == given
        # The same key finds it, though its input is elsewhere.
        assert program.call("submit", input=given, idempotency_key="k")["id"] == id
        assert program.call("delete", ids=[id])["deleted"] == [id]
        assert not file.exists()


def test_a_file_that_is_gone_or_changed_is_left_out_and_costs_nothing_else(spawn, home):
    with spawn() as program:
        id = program.call("submit", input=edit(1), wait_ms=60_000)["id"]
        wait_for(lambda: b"stored" in cell(home, id), "it stays in the table")
        file = home / ".local/state/imagewire/inputs" / id
        file.write_bytes(b"something else")
        for _ in range(2):
            whole = program.call("status", id=id, full=True)
            assert whole["status"] == "completed" and whole["omitted"] == ["input"] and len(whole["files"]) == 1
            file.unlink(missing_ok=True)


def test_an_unfinished_prediction_keeps_its_input(paid, wavespeed, home):
    wavespeed.script(submit=["drop"], history=[{"do": "500", "times": "forever"}])
    with paid() as program:
        id = program.call("submit", input=edit(1), wait_ms=1)["id"]
        wait_for(wavespeed.posts, "it is not sent")
        program.finish()
    assert b"stored" not in cell(home, id) and len(cell(home, id)) > MEGABYTE


def test_files_of_what_was_deleted_are_removed_after_a_crash(spawn, home):
    with spawn() as program:
        id = program.call("submit", input=edit(1), wait_ms=60_000)["id"]
        wait_for(lambda: b"stored" in cell(home, id), "it stays in the table")
        program.finish()
    folder = home / ".local/state/imagewire/inputs"
    stray = folder / "01a20ffa-1505-7dc6-b3b8-728fbcf16431"
    stray.write_bytes(b"{}")
    with spawn() as program:
        program.call("submit", input={"prompt": "a", "size": "64x64"}, wait_ms=60_000)
        wait_for(lambda: not stray.exists(), "the stray file stays")
        assert (folder / id).exists()


@pytest.mark.parametrize("waits", [True, False])
def test_finished_edits_are_not_kept_in_memory(spawn, waits):
    """One of two ways to wait kept every prediction in memory: the answer and what to do on a cancel held each other."""
    with spawn() as program:
        program.call("submit", input=edit(0), wait_ms=120_000)
        before = resident(program)
        for _ in range(8):
            id = program.call("submit", input=edit(2), **({"wait_ms": 120_000} if waits else {}))["id"]
            assert program.call("result", id=id)["status"] == "completed"
        # The heap gives back free memory after a second without work. All inputs together have 16 MiB.
        wait_for(lambda: resident(program) < before + 8, "inputs are kept", 120)


def resident(program):
    with open(f"/proc/{program.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) // 1024
