"""A chain of three predictions, each of which waits for the output of the one before it, at a provider that takes 200 ms."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from child import HERE, Child
from report import Row

LINKS = 3
#: Milliseconds from the provider's reply to a submit to its answer that it is done.
TAKES = 200


def measure(program: Path, folder: Path, runs: int) -> list[Row]:
    fixture = subprocess.Popen(
        [sys.executable, str(HERE.parent / "Fixtures" / "wavespeed.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{json.loads(fixture.stdout.readline())['port']}"
        plan = {"polls": 0, "submit": [{"do": "normal", "delay_ms": TAKES, "times": "forever"}]}
        urllib.request.urlopen(urllib.request.Request(f"{url}/_/script", json.dumps(plan).encode(), method="POST")).read()
        command = [str(program), "--state-dir", str(folder / "chains")]
        with Child(command, WAVESPEED_API_KEY="none", WAVESPEED_BASE_URL=url) as child:
            _chain(child)
            took = statistics.median(_chain(child) for _ in range(runs))
    finally:
        fixture.kill()
        fixture.communicate()
    return [Row(f"a chain of {LINKS}, {TAKES} ms each at the provider", f"{took * 1_000:.0f} ms", "", "≤ 800 ms")]


def _chain(child: Child) -> float:
    """Seconds from the first submit until the last is completed."""
    begun = time.monotonic()
    inputs: dict[str, object] = {}
    for number in range(LINKS):
        made = child.call("submit", input={"prompt": f"{number} of {begun}", **inputs}, model="acme/editor")
        inputs = {"images": [f"imagewire://predictions/{made['id']}/1"]}
    done = child.call("result", id=made["id"], timeout_ms=60_000)
    assert done["status"] == "completed", done
    return time.monotonic() - begun
