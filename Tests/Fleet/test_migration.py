"""`imagewire store migrate`: a state directory's predictions in PostgreSQL, whole and once."""

import sqlite3
import subprocess

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, Program, environment, small
from promise import everything


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
