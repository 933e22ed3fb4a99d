"""An idle process uses no CPU: an editor keeps it for days."""

import sys
import time
from pathlib import Path

import pytest

SECONDS = 3


def wakings(pid):
    """How often any of its threads has gone to sleep so far."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                count += int(line.split()[1])
    return count


def transfers(pid):
    """How many calls have read or written anything."""
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["syscr"]) + int(counts["syscw"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
@pytest.mark.parametrize("past", ["nothing", "a picture", "a subscription that ended", "a wait that ended"])
def test_nothing_to_do_is_at_most_one_waking_a_second_and_no_transfer(spawn, past):
    with spawn() as program:
        if past == "nothing":
            program.call("ping")
        else:
            prediction = program.call("submit", prompt="a boat", wait_ms=30000)
            assert prediction["status"] == "completed"
        if past == "a subscription that ended":
            program.call("unsubscribe", subscription=program.call("subscribe")["subscription"])
        if past == "a wait that ended":
            slow = program.call("submit", input={"prompt": "never", "sandbox": {"never": True}})
            program.call("result", id=slow["id"], timeout_ms=10)
            program.call("cancel", id=slow["id"])

        def counted():
            before = wakings(program.process.pid), transfers(program.process.pid)
            time.sleep(SECONDS)
            after = wakings(program.process.pid), transfers(program.process.pid)
            return after[0] - before[0], after[1] - before[1]

        # What is done a second after the last commit, and the clock's last look, is work, and late on a slow machine.
        time.sleep(2.5)
        found = counted()
        if found[1] != 0:
            found = counted()
        assert found[0] <= SECONDS and found[1] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_what_is_not_used_is_not_loaded(spawn):
    # A start of the program waits for each of them, and each takes memory: libcurl alone brings thirty.
    with spawn() as program:
        assert program.call("submit", prompt="a boat", wait_ms=30000)["status"] == "completed"
        loaded = Path(f"/proc/{program.process.pid}/maps").read_text()
    assert "libsqlite3" in loaded
    for name in ("libcurl", "libswift_Concurrency", "libdispatch", "libswift_StringProcessing", "libswift_RegexParser"):
        assert name not in loaded
