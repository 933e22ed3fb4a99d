"""`subscribe` on the real binary: every change, in order, of this process and of others; a client that returns with a cursor misses nothing."""

import json
import sqlite3
import subprocess
import time

import pytest
from program import BINARY, PATIENCE, RPCError, environment, frame, resident_kilobytes, small

NEVER = {"prompt": "never", "sandbox": {"never": True}}


def told(program, until, patience=PATIENCE):
    """The notifications, as (method, params), up to and with the first for which `until` holds."""
    found = []
    deadline = time.monotonic() + patience
    waiting, program.notifications = program.notifications, []
    while True:
        message = waiting.pop(0) if waiting else program.receive(max(0.01, deadline - time.monotonic()))
        if "method" not in message:
            program.replies[message["id"]] = message
            continue
        found.append((message["method"], message["params"]))
        if until(*found[-1]):
            program.notifications = waiting
            return found


def is_status(id, *statuses):
    def holds(method, params):
        return method == "prediction/updated" and params["prediction"]["id"] == id and params["prediction"]["status"] in statuses

    return holds


def is_deleted(id):
    return lambda method, params: method == "prediction/deleted" and params["id"] == id


def numbers(found):
    return [int(params["cursor"].split("-")[1]) for _, params in found]


def test_the_reply_comes_first_then_every_change_in_order(spawn):
    with spawn() as program:
        # In one read: the subscription covers the requests behind it.
        subscription = program.start("subscribe")
        submitted = program.start("submit", input=small("a fox"))
        reply = program.receive()
        assert reply["id"] == subscription
        assert set(reply["result"]) == {"subscription", "cursor"}
        name = reply["result"]["subscription"]
        prediction = program.reply(submitted)
        found = told(program, is_status(prediction["id"], "completed"))
        assert {params["subscription"] for _, params in found} == {name}
        assert numbers(found) == sorted(set(numbers(found)))
        order = ["created", "processing", "completed"]
        ranks = [order.index(params["prediction"]["status"]) for _, params in found]
        assert ranks == sorted(ranks)
        revisions = [params["prediction"]["revision"] for _, params in found]
        assert revisions == sorted(revisions)


def test_an_update_is_shaped_as_in_list(spawn):
    with spawn() as program:
        program.call("subscribe")
        prediction = program.call("submit", input=small("a fox"), metadata={"n": 1}, tags=["t"], wait_ms=10000)
        method, params = told(program, is_status(prediction["id"], "completed"))[-1]
        assert set(params) == {"subscription", "cursor", "prediction"}
        assert params["prediction"] == program.call("list")["predictions"][0]
        assert "input" not in params["prediction"] and "metadata" not in params["prediction"]


def test_deletions_are_told(spawn):
    with spawn() as program:
        prediction = program.call("submit", input=small("a fox"), wait_ms=10000)
        program.call("subscribe")
        program.call("delete", ids=[prediction["id"]])
        found = told(program, is_deleted(prediction["id"]))
        assert found[-1][1] == {"subscription": "s1", "cursor": found[-1][1]["cursor"], "id": prediction["id"]}


def test_scopes(spawn):
    with spawn() as program:
        one = program.call("submit", input=NEVER, tags=["a"])
        two = program.call("submit", input=NEVER, tags=["b"])
        by_id = program.call("subscribe", ids=[one["id"]])["subscription"]
        by_tag = program.call("subscribe", tag="b")["subscription"]
        everything = program.call("subscribe")["subscription"]
        assert len({by_id, by_tag, everything}) == 3
        program.call("cancel", id=one["id"])
        program.call("cancel", id=two["id"])
        heard = {by_id: set(), by_tag: set(), everything: set()}
        wanted = {by_id: {one["id"]}, by_tag: {two["id"]}, everything: {one["id"], two["id"]}}

        def note(method, params):
            if params["prediction"]["status"] == "cancelled":
                heard[params["subscription"]].add(params["prediction"]["id"])
            assert params["prediction"]["id"] in wanted[params["subscription"]]
            return heard == wanted

        told(program, note)


