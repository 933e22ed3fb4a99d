"""The cost of a call as the database grows: 1,000 to 1,000,000 predictions, or 10,000,000 if you ask for them."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from child import Child, drive, one_cpu
from filling import Columns, Copies, fill

SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
DAY_MS = 86_400_000
#: All predictions were made in this time, so a larger database has more of them a day.
DAYS = 400
#: How many of a kind are rare, and lie deep in the list.
RARE = 40
#: Unfinished ones of an account that the program does not serve.
UNFINISHED = 200
PAGES, IDS, SPAWNS, SUBMITS = 200, 5_000, 20, 2_000


@dataclass
class Measured:
    """Medians and the worst, in microseconds, of one call at one size."""

    median: float
    worst: float


@dataclass
class Growth:
    """What was measured, by call and by size."""

    calls: dict[str, dict[int, Measured]] = field(default_factory=dict)

    def note(self, call: str, size: int, median: float, worst: float) -> None:
        self.calls.setdefault(call, {})[size] = Measured(median, worst)


# What the rows are

def text(value: str | None) -> str:
    """A value, as SQL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def varied(count: int, failed: dict[str, str | None]) -> dict[str, Columns]:
    """A year of work: two providers with two accounts each, 12 models, 50 clients, agents; a fifth of the newest ones, up to
    30,000, failed together, one in twenty of the others too; and a few of each rare kind, deep in the list."""
    rare = f"n BETWEEN {count * 9 // 10} AND {count * 9 // 10 + RARE - 1}"
    batch = min(30_000, count // 5)
    status = (
        f"CASE WHEN {rare} THEN 'unknown' WHEN n <= {batch} OR n % 20 = 3 THEN 'failed' WHEN n % 50 = 7 THEN 'cancelled' "
        "ELSE 'completed' END")

    def ended(column: str, otherwise: str | None = None) -> str:
        return f"CASE {status} WHEN 'completed' THEN t.{column} WHEN 'failed' THEN {text(failed[column])} ELSE {text(otherwise)} END"

    created = "(ids.seq >> 12)"
    provider = f"CASE WHEN {rare} THEN 'openai' WHEN n % 5 = 0 THEN 'sandbox' ELSE 'wavespeed' END"
    model = f"CASE WHEN {rare} THEN 'openai/gpt-image-0' ELSE 'vendor-' || (n % 4) || '/model-' || (n % 12) || '-high-fidelity' END"
    account = "printf('%08x%08x', 1 + n % 5 / 4, 7 + n % 2)"
    key = "printf('order-%08x', n * 2654435761 % 4294967296)"
    tag = f"CASE WHEN {rare} THEN 'first' ELSE 'client:' || (n % 50) END"
    prompt = (
        f"CASE WHEN {rare} THEN 'a zebra' ELSE 'a red fox' END || ' in snow, number ' || n || ', wide shot at golden hour, soft "
        "light, shallow depth of field, 35 mm film, in the style of a travel magazine'")
    agent = "n % 4 = 1"
    return {
        "predictions": Columns({
            "status": status, "provider": provider, "model": model, "account": account, "fingerprint": "randomblob(32)",
            "remote_id": "lower(hex(randomblob(16)))", "billing": "'charged'", "cost_micros": "50000", "estimate_micros": "50000",
            "started_ms": f"{created} + 9", "finished_ms": f"{created} + 12000 + n % 9000",
            "idempotency_key": f"CASE WHEN n % 2 THEN {key} END", "tags": f"'[\"' || {tag} || '\"]'",
            "outputs": ended("outputs"), "files": ended("files"), "failure": ended("failure"),
            "error": ended("error", ""), "has_nsfw": ended("has_nsfw"),
            "origin": f"CASE WHEN {agent} THEN 'mcp' END", "agent": f"CASE WHEN {agent} THEN 'agent-' || (n % 3) END",
        }),
        "inputs": Columns({
            "input": f"CAST('{{\"prompt\":\"' || {prompt} || '\",\"size\":\"1024*1024\",\"seed\":' || n || '}}' AS BLOB)"}),
        "words": Columns({"text": prompt}),
        "tags": Columns({"tag": tag}),
        "keys": Columns({"key": key, "fingerprint": "randomblob(32)"}, where="n % 2"),
        # Records of POSTs are swept after eight days.
        "sends": Columns({
            "account": account, "fingerprint": "randomblob(32)", "model": model, "sent_ms": f"{created} + 9",
            "until_ms": f"{created} + 900", "remote_id": "lower(hex(randomblob(16)))",
        }, where=f"n <= {count * 7 // DAYS}"),
    }


def make(program: Path, state: Path, size: int) -> Copies:
    """A database of this size."""
    with Child(command(program, state)) as child:
        child.call("submit", input={"prompt": "a fox", "sandbox": {"fail": "remote_error"}}, wait_ms=60_000)
        child.call(
            "submit", input={"prompt": "a red fox in snow", "size": "64x64"}, tags=["first"], idempotency_key="order",
            metadata={"project": "winter", "shot": 12}, wait_ms=60_000)
        child.process.stdin.close()
        child.process.wait()
    path = state / "predictions.db"
    with closing(sqlite3.connect(path)) as table:
        table.row_factory = sqlite3.Row
        failed = dict(table.execute("SELECT * FROM predictions WHERE status = 'failed'").fetchone())
    copies = fill(path, size, DAYS * DAY_MS // size, varied(size, failed))
    with closing(sqlite3.connect(path)) as table, table:
        columns = [row[1] for row in table.execute("PRAGMA table_info(predictions)")]
        for status, phase, first in (("created", "queued", 0), ("processing", "polling", UNFINISHED)):
            values = {
                "seq": f"p.seq + (1 + {first} + n << 12)", "status": text(status), "phase": text(phase), "account": "'elsewhere'",
                "idempotency_key": "NULL", "tags": "NULL", "finished_ms": "NULL", "outputs": "NULL", "files": "NULL"}
            table.execute(f"""
                WITH RECURSIVE numbers(n) AS (SELECT {UNFINISHED} UNION ALL SELECT n - 1 FROM numbers WHERE n > 1)
                INSERT INTO predictions SELECT {", ".join(values.get(each, f"p.{each}") for each in columns)}
                  FROM predictions p, numbers WHERE p.seq = {copies.newest}
                """)
    # What the kernel has not written yet would be written beside the first calls.
    os.sync()
    return copies


def command(program: Path, state: Path, *more: str) -> list[str]:
    return [str(program), "--provider", "sandbox", "--state-dir", str(state), *more]


# What is asked

def spelled(method: str, **params: object) -> str:
    """A request for rpcbench.c, which puts the id in."""
    return json.dumps({"jsonrpc": "2.0", "id": 0, "method": method, "params": params}).replace('"id": 0', '"id":@ID@', 1)


def moment(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1_000))


def filters(copies: Copies) -> dict[str, dict[str, object]]:
    """Each filter of `list` by itself, where it finds much, little or nothing."""
    middle = moment(copies.key(copies.count // 2) >> 12)
    return {
        "no filter": {},
        "status completed, behind failed ones": {"status": "completed"},
        "status failed": {"status": "failed"},
        "status cancelled": {"status": "cancelled"},
        "status unknown, rare": {"status": "unknown"},
        "status created": {"status": "created"},
        "status processing": {"status": "processing"},
        "provider": {"provider": "wavespeed"},
        "provider, rare": {"provider": "openai"},
        "provider, none": {"provider": "acme"},
        "model": {"model": "vendor-1/model-5-high-fidelity"},
        "model, rare": {"model": "openai/gpt-image-0"},
        "model, none": {"model": "acme/none"},
        "tag": {"tag": "client:7"},
        "tag, rare": {"tag": "first"},
        "tag, none": {"tag": "none"},
        "created_after": {"created_after": middle},
        "created_after, none": {"created_after": "2099-01-01"},
        "created_before": {"created_before": middle},
        "created_before, none": {"created_before": "1999-01-01"},
        "text": {"text": "golden hour"},
        "text, rare": {"text": "zebra"},
        "text, none": {"text": "hippopotamus"},
    }


def pages(child: Child, copies: Copies, wanted: dict[str, object]) -> dict[str, str]:
    """The first page, and where there are more, one from the middle of the list."""
    found = {"first page": spelled("list", **wanted)}
    if cursor := child.call("list", **wanted)["next_cursor"]:
        found["deep page"] = spelled("list", **wanted, cursor=f"{copies.key(copies.count // 2 - 1):016x}{cursor[16:]}")
    return found


# What is measured

def measure(program: Path, driver: Path, folder: Path, runs: int, largest: int) -> Growth:
    growth = Growth()
    for size in SIZES:
        if size > largest:
            break
        state = folder / f"growth-{size}"
        begun = time.monotonic()
        copies = make(program, state, size)
        print(f"{size:,} rows made in {time.monotonic() - begun:.0f} s, {(state / 'predictions.db').stat().st_size / 1e6:,.0f} MB", flush=True)
        reads(growth, program, driver, state, copies, runs)
        starts(growth, program, driver, state, copies, runs)
        prunes(growth, program, state, copies, runs)
        submits(growth, program, driver, state, copies, runs)
        print(f"{size:,} rows measured after {time.monotonic() - begun:.0f} s", flush=True)
        shutil.rmtree(state)
    return growth


def note(growth: Growth, call: str, size: int, seen: list[dict[str, float]]) -> None:
    growth.note(call, size, statistics.median(each["p50"] for each in seen), max(each["max"] for each in seen))


def reads(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    ids = state / "ids"
    chosen = random.Random(7).choices(range(1, copies.count + 1), k=IDS)
    ids.write_text("\n".join(spelled("status", id=copies.id(n)).replace('"id":@ID@', '"id":@ID@', 1) for n in chosen) + "\n")
    asked: dict[str, str | Path] = {"status of a row by chance": ids}
    with Child(command(program, state)) as child:
        for name, wanted in filters(copies).items():
            asked |= {f"list, {name}, {page}": template for page, template in pages(child, copies, wanted).items()}
    seen: dict[str, list[dict[str, float]]] = {}
    for _ in range(runs):
        for name, template in asked.items():
            count = IDS if isinstance(template, Path) else PAGES
            seen.setdefault(name, []).append(drive(driver, command(program, state), template, count=count, window=1, where=one_cpu()))
    for name, each in seen.items():
        note(growth, name, copies.count, each)


def starts(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    template = spelled("status", id=copies.id(1))
    first = [drive(driver, command(program, state), template, count=1, window=1)["first"] * 1_000 for _ in range(SPAWNS)]
    growth.note("first reply", copies.count, statistics.median(first), max(first))
    took = []
    for _ in range(max(runs, 3)):
        with Child(command(program, state)) as child:
            ids = [
                child.call("submit", input={"prompt": "a fox", "size": "64x64", "sandbox": {"delay_ms": 300}})["id"] for _ in range(5)]
            time.sleep(0.1)
        time.sleep(0.4)
        begun = time.perf_counter()
        with Child(command(program, state)) as child:
            child.call("wait", ids=ids, timeout_ms=20_000)
            took.append((time.perf_counter() - begun) * 1e6)
    growth.note("start, until five left unfinished are completed", copies.count, statistics.median(took), max(took))
    template = spelled("submit", input={"prompt": "a fox", "size": "64x64"}, wait_ms=10_000)
    seen = [drive(driver, command(program, state), template, count=100, window=1) for _ in range(runs)]
    note(growth, "submit, claim, image of 64x64, completed", copies.count, seen)


def prunes(growth: Growth, program: Path, state: Path, copies: Copies, runs: int) -> None:
    took = []
    hour = 3_600_000
    for run in range(1, runs + 1):
        # Ages are whole hours; that is 1,042 predictions where there are most.
        wanted = min(1_042, copies.count // 20) * run
        age = (int(time.time() * 1_000) - (copies.key(copies.count - wanted) >> 12)) // hour
        begun = time.perf_counter()
        done = subprocess.run(
            [str(program), "prune", "--older-than", f"{age}h", "--json", "--state-dir", str(state)], check=True,
            capture_output=True, text=True)
        deleted = len(json.loads(done.stdout)["deleted"])
        took.append((time.perf_counter() - begun) * 1e6 / deleted)
    growth.note("prune, each", copies.count, statistics.median(took), max(took))


def submits(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    chance = random.Random(9)
    piped, singly = [], []
    lines = state / "submits"
    # A service that takes the first POST and never answers, as in durable.py; for each run another account.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for run in range(runs):
            environment = {**os.environ, "WAVESPEED_API_KEY": f"key-{run}", "WAVESPEED_BASE_URL": url}
            ours = [str(program), "--state-dir", str(state), "--max-concurrency", "1"]
            for window, count, rates in ((64, SUBMITS, piped), (1, SUBMITS // 4, singly)):
                # rpcbench.c begins with 200 for itself, and numbers its own from 1,000.
                lines.write_text("".join(
                    spelled("submit", prompt=f"a red fox in snow, number {chance.getrandbits(30)}", tags=[f"client:{each % 50}"],
                        idempotency_key=f"{chance.getrandbits(64):016x}") + "\n" for each in range(count + 1_000)))
                rates.append(1e6 / drive(driver, ours, lines, count=count, window=window, environment=environment)["rate"])
    growth.note("submit, 64 in the pipe, each", copies.count, statistics.median(piped), max(piped))
    growth.note("submit, one by one", copies.count, statistics.median(singly), max(singly))
    template = spelled("list", status="created")
    seen = [drive(driver, command(program, state), template, count=PAGES, window=1, where=one_cpu()) for _ in range(runs)]
    note(growth, f"list, status created, {runs * (SUBMITS + SUBMITS // 4 + 400) + UNFINISHED:,} in the queues, first page", copies.count, seen)


if __name__ == "__main__":
    import sys, tempfile
    from child import compile_c
    with tempfile.TemporaryDirectory(prefix="imagewire-growth-") as name:
        g = measure(Path(sys.argv[1]).resolve(), compile_c("rpcbench.c", Path(name)), Path(name), int(sys.argv[3]), int(sys.argv[2]))
        for call, by in g.calls.items():
            print(f"{call:70}", "  ".join(f"{s:,}: {m.median:,.0f} ({m.worst:,.0f})" for s, m in by.items()))
