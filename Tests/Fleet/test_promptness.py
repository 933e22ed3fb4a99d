"""A server that answers nothing holds up only what needs it: neither the thread that reads nor those that send and poll."""

import json
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from program import BINARY, RPCError, environment, wait_for

from test_hosts import FOREVER, polled, store  # noqa: F401


@pytest.fixture
def process(hosts, store):
    (host,) = hosts(1, store)
    return host.start("--max-concurrency", "1")


def quickly(program, method, **params):
    """A call and its result, which nothing may hold up."""
    begun = time.monotonic()
    result = program.call(method, **params)
    assert time.monotonic() - begun < 0.5, f"{method} took {time.monotonic() - begun:.1f} s"
    return result


def test_calls_behind_one_that_waits_for_the_server(process, wavespeed, database):
    wavespeed.script(poll=FOREVER)
    ours = polled(wavespeed, process)
    queued = process.call("submit", prompt="a second boat")["id"]
    with database.silent():
        listed = process.start("list")
        submitted = process.start("submit", prompt="a third boat", idempotency_key="third")
        unknown = process.start("status", id="01999999-0000-7000-8000-000000000000")
        assert quickly(process, "ping") == {}
        assert quickly(process, "status", id=ours)["status"] == "processing"
        cancelled = process.start("cancel", id=queued)
        assert quickly(process, "status", id=ours)["status"] == "processing"
        assert not process.replies, "a call that needs the server was answered"
    # In the order of their arrival.
    assert {one["id"] for one in process.reply(listed)["predictions"]} == {ours, queued}
    assert process.reply(submitted)["status"] == "created"
    with pytest.raises(RPCError) as error:
        process.reply(unknown)
    assert error.value.code == 1001
    assert process.reply(cancelled)["status"] == "cancelled"
    assert len(wavespeed.posts()) == 1


def test_polls_go_on_while_the_server_is_silent(process, wavespeed, database):
    wavespeed.script(poll=FOREVER)
    process.start("result", id=polled(wavespeed, process), timeout_ms=60_000)  # What a client waits for is asked for more often.
    count = lambda: sum(request["endpoint"] == "poll" for request in wavespeed.log())
    with database.silent():
        process.start("list")
        begun, before = time.monotonic(), count()
        wait_for(lambda: count() >= before + 2, "two polls", 20)
        assert time.monotonic() - begun < 4.5, "a poll waited for the server"


def test_more_calls_than_may_wait_stop_the_reading_and_none_is_refused(process, database):
    """Ten thousand calls in the pipe: as many replies, and no error for their number."""
    first = process.call("submit", prompt="a boat")["id"]
    with database.silent():
        numbers = []
        process.number += 1
        calls = [{"jsonrpc": "2.0", "id": process.number + n, "method": "list", "params": {"limit": 1}} for n in range(12_000)]
        sender = threading.Thread(target=process.send, args=calls)
        sender.start()
        numbers = [call["id"] for call in calls]
        # The server comes back before anybody gives up on it.
        sender.join(1)
    sender.join(60)
    process.number += len(calls)
    for number in numbers:
        assert process.reply(number)["predictions"][0]["id"] == first


def test_what_was_called_before_the_end_of_input_is_answered(process, database, wavespeed):
    with database.silent():
        submitted = process.start("submit", prompt="a boat")
        waiting = process.start("list")
        process.close()
        time.sleep(0.3)  # The end of input is read while both wait.
    assert process.reply(submitted)["status"] in ("created", "processing")
    assert len(process.reply(waiting)["predictions"]) == 1
    assert process.wait() == 0
    assert len(wavespeed.posts()) == 1


