"""Large messages: the delay behind one, and the memory after finished edits."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from child import Child
from report import Row

MB = 1_000_000
EDITS = 30


def submit(member: str) -> bytes:
    """A submit whose input holds one more value, spelled as it is."""
    return (
        '{"jsonrpc":"2.0","id":0,"method":"submit","params":{"input":{"prompt":"x","size":"64x64","image":%s}}}\n' % member
    ).encode()


#: Each is legal or refused under its id, and each is heavy for another part of the program.
MESSAGES = {
    "an image of 40 MB": submit('"data:image/png;base64,' + "iVBORw0K" * 5_000_000 + '"'),
    "190,000 numbers": submit("[" + "0," * 190_000 + "0]"),
    "2,000,000 numbers": submit("[" + "0," * 2_000_000 + "0]"),
    "190,000 names": submit("{" + ",".join(f'"{number}":0' for number in range(190_000)) + "}"),
    "6 MB of escapes": submit('"' + "\\u0041" * 1_000_000 + '"'),
    "a number of 6 MB": submit("1" * 6 * MB),
    "150,000 ids": (
        json.dumps({"jsonrpc": "2.0", "id": 0, "method": "wait", "params": {"ids": ["01a22332-4cca-7328-bd35-0f3b1c3d73aa"] * 150_000}})
        + "\n"
    ).encode(),
    "a search of 6 MB": (json.dumps({"jsonrpc": "2.0", "id": 0, "method": "list", "params": {"text": "x " * 3 * MB}}) + "\n").encode(),
}


def measure(program: Path, folder: Path, runs: int) -> list[Row]:
    command = [str(program), "--provider", "sandbox", "--state-dir", str(folder / "heavy")]
    worst, which = 0.0, ""
    with Child(command) as child:
        for name, message in MESSAGES.items():
            took = statistics.median(behind(child, message) for _ in range(runs))
            share = took / (50 + 8 * len(message) / MB)
            if share > worst:
                worst, which = share, f"{name} ({len(message) / MB:.1f} MB): {took:.0f} ms"
    image = "data:image/png;base64," + "iVBORw0K" * (20 * 131_072)
    with Child(command) as child:
        for number in range(EDITS):
            made = child.call("submit", input={"prompt": f"edit {number}", "size": "64x64", "image": image}, wait_ms=60_000)
            assert made["status"] == "completed", made
        time.sleep(2)
        kept = child.megabytes()
    return [
        Row("`ping` behind a large message, the slowest of " + str(len(MESSAGES)), which, "", "≤ 50 ms + 8 ms per MB"),
        Row(f"memory two seconds after {EDITS} edits of 20 MiB", f"{kept:.1f} MB", "", "≤ 60 MB"),
    ]


def behind(child: Child, message: bytes) -> float:
    """Milliseconds from the last byte of a message to the answer of the `ping` behind it."""
    child.process.stdin.write(message)
    child.process.stdin.flush()
    begun = time.perf_counter()
    child.send(("ping", {}))
    asked = child.last
    left = {0, asked}
    took = 0.0
    while left:
        reply = child.read()
        left.discard(reply.get("id"))
        if reply.get("id") == asked:
            took = (time.perf_counter() - begun) * 1_000
    return took
