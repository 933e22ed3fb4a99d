"""How the jobs of the part `felt` are run: by the program, as its clients would, and by WaveSpeed's own client."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from child import HERE, Child
from network import ENVIRONMENT

SDK = HERE.parent.parent / ".build-tools" / "bench-wavespeed" / "bin" / "python"
KEY = "none"


@dataclass
class Job:
    """One picture. `wait` is slept before; the rest is seconds of the steady clock, and what went wrong."""

    prompt: str
    model: str
    wait: float = 0.0
    begun: float = 0.0
    ended: float = 0.0
    trouble: str | None = "it did not end"


def learned(program: Path, state: Path, url: str, model: str, drawn: list[float], gap: float) -> None:
    """Leaves in a state directory what polls a `gap` apart learn of jobs that took so long."""
    listing = [str(program), "list", "--state-dir", str(state)]
    subprocess.run(listing, env={"HOME": str(state), "WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": url}, check=True, capture_output=True)
    # As JobKind has it, of an input that has only a prompt.
    kind = int.from_bytes(hashlib.sha256(b"images=0").digest()[:8], "big", signed=True)
    chance = random.Random(f"{model} {gap}")
    with sqlite3.connect(state / "predictions.db") as database:
        salt = database.execute("SELECT value FROM meta WHERE name = 'salt'").fetchone()[0]
        account = hashlib.sha256(salt + url.encode() + b"\0" + KEY.encode()).hexdigest()[:16]
        for took in drawn:
            # The round trip of the answer comes on top.
            done = took + chance.random() * gap + 0.08
            still = max(0.0, done - gap - 0.08)
            database.execute(
                "INSERT INTO durations(account, model, kind, still_ms, done_ms) VALUES(?, ?, ?, ?, ?)",
                (account, model, kind, int(still * 1_000), int(done * 1_000)))
    database.close()


class Program(Child):
    """The program in the clients' namespace."""

    def __init__(self, program: Path, inside: list[str], state: Path, url: str, trusted: Path, *options: str) -> None:
        super().__init__(
            [*inside, str(program), "--state-dir", str(state), *options], WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=url,
            CURL_CA_BUNDLE=str(trusted), **ENVIRONMENT)
        self.lock = threading.Lock()
        self.asked: dict[int, Job] = {}
        self.named: dict[str, Job] = {}

    def submit(self, job: Job, awaited: bool) -> None:
        """Sends a job; its end is noted by `follow`."""
        with self.lock:
            self.asked[self.last + 1] = job
            job.begun = time.monotonic()
            self.send(("submit", {"model": job.model, "input": {"prompt": job.prompt}, **({"wait_ms": 3_600_000} if awaited else {})}))

    def follow(self, ended) -> None:
        """Reads until `ended`, called with each job that is over, says so: its files are saved then, and its row is committed."""
        going = True
        while going:
            message, now = self.read(), time.monotonic()
            job = self.asked.pop(message.get("id"), None)
            if job:
                told = message.get("result") or {"status": "failed", "failure": message}
                if told.get("status") not in ("completed", "failed", "cancelled", "unknown"):
                    self.named[told["id"]] = job
                    continue
            else:
                told = message.get("params", {}).get("prediction") or {}
                if told.get("status") not in ("completed", "failed", "cancelled", "unknown"):
                    continue
                job = self.named.pop(told["id"], None)
            if job:
                job.ended = now
                job.trouble = None if told["status"] == "completed" else json.dumps(told.get("failure"))[:300]
                going = not ended(job)


def in_lanes(child: Program, lanes: list[list[Job]], awaited: bool) -> None:
    """Runs the lanes side by side, the jobs of each one after the other."""
    if not awaited:
        child.call("subscribe")
    following = {id(job): after for lane in lanes for job, after in zip(lane, [*lane[1:], None])}
    left = len(lanes)
    def begin(job: Job) -> None:
        def send() -> None:
            time.sleep(job.wait)
            child.submit(job, awaited)
        threading.Thread(target=send, daemon=True).start()

    def ended(job: Job) -> bool:
        nonlocal left
        after = following[id(job)]
        if after:
            begin(after)
        else:
            left -= 1
        return left == 0

    for lane in lanes:
        begin(lane[0])
    child.follow(ended)


def at_a_rate(child: Program, jobs: list[Job], rate: float, is_awaited) -> None:
    """Sends so many a second, whatever has ended."""
    child.call("subscribe")
    left = len(jobs)

    def ended(_: Job) -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def send() -> None:
        begun = time.monotonic()
        for number, job in enumerate(jobs):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            child.submit(job, is_awaited(job))

    threading.Thread(target=send, daemon=True).start()
    child.follow(ended)


def by_sdk(inside: list[str], folder: Path, url: str, trusted: Path, lanes: list[list[Job]]) -> subprocess.Popen:
    """Starts WaveSpeed's client on these lanes; `sdk_ends` reads what comes of it."""
    folder.mkdir()
    plan = {"url": url, "lanes": [[[job.wait, job.model, job.prompt] for job in lane] for lane in lanes]}
    process = subprocess.Popen(
        [*inside, str(SDK), str(HERE / "sdk.py"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"), text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "REQUESTS_CA_BUNDLE": str(trusted), **ENVIRONMENT})
    process.stdin.write(json.dumps(plan) + "\n")
    process.stdin.flush()
    return process


def sdk_ends(process: subprocess.Popen, lanes: list[list[Job]]) -> None:
    named = {job.prompt: job for lane in lanes for job in lane}
    for line in process.stdout:
        told = json.loads(line)
        job = named[told["prompt"]]
        job.begun, job.ended, job.trouble = told["begun"], told["ended"], told["trouble"]
