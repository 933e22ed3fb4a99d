#!/usr/bin/env python3
"""Measures the program beside the floor, a C program that answers every line with one fixed reply.

    bench.py PROGRAM [--runs 5]

Program and floor run in turn and medians are compared as a ratio, because machines are noisy. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def compile_c(source: str, folder: Path) -> Path:
    """Builds one of the C programs beside this file."""
    program = folder / source.removesuffix(".c")
    compiler = shutil.which("clang") or shutil.which("cc") or "cc"
    subprocess.run([compiler, "-O2", "-w", str(HERE / source), "-o", str(program)], check=True)
    return program


def drive(
    driver: Path, command: list[str], count: int, window: int, template: str, cpus: tuple[int, int] | None
) -> dict[str, float]:
    """Runs one measurement, driver and child each on its CPU; see rpcbench.c for the words it prints."""
    ours, theirs = ([], [])
    if cpus is not None and shutil.which("taskset"):
        ours, theirs = (["taskset", "-c", str(cpu)] for cpu in cpus)
    call = [*ours, str(driver), "nl", str(count), str(window), template, "--", *theirs, *command]
    printed = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    figures = {}
    for name, pattern in {
        "first": r"first ([\d.]+) ms",
        "p50": r"p50 ([\d.]+) us",
        "p99": r"p99 ([\d.]+) us",
        "rate": r"([\d.]+) req/s",
        "rss": r"rss (\d+) KB",
    }.items():
        if found := re.search(pattern, printed):
            figures[name] = float(found.group(1))
    return figures


def converse(command: list[str], messages: list[dict]) -> list[dict]:
    """Sends messages, ends the input, and returns what came back."""
    text = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def submit(request: int, prompt: str, **members: object) -> dict:
    return {"jsonrpc": "2.0", "id": request, "method": "submit", "params": {"prompt": prompt, **members}}


def picture_times(command: list[str], runs: int) -> list[float]:
    """Milliseconds from a submit to its completed reply, 1024x1024, in a process that is already running."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    times = []
    for run in range(runs + 1):
        start = time.perf_counter()
        child.stdin.write(json.dumps(submit(run, f"a red fox in snow, number {run}", wait_ms=10000)) + "\n")
        child.stdin.flush()
        reply = json.loads(child.stdout.readline())
        if reply["result"]["status"] != "completed":
            sys.exit(f"no picture: {reply}")
        times.append((time.perf_counter() - start) * 1000)
    child.stdin.close()
    child.wait()
    return times[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    program = options.program.resolve()

    with tempfile.TemporaryDirectory(prefix="imagewire-bench-") as name:
        folder = Path(name)
        driver = compile_c("rpcbench.c", folder)
        floor = [str(compile_c("echo450.c", folder))]
        state = folder / "state"
        command = [str(program), "--provider", "sandbox", "--state-dir", str(state)]
        made = converse(command, [submit(1, "a red fox in snow", wait_ms=10000)])[0]["result"]
        template = '{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}' % made["id"]

        cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        # A round trip on two CPUs mostly measures how long the other one takes to wake; a pipeline needs both.
        one = (cpus[0], cpus[0]) if cpus else None
        two = (cpus[0], cpus[1]) if len(cpus) > 1 else None
        ours: dict[str, list[float]] = {}
        theirs: dict[str, list[float]] = {}
        for _ in range(options.runs):
            for figures, who in ((ours, command), (theirs, floor)):
                for key, value in drive(driver, who, 20_000, 1, template, one).items():
                    figures.setdefault(f"seq {key}", []).append(value)
                for key, value in drive(driver, who, 200_000, 64, template, two).items():
                    figures.setdefault(f"pipe {key}", []).append(value)
        pictures = picture_times(command, options.runs)

    def median(figures: dict[str, list[float]], key: str) -> float:
        return statistics.median(figures[key])

    rows = [
        ("first reply after spawn, existing table", f"{median(ours, 'seq first'):.1f} ms", f"{median(theirs, 'seq first'):.1f} ms", ""),
        (
            "`status` round trip, p50, one CPU",
            f"{median(ours, 'seq p50'):.1f} µs",
            f"{median(theirs, 'seq p50'):.1f} µs",
            f"{median(ours, 'seq p50') / median(theirs, 'seq p50'):.2f}x",
        ),
        ("`status` round trip, p99, one CPU", f"{median(ours, 'seq p99'):.1f} µs", f"{median(theirs, 'seq p99'):.1f} µs", ""),
        (
            "`status`, 64 in the pipe, a CPU each",
            f"{median(ours, 'pipe rate'):,.0f}/s",
            f"{median(theirs, 'pipe rate'):,.0f}/s",
            f"{median(ours, 'pipe rate') / median(theirs, 'pipe rate'):.2f}x",
        ),
        ("resident memory after 200,000 requests", f"{median(ours, 'pipe rss') / 1024:.1f} MB", f"{median(theirs, 'pipe rss') / 1024:.1f} MB", ""),
        ("sandbox picture, 1024x1024, submit to completed", f"{statistics.median(pictures):.0f} ms", "", ""),
    ]
    print(f"Medians of {options.runs} runs, program and floor in turn.\n")
    print("| what | imagewire | floor | ratio |")
    print("|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
