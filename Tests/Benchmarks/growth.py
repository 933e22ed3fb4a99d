"""The cost of a call as the database grows, from 1,000 predictions to as many as are asked for."""

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

import lines
from child import Child, drive, one_cpu
from filling import Columns, Copies, fill
from lines import Line, shown
from report import Row, machine

SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
DAY_MS = 86_400_000
#: All predictions were made in this time, so a larger database has more of them a day.
DAYS = 400
#: How many of a kind are rare, and lie deep in the list.
RARE = 40
#: Unfinished ones of an account that the program does not serve.
UNFINISHED = 200
PAGES, IDS, SPAWNS, SUBMITS = 200, 5_000, 10, 2_000
#: More would show the same.
MOST_RUNS = 3

SEARCH = "search of all prompts for a text that none has, every page"
RECOVERY = "start, until five that a killed process left are completed"
COMPLETED = "submit to completed: claim, image of 64x64, three commits"


@dataclass
class Measured:
    """Microseconds that one call takes at one size: the median, and what 99 of 100 do not exceed. Of several runs the
    quickest counts: what else the machine does only adds to it, for minutes sometimes."""

    median: float
    most: float | None = None


@dataclass
class Growth:
    """What was measured, by call and by size."""

    calls: dict[str, dict[int, Measured]] = field(default_factory=dict)

    def note(self, call: str, size: int, runs: list[float]) -> None:
        """Adds a call by its time in each of some runs."""
        self.calls.setdefault(call, {})[size] = Measured(min(runs))

    def note_driven(self, call: str, size: int, runs: list[dict[str, float]]) -> None:
        """Adds a call that rpcbench.c has timed."""
        self.calls.setdefault(call, {})[size] = Measured(*(min(each[key] for each in runs) for key in ("p50", "p99")))

    def slowest_filter(self, size: int) -> tuple[str, Measured]:
        """The filter of `list` whose page takes longest, of all but `text`."""
        pages = ((name, by[size]) for name, by in self.calls.items() if name.startswith("list, ") and size in by)
        return max((page for page in pages if not page[0].startswith("list, text")), key=lambda page: page[1].median)


# What the rows are

