"""An idle process uses no CPU: an editor keeps it for days."""

import fcntl
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from program import BINARY, environment, frame, small, wait_for

SECONDS = 3


def wakings(pid, besides=None):
    """How often any of its threads has gone to sleep so far, except one."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if task.name == str(besides):
            continue
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                count += int(line.split()[1])
    return count


def transfers(pid):
    """How many calls have read or written anything."""
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["syscr"]) + int(counts["syscw"])


def unread(pipe):
    """How many bytes a pipe holds."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


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
def test_a_reply_wakes_only_the_thread_that_writes_it(home):
    with subprocess.Popen([BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(home)) as process:

        def ask(*methods):
            requests = [{"jsonrpc": "2.0", "id": number, "method": name} for number, name in enumerate(methods)]
            process.stdin.write(frame(requests))
            process.stdin.flush()

        # More than a pipe holds, and nobody reads it yet: a second thread writes the rest, and stays for a while.
        ask(*["rpc.discover"] * 20)
        wait_for(lambda: unread(process.stdout) == 65536, "the pipe is not full")
        assert len(process.stdout.readline()) > 500_000
        before = wakings(process.pid, besides=process.pid)
        for _ in range(200):
            ask("ping")
            process.stdout.readline()
        assert wakings(process.pid, besides=process.pid) - before < 100
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_what_is_not_used_is_not_loaded(spawn):
    # A start of the program waits for each of them, and each takes memory: libcurl alone brings thirty.
    with spawn() as program:
        made = program.call("submit", input=small("a boat"), wait_ms=30000)
        # Its image is decoded by another process.
        assert program.call("thumbnail", id=made["id"], size=64)["width"] == 64
        loaded = Path(f"/proc/{program.process.pid}/maps").read_text()
    assert "libsqlite3" in loaded
    for name in ("libcurl", "libpq", "libpng", "libturbojpeg", "libwebp", "libheif", "libswift_Concurrency", "libdispatch", "libswift_StringProcessing", "libswift_RegexParser"):
        assert name not in loaded
