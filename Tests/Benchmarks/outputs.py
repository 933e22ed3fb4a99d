"""Outputs that are downloaded: the memory for a long one, and the time for several of one host beside the longest alone."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from child import HERE, Child
from report import Row

MB = 1_000_000
LONG = 1_000 * MB
SEVERAL = 4
EACH = 10 * MB
#: Bytes a second on each connection, so that the network decides and not this machine.
RATE = 20 * MB
HEAD = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x08free"


class Host(BaseHTTPRequestHandler):
    """Serves `/BYTES/RATE/NAME`: a film of so many bytes, at so many a second; 0 for no limit."""

    def do_GET(self) -> None:
        size, rate = map(int, self.path.split("/")[1:3])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(HEAD)
        left, piece, begun = size - len(HEAD), bytes(256 << 10), time.monotonic()
        while left > 0:
            sent = min(left, len(piece))
            self.wfile.write(piece[:sent])
            left -= sent
            if rate:
                time.sleep(max(0.0, (size - left) / rate - (time.monotonic() - begun)))

    def log_message(self, *_: object) -> None:
        pass


def measure(program: Path, folder: Path, runs: int) -> list[Row]:
    fixture = subprocess.Popen(
        [sys.executable, str(HERE.parent / "Fixtures" / "wavespeed.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    host = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=host.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{json.loads(fixture.stdout.readline())['port']}"
        return _measure(program, folder, runs, url, f"http://127.0.0.1:{host.server_port}")
    finally:
        host.shutdown()
        fixture.kill()
        fixture.communicate()


def _measure(program: Path, folder: Path, runs: int, url: str, host: str) -> list[Row]:
    command = [str(program), "--state-dir", str(folder / "outputs")]
    variables = {"WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": url}

    def made(child: Child, sizes: list[int], rate: int) -> float:
        """Seconds from submit to completed, with outputs of these sizes; the files are deleted."""
        plan = {"polls": 0, "outputs": [f"{host}/{size}/{rate}/{number}.mp4" for number, size in enumerate(sizes)]}
        urllib.request.urlopen(urllib.request.Request(f"{url}/_/script", json.dumps(plan).encode(), method="POST")).read()
        begun = time.monotonic()
        done = child.call("submit", input={"prompt": f"a film {begun}"}, model="acme/film", wait_ms=600_000)
        took = time.monotonic() - begun
        assert [file["bytes"] for file in done["files"]] == sizes, done
        child.call("delete", ids=[done["id"]], files=True)
        return took

    with Child(command, **variables) as child:
        made(child, [MB], 0)
        before = child.megabytes("VmHWM")
        took = made(child, [LONG], 0)
        peak = child.megabytes("VmHWM")
    one, all_of_them = [], []
    with Child(command, **variables) as child:
        for _ in range(runs):
            one.append(made(child, [EACH], RATE))
            all_of_them.append(made(child, [EACH] * SEVERAL, RATE))
    alone, together = statistics.median(one), statistics.median(all_of_them)
    return [
        Row("an output of 1 GB, peak memory", f"{peak:.1f} MB", f"{before:.1f} MB after one of 1 MB; {LONG / MB / took:,.0f} MB/s", "≤ 40 MB"),
        Row(
            f"{SEVERAL} outputs of 10 MB of one host, 20 MB/s each", f"{together:.2f} s = {together / alone:.2f}x the longest alone",
            f"one alone {alone:.2f} s", "≤ 1.3x"),
    ]