@pytest.mark.parametrize("params, code, path", [
    ({"ids": []}, -32602, "ids"),
    ({"ids": ["0197a0b0-0000-7000-8000-000000000000"]}, 1001, None),
    ({"ids": ["x"]}, 1001, None),
    ({"ids": ["0197a0b0-0000-7000-8000-000000000000"], "tag": "a"}, -32602, "tag"),
    ({"tag": ""}, -32602, "tag"),
    ({"tag": 5}, -32602, "tag"),
    ({"since": "yesterday"}, -32602, "since"),
    ({"since": 5}, -32602, "since"),
    ({"cursor": "x"}, -32602, "cursor"),
])
def test_wrong_parameters_of_subscribe_are_refused(spawn, params, code, path):
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("subscribe", params)
        assert error.value.code == code
        assert error.value.data.get("path") == path


def test_the_bound_is_enforced_and_reported(spawn):
    with spawn() as program:
        for _ in range(100):
            program.call("subscribe")
        with pytest.raises(RPCError) as error:
            program.call("subscribe")
        assert error.value.code == 1003
        assert error.value.data["limit"] == 100
        program.call("unsubscribe", subscription="s7")
        assert program.call("subscribe")["subscription"] == "s101"


def test_a_subscription_can_be_ended_as_soon_as_its_name_is_known(spawn):
    # Behind a submit the reply is written by another thread: the name was known a moment before it could be used.
    with spawn("--provider", "sandbox", "--max-concurrency", 1) as program:
        for _ in range(1_000):
            submitted = program.start("submit", input={"prompt": "a boat", "sandbox": {"never": True}})
            name = program.reply(program.start("subscribe"))["subscription"]
            assert program.call("unsubscribe", subscription=name) == {}
            program.reply(submitted)


def test_after_unsubscribe_nothing_is_told(spawn):
    with spawn() as program:
        gone = program.call("subscribe")["subscription"]
        kept = program.call("subscribe")["subscription"]
        prediction = program.call("submit", input=NEVER)
        assert program.call("unsubscribe", subscription=gone) == {}
        program.notifications = []
        program.call("cancel", id=prediction["id"])
        found = told(program, is_status(prediction["id"], "cancelled"))
        assert {params["subscription"] for _, params in found} == {kept}
        for name in (gone, "s999", "", "kept", "s01"):
            with pytest.raises(RPCError) as error:
                program.call("unsubscribe", subscription=name)
            assert error.value.code == -32602
            assert error.value.data["path"] == "subscription"


def test_changes_of_another_process_within_a_second(spawn):
    with spawn() as mine, spawn() as other:
        mine.call("subscribe")
        prediction = other.call("submit", input=NEVER)
        told(mine, is_status(prediction["id"], "processing"))
        begun = time.monotonic()
        other.call("cancel", id=prediction["id"])
        told(mine, is_status(prediction["id"], "cancelled"))
        seconds = time.monotonic() - begun
        begun = time.monotonic()
        other.call("delete", ids=[prediction["id"]])
        told(mine, is_deleted(prediction["id"]))
        # A machine that pauses for a moment does not do so both times.
        assert min(seconds, time.monotonic() - begun) < 1


def test_who_comes_back_with_a_cursor_misses_nothing(spawn):
    with spawn() as program:
        ids = [program.call("submit", input=NEVER)["id"] for _ in range(4)]
        cursor = program.call("subscribe")["cursor"]
        program.call("cancel", id=ids[0])
        cursor = told(program, is_status(ids[0], "cancelled"))[-1][1]["cursor"]
        program.kill()
    with spawn() as program:
        program.call("cancel", id=ids[1])
        program.call("cancel", id=ids[2])
        program.call("delete", ids=[ids[0]])
        new = program.call("submit", input=NEVER)["id"]
        program.finish()
    with spawn() as program:
        # Naming a deleted prediction is not an error: the client may have been away.
        answer = program.call("subscribe", since=cursor)
        assert answer["cursor"] == cursor and "reset" not in answer
        latest = {}

        def note(method, params):
            latest[params.get("id") or params["prediction"]["id"]] = (
                "deleted" if method == "prediction/deleted" else params["prediction"]["status"]
            )
            return set(latest) >= {ids[0], ids[1], ids[2], new} and latest[ids[2]] == "cancelled"

        found = told(program, note)
        assert latest[ids[0]] == "deleted" and latest[ids[1]] == "cancelled"
        assert numbers(found) == sorted(set(numbers(found)))
        one = program.call("subscribe", ids=[ids[0]], since=cursor)["subscription"]
        assert told(program, lambda method, params: params["subscription"] == one)[-1][0] == "prediction/deleted"


