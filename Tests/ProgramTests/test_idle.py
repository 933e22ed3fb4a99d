"""An idle process uses no CPU: an editor keeps it for days."""

import sys
import time
from pathlib import Path

import pytest
from program import small

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
def test_nothing_to_do_is_at_most_one_waking_a_second_and_no_transfer(spawn, tmp_path):
    programs = {}
    for past in ("nothing", "an image", "a subscription that ended", "a wait that ended"):
        own = tmp_path / past
        own.mkdir()
        program = programs[past] = spawn(home=own)
        if past == "nothing":
            program.call("ping")
            continue
        assert program.call("submit", input=small("a boat"), wait_ms=30000)["status"] == "completed"
        if past == "a subscription that ended":
            program.call("unsubscribe", subscription=program.call("subscribe")["subscription"])
        if past == "a wait that ended":
            slow = program.call("submit", input={"prompt": "never", "sandbox": {"never": True}})
            program.call("result", id=slow["id"], timeout_ms=10)
            program.call("cancel", id=slow["id"])

    def counted():
        before = {past: (wakings(one.process.pid), transfers(one.process.pid)) for past, one in programs.items()}
        time.sleep(SECONDS)  # The test counts how often it wakes in this time.
        return {
            past: (wakings(one.process.pid) - before[past][0], transfers(one.process.pid) - before[past][1])
            for past, one in programs.items()
        }

    # Work that is done a second after the last commit counts too, and is late on a slow machine.
    time.sleep(2.5)
    found = counted()
    if any(moved for _, moved in found.values()):
        found = counted()
    assert all(woken <= SECONDS and moved == 0 for woken, moved in found.values()), found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_what_is_not_used_is_not_loaded(spawn):
    # A start of the program waits for each of them, and each takes memory: libcurl alone brings thirty.
    with spawn() as program:
        made = program.call("submit", input=small("a boat"), wait_ms=30000)
        # Its image is decoded by another process.
        assert program.call("thumbnail", id=made["id"], size=64)["width"] == 64
        loaded = Path(f"/proc/{program.process.pid}/maps").read_text()
    assert "libsqlite3" in loaded
    for name in ("libcurl", "libpng", "libturbojpeg", "libwebp", "libheif", "libswift_Concurrency", "libdispatch", "libswift_StringProcessing", "libswift_RegexParser"):
        assert name not in loaded
