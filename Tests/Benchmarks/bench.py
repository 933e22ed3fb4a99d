#!/usr/bin/env python3
"""Measures the program beside the floor, a C program that answers every line with one fixed reply, and beside the
servers one would write in Python and Node in a minute.

    bench.py PROGRAM [--static PROGRAM] [--runs 5] [--only PART ...] [--largest 1000000]

Prints a Markdown table, and writes it beside this file as figures.md and figures.svg (only a whole run does). With
`--largest 10000000`, the part `growth` writes growth.md and growth.svg, and takes 15 GB of disk for a while. Everybody runs
in turn and medians are compared as a ratio, because machines are noisy. Needs a C compiler; a table of a million
predictions takes 2 GB of disk for a while, and so does an output of 1 GB. Linux, for `taskset` and /proc.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import chains
import durable
import felt
import fleet
import flight
import growth
import heavy
import million
import outputs
import peers
import pictures
import thumbnails
import wire
from child import HERE, compile_c
from report import machine, plot, table

PARTS = (
    "wire", "peers", "durable", "pictures", "thumbnails", "outputs", "chains", "heavy", "flight", "million", "fleet", "growth", "felt",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--static", type=Path, help="the program as it is released, with all libraries inside")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--felt-jobs", type=int, help="at most so many jobs in each row of the part felt")
    parser.add_argument("--felt-rows", nargs="*", help="only rows of the part felt whose names contain one of these")
    parser.add_argument("--largest", type=int, default=growth.SIZES[-2], help="the largest database of `growth` (%(default)s)")
    options = parser.parse_args()
    program = options.program.resolve()
    static = options.static.resolve() if options.static and options.static.exists() else None

    with tempfile.TemporaryDirectory(prefix="imagewire-bench-") as name:
        folder = Path(name)
        driver, floor = compile_c("rpcbench.c", folder), compile_c("echo.c", folder)
        rows, groups, grown = [], [], None
        for part in options.only:
            if part == "wire":
                found, bars = wire.measure(program, static, driver, floor, folder, options.runs)
                rows, groups = rows + found, groups + bars
            elif part == "peers":
                found, bars = peers.measure(program, folder, options.runs)
                # First in the plot: what a user would compare.
                rows, groups = rows + found, bars + groups
            elif part == "durable":
                rows += durable.measure(program, driver, folder, options.runs)
            elif part == "pictures":
                rows += pictures.measure(program, driver, folder, options.runs)
            elif part == "thumbnails":
                rows += thumbnails.measure(program, folder, options.runs)
            elif part == "outputs":
                rows += outputs.measure(program, folder, options.runs)
            elif part == "chains":
                rows += chains.measure(program, folder, options.runs)
            elif part == "heavy":
                rows += heavy.measure(program, folder, options.runs)
            elif part == "flight":
                rows += flight.measure(program, static, folder)
            elif part == "million":
                rows += million.measure(program, driver, folder, options.runs)
            elif part == "fleet":
                rows += fleet.measure(program, driver, folder, options.runs)
            elif part == "felt":
                rows += felt.measure(program, folder, options.felt_jobs, options.felt_rows)
            elif part == "growth":
                grown = growth.measure(program, driver, folder, options.runs, options.largest)
                rows += growth.rows(grown)

    told = f"Medians of {options.runs} runs, everybody in turn; {machine()}.\n\n"
    printed = told + table(rows)
    print(printed, end="")
    if grown and options.largest >= growth.SIZES[-1]:
        (HERE / "growth.md").write_text(growth.document(grown))
        (HERE / "growth.svg").write_text(growth.plot(grown))
    if set(options.only) == set(PARTS):
        (HERE / "figures.md").write_text(printed)
        (HERE / "figures.svg").write_text(plot(groups))


if __name__ == "__main__":
    main()
