"""Fills a database with many predictions: copies of one that the program made, in SQL, with every index true."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Copies:
    """Copies of a database's newest prediction: numbers 1 to `count`, each `step_ms` older than the one before."""

    newest: int
    count: int
    step_ms: int

    def ids(self) -> str:
        """The numbers of all copies, oldest first, with the two halves of their ids: `ids(n, seq, low)`, as SQL."""
        return f"""
            WITH RECURSIVE numbers(n) AS (SELECT {self.count} UNION ALL SELECT n - 1 FROM numbers WHERE n > 1),
              ids(n, seq, low) AS (SELECT n, {self.newest} - n * {self.step_ms << 12}, n * 2654435761 FROM numbers)
            """

    def key(self, n: int) -> int:
        """The first half of a copy's id, the key of its row."""
        return self.newest - n * (self.step_ms << 12)

    def id(self, n: int) -> str:
        """A copy's id, as PredictionID spells it."""
        sequence = self.key(n)
        digits = f"{(sequence >> 12) << 16 | 0x7000 | sequence & 0xFFF:016x}{0b10 << 62 | n * 2654435761:016x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@dataclass
class Columns:
    """What differs between the copies of one row: SQL by column. `n` is a copy's number, `ids.seq` and `ids.low` are its id, and `t`
    is the row that is copied. Only the copies that meet the condition `where` get a row."""

    values: Mapping[str, str]
    where: str = "1"


def fill(path: Path, count: int, step_ms: int, columns: Mapping[str, Columns] = {}) -> Copies:
    """Copies the newest prediction `count` times, oldest first, as if they had been made in that order."""
    with closing(sqlite3.connect(path, isolation_level=None)) as table:
        # No log and no syncs: a database that breaks on the way is made again.
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000", "BEGIN"):
            table.execute(statement)
        newest = table.execute("SELECT max(seq) FROM predictions").fetchone()[0]
        copies = Copies(newest, count, step_ms)
        for name in {"predictions": 0, "inputs": 0, "words": 0, **columns}:
            # A table of its own: SQLite holds all rows in between when they come from the table they go to.
            table.execute(f"CREATE TEMP TABLE first_{name} AS SELECT * FROM {name} WHERE seq = {newest} LIMIT 1")
            names = [row[1] for row in table.execute(f"PRAGMA table_info({name})")]
            different = columns.get(name, Columns({}))
            values = {each: f"t.{each}" for each in names} | {"seq": "ids.seq", "low": "ids.low"} | different.values
            table.execute(
                f"{copies.ids()} INSERT INTO {name}({', '.join(names)}) "
                f"SELECT {', '.join(values[each] for each in names)} FROM ids, first_{name} t WHERE {different.where}")
        table.execute("COMMIT")
        table.execute("PRAGMA journal_mode = WAL")
    return copies
