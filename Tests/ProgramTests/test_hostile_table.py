"""A database whose values or schema were changed by another program: never a crash, and never the end of a list."""

import sqlite3
import subprocess

import pytest
from program import BINARY, RPCError, environment
from promise import listed

LEAST, MOST = -(2**63), 2**63 - 1
NUMBERS = [LEAST, MOST, -1]
TEXTS = ["[", '{"path":1}', "a\0b\x1b[31m", "x" * 100_000, b"\xff\xfe"]
ARGUMENTS = {
    "list": [], "status": ["ID"], "result": ["ID", "--timeout", "0"], "gallery": ["-o", "gallery.html"], "doctor": ["--offline"],
}


def table(home):
    return sqlite3.connect(home / ".local/state/imagewire/predictions.db", isolation_level=None)


def command(home, name, id):
    arguments = [id if argument == "ID" else argument for argument in ARGUMENTS[name]]
    done = subprocess.run(
        [BINARY, name, *arguments], env=environment(home), cwd=home, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode >= 0, (name, done.returncode, done.stderr)
    return done


def prepare(spawn):
    """Ids of two completed predictions and one that is not finished; then no process uses the database."""
    program = spawn()
    ids = [program.call("submit", input={"prompt": "a boat", "size": "64x64"}, wait_ms=30_000)["id"] for _ in range(2)]
    ids.append(program.call("submit", input={"prompt": "a house", "sandbox": {"never": True}}, tags=["t"])["id"])
    assert program.finish() == 0
    return ids


def cells(home):
    """Columns of a prediction, with hostile values for them."""
    with table(home) as db:
        for name in ("predictions", "inputs", "sends"):
            for column, kind in db.execute(f"SELECT name, type FROM pragma_table_info('{name}')"):
                for value in NUMBERS if kind == "INTEGER" else TEXTS:
                    if column != "seq":
                        yield name, column, value.encode() if kind == "BLOB" and isinstance(value, str) else value


def poke(home, name, column, value, rowids):
    with table(home) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        kept = db.execute(f"SELECT seq, {column} FROM {name} WHERE seq IN (?, ?)", rowids).fetchall()
        what = "CAST(? AS TEXT)" if isinstance(value, bytes) and b"\xff" in value and column not in ("input", "metadata") else "?"
        try:
            db.execute(f"UPDATE {name} SET {column} = {what} WHERE seq IN (?, ?)", (value, *rowids))
        except sqlite3.Error:
            return None
    return kept


def test_a_cell_that_cannot_be_read_ends_nothing(spawn, home, record_property):
    good, bad, unfinished = prepare(spawn)
    with table(home) as db:
        rowids = [row[0] for row in db.execute("SELECT seq FROM predictions ORDER BY seq")][1:]
    count = refused = 0
    for name, column, value in list(cells(home)):
        kept = poke(home, name, column, value, rowids)
        if not kept:
            continue
        count += 1
        with spawn() as program:
            where = f"{name}.{column} = {value!r:.40}"
            assert good in {p["id"] for p in listed(program)}, where
            assert program.call("status", id=good)["status"] == "completed", where
            for id in (bad, unfinished):
                for method in ("status", "result", "cancel"):
                    try:
                        answer = program.call(method, id=id, **({"timeout_ms": 0} if method == "result" else {}))
                        assert answer["id"] == id, where
                    except RPCError as error:
                        assert error.code in (1001, 1007), (where, error)
                        if error.code == 1007:
                            assert id in error.message and error.data["id"] == id, (where, error)
                            refused += 1
            assert program.finish() == 0, where
        with table(home) as db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            for seq, old in kept:
                db.execute(f"UPDATE {name} SET {column} = ? WHERE seq = ?", (old, seq))
    assert count > 100 and refused > 20
    record_property("figures", f"{count} cells, {refused} refusals")


@pytest.mark.parametrize("column, value", [("started_ms", LEAST), ("cost_micros", LEAST), ("files", "["), ("input", b"{")])
def test_every_command_lives_with_a_row_that_cannot_be_read(spawn, home, column, value):
    good, bad, _ = prepare(spawn)
    with table(home) as db:
        rowid = db.execute("SELECT seq FROM predictions ORDER BY seq LIMIT 1 OFFSET 1").fetchone()[0]
        db.execute(f"UPDATE {'inputs' if column == 'input' else 'predictions'} SET {column} = ? WHERE seq = ?", (value, rowid))
    done = {name: command(home, name, bad) for name in ARGUMENTS}
    assert done["list"].returncode == 0 and good[-6:].encode() in done["list"].stdout
    assert done["gallery"].returncode == 0
    assert done["status"].returncode == 1 and bad.encode() in done["status"].stderr
    assert done["result"].returncode == 1 and bad.encode() in done["result"].stderr
    assert done["doctor"].returncode == 1 and bad.encode() in done["doctor"].stdout
    with spawn() as program:
        with pytest.raises(RPCError) as refused:
            program.call("delete", ids=[bad])
        assert refused.value.code == 1007 and bad in refused.value.message
        assert program.call("delete", ids=[good])["deleted"] == [good]


def test_a_trigger_that_is_not_ours_is_refused(spawn, home):
    good, *_ = prepare(spawn)
    with table(home) as db:
        db.execute(
            "CREATE TRIGGER elsewhere AFTER INSERT ON predictions BEGIN UPDATE predictions SET output_dir = '/tmp'; END")
    with spawn() as program:
        with pytest.raises(RPCError) as refused:
            program.call("submit", prompt="a boat")
        assert refused.value.code == 1007 and 'a trigger that imagewire did not make ("elsewhere")' in refused.value.message
        assert program.finish() == 0
    doctor = command(home, "doctor", good)
    assert doctor.returncode == 1 and b"elsewhere" in doctor.stdout


@pytest.mark.parametrize("type", ["TRIGGER", "trigger\0"])
def test_a_trigger_of_another_spelling_is_refused(spawn, home, type):
    """SQLite reads the type of an entry without regard to case, and up to a NUL."""
    prepare(spawn)
    with table(home) as db:
        db.execute("CREATE TRIGGER elsewhere AFTER INSERT ON predictions BEGIN UPDATE predictions SET output_dir = '/tmp'; END")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET type = ? WHERE name = 'elsewhere'", (type,))
    with spawn() as program:
        with pytest.raises(RPCError) as refused:
            program.call("submit", prompt="a boat")
        assert refused.value.code == 1007 and '("elsewhere")' in refused.value.message
        assert program.finish() == 0


def test_what_runs_nothing_is_named_by_doctor(spawn, home):
    good, *_ = prepare(spawn)
    with table(home) as db:
        db.execute("CREATE TABLE theirs(a)")
    assert command(home, "list", good).returncode == 0
    doctor = command(home, "doctor", good)
    assert doctor.returncode == 0 and b'table "theirs"' in doctor.stdout
