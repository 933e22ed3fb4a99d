"""No call waits for the one before it: the thread that reads never waits for a commit, a download or another process."""

import json
import sqlite3
import time

import pytest

@pytest.fixture
def held(home):
    """Holds the right to write to the table, as a process with a slow disk does."""
    connections = []

    def hold():
        table = next((home / ".local/state/imagewire").glob("predictions*.db"))
        connection = sqlite3.connect(table, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN IMMEDIATE")
        connections.append(connection)

    yield hold
    for connection in connections:
        connection.close()


def seconds_of_a_ping(program):
    begun = time.monotonic()
    assert program.call("ping") == {}
    return time.monotonic() - begun


def test_a_ping_behind_a_result_that_downloads_again(paid, wavespeed, held):
    """A `result` that downloads again commits first; the calls behind it must not wait for that commit."""
    wavespeed.script(download=[{"do": "403", "times": "forever"}])
    with paid() as program:
        id = program.call("submit", prompt="a fox", wait_ms=60_000)["id"]
        assert program.call("status", id=id)["failure"]["type"] == "download_failed"
        wavespeed.clear()
        held()
        waiting = program.start("result", id=id, timeout_ms=1_000)
        assert seconds_of_a_ping(program) < 1
        assert program.reply(waiting)["failure"]["type"] == "download_failed"


def test_calls_behind_a_submit_that_cannot_be_committed(spawn, held):
    with spawn() as program:
        first = program.call("submit", input={"prompt": "a fox", "size": "64x64"}, wait_ms=20_000)
        held()
        submitted = program.start("submit", input={"prompt": "a second fox", "size": "64x64"})
        listed = program.start("list")
        assert seconds_of_a_ping(program) < 1
        assert program.call("status", id=first["id"])["status"] == "completed"
        assert submitted not in program.replies and listed not in program.replies


def test_a_list_behind_a_submit_shows_it(spawn):
    with spawn() as program:
        lines = [
            json.dumps({"jsonrpc": "2.0", "id": f"s{n}", "method": "submit", "params": {"input": {"prompt": f"fox {n}", "size": "64x64"}}})
            for n in range(5)
        ]
        lines.append(json.dumps({"jsonrpc": "2.0", "id": "l", "method": "list"}))
        program.send("\n".join(lines))
        assert len(program.reply("l")["predictions"]) == 5
