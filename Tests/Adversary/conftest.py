"""The fixtures of ProgramTests: a home for each test, processes that end with it, a WaveSpeed on loopback."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "Adversary", TESTS / "MCPTests", TESTS / "ProgramTests", TESTS / "Fixtures"):
    sys.path.insert(0, str(folder))

from program import BINARY, environment  # noqa: E402
from recording import build_recorder  # noqa: E402

found = importlib.util.spec_from_file_location("program_fixtures", TESTS / "ProgramTests/conftest.py")
fixtures = importlib.util.module_from_spec(found)
found.loader.exec_module(fixtures)
home, spawn, wavespeed, paid = fixtures.home, fixtures.spawn, fixtures.wavespeed, fixtures.paid
pytest_terminal_summary = fixtures.pytest_terminal_summary


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The recorder, built."""
    return build_recorder(tmp_path_factory.mktemp("recorder"))


@pytest.fixture
def run(home):
    """Runs one command to its end: exit status, standard output, standard error, as bytes."""
    def start(*arguments, stdout=subprocess.PIPE, **variables):
        done = subprocess.run(
            [BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
            env=environment(home, **variables), cwd=home, timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return start
