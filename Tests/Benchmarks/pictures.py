"""The cost of images: one drawn by the sandbox, and one of 4 MB sent inline."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import time
from pathlib import Path

from child import Child, drive
from report import Row

SIZE = 4 << 20


def measure(program: Path, driver: Path, folder: Path, runs: int) -> list[Row]:
    state = folder / "pictures"
    command = [str(program), "--provider", "sandbox", "--state-dir", str(state)]
    times = []
    with Child(command) as child:
        for run in range(runs + 1):
            begun = time.perf_counter()
            made = child.call("submit", input={"prompt": f"a red fox in snow, {run}", "size": "1024*1024"}, wait_ms=60_000)
            times.append((time.perf_counter() - begun) * 1_000)
    # In the place of the last picture another one of exactly 4 MB; the table says so.
    file = made["files"][0]
    Path(file["path"]).write_bytes(os.urandom(SIZE))
    with sqlite3.connect(state / "predictions.db") as table:
        told = json.loads(table.execute("SELECT files FROM predictions ORDER BY seq DESC LIMIT 1").fetchone()[0])
        told[0]["bytes"] = SIZE
        table.execute("UPDATE predictions SET files = ? WHERE seq = (SELECT max(seq) FROM predictions)", (json.dumps(told),))
    call = '{"jsonrpc":"2.0","id":@ID@,"method":"result","params":{"id":"%s","inline":%s}}'
    plain, inline = call % (made["id"], "false"), call % (made["id"], "true")
    quiet = statistics.median(drive(driver, command, plain, count=20, window=1)["peak"] for _ in range(runs))
    seen = [drive(driver, command, inline, count=20, window=1) for _ in range(runs)]
    rate = SIZE / statistics.median(each["p50"] for each in seen)
    peak = (statistics.median(each["peak"] for each in seen) - quiet) / 1024
    return [
        Row("4 MB picture inline, end to end", f"{rate:,.0f} MB/s; peak memory + {peak:.1f} MB", "", "≥ 400 MB/s; + 2 MB"),
        Row("sandbox picture, 1024x1024, submit to completed", f"{statistics.median(times[1:]):.0f} ms", "", ""),
    ]
