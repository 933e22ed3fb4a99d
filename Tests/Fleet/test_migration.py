"""`imagewire store migrate`: a state directory's predictions in PostgreSQL, whole and once."""

import random
import socket
import sqlite3
import subprocess
import threading
import time

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, Program, RPCError, environment, small
from promise import everything, settled


@pytest.fixture
def store(database, request):
    return database.create(f"m{abs(hash(request.node.name)) % 10**9}")


def migrate(home, *arguments, **variables):
    return subprocess.run(
        [BINARY, "store", "migrate", *arguments], capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        env=environment(home, **variables))


def paid(wavespeed):
    return {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}


def test_everything_moves_and_goes_on(store, wavespeed, tmp_path):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with Program(tmp_path, "--max-concurrency", 1, **paid(wavespeed)) as program:
        long = program.call("submit", input=small("x" * 100_000), provider="sandbox", tags=["a", "b"], wait_ms=30_000)["id"]
        wanted = program.call("status", id=long, full=True)["input"]
        sent = program.call("submit", prompt="a boat", idempotency_key="one")["id"]
        queued = program.call("submit", prompt="a house", metadata={"n": 1})["id"]
        chained = program.call(
            "submit", input={"prompt": "snow", "images": [f"imagewire://predictions/{queued}/1"]}, model="x/edit")["id"]
        wavespeed.log(2)
        before = everything(program)
        program.kill()
    done = migrate(tmp_path, "--to", store)
    assert done.returncode == 0 and "4 predictions moved to the PostgreSQL database" in done.stdout, done
    assert list((tmp_path / ".local/state/imagewire").glob("migrated-*/predictions.db"))
    wavespeed.clear()
    with Program(tmp_path, IMAGEWIRE_STORE=store, **paid(wavespeed)) as program:
        assert set(everything(program)) == set(before)
        assert program.call("status", id=long, full=True)["input"] == wanted
        assert [p["id"] for p in program.call("list", tag="b")["predictions"]] == [long]
        for id in (sent, queued, chained):
            assert program.call("result", id=id, timeout_ms=50_000)["status"] == "completed", id
        # The key is known, and nothing was sent twice.
        assert program.call("submit", prompt="a boat", idempotency_key="one")["id"] == sent
    assert len(wavespeed.posts()) == 3
    # Without the setting there is a new, empty table, which sends nothing.
    with Program(tmp_path, **paid(wavespeed)) as program:
        assert everything(program) == {}


def test_a_running_process_and_a_database_with_predictions_are_refused(store, tmp_path):
    with Program(tmp_path) as program:
        program.call("submit", input=small("a boat"), wait_ms=30_000)
        done = migrate(tmp_path, IMAGEWIRE_STORE=store)
        assert done.returncode == 1 and "Another imagewire uses" in done.stderr and "Nothing was moved" in done.stderr
        program.finish()
    other = tmp_path / "other"
    other.mkdir()
    with Program(other, IMAGEWIRE_STORE=store) as program:
        program.call("submit", input=small("a boat"), wait_ms=30_000)
        program.finish()
    done = migrate(tmp_path, "--to", store)
    assert done.returncode == 1 and "holds predictions already" in done.stderr
    table = sqlite3.connect(tmp_path / ".local/state/imagewire/predictions.db")
    assert table.execute("SELECT count(*) FROM predictions").fetchone() == (1,)


def test_no_address_and_no_server_move_nothing(tmp_path, database):
    with Program(tmp_path) as program:
        program.call("submit", input=small("a boat"), wait_ms=30_000)
        program.finish()
    assert migrate(tmp_path).returncode == 2
    assert migrate(tmp_path, "--to", "predictions.db").returncode == 2
    done = migrate(tmp_path, "--to", f"postgresql://{database.host}:1/x")
    assert done.returncode == 1 and "Connection refused" in done.stderr
    assert (tmp_path / ".local/state/imagewire/predictions.db").exists()


@pytest.mark.parametrize("seed", range(3))
def test_a_move_that_is_killed_is_finished_or_undone_by_the_next(store, wavespeed, tmp_path, seed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with Program(tmp_path, "--max-concurrency", 1, **paid(wavespeed)) as program:
        ids = [program.call("submit", prompt=f"boat {n}", idempotency_key=f"key {n}")["id"] for n in range(5)]
        wavespeed.log(2)
        program.kill()
    chance = random.Random(seed)
    for _ in range(6):
        moving = subprocess.Popen(
            [BINARY, "store", "migrate", "--to", store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(tmp_path))
        time.sleep(chance.random() * 0.5)
        moving.kill()
        moving.wait()
        if chance.random() < 0.5 and (tmp_path / ".local/state/imagewire/migrating").exists():
            # No process starts with an empty table meanwhile, on either side.
            for more in ({}, {"IMAGEWIRE_STORE": store}):
                with Program(tmp_path, **more) as program, pytest.raises(RPCError) as error:
                    program.call("submit", prompt="boat 0", idempotency_key="key 0")
                assert "was interrupted" in error.value.message
    done = migrate(tmp_path, "--to", store)
    assert done.returncode == 0 or "holds predictions already" in done.stderr, done
    wavespeed.clear()
    with Program(tmp_path, IMAGEWIRE_STORE=store, **paid(wavespeed)) as program:
        assert [program.call("submit", prompt=f"boat {n}", idempotency_key=f"key {n}")["id"] for n in range(5)] == ids
        assert all(p["status"] == "completed" for p in settled(program, ids).values())
    assert len(wavespeed.posts()) == 5


def test_a_move_whose_commit_has_no_answer(store, database, wavespeed, tmp_path):
    with Program(tmp_path, "--max-concurrency", 1, **paid(wavespeed)) as program:
        wavespeed.script(poll=[{"do": "running", "times": "forever"}])
        ids = [program.call("submit", prompt=f"boat {n}", idempotency_key=f"key {n}")["id"] for n in range(3)]
        wavespeed.log(2)
        program.kill()
    with CutAtCommit(database) as proxy:
        done = migrate(tmp_path, "--to", f"postgresql://postgres@127.0.0.1:{proxy.port}/{store.rsplit('/', 1)[1]}")
    assert done.returncode == 1 and "It is not known whether the copy is there" in done.stderr, done
    with Program(tmp_path, **paid(wavespeed)) as program, pytest.raises(RPCError) as error:
        program.call("list")
    assert "was interrupted" in error.value.message
    done = migrate(tmp_path, "--to", store)
    assert done.returncode == 0 and "3 predictions moved" in done.stdout, done
    wavespeed.clear()
    with Program(tmp_path, IMAGEWIRE_STORE=store, **paid(wavespeed)) as program:
        assert all(p["status"] == "completed" for p in settled(program, ids).values())
    assert len(wavespeed.posts()) == 3


class CutAtCommit:
    """A way to the server that ends when its client has sent the last COMMIT: the server gets it, and its answer gets lost."""

    def __init__(self, server):
        self.target = (server.host, server.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            cut = threading.Event()
            threading.Thread(target=self._up, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client, cut), daemon=True).start()

    def _up(self, client, server, cut):
        while piece := client.recv(65536):
            # The tables are made by a script; the move itself ends with a statement.
            if b"COMMIT\0" in piece and piece[:1] == b"P":
                cut.set()
            server.sendall(piece)
        server.close()

    def _down(self, server, client, cut):
        try:
            while piece := server.recv(65536):
                if cut.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(piece)
        except OSError:
            pass
