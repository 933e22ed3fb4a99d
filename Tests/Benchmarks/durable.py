"""The cost of durability: submits that are on disk before their reply, and the disk's own speed in the same directory."""

from __future__ import annotations

import os
import socket
import statistics
import time
from pathlib import Path

from child import drive
from report import Row

# Below the queue's limit, 10,000.
PIPED, SINGLY = 8_000, 1_000


def fdatasync_p50(folder: Path) -> float:
    """Milliseconds for 4 KB more at the end of a file."""
    times = []
    with open(folder / "disk", "ab", buffering=0) as file:
        for _ in range(300):
            file.write(bytes(4_096))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(times)


def measure(program: Path, driver: Path, folder: Path, runs: int) -> list[Row]:
    template = '{"jsonrpc":"2.0","id":@ID@,"method":"submit","params":{"prompt":"a red fox in snow"}}'
    rates: dict[int, list[float]] = {64: [], 1: []}
    # A service that takes the first POST and never answers: the others wait for their turn, so only accepting is measured.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            **os.environ, "WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        for run in range(runs):
            for window, count in ((64, PIPED), (1, SINGLY)):
                command = [str(program), "--state-dir", str(folder / f"durable-{run}-{window}"), "--max-concurrency", "1"]
                seen = drive(driver, command, template, count=count, window=window, environment=environment)
                rates[window].append(seen["rate"])
    piped, singly = statistics.median(rates[64]), statistics.median(rates[1])
    disk = f"fdatasync p50 {fdatasync_p50(folder):.2f} ms"
    return [
        Row("durable submits, 64 in the pipe", f"{piped:,.0f}/s = {piped / singly:.1f}x one by one", disk, "≥ 15,000/s, ≥ 6x"),
        Row("durable submits, one by one", f"{singly:,.0f}/s", disk, ""),
    ]
