"""Fixtures and options of the laboratory of hosts."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "ProgramTests", TESTS / "Fixtures", TESTS / "Hosts"):
    sys.path.insert(0, str(folder))

from hosts import DEFAULT, HOSTS, SEARCHING, World  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402
from wavespeed import LoopbackWaveSpeed  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--hosts", default=",".join(DEFAULT), help="names with commas, or all")
    parser.addoption("--update-golden", action="store_true", help="write what the model sees now")


def pytest_generate_tests(metafunc):
    wanted = metafunc.config.getoption("--hosts")
    hosts = list(HOSTS) if wanted == "all" else wanted.split(",")
    if "searching_host" in metafunc.fixturenames:
        metafunc.parametrize("searching_host", [host for host in SEARCHING if host in hosts])
    if "host" in metafunc.fixturenames:
        rows = [
            (host, name) for host in hosts for name, scenario in SCENARIOS.items()
            if host in (scenario.hosts or hosts) and host not in scenario.but
        ]
        metafunc.parametrize("host, name", rows, ids=[f"{host}-{name}" for host, name in rows])


@pytest.fixture
def world(tmp_path):
    with LoopbackWaveSpeed() as wavespeed:
        yield World(tmp_path, wavespeed)
