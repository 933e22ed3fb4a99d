"""Fixtures: a home of its own for each test, processes that end with it, the services on loopback."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Fixtures"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from openai import LoopbackOpenAI  # noqa: E402
from program import KEY, MODEL, Program, stay_in_one_day  # noqa: E402
from wavespeed import LoopbackWaveSpeed  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: counts what other tests beside it would change; run after them")


@pytest.fixture
def home(tmp_path):
    """A home directory; the table is in its default place below it."""
    return tmp_path


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


@pytest.fixture
def wavespeed():
    """The service on loopback, with faults on demand."""
    with LoopbackWaveSpeed() as server:
        yield server


@pytest.fixture
def paid(spawn, wavespeed):
    """Starts processes that talk to that service with a key, and name the model, so that the default is not looked up."""

    def start(*arguments, **options):
        named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        options = {**named, **options}
        return spawn(*arguments, **options)

    return start


@pytest.fixture
def openai():
    """The service on loopback."""
    with LoopbackOpenAI() as server:
        yield server


@pytest.fixture
def ask(spawn, openai):
    """A process that talks to it."""

    def start(*arguments, **variables):
        variables = {"OPENAI_BASE_URL": openai.url, "OPENAI_API_KEY": KEY, "IMAGEWIRE_PROVIDER": "openai", **variables}
        return spawn(*arguments, **variables)

    return start


@pytest.fixture
def one_day():
    stay_in_one_day()


def pytest_terminal_summary(terminalreporter):
    """Prints the "figures" that tests recorded at the end."""
    figures = [
        (report.nodeid.split("::")[-1], value) for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties if name == "figures" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("figures")
    for test, value in sorted(figures):
        terminalreporter.line(f"{test}: {value}")
