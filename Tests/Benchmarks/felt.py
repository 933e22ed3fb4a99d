"""What users feel: from submit to the picture on the disk, beside WaveSpeed's own client, at a provider that is 40 ms away.

The network is network.py's, the provider is provider.py. Both sides get jobs of the same lengths. One scenario runs alone, for the
milliseconds; the others run at once, because they mostly wait. All take six minutes and a third of a CPU. Linux, as root; otherwise it is left out.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import drivers
import network
from child import HERE, compile_c
from drivers import Job, Program
from report import Row
from split import Figures, Log

#: The providers: address, address of the outputs, bytes of an output. Odd last bytes lose packets.
PROVIDERS = {
    "near": ("203.0.113.10", "203.0.113.20", 1_000_000),
    "lossy": ("203.0.113.11", "203.0.113.21", 1_000_000),
    "load": ("203.0.113.30", "203.0.113.40", 10_000),
}
KNOWN = 64
RATE, LOAD_SECONDS, LOAD_TOOK = 8, 180, 60.0


@dataclass
class Scenario:
    """One group of rows: jobs of one length, in so many lanes, by each side that is named."""

    median: float
    sigma: float
    known: bool
    lanes: int
    each: int
    provider: str = "near"
    #: All lanes in one process, which works on so many at once.
    together: bool = False
    #: Before the others, so that nothing else uses the CPUs.
    alone: bool = False
    sides: tuple[str, ...] = ("awaited", "sdk")

    @property
    def name(self) -> str:
        parts = [f"{self.median:g} s (σ {self.sigma:g})", "known" if self.known else "never seen", self.where]
        return ", ".join([*parts, "1% loss"] if self.provider == "lossy" else parts)

    @property
    def where(self) -> str:
        return "alone" if self.alone else f"{self.lanes if self.together else 1} at once"

    def took(self) -> list[list[float]]:
        """The same for every side."""
        chance = random.Random(self.name)
        return [[self.draw(chance) for _ in range(self.each)] for _ in range(self.lanes)]

    def draw(self, chance: random.Random) -> float:
        return self.median * chance.lognormvariate(0, self.sigma)


ALL = ("awaited", "others", "sdk")
SCENARIOS = [
    Scenario(3, 0.2, True, 1, 12, alone=True),
    Scenario(6, 0.2, True, 2, 24, sides=ALL),
    Scenario(20, 0.1, True, 4, 10, sides=ALL),
    Scenario(20, 0.3, True, 4, 10, sides=ALL),
    Scenario(45, 0.25, True, 8, 5, sides=ALL),
    Scenario(6, 0.2, False, 2, 24, sides=ALL),
    Scenario(20, 0.3, False, 4, 10, sides=ALL),
    Scenario(45, 0.25, False, 8, 5, sides=ALL),
    Scenario(6, 0.2, True, 20, 3, together=True),
    Scenario(20, 0.3, True, 20, 3, together=True, sides=ALL),
    Scenario(45, 0.25, True, 20, 2, together=True),
    Scenario(6, 0.2, True, 2, 24, provider="lossy"),
    Scenario(20, 0.3, True, 4, 6, provider="lossy"),
    Scenario(45, 0.25, True, 8, 3, provider="lossy"),
]


def measure(program: Path, folder: Path, jobs: int | None = None, only: list[str] | None = None) -> list[Row]:
    """Rows of every scenario; at most so many jobs in each, and only those whose names contain one of the texts."""
    trouble = network.obstacle()
    if trouble:
        print(f"felt is left out: {trouble}.", file=sys.stderr)
        return []
    subprocess.run([HERE.parent.parent / ".ci" / "bench-clients", "wavespeed"], check=True)
    folder = folder / "felt"
    folder.mkdir()
    wanted = [one for one in SCENARIOS if not only or any(text in one.name for text in only)]
    load = not only or any(text in "load" for text in only)
    with Run(program, folder) as run:
        run.side_by_side([one for one in wanted if one.alone], jobs, False)
        run.side_by_side([one for one in wanted if not one.alone], jobs, load)
        return run.rows(wanted)


class Run:
    """The network, the providers and all that was done."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.done: dict[tuple[str, str], list[Job]] = {}
        self.stack = ExitStack()

    def __enter__(self) -> Run:
        with ExitStack() as stack:
            addresses = [address for service in PROVIDERS.values() for address in service[:2]]
            certificate, self.trusted = network.certificate(self.folder, addresses)
            self.network = stack.enter_context(network.Network(compile_c("relay.c", self.folder), self.folder, addresses))
            self.providers = {}
            for name, (address, outputs, size) in PROVIDERS.items():
                command = [*self.network.provider, sys.executable, str(HERE / "provider.py"), address, outputs, str(certificate), str(size)]
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.providers[name] = process
                stack.callback(process.communicate)
                stack.callback(process.kill)
                process.stdout.readline()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def side_by_side(self, scenarios: list[Scenario], jobs: int | None, load: bool) -> None:
        """Runs these, all sides at once."""
        work = []
        for scenario in scenarios:
            for side in scenario.sides:
                work += self.plan(scenario, side, jobs)
        if load:
            work.append(self.plan_load(jobs))
        threads = [threading.Thread(target=one, daemon=True) for one in work]
        for thread in threads:
            thread.start()
            # Sixty processes that start in the same moment would be what is measured.
            time.sleep(0.1)
        for thread in threads:
            thread.join(900)

    def plan(self, scenario: Scenario, side: str, limit: int | None) -> list:
        """What is to run, each in a thread of its own."""
        name = f"{scenario.name}, {side}"
        url = f"https://{PROVIDERS[scenario.provider][0]}"
        chance = random.Random(name)
        lanes = []
        for number, lane in enumerate(scenario.took()):
            lanes.append([
                Job(f"{took:.3f} {name} {number} {turn}", "felt/known" if scenario.known else f"felt/new-{number}-{turn}",
                    chance.random() * (1 if turn or scenario.together else min(scenario.median, 15)))
                for turn, took in enumerate(lane)
            ])
        if limit:
            each = -(-limit // scenario.lanes)
            lanes = [lane[:each] for lane in lanes[:limit]]
        self.done[scenario.name, side] = [job for lane in lanes for job in lane]
        place = self.folder / f"{len(self.done)}-{side}"
        if side == "sdk":
            return [lambda: self.sdk(place, url, lanes)]
        groups = [lanes] if scenario.together else [[lane] for lane in lanes]
        work = []
        for number, group in enumerate(groups):
            state = Path(f"{place}-{number}")
            state.mkdir()
            if scenario.known:
                past = random.Random(f"{name} before")
                gap = 1.05 if side == "awaited" else 2.1
                drivers.learned(
                    self.program, state, url, "felt/known", [scenario.draw(past) for _ in range(KNOWN)], max(gap, gap * scenario.median / 25))
            work.append(lambda group=group, state=state: self.ours(state, url, group, side == "awaited"))
        return work

    def ours(self, state: Path, url: str, lanes: list[list[Job]], awaited: bool) -> None:
        with Program(self.program, self.network.clients, state, url, self.trusted, "--max-concurrency", str(max(2, len(lanes)))) as child:
            drivers.in_lanes(child, lanes, awaited)

    def sdk(self, place: Path, url: str, lanes: list[list[Job]]) -> None:
        process = drivers.by_sdk(self.network.clients, place, url, self.trusted, lanes)
        try:
            drivers.sdk_ends(process, lanes)
        finally:
            process.kill()
            process.communicate()

    def plan_load(self, limit: int | None):
        """480 jobs in flight once the first have ended; what ends before that is not counted."""
        chance = random.Random("load")
        count = RATE * LOAD_SECONDS if not limit else limit
        jobs = [Job(f"{LOAD_TOOK * chance.uniform(0.9, 1.1):.3f} load {number}", "felt/load") for number in range(count)]
        awaited = {id(job) for number, job in enumerate(jobs) if number % 10 == 0}
        skipped = int(RATE * LOAD_TOOK) if not limit else 0
        self.done["load", "awaited"] = [job for job in jobs[skipped:] if id(job) in awaited]
        self.done["load", "others"] = [job for job in jobs[skipped:] if id(job) not in awaited]
        state = self.folder / "load"
        state.mkdir()
        url = f"https://{PROVIDERS['load'][0]}"
        drivers.learned(self.program, state, url, "felt/load", [LOAD_TOOK * chance.uniform(0.9, 1.1) for _ in range(KNOWN)], 4)

        def work() -> None:
            with Program(self.program, self.network.clients, state, url, self.trusted, "--max-concurrency", "1000") as child:
                drivers.at_a_rate(child, jobs, RATE, lambda job: id(job) in awaited)

        return work

    def logs(self) -> dict[str, Log]:
        dumped = {}
        for name, process in self.providers.items():
            path = self.folder / f"{name}.json"
            process.stdin.write(f"dump {path}\n")
            process.stdin.flush()
            process.stdout.readline()
            dumped[name] = json.loads(path.read_text())
        wire = self.network.wire()
        return {name: Log(told, wire) for name, told in dumped.items()}

    def rows(self, scenarios: list[Scenario]) -> list[Row]:
        logs = self.logs()
        rows = []
        for scenario in scenarios:
            found = {side: self.figures(logs[scenario.provider], self.done[scenario.name, side]) for side in scenario.sides}
            theirs = found["sdk"]
            for side in scenario.sides[:-1]:
                rows.append(row(scenario, side, found[side], theirs))
        for side, goal in (("awaited", 2), ("others", 18)):
            if ("load", side) in self.done:
                ours = self.figures(logs["load"], self.done["load", side])
                what = f"8 jobs a second of 60 s, 20 polls a second, {'a tenth awaited' if side == 'awaited' else 'the others'} ({len(ours.splits)} jobs)"
                rows.append(Row(what, str(ours), "", f"≤ {goal} s late"))
        return rows

    def figures(self, log: Log, jobs: list[Job]) -> Figures:
        splits = [log.split(job) for job in jobs]
        for job, split in zip(jobs, splits):
            if not split:
                print(f"felt: {job.prompt}: {job.trouble}", file=sys.stderr)
        return Figures([split for split in splits if split])


def row(scenario: Scenario, side: str, ours: Figures, theirs: Figures) -> Row:
    what = f"a job of {scenario.name}, {'awaited' if side == 'awaited' else 'not awaited'} ({len(ours.splits)} jobs)"
    if not ours.splits or not theirs.splits:
        return Row(what, "no job ended", "", "")
    more = ours.median("added") - theirs.median("added")
    share = ours.mean("polls") / theirs.mean("polls")
    # Of a few jobs the total is that of one in the middle, so it is compared without the job's own time.
    if side == "others":
        goal = ["≤ 30% of its polls"]
    else:
        goal = ["≤ +0.3 s, ≤ 60% of its polls" if scenario.known else "≤ +0.6 s, ≤ 80% of its polls"]
    if scenario.alone:
        goal = ["POST ≤ 5 ms, GET ≤ 1 ms, save ≤ 5 ms"]
    elif scenario.known:
        goal.append("≤ 0.7 s late" if side == "awaited" and scenario.median <= 20 else "≤ 1.8 s late")
    return Row(what, f"{more:+.2f} s, {share:.0%} of its polls: {ours}", f"SDK: {theirs}", ", ".join(goal))
