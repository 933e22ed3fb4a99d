"""The process: its end, its start, and programs that are not imagewire."""

import os
import pickle
import signal
import subprocess
import sysconfig
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import BINARY, PATIENCE, is_alive, pid_of, script, small, wait_until

import imagewire
from imagewire import Client
from imagewire._program import find_program


@pytest.mark.behaviour("restart")
def test_all_that_is_pending_fails_at_once_when_the_process_is_killed_and_the_next_call_starts_it(client):
    never = client.submit(input=small("never", never=True))
    first = pid_of(client)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(client.result, never.id) for _ in range(8)]
        wait_until(lambda: len(client._connection._pending) == 8)
        begun = time.monotonic()
        os.kill(first, signal.SIGKILL)
        for one in waiting:
            with pytest.raises(imagewire.ConnectionLost, match="signal 9.*starts"):
                one.result(PATIENCE)
        assert time.monotonic() - begun < 10
    assert client.status(never.id).status in ("created", "processing")
    assert pid_of(client) != first


@pytest.mark.behaviour("close")
def test_closing_ends_the_process_and_the_waiting_calls(options):
    client = Client(**options)
    never = client.submit(input=small("never", never=True))
    pid = pid_of(client)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.result, never.id)
        wait_until(lambda: client._connection._pending)
        client.close()
        with pytest.raises(imagewire.ImagewireError):
            waiting.result(PATIENCE)
    assert not is_alive(pid)
    assert client.status(never.id).status in ("created", "processing")
    client.close()
    client.close()


def test_a_client_that_is_let_go_takes_its_process_with_it(options):
    client = Client(**options)
    client.call("ping")
    connection = client._connection
    del client
    assert connection.ended.wait(PATIENCE)


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "sys.exit()", "raise ValueError"])
def test_the_child_never_outlives_the_parent(options, tmp_path, end):
    process = script(tmp_path, f"client = imagewire.Client()\nclient.call('ping')\nprint(client._connection._process.pid)\n{end}\n")
    pid = int(process.stdout.readline())
    process.communicate(timeout=PATIENCE)
    wait_until(lambda: not is_alive(pid))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_starts_its_own(client):
    client.call("ping")
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if client.call("ping") == {} else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.call("ping") == {}


@pytest.mark.behaviour("find-tried")
def test_a_missing_binary_is_named(options, tmp_path, monkeypatch):
    with pytest.raises(imagewire.BinaryNotFound, match="/no/such/imagewire.*IMAGEWIRE"):
        Client("/no/such/imagewire").generate("a boat")
    nowhere(monkeypatch, tmp_path)
    with pytest.raises(imagewire.BinaryNotFound, match="program imagewire was not found. Tried: ") as caught:
        Client().generate("a boat")
    own = caught.value.tried[0]
    assert caught.value.tried == (own, *caught.value.tried[1:-4], "PATH", *places(tmp_path))
    assert own == f"{sysconfig.get_path('scripts')}/imagewire"
    assert pickle.loads(pickle.dumps(caught.value)).tried == caught.value.tried
    place(tmp_path / "path", "no program")
    with pytest.raises(imagewire.BinaryNotFound, match="cannot be started"):
        Client().generate("a boat")


