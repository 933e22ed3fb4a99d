"""A database of 1,000,000 predictions: the cost of its size for each call."""

from __future__ import annotations

import random
import sqlite3
import statistics
from operator import truediv
from pathlib import Path

from child import Child, drive, one_cpu
from report import Row

COUNT = 1_000_000
ASKED = 20_000


def spelled(sequence: int, low: int) -> str:
    """A prediction's id from its row's key, as PredictionID has it."""
    digits = f"{(sequence >> 12) << 16 | 0x7000 | sequence & 0xFFF:016x}{0b10 << 62 | low:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def fill(path: Path) -> list[str]:
    """Copies the one prediction of a table a million times, each a minute older; some of their ids, by chance."""
    chance = random.Random(7)
    with sqlite3.connect(path) as table:
        table.execute("PRAGMA synchronous = OFF")
        newest = table.execute("SELECT max(seq) FROM predictions").fetchone()[0]
        table.execute("CREATE TEMP TABLE rows(seq INTEGER PRIMARY KEY, low INTEGER)")
        rows = [(newest - (number * 60_000 << 12), chance.getrandbits(62)) for number in range(COUNT - 1, 0, -1)]
        table.executemany("INSERT INTO rows VALUES(?, ?)", rows)
        for name in ("predictions", "inputs", "words"):
            columns = [row[1] for row in table.execute(f"PRAGMA table_info({name})")]
            taken = ", ".join({"seq": "r.seq", "low": "r.low"}.get(column, f"t.{column}") for column in columns)
            table.execute(f"INSERT INTO {name} SELECT {taken} FROM rows r JOIN {name} t ON t.seq = {newest}")
    table.close()
    return [spelled(*row) for row in chance.sample(rows, ASKED)]


def measure(program: Path, driver: Path, folder: Path, runs: int) -> list[Row]:
    commands = {name: [str(program), "--provider", "sandbox", "--state-dir", str(folder / name)] for name in ("single", "million")}
    made: dict[str, str] = {}
    for name, command in commands.items():
        with Child(command) as child:
            made[name] = child.call("submit", prompt="a red fox in snow", wait_ms=60_000)["id"]
            child.process.stdin.close()
            child.process.wait()
    small = '{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}'
    ids = fill(folder / "million" / "predictions.db")
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
