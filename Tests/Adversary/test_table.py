"""A hostile database and a hostile state directory: values that imagewire never wrote, planted links."""

import os
import sqlite3
from contextlib import closing

import pytest
from program import RPCError
from promise import listed

VALUES = [
    -(2**63), 2**63 - 1, -1, 0, "", "x" * 70_000, "\x1b]0;x\x07\u202e\n", "[" * 5000, "{}", "[1]", '[{"path":1}]', '"x"', "null",
    b"", b"\xff" * 40, None,
]
#: Other bytes than UTF-8 in a text, which no parameter can carry.
NO_UTF8 = "CAST(x'ff80c0' AS TEXT)"
#: The tables beside predictions, inputs and POSTs, whose cells ProgramTests/test_hostile_table.py spoils.
TABLES = ("words", "tags", "keys", "changes")


@pytest.fixture
def table(spawn, home):
    """A table with three predictions, one of them with everything that a row may have."""
    with spawn() as program:
        ids = [
            program.call(
                "submit", input={"prompt": f"number {n}", "size": "64x64"}, idempotency_key=f"key {n}", tags=["a", f"t{n}"],
                metadata={"n": n}, wait_ms=60000,
            )["id"] for n in range(3)
        ]
        assert program.finish() == 0
    path = home / ".local/state/imagewire/predictions.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, ids


def columns_of(path, name):
    with closing(sqlite3.connect(path)) as connection:
        return [column[1] for column in connection.execute(f"PRAGMA table_info({name})")]


def spoil(path, name, column, value):
    """Puts a value into a cell of the second prediction; false where the table itself refuses it."""
    where = "WHERE seq = (SELECT seq FROM predictions ORDER BY seq LIMIT 1 OFFSET 1)" if "seq" in columns_of(path, name) else ""
    if name == "tags":
        # One of its two: equal ones would break the primary key.
        where += " AND tag = 'a'"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        try:
            new = value if value is NO_UTF8 else "?"
            done = connection.execute(f"UPDATE {name} SET {column} = {new} {where}", () if value is NO_UTF8 else (value,))
            return done.rowcount > 0
        except sqlite3.Error:
            return False


def use(program, ids, bad):
    """What clients do. A row that cannot be read is an error of its own calls and of nothing else."""
    for id in ids:
        for method, params in (("status", {"id": id, "full": True}), ("result", {"id": id, "timeout_ms": 0, "inline": True}), ("cancel", {"id": id})):
            try:
                assert program.call(method, params)["id"] == id
            except RPCError as error:
                assert id == bad and error.data["type"], (method, error)
    assert {one["id"] for one in listed(program)} >= set(ids) - {bad}
    assert {one["id"] for one in listed(program, tag="a")} >= set(ids) - {bad}
    listed(program, text="number")
    program.call("ping")


@pytest.mark.parametrize("name", TABLES)
def test_no_cell_ends_the_process_or_hides_the_other_rows(name, table, spawn, record_property):
    path, ids = table
    sound, tried = path.read_bytes(), 0
    for column in columns_of(path, name):
        for value in (*VALUES, NO_UTF8):
            if not spoil(path, name, column, value):
                continue
            tried += 1
            try:
                with spawn() as program:
                    use(program, ids, ids[1])
                    assert program.finish() == 0
            except BaseException as problem:
                problem.add_note(f"with {value!r:.60} in {name}.{column}")
                raise
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            path.write_bytes(sound)
    assert tried >= 5
    record_property("figures", f"{tried} cells")


# -- planted names -------------------------------------------------------------------------------------------------------


@pytest.fixture
def victim(home):
    """A file that imagewire did not create."""
    path = home / "victim"
    path.write_bytes(b"precious")
    path.chmod(0o644)
    yield path
    assert path.read_bytes() == b"precious" and path.stat().st_mode & 0o777 == 0o644, "it was written through a link"


def test_a_link_in_the_place_of_a_picture_is_not_written_through(spawn, home, victim):
    """Under each name that an image will have: its own, and the temporary ones of the first attempts."""
    outputs = home / ".local/state/imagewire/outputs"
    with spawn() as program:
        id = program.call("submit", input={"prompt": "an owl", "size": "64x64", "sandbox": {"delay_ms": 1000}})["id"]
        outputs.mkdir(exist_ok=True, parents=True)
        for name in (f"{id}-1.png", *(f".{id}-1.{epoch}.part" for epoch in range(4))):
            (outputs / name).symlink_to(victim)
        done = program.call("result", id=id)
        assert done["status"] == "completed" and done["failure"] is None
        (file,) = done["files"]
        assert not os.path.islink(file["path"])
        program.call("delete", ids=[id], files=True)
        assert not os.path.exists(file["path"])


def test_a_link_in_the_place_of_the_table_is_refused(spawn, home, victim):
    state = home / ".local/state/imagewire"
    state.mkdir(parents=True)
    (state / "predictions.db").symlink_to(victim)
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", input={"prompt": "an owl", "size": "64x64"})
        assert error.value.data["type"] == "storage_failed"
        assert program.call("ping") == {}


@pytest.mark.parametrize("name", ["table.lock", "writer.lock", "writer.next", "owners"])
def test_a_link_in_the_place_of_a_lock_is_refused(name, spawn, home, victim):
    state = home / ".local/state/imagewire"
    state.mkdir(parents=True, mode=0o700)
    (state / name).symlink_to(victim)
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", input={"prompt": "an owl", "size": "64x64"})
        assert error.value.data["type"] == "storage_failed"
        assert program.call("ping") == {}
        program.kill()
