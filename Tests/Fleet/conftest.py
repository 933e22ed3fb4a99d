"""Fixtures for the fleet: a network of hosts, and the servers that they share."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/ProgramTests"), str(ROOT / "Tests/Fixtures")]

from postgres import Postgres  # noqa: E402
from s3 import LoopbackS3  # noqa: E402
from wavespeed import LoopbackWaveSpeed  # noqa: E402

from fleet import GATEWAY, Host, Network, open_folder  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    """Prints what tests recorded as "figures"."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figures" and report.when == "call":
                terminalreporter.line(value)


@pytest.fixture(scope="session")
def network():
    assert os.getuid() == 0, "hosts in network namespaces need root"
    with Network() as network:
        yield network


@pytest.fixture(scope="session")
def database(network):
    """A server of its own."""
    with open_folder() as folder, Postgres(folder / "one", host=GATEWAY) as server:
        yield server


@pytest.fixture
def wavespeed(network):
    with LoopbackWaveSpeed(host=GATEWAY) as server:
        yield server


@pytest.fixture
def bucket(network):
    with LoopbackS3(host=GATEWAY) as server:
        yield server


@pytest.fixture
def hosts(network, wavespeed, bucket, tmp_path):
    """Makes hosts that share a database."""
    made = []

    def make(count, store):
        for _ in range(count):
            made.append(Host(
                len(made) + 1, tmp_path, IMAGEWIRE_STORE=store, WAVESPEED_BASE_URL=wavespeed.url, S3_ENDPOINT_URL=bucket.url,
                IMAGEWIRE_OUTPUT_DIR="s3://pictures/fleet", AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="secret"))
        return made[-count:]

    yield make
    for host in made:
        host.remove()
