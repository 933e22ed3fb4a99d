"""A database of 1,000,000 predictions: the cost of its size for each call."""

from __future__ import annotations

import random
import statistics
from operator import truediv
from pathlib import Path

from child import Child, drive, one_cpu
from filling import fill
from report import Row

COUNT = 1_000_000
ASKED = 20_000


def measure(program: Path, driver: Path, folder: Path, runs: int) -> list[Row]:
    commands = {name: [str(program), "--provider", "sandbox", "--state-dir", str(folder / name)] for name in ("single", "million")}
    made: dict[str, str] = {}
    for name, command in commands.items():
        with Child(command) as child:
            made[name] = child.call("submit", prompt="a red fox in snow", wait_ms=60_000)["id"]
            child.process.stdin.close()
            child.process.wait()
    small = '{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}'
    copies = fill(folder / "million" / "predictions.db", COUNT - 1, step_ms=60_000)
    ids = map(copies.id, random.Random(7).sample(range(1, COUNT), ASKED))
    others = folder / "templates"
    others.write_text("\n".join(small % each for each in ids) + "\n")
    page = '{"jsonrpc":"2.0","id":@ID@,"method":"list"}'
    seen: dict[str, list[dict[str, float]]] = {}
    turns = (
        ("one", "single", small % made["single"], 20_000), ("live", "million", small % made["million"], 20_000),
        ("random", "million", others, ASKED), ("page", "million", page, 500),
    )
    for _ in range(runs):
        for name, table, template, count in turns:
            found = drive(driver, commands[table], template, count=count, window=1, where=one_cpu())
            seen.setdefault(name, []).append(found)

    def each(name: str, key: str) -> list[float]:
        return [found[key] for found in seen[name]]

    def median(name: str, key: str) -> float:
        return statistics.median(each(name, key))

    def beside_one(name: str) -> float:
        # Each turn by the turn next to it in the small table.
        return statistics.median(map(truediv, each(name, "p50"), each("one", "p50")))

    return [
        Row("1,000,000 in the table: first reply", f"{median('live', 'first'):.1f} ms", "", "≤ 8 ms"),
        Row("the same: newest page of `list` (50)", f"{median('page', 'p50') / 1_000:.2f} ms", "", "≤ 0.5 ms"),
        Row("the same: memory after 20,000 rows asked at random", f"{median('random', 'rss') / 1024:.1f} MB", "", "≤ 18 MB"),
        Row("the same: `status` of a live row", f"{beside_one('live'):.2f}x", f"beside a table of one, {median('one', 'p50'):.1f} µs", "≤ 1.2x"),
        Row("the same: `status` of a row by chance", f"{beside_one('random'):.2f}x", f"{median('random', 'p50'):.1f} µs", "≤ 3x"),
    ]