def test_a_cursor_too_old_or_of_another_table_is_a_reset(spawn, tmp_path):
    with spawn() as program:
        old = program.call("subscribe")["cursor"]
        for _ in range(3):
            program.call("submit", input=small("a fox"), wait_ms=10000)
        table = next((tmp_path / ".local/state/imagewire").glob("*.db"))
        connection = sqlite3.connect(table)
        connection.execute("DELETE FROM changes WHERE change < (SELECT max(change) FROM changes)")
        connection.commit()
        connection.close()
        answer = program.call("subscribe", since=old)
        assert answer["reset"] is True
        assert answer["cursor"] != old
        # It is one that can be used, and from there on all is told.
        program.notifications = []
        prediction = program.call("submit", input=small("a fox"))
        found = told(program, lambda method, params: params["subscription"] == answer["subscription"])
        assert found[-1][1]["prediction"]["id"] == prediction["id"]
        assert "reset" not in program.call("subscribe", since=answer["cursor"])
    other = tmp_path / "other"
    other.mkdir()
    with spawn(home=other) as program:
        assert program.call("subscribe", since=answer["cursor"])["reset"] is True


def test_updates_are_coalesced_to_ten_a_second(spawn):
    with spawn() as program:
        program.call("subscribe")
        table = next((program.home / ".local/state/imagewire").glob("*.db"))
        prediction = program.call("submit", input=NEVER)
        told(program, is_status(prediction["id"], "processing"))
        connection = sqlite3.connect(table, isolation_level=None, timeout=30)
        connection.execute("PRAGMA synchronous = OFF")
        row = connection.execute("SELECT seq, low FROM changes WHERE gone = 0 ORDER BY change DESC LIMIT 1").fetchone()
        begun = time.monotonic()
        written = 0
        while time.monotonic() - begun < 2:
            connection.execute("INSERT INTO changes(seq, low, gone) VALUES(?, ?, 0)", row)
            written += 1
            time.sleep(0.005)  # Two hundred changes a second, for two seconds: the test is of the rate.
        connection.close()
        program.call("cancel", id=prediction["id"])
        found = told(program, is_status(prediction["id"], "cancelled"))
        passed = time.monotonic() - begun
        assert written > 50
        assert 2 <= len(found) <= passed * 10 + 2


def test_a_slow_reader_costs_no_memory_and_hears_the_latest_of_each(spawn, tmp_path):
    # A client that subscribes and then reads nothing, while another process changes the table thousands of times.
    slow = subprocess.Popen(
        [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(tmp_path)
    )
    try:
        slow.stdin.write(frame({"jsonrpc": "2.0", "id": 1, "method": "subscribe"}))
        slow.stdin.flush()
        assert json.loads(slow.stdout.readline())["id"] == 1
        before = resident_kilobytes(slow)
        with spawn() as other:
            tags = ["x" * 120 + str(number) for number in range(30)]
            ids = [other.call("submit", input=NEVER, tags=tags)["id"] for _ in range(600)]
            for id in ids:
                other.start("cancel", id=id)
            for number in range(601, 1201):
                other.reply(number)
        # 600 predictions changed twice and more with 4 KB each; 1 MB of it may be waiting.
        assert resident_kilobytes(slow) - before < 6_000
        latest = {}
        while len(latest) < 600 or set(latest.values()) != {"cancelled"}:
            message = json.loads(slow.stdout.readline())
            latest[message["params"]["prediction"]["id"]] = message["params"]["prediction"]["status"]
        assert set(latest) == set(ids)
    finally:
        slow.kill()
        slow.wait()
        slow.stdin.close()
        slow.stdout.close()


def test_end_of_input_ends_it_at_once(spawn):
    with spawn() as program:
        program.call("subscribe")
        program.call("submit", input=NEVER)
        begun = time.monotonic()
        assert program.finish() == 0
        assert time.monotonic() - begun < 5


def test_shutdown_ends_it(spawn):
    with spawn() as program, spawn() as other:
        program.call("subscribe")
        assert program.call("shutdown") is None
        prediction = other.call("submit", input=small("a fox"), wait_ms=10000)
        assert prediction["status"] == "completed"
        time.sleep(1)  # Nothing may come, so there is nothing to wait for.
        program.notifications = []
        with pytest.raises(RPCError):
            program.call("ping")
        assert program.notifications == []
