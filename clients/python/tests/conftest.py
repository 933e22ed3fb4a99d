"""A state directory of its own for each test, and the program the tests are run against."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imagewire import Client

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("IMAGEWIRE", str(ROOT / ".build/debug/imagewire"))
FAKE = Path(__file__).with_name("fake_imagewire.py")
#: Long enough for a busy machine; nothing waits this long unless it is broken.
PATIENCE = 60.0


def pytest_configure(config):
    config.addinivalue_line("markers", "behaviour(id): the test holds this behaviour of clients/behaviours.json")


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Options of a client with its own state directory and no settings of the user."""
    for name in list(os.environ):
        if name.startswith(("IMAGEWIRE", "WAVESPEED", "OPENAI")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return {"binary": BINARY}


@pytest.fixture
def client(options):
    with Client(**options) as client:
        yield client


@pytest.fixture
def fake(options):
    """Clients of faulty programs."""
    clients = []

    def make(kind, **more):
        clients.append(Client(sys.executable, arguments=[FAKE, kind], **more))
        return clients[-1]

    yield make
    for client in clients:
        client.close(0.1)
        if client._connection is not None:
            client._connection.kill()


def small(prompt, **sandbox):
    """An input that is drawn quickly."""
    return {"prompt": prompt, "size": "64x64", **({"sandbox": sandbox} if sandbox else {})}


def wait_until(condition):
    """Polls until the condition is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition was never true"
        time.sleep(0.01)


def pid_of(client):
    return client._connection._process.pid


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        os.kill(pid, 0)
        return True


def script(tmp_path, text):
    path = tmp_path / "script.py"
    # A process that was started in the background ignores Ctrl-C, and hands that on.
    start = "import sys, time, os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nimport imagewire\n"
    path.write_text(start + text)
    environment = {**os.environ, "IMAGEWIRE": BINARY, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )
