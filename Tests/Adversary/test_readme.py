"""The tables of README.md name tests that exist."""

import re
from pathlib import Path

import pytest
from program import ROOT

ROWS = [line for line in (Path(__file__).parent / "README.md").read_text().splitlines() if line.startswith("| ") and "---" not in line]
#: How a test begins in each language; elsewhere its name is a text.
BEGINNINGS = {".py": "def {}(", ".swift": "func {}(", ".vim": "def {}(", ".el": "(ert-deftest {} "}


def missing(row):
    """What a row names that does not exist."""
    tests = re.findall(r"`([\w./-]+)::([^`]+)`", row)
    assert tests or row.endswith("| tests |"), f"no test holds: {row}"
    for path, name in tests:
        file = ROOT / path
        begin = BEGINNINGS.get(file.suffix, "{}").format(name)
        if not file.is_file() or begin not in file.read_text():
            yield f"{path}::{name}"


def test_every_test_that_the_readme_names_exists():
    assert len(ROWS) > 50
    assert [test for row in ROWS for test in missing(row)] == []


def test_a_test_that_is_gone_is_noticed():
    assert list(missing("| an attack | `Tests/Adversary/test_readme.py::test_that_never_was` |")) != []
    assert list(missing("| an attack | `Tests/nowhere.py::test_a_test_that_is_gone_is_noticed` |")) != []
    with pytest.raises(AssertionError):
        list(missing("| an attack | nothing |"))
