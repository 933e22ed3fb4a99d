"""Hundreds of processes at once on one state directory."""

import fcntl
import json
import resource
import subprocess

import pytest
from program import BINARY, environment, frame, small

COUNT = 500


@pytest.mark.alone
def test_500_processes_submit_once_each(home, record_property):
    # Without a lock for writers, 16 of 200 succeeded, with 970,000 context switches.
    requests = home / "requests"
    # Nothing is drawn: each process submits, hands over, and ends.
    script = {"prompt": "a boat", "sandbox": {"delay_ms": 3_600_000}}
    requests.write_bytes(frame({"jsonrpc": "2.0", "id": 1, "method": "submit", "params": {"input": script}}))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    processes = []
    for _ in range(COUNT):
        with requests.open("rb") as stdin:
            processes.append(subprocess.Popen(
                [BINARY, "--provider", "sandbox"], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment(home),
            ))
    answers = [process.communicate(timeout=300) for process in processes]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    errors = [json.loads(out).get("error", out) for out, _ in answers if b'"result"' not in out]
    assert not errors, (len(errors), errors[0])
    assert [process.returncode for process in processes] == [0] * COUNT
    assert len({json.loads(out)["result"]["id"] for out, _ in answers}) == COUNT
    switches = (after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw) / COUNT
    record_property("figures", f"{COUNT} processes, one submit each: {switches:.0f} context switches a submit")
    assert switches <= 200


def test_a_lock_that_is_held_holds_up_writes_and_nothing_else(spawn, home):
    program = spawn()
    known = program.call("submit", input=small("a boat"), wait_ms=30_000)["id"]
    with (home / ".local/state/imagewire/writer.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = program.start("submit", input=small("a house"))
        # Answered by the thread that has just read a submit: it does not wait for the lock.
        for _ in range(20):
            assert program.call("status", id=known)["status"] == "completed"
        assert waiting not in program.replies
    assert program.reply(waiting)["status"] == "created"
    assert program.finish() == 0