def nowhere(monkeypatch, tmp_path):
    """No variable names a program, and there is none on the path or at a usual place."""
    monkeypatch.delenv("IMAGEWIRE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr("imagewire._program.USUAL_PLACES", (f"{tmp_path}/usual", f"{tmp_path}/other", f"{tmp_path}/third"))


def places(tmp_path):
    return [f"{tmp_path}/{name}/imagewire" for name in ("usual", "other", "third")]


def place(folder, text):
    """A program of this text."""
    folder.mkdir(parents=True)
    (folder / "imagewire").write_text(text)
    (folder / "imagewire").chmod(0o755)


@pytest.mark.behaviour("find-order")
def test_the_program_is_looked_for_where_installers_put_it(options, tmp_path, monkeypatch):
    """Each place hides those behind it: the argument, the variable, the package's own, the path, the usual places."""
    nowhere(monkeypatch, tmp_path)
    monkeypatch.setattr("imagewire._program._own_folders", lambda: [f"{tmp_path}/own"])
    for name in ("usual", "path", "own", "variable", "argument"):
        place(tmp_path / name, f"#!/bin/sh\nexec {BINARY} \"$@\"\n")
        if name == "variable":
            monkeypatch.setenv("IMAGEWIRE", f"{tmp_path}/variable/imagewire")
        argument = f"{tmp_path}/argument/imagewire" if name == "argument" else None
        assert find_program(argument) == f"{tmp_path}/{name}/imagewire"
    with Client() as client:
        assert client.call("ping") == {}


@pytest.mark.behaviour("start-wrong-program")
@pytest.mark.parametrize(
    "kind, error, words",
    [
        ("old", imagewire.BinaryTooOld, "version 0.0.9.*0.1.0 or newer"), ("ancient", imagewire.BinaryTooOld, "too old"),
        ("other", imagewire.BinaryTooOld, "not imagewire but cat"), ("babbles", imagewire.StartFailed, "Welcome"),
        ("quits", imagewire.StartFailed, "status 1.*no option quits"),
    ],
)
def test_a_wrong_program_is_said_to_be_wrong_and_is_ended(fake, started, kind, error, words):
    with pytest.raises(error, match=f"{words}.*Nothing was sent"):
        fake(kind).generate("a boat")
    [process] = started
    assert process.wait(PATIENCE) is not None


def test_a_start_that_fails_is_not_said_to_succeed_next_time(options, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEWIRE_CONNECT", f"unix:{tmp_path}/socket")
    with pytest.raises(imagewire.StartFailed, match="status 2.*--state-dir belongs to.*Nothing was sent") as failed:
        Client(**options, state_dir=tmp_path).call("ping")
    assert "starts it again" not in str(failed.value) and "accepted" not in str(failed.value)


@pytest.fixture
def started(monkeypatch):
    """The processes that are started during a test."""
    processes = []

    class Popen(subprocess.Popen):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            processes.append(self)

    monkeypatch.setattr("imagewire._connection.subprocess.Popen", Popen)
    return processes


@pytest.mark.behaviour("start-wrong-program")
def test_a_program_that_says_nothing_is_ended(fake, started, monkeypatch):
    monkeypatch.setattr("imagewire._connection.START_PATIENCE", 0.5)
    with pytest.raises(imagewire.StartFailed, match="does not answer.*Nothing was sent"):
        fake("mute").generate("a boat")
    assert started[0].wait(PATIENCE) == -signal.SIGKILL


def test_a_process_that_dies_says_why(fake):
    client = fake("dies")
    for _ in range(2):
        with pytest.raises(imagewire.ConnectionLost, match="status 9.*something broke"):
            client.generate("a boat")


def test_an_answer_that_is_none(fake):
    with pytest.raises(imagewire.StartFailed, match="an invalid reply"):
        fake("nonsense", timeout=PATIENCE).call("ping")


def test_answers_to_calls_that_were_never_made(fake):
    assert fake("odd", timeout=PATIENCE).call("ping") == {}


def test_whatever_ends_the_reading_ends_the_waiting(fake, monkeypatch):
    client = fake("chatty", timeout=PATIENCE)
    client.call("ping")
    begun = time.monotonic()
    monkeypatch.setattr(client._connection, "_take", lambda message: [][0])
    with pytest.raises(imagewire.ConnectionLost, match="IndexError.*starts it again"):
        client.call("ping")
    assert time.monotonic() - begun < PATIENCE / 2


def test_stderr_is_drained_and_lines_of_any_length_are_read(fake):
    assert len(fake("chatty").call("ping")["long"]) == 5_000_000


def test_threads_end_with_the_process(options):
    before = threading.active_count()
    for _ in range(3):
        with Client(**options) as client:
            client.call("ping")
    wait_until(lambda: threading.active_count() <= before)