def test_an_agents_last_call_is_accepted_before_its_wait_ends(hosts, store):
    """All at once, as scripts do; the first call also opens the database."""
    (host,) = hosts(1, store)
    program = host.start("--provider", "sandbox")
    program.start("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
    made = program.start("tools/call", name="generate_image", arguments={"prompt": "a boat", "size": "64x64", "wait_seconds": 0})
    program.close()
    answer = program.reply(made)
    assert not answer["isError"] and answer["structuredContent"]["id"], answer


def test_a_shutdown_behind_calls_that_wait(process, database):
    with database.silent():
        submitted = process.start("submit", prompt="a boat")
        result = process.start("shutdown")
        assert process.reply(result, 2) is None
        late = process.start("list")
        with pytest.raises(RPCError):
            process.reply(late, 2)
        process.send({"jsonrpc": "2.0", "method": "exit"})
    assert process.reply(submitted)["id"]
    assert process.wait() == 0


def test_a_signal_ends_it_in_time_while_the_server_is_silent(process, database):
    process.call("submit", prompt="a boat")
    with database.silent():
        process.start("list")
        process.start("submit", prompt="another boat")
        begun = time.monotonic()
        assert process.kill(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 2.5


def test_a_commit_of_another_machine_is_heard_at_once(hosts, store):
    one, two = (host.start() for host in hosts(2, store))
    one.call("submit", prompt="warm", wait_ms=30_000)
    two.call("subscribe")
    lags = []
    for number in range(9):
        time.sleep(0.5)  # Longer than the time in which updates are sent together, and than the interval of asking.
        submitted = one.call("submit", prompt=f"boat {number}")["id"]
        begun = time.monotonic()
        while not any(n["params"]["prediction"]["id"] == submitted for n in two.notifications):
            two.notifications.append(two.receive())
        lags.append(time.monotonic() - begun)
    assert sorted(lags)[4] < 0.1, lags


def test_a_time_limit_holds_while_the_server_is_silent(hosts, store, wavespeed, database):
    wavespeed.script(poll=FOREVER)
    one, two = (host.start() for host in hosts(2, store))
    id = polled(wavespeed, one)
    begun = time.monotonic()
    waiting = one.start("result", id=id, timeout_ms=1_500)
    # What another machine commits is read just when the server falls silent.
    two.call("submit", prompt="another boat")
    with database.silent():
        assert one.reply(waiting)["status"] == "processing"
        assert time.monotonic() - begun < 3


def test_an_agent_that_gives_up_forbids_the_post_at_once(process, wavespeed):
    """Its cancellation does not wait behind other calls."""
    wavespeed.script(poll=FOREVER)
    process.call("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
    first = polled(wavespeed, process)
    made = process.start("tools/call", name="generate_image", arguments={"prompt": "a second boat", "wait_seconds": 50})
    wait_for(lambda: len(process.call("list")["predictions"]) == 2, "the second prediction")
    calls = [{"jsonrpc": "2.0", "id": 10_000 + n, "method": "list", "params": {"limit": 500}} for n in range(3_000)]
    process.send(*calls, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": made}})
    wavespeed.clear()
    for call in calls:
        process.reply(call["id"])
    assert process.call("result", id=first, timeout_ms=30_000)["status"] == "completed"
    time.sleep(1)  # For a POST that must not come.
    assert len(wavespeed.posts()) == 1


def test_a_client_with_many_calls_holds_up_no_other(hosts, store, tmp_path):
    (host,) = hosts(1, store)
    address = f"unix:{tmp_path}/socket"
    host.start("serve", "--listen", address, "--max-concurrency", "1")
    wait_for(lambda: Path(f"{tmp_path}/socket").exists(), "the socket")
    busy, other = (host.start("--connect", address) for _ in range(2))
    for number in range(100):
        busy.start("submit", prompt=f"boat {number}")
    wait_for(lambda: len(other.call("list", limit=500)["predictions"]) == 100, "all predictions")
    calls = [{"jsonrpc": "2.0", "id": 10_000 + n, "method": "list", "params": {"limit": 100}} for n in range(3_000)]
    busy.send(*calls)
    busy.reply(10_000)
    for _ in range(5):
        quickly(other, "list", limit=1)
    assert 12_999 not in busy.replies, "the first client was not busy"


def test_a_client_that_does_not_read_takes_no_memory(hosts, store):
    (host,) = hosts(1, store)
    prompt = "x" * 1_000_000
    with host.start("--provider", "sandbox") as program:
        id = program.call("submit", input={"prompt": prompt, "size": "64x64"}, wait_ms=30_000)["id"]
    calls = [{"jsonrpc": "2.0", "id": n, "method": "status", "params": {"id": id, "full": True}} for n in range(1_000)]
    words = ["ip", "netns", "exec", host.name, BINARY]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(host.home, **host.variables)) as process:
        threading.Thread(target=write_all, args=(process.stdin, calls), daemon=True).start()
        peak = lambda: int(next(line for line in open(f"/proc/{process.pid}/status") if line.startswith("VmHWM")).split()[1]) // 1024
        process.stdout.readline()
        before = -1
        while peak() != before:
            before = peak()
            time.sleep(1)  # Until it takes no more.
        assert before < 300, f"{before} MB"
        # Every reply comes nevertheless.
        for _ in range(999):
            process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) == 0


def write_all(stdin, calls):
    stdin.write("".join(json.dumps(call) + "\n" for call in calls).encode())
    stdin.flush()
