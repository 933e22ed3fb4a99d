"""1,000 predictions in flight at a WaveSpeed on loopback, polled until it says that they are completed."""

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

COUNT = 1_000
SECONDS = 10


def measure(program: Path, released: Path | None, folder: Path) -> list[Row]:
    """Of the program as it is released, where there is one, and beside it of the one that opens the system's libcurl."""
    beside = _measure_at_service(program, folder / "beside")
    if not released:
        return beside
    rows = _measure_at_service(released, folder / "flight")
    for row, other in zip(rows, beside):
        row.what += "; as released"
        row.beside = "; ".join(filter(None, [f"with the system's libcurl {other.measured}", row.beside]))
    return rows


def _measure_at_service(program: Path, folder: Path) -> list[Row]:
    fixture = subprocess.Popen(
        [sys.executable, str(HERE.parent / "Fixtures" / "wavespeed.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{json.loads(fixture.stdout.readline())['port']}"
        return _measure(program, folder, url)
    finally:
        fixture.kill()
        fixture.communicate()


def _measure(program: Path, folder: Path, url: str) -> list[Row]:
    def script(**what: object) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{url}/_/script", json.dumps(what).encode(), method="POST")).read()

    def requests(endpoint: str) -> list[dict]:
        log = json.load(urllib.request.urlopen(f"{url}/_/log"))["requests"]
        return [request for request in log if request["endpoint"] == endpoint]

    script(polls=10**9)
    command = [str(program), "--state-dir", str(folder), "--max-concurrency", str(COUNT)]
    with Child(command, WAVESPEED_API_KEY="none", WAVESPEED_BASE_URL=url) as child:
        child.call("subscribe")
        for begin in range(0, COUNT, 100):
            child.send(*[("submit", {"prompt": f"number {number}"}) for number in range(begin, begin + 100)])
        remote: dict[str, str] = {}
        while len(remote) < COUNT:
            told = child.read().get("params", {}).get("prediction") or {}
            if told.get("remote_id"):
                remote[told["id"]] = told["remote_id"]
        # Polls come ever more seldom; after a while they are about five seconds apart, and there it is measured.
        time.sleep(10)
        cpu, polls = child.cpu(), len(requests("poll"))
        begun = time.monotonic()
        time.sleep(SECONDS)
        took = time.monotonic() - begun
        share = (child.cpu() - cpu) / took
        polls = len(requests("poll")) - polls
        waiting = child.megabytes()
        script(polls=0)
        all_cpu, finished_at = child.cpu(), time.monotonic()
        ended: dict[str, float] = {}
        while len(ended) < COUNT:
            told = child.read().get("params", {}).get("prediction") or {}
            if told.get("status") == "completed":
                ended.setdefault(told["id"], time.monotonic())
        all_cpu = child.cpu() - all_cpu
        answered = {request["path"].split("/")[4]: request["ended"] for request in requests("poll")}
        noticed = statistics.median(ended[name] - answered[remote[name]] for name in ended) * 1_000
        since = statistics.median(moment - finished_at for moment in ended.values())
        # Free memory is given back after a second without work.
        time.sleep(2)
        return [
            Row(
                f"{COUNT:,} in flight, {polls / took:.0f} polls a second", f"{share * 100:.1f}% of a core; {waiting:.1f} MB",
                "", "≤ 5% of a core, ≤ 30 MB"),
            Row(
                "the same, from the provider's answer to ours, saved and committed, p50", f"{noticed:.0f} ms",
                f"since it was really done {since:.1f} s (the pause between polls)", ""),
            Row("the same, all of them completed and downloaded", f"{all_cpu:.2f} CPU seconds", "", ""),
            Row("resident memory after remote work, two seconds later", f"{child.megabytes():.1f} MB; {child.own_megabytes():.1f} MB without pages of files", "", "≤ 24 MB"),
        ]
