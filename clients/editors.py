#!/usr/bin/env python3
"""Prints which test of which editor holds each sentence of README.md, "What every editor does"; fails if a cell is empty.

    clients/editors.py         the table of numbers and editors
    clients/editors.py 12      the tests of one sentence

A test names the sentences that it holds in its title: `[editor 3]`, or `[editor 3, 9]`. `make test-editors` runs this after all
tests have passed.
"""

import re
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent
EDITORS = {
    "neovim": "tests/*_spec.lua",
    "vim": "tests/test_*.vim",
    "emacs": "tests/*-tests.el",
    "vscode": "tests/*.test.js",
}
MARK = re.compile(r"\[editor ([0-9]+(?:, [0-9]+)*)\]")


def sentences():
    """The numbered sentences of README.md, by number."""
    text = (CLIENTS / "README.md").read_text().split("\n## What every editor does\n")[1].split("\n## ")[0]
    return {int(number): words for number, words in re.findall(r"^([0-9]+)\. (.*)$", text, re.MULTILINE)}


def tests(editor):
    """The lines of an editor's tests that name sentences, by number."""
    found = {}
    for path in sorted((CLIENTS / editor).glob(EDITORS[editor])):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in MARK.findall(line):
                for sentence in mark.split(", "):
                    found.setdefault(int(sentence), []).append(f"{path.relative_to(CLIENTS)}:{number}: {line.strip()}")
    return found


def main(chosen):
    known, found = sentences(), {editor: tests(editor) for editor in EDITORS}
    if chosen:
        print(f"{chosen}. {known[chosen]}", *(line for editor in EDITORS for line in found[editor].get(chosen, [])), sep="\n")
        return 0
    print("tests of each sentence", *EDITORS, sep=" | ")
    for number in known:
        print(f"{number:22}", *(f"{len(found[editor].get(number, [])):{len(editor)}}" for editor in EDITORS), sep=" | ")
    missing = [f"{editor} has no test of sentence {number}" for number in known for editor in EDITORS if number not in found[editor]]
    strange = [f"{editor} names a sentence {number} that is not there" for editor in EDITORS for number in found[editor] if number not in known]
    print(*missing, *strange, sep="\n")
    return 1 if missing or strange else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
