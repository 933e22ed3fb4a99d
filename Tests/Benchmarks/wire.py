"""The cost of a call: `status` of one prediction, beside the floor and beside plain servers in other languages."""

from __future__ import annotations

import shutil
import statistics
import sys
from operator import truediv
from pathlib import Path

from child import HERE, Child, drive, one_cpu, two_cpus
from report import Bar, Row

# How often floor and program take their turns in a pipeline, a run.
PIPE_TURNS = 5


def measure(program: Path, static: Path | None, driver: Path, floor: Path, folder: Path, runs: int):
    """The rows, and the groups of the plot. Everybody runs in turn, and medians are compared."""
    state = folder / "wire"
    ours = [str(program), "--provider", "sandbox", "--state-dir", str(state)]
    with Child(ours) as child:
        made = child.call("submit", prompt="a red fox in snow", wait_ms=60_000)
        child.send(("status", {"id": made["id"]}))
        length = len(child.process.stdout.readline())
    template = '{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}' % made["id"]
    commands = {"imagewire": ours, "floor": [str(floor)], "Python": [sys.executable, str(HERE / "server.py")]}
    if node := shutil.which("node"):
        commands["Node"] = [node, str(HERE / "server.mjs")]
    if static:
        commands["static"] = [str(static), *ours[1:]]
    # A pipeline's pace depends on the bytes that are copied, so there is a second floor, whose replies are as long as ours.
    commands["long floor"] = [str(floor), str(length)]
    seen: dict[tuple[str, str], list[float]] = {}

    def turn(name: str, kind: str, count: int, window: int, where: tuple[int, int] | None) -> None:
        for key, value in drive(driver, commands[name], template, count=count, window=window, where=where).items():
            seen.setdefault((name, f"{kind} {key}"), []).append(value / count if key == "cpu" else value)

    for _ in range(runs):
        for name in commands.keys() - {"long floor"}:
            turn(name, "trip", 20_000, 1, one_cpu())
        # A third of a second each, and a machine with neighbours changes its pace more slowly than that: many short turns.
        for _ in range(PIPE_TURNS):
            for name in ("floor", "imagewire", "long floor"):
                turn(name, "pipe", 200_000, 64, two_cpus())
        for name in commands.keys() & {"Python", "Node"}:
            turn(name, "pipe", 50_000, 64, two_cpus())
    start = statistics.median(drive(driver, ours, template, count=1, window=1)["rss"] for _ in range(runs))

    def median(name: str, key: str) -> float:
        return statistics.median(seen[name, key])

    def beside(key: str, unit: str, scale: float = 1, digits: int = 1) -> str:
        others = [name for name in commands if name not in ("imagewire", "static", "long floor")]
        return ", ".join(f"{name} {median(name, key) * scale:,.{digits}f} {unit}" for name in others)

    def beside_floor(key: str, floor: str = "floor") -> list[float]:
        # Each turn of ours by the floor's turn next to it.
        return list(map(truediv, seen["imagewire", key], seen[floor, key]))

    trip, rates = statistics.median(beside_floor("trip p50")), beside_floor("pipe rate")
    long = statistics.median(beside_floor("pipe rate", "long floor"))
    rows = [
        Row("first reply after spawn, existing table", f"{median('imagewire', 'trip first'):.1f} ms", beside("trip first", "ms"), "≤ 9 ms"),
    ]
    if static:
        rows.append(Row("the same, as released", f"{median('static', 'trip first'):.1f} ms", "", "≤ 5 ms"))
    cpu = f"{median('imagewire', 'pipe cpu') * 1e6:.1f} µs"
    if node:
        cpu += f" = {median('imagewire', 'pipe cpu') / median('Node', 'pipe cpu'):.2f}x Node"
    rows += [
        Row("`status` round trip p50, one CPU", f"{median('imagewire', 'trip p50'):.1f} µs = {trip:.2f}x floor", beside("trip p50", "µs"), "≤ 1.4x floor"),
        Row("`status` round trip p99, one CPU", f"{median('imagewire', 'trip p99'):.1f} µs", beside("trip p99", "µs"), ""),
        Row("`status`, 64 in the pipe, a CPU each", f"{median('imagewire', 'pipe rate'):,.0f}/s = {statistics.median(rates):.2f}x floor; by turn {min(rates):.2f}x to {max(rates):.2f}x; {long:.2f}x a floor with replies as long", f"{beside('pipe rate', '/s', digits=0)}, floor with {length} bytes {median('long floor', 'pipe rate'):,.0f} /s", "≥ 0.6x floor"),
        Row("processor time a request, the same", cpu, beside("pipe cpu", "µs", 1e6), "≤ 0.33x Node"),
        Row("resident memory: after 200 requests; after 200,000", f"{start / 1024:.1f} MB; {median('imagewire', 'pipe rss') / 1024:.1f} MB", "", "≤ 16 MB, flat"),
    ]
    plotted = [name for name in commands if name not in ("static", "long floor")]
    groups = [
        (title, unit, [Bar(name, median(name, key) * scale) for name in plotted])
        for title, unit, key, scale in (
            ("Round trip, p50, one CPU (shorter is better)", "µs", "trip p50", 1),
            ("64 in the pipe, a CPU each (longer is better)", "/s", "pipe rate", 1),
            ("First reply after spawn (shorter is better)", "ms", "trip first", 1),
            ("Memory after 20,000 requests (shorter is better)", "MB", "trip rss", 1 / 1024),
        )
    ]
    return rows, groups
