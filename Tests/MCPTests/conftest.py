"""The fixtures of ProgramTests, here too: a home for each test, and processes that end with it."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "ProgramTests", TESTS / "MCPTests", TESTS / "Fixtures"):
    sys.path.insert(0, str(folder))

import pytest  # noqa: E402
from program import Program, stay_in_one_day  # noqa: E402


@pytest.fixture
def home(tmp_path):
    """A home directory; the table is in its default place below it."""
    return tmp_path


@pytest.fixture
def one_day():
    stay_in_one_day()


@pytest.fixture
def spawn(home):
    """Starts processes on one home; processes that still run at the end are killed."""
    processes = []

    def start(*arguments, home=home, **options):
        process = Program(home, *arguments, **options)
        processes.append(process)
        return process

    yield start
    for process in reversed(processes):
        process.__exit__(None, None, None)