def text(value: str | None) -> str:
    """A value, as SQL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def varied(count: int, failed: dict[str, str | None]) -> dict[str, Columns]:
    """A year of work: two providers with two accounts each, 12 models, 50 clients, agents; the newest fifth, up to 30,000,
    failed together, one in twenty of the others too; and a few of each rare kind, deep in the list."""
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
    account = "printf('%08x%08x', n % 5 = 0, n % 2)"
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
    growth, runs = Growth(), min(runs, MOST_RUNS)
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


def reads(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    ids = state / "ids"
    chosen = random.Random(7).choices(range(1, copies.count + 1), k=IDS)
    ids.write_text("\n".join(spelled("status", id=copies.id(n)) for n in chosen) + "\n")
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
        growth.note_driven(name, copies.count, each)
    took = []
    with Child(command(program, state)) as child:
        for _ in range(runs):
            begun, cursor = time.perf_counter(), {}
            while page := child.call("list", text="hippopotamus", **cursor)["next_cursor"]:
                cursor = {"cursor": page}
            took.append((time.perf_counter() - begun) * 1e6)
    growth.note(SEARCH, copies.count, took)


def starts(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    template = spelled("status", id=copies.id(1))
    first = [
        statistics.median(drive(driver, command(program, state), template, count=1, window=1)["first"] for _ in range(SPAWNS))
        for _ in range(runs)]
    growth.note("first reply after spawn", copies.count, [each * 1_000 for each in first])
    took = []
    for _ in range(runs):
        with Child(command(program, state)) as child:
            ids = [
                child.call("submit", input={"prompt": "a fox", "size": "64x64", "sandbox": {"delay_ms": 300}})["id"] for _ in range(5)]
            time.sleep(0.1)
        time.sleep(0.4)
        begun = time.perf_counter()
        with Child(command(program, state)) as child:
            child.call("wait", ids=ids, timeout_ms=20_000)
            took.append((time.perf_counter() - begun) * 1e6)
    growth.note(RECOVERY, copies.count, took)
    template = spelled("submit", input={"prompt": "a fox", "size": "64x64"}, wait_ms=10_000)
    seen = [drive(driver, command(program, state), template, count=100, window=1) for _ in range(runs)]
    growth.note_driven(COMPLETED, copies.count, seen)


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
    growth.note("prune, each", copies.count, took)


def submits(growth: Growth, program: Path, driver: Path, state: Path, copies: Copies, runs: int) -> None:
    chance = random.Random(9)
    piped, singly = [], []
    requests = state / "submits"
    # A service that takes the first POST and never answers, as in durable.py; for each run another account.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for run in range(runs):
            environment = {**os.environ, "WAVESPEED_API_KEY": f"key-{run}", "WAVESPEED_BASE_URL": url}
            ours = [str(program), "--state-dir", str(state), "--max-concurrency", "1"]
            for window, count, rates in ((64, SUBMITS, piped), (1, SUBMITS // 4, singly)):
                # rpcbench.c begins with 200 for itself, and numbers its own from 1,000.
                requests.write_text("".join(
                    spelled("submit", prompt=f"a red fox in snow, number {chance.getrandbits(30)}", tags=[f"client:{each % 50}"],
                        idempotency_key=f"{chance.getrandbits(64):016x}") + "\n" for each in range(count + 1_000)))
                rates.append(1e6 / drive(driver, ours, requests, count=count, window=window, environment=environment)["rate"])
    growth.note("submit, 64 in the pipe, each", copies.count, piped)
    growth.note("submit, one by one", copies.count, singly)
    template = spelled("list", status="created")
    seen = [drive(driver, command(program, state), template, count=PAGES, window=1, where=one_cpu()) for _ in range(runs)]
    queued = runs * (SUBMITS + SUBMITS // 4 + 400) + UNFINISHED
    growth.note_driven(f"list, status created of {queued:,} queued, first page", copies.count, seen)


# What is shown

def rows(growth: Growth) -> list[Row]:
    """The lines for the table of all figures."""
    sizes = sorted(growth.calls["prune, each"])
    least, most = sizes[0], sizes[-1]
    name, slowest = growth.slowest_filter(most)
    found = [
        Row(f"{most:,} in the database: page of `list` by one filter but text, the slowest", shown(slowest.median),
            f"{name.removeprefix('list, ')}", "≤ 2 ms")]
    for call in ("submit, one by one", "prune, each", "status of a row by chance", SEARCH):
        by = growth.calls[call]
        found.append(Row(f"the same: {call}", shown(by[most].median), f"{shown(by[least].median)} with {least:,}", ""))
    return found


def cell(measured: Measured | None) -> str:
    if measured is None:
        return ""
    return shown(measured.median) + (f" ({shown(measured.most)})" if measured.most else "")


def document(growth: Growth) -> str:
    """All figures, as a Markdown table."""
    sizes = sorted(growth.calls["prune, each"])
    found = ["| call | " + " | ".join(f"{size:,}" for size in sizes) + " |", "|---|" + "---:|" * len(sizes)]
    for name, by in sorted(growth.calls.items()):
        found.append(f"| {name} | " + " | ".join(cell(by.get(size)) for size in sizes) + " |")
    told = f"Medians, and in brackets what 99 of 100 do not exceed, in the quickest of {MOST_RUNS} runs; {machine()}.\n\n"
    return told + "\n".join(found) + "\n"


def plot(growth: Growth) -> str:
    """The calls that differ from each other, as lines."""
    sizes = sorted(growth.calls["prune, each"])

    def line(call: str, name: str = "", kind: str = "ours") -> Line:
        return Line(name or call, {size: each.median for size, each in growth.calls[call].items()}, kind)

    slowest = {size: growth.slowest_filter(size)[1].median for size in sizes}
    return lines.plot("Time of a call as the database grows", [
        line(SEARCH, "search of all prompts", "scan"), line(RECOVERY, "start, five left over finished"), line(COMPLETED, "submit to completed"),
        line("first reply after spawn"), line("submit, one by one"), line("submit, 64 in the pipe, each", "submit, 64 in the pipe"),
        line("prune, each"), Line("list, slowest filter but text", slowest), line("list, no filter, first page", "list, newest page"),
        line("status of a row by chance", "status of any row"),
    ])
