"""Deleted content leaves the disk, and its space is given back."""

import json
import random
import sqlite3
import subprocess
import time

import pytest
from program import BINARY, PATIENCE, environment, wait_for
from terminal import Terminal

SECRET = "a lighthouse that nobody may know of"
DAY = 86_400_000


def state(home):
    return home / ".local/state/imagewire"


def disk(home):
    """Every file of the state directory: table, log, its index, inputs, replies, previews, outputs."""
    return b"".join(path.read_bytes() for path in sorted(state(home).rglob("*")) if path.is_file())


def table(home):
    """How many bytes the table and its log have."""
    return sum(path.stat().st_size for path in state(home).glob("predictions.db*") if not path.name.endswith("-shm"))


def run(home, *arguments, **variables):
    return subprocess.run(
        [BINARY, *arguments], env=environment(home, **variables), cwd=home, capture_output=True, text=True,
        timeout=PATIENCE, stdin=subprocess.DEVNULL)


def finished(program, prompt=SECRET, **more):
    return program.call("submit", input={"prompt": prompt, "size": "64x64"}, wait_ms=30_000, **more)["id"]


def edit(home, *statements):
    """Changes the table of a process that has ended, or beside one."""
    database = sqlite3.connect(state(home) / "predictions.db", isolation_level=None, timeout=30)
    try:
        return [database.execute(*statement).fetchall() for statement in statements]
    finally:
        database.close()


def make_older(home, days, *ids):
    """Moves predictions back in time: the key of a row is when it was accepted."""
    for id in ids:
        key, moved = int(id.replace("-", "")[:12], 16), days * DAY
        low, high = key << 12, (key + 1 << 12) - 1
        edit(home, *[
            (f"UPDATE {name} SET seq = seq - ? WHERE seq BETWEEN ? AND ?", (moved << 12, low, high))
            for name in ("predictions", "inputs", "words", "tags")
        ])


def listed(home):
    return {prediction["id"] for prediction in json.loads(run(home, "list", "--json").stdout)["predictions"]}


# -- Gone ----------------------------------------------------------------------------------------------------------


def test_alone_the_prompt_is_gone_at_once(spawn, home):
    program = spawn()
    id = finished(program)
    assert SECRET.encode() in disk(home)
    assert program.call("delete", ids=[id], files=True) == {"deleted": [id], "scrubbed": True}
    assert SECRET.encode() not in disk(home)


def test_the_last_process_to_end_removes_the_prompt(spawn, home):
    one, other = spawn(), spawn()
    id = finished(one)
    assert other.call("status", id=id)["status"] == "completed"
    assert other.call("delete", ids=[id], files=True) == {"deleted": [id], "scrubbed": False}
    assert other.finish() == 0
    assert one.finish() == 0
    assert SECRET.encode() not in disk(home)


def test_of_processes_that_end_together_one_is_the_last(spawn, home):
    programs = [spawn() for _ in range(4)]
    id = finished(programs[0])
    for program in programs:
        assert program.call("status", id=id)["status"] == "completed"
    assert programs[1].call("delete", ids=[id], files=True)["scrubbed"] is False
    for program in programs:
        program.process.stdin.close()
    for program in programs:
        assert program.process.wait(PATIENCE) == 0
    assert SECRET.encode() not in disk(home)


def test_a_process_that_remains_removes_the_prompt_once_it_is_alone(spawn, home):
    one, other = spawn(), spawn()
    id = finished(one)
    assert other.call("status", id=id)["status"] == "completed"
    assert one.call("delete", ids=[id], files=True)["scrubbed"] is False
    other.kill()
    finished(one, "a boat")
    wait_for(lambda: SECRET.encode() not in disk(home), "the log is emptied at rest")


def test_the_next_process_removes_what_a_killed_one_deleted(spawn, home):
    one, other = spawn(), spawn()
    id = finished(one)
    assert other.call("status", id=id)["status"] == "completed"
    assert one.call("delete", ids=[id], files=True)["scrubbed"] is False
    one.kill()
    other.kill()
    assert run(home, "list").returncode == 0
    assert SECRET.encode() not in disk(home)


def test_of_many_deleted_prompts_none_stays_on_disk(spawn, home):
    # Rows of many lengths share pages, which SQLite rearranges: moved rows must not stay behind either.
    chance = random.Random(6)
    program = spawn("--max-concurrency", 8, "--max-message-bytes", 1 << 20)
    lengths = [chance.choice([40, 400, 4_000, 40_000]) for _ in range(60)]
    secrets = [f"secret number {number} {chance.getrandbits(64):016x}" for number in range(60)]
    ids = [
        program.call("submit", input={"prompt": secret, "note": (secret + " ") * (length // 40), "size": "64x64"})["id"]
        for secret, length in zip(secrets, lengths)
    ]
    program.call("wait", ids=ids, timeout_ms=60_000)
    order = chance.sample(range(60), 60)
    while order:
        some, order = order[:7], order[7:]
        assert program.call("delete", ids=[ids[index] for index in some], files=True)["scrubbed"]
        left = disk(home)
        for index, secret in enumerate(secrets):
            assert (secret.encode() in left) == (index in order), f"{index} of {some}, {len(order)} left"


def test_files_beside_the_table_go_too(spawn, home):
    # A large input is in a file of its own; a reply may be kept for a provider that this process does not have.
    program = spawn("--max-message-bytes", 1 << 20)
    id = program.call("submit", input={"prompt": SECRET, "note": SECRET * 4_000, "size": "64x64"}, wait_ms=30_000)["id"]
    wait_for(lambda: (state(home) / "inputs" / id).exists(), "the input has a file")
    (state(home) / "incoming").mkdir()
    (state(home) / "incoming" / f"{id}.1").write_text(SECRET)
    assert program.call("delete", ids=[id], files=True)["scrubbed"]
    assert SECRET.encode() not in disk(home)
    assert not list((state(home) / "inputs").iterdir()) and not list((state(home) / "incoming").iterdir())


# -- Given back ----------------------------------------------------------------------------------------------------


def fill(program, count=50):
    prompts = [f"{number} " + "x" * 60_000 for number in range(count)]
    ids = [program.call("submit", input={"prompt": prompt, "size": "64x64"})["id"] for prompt in prompts]
    program.call("wait", ids=ids, timeout_ms=60_000)
    return ids


def test_space_is_given_back(spawn, home):
    program = spawn("--max-message-bytes", 1 << 20, "--max-concurrency", 8)
    ids = fill(program)
    assert program.finish() == 0
    full = table(home)
    assert full > 3_000_000
    done = run(home, "delete", *ids, "--json")
    assert json.loads(done.stdout) == {"deleted": ids, "scrubbed": True}
    assert table(home) < full / 4


def test_doctor_compacts_an_older_table_that_it_has_alone(spawn, home):
    program = spawn("--max-message-bytes", 1 << 20, "--max-concurrency", 8)
    ids = fill(program)
    refused = run(home, "doctor", "--compact", "--offline")
    assert refused.returncode == 1
    assert f"pid {program.process.pid}" in refused.stdout and "left as it is" in refused.stdout
    assert program.finish() == 0
    # As versions before made their tables.
    edit(home, ("PRAGMA auto_vacuum = NONE",), ("VACUUM",))
    assert run(home, "delete", *ids).returncode == 0
    full = table(home)
    assert full > 3_000_000
    assert "--compact" in run(home, "doctor", "--offline").stdout
    done = run(home, "doctor", "--compact", "--offline")
    assert done.returncode == 0 and "compact" in done.stdout, done.stdout
    assert table(home) < full / 4
    assert edit(home, ("PRAGMA auto_vacuum",)) == [[(2,)]]
    assert "--compact" not in run(home, "doctor", "--offline").stdout


# -- Old -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ages(spawn, home):
    """Predictions of every kind, by name; all but `young` are two days old."""
    program = spawn()
    ids = {
        "old": finished(program), "album": finished(program, tags=["album"]),
        "unfinished": program.call("submit", input={"prompt": SECRET, "sandbox": {"never": True}})["id"],
        "unknown": program.call("submit", input={"prompt": SECRET, "sandbox": {"lost_reply": True}})["id"],
        "young": finished(program, "a boat"),
    }
    wait_for(lambda: program.call("status", id=ids["unknown"])["status"] in ("unknown", "processing"), "it is sent")
    program.files = [file["path"] for file in program.call("status", id=ids["old"])["files"]]
    assert program.finish() == 0
    return ids


def test_prune_deletes_old_finished_predictions(home, ages):
    young = run(home, "prune", "--older-than", "90d", "--json")
    assert json.loads(young.stdout) == {"deleted": [], "scrubbed": True}
    done = run(home, "prune", "--older-than", "0h", "--keep-tag", "album", "--keep-tag", "x", "--files", "--json")
    assert json.loads(done.stdout) == {"deleted": [ages["old"], ages["young"]], "scrubbed": True}
    assert listed(home) == {ages["album"], ages["unfinished"], ages["unknown"]}
    files = [path.name for path in (state(home) / "outputs").iterdir()]
    assert not any(ages["old"] in name for name in files) and any(ages["album"] in name for name in files)


def test_prune_leaves_files_that_were_changed(spawn, home):
    program = spawn()
    id = finished(program)
    path = program.call("status", id=id)["files"][0]["path"]
    with open(path, "ab") as file:
        file.write(b"mine")
    assert program.finish() == 0
    done = run(home, "prune", "--older-than", "0h", "--files", "--json")
    assert json.loads(done.stdout) == {"deleted": [id], "kept": [path], "scrubbed": True}


@pytest.mark.parametrize("age", ["soon", "", "90", "-1d", "1.5d", "d", "90D", "9999999d", "९०d"])
def test_an_age_is_hours_days_or_weeks(home, age):
    done = run(home, "prune", "--older-than", age)
    assert done.returncode == 2 and f'not "{age}"' in done.stderr and "12h, 90d or 8w" in done.stderr


def test_prune_without_an_age_deletes_nothing(spawn, home):
    id = finished(program := spawn())
    assert program.finish() == 0
    done = run(home, "prune", "--keep-tag", "album")
    assert done.returncode == 2 and "--older-than is missing" in done.stderr
    assert listed(home) == {id}


def test_prune_says_on_a_terminal_what_it_did(spawn, home):
    program = spawn()
    for prompt in ("a boat", "a hut", "a tree"):
        finished(program, prompt, tags=[prompt])
    assert program.finish() == 0
    keep = ["--keep-tag", "a boat", "--keep-tag", "a hut"]
    for arguments, said in [
        (["--older-than", "1d"], "Nothing was deleted."),
        (["--older-than", "0h", *keep], "Deleted 1 prediction; its files stay."),
        (["--older-than", "0h", "--files"], "Deleted 2 predictions."),
    ]:
        with Terminal(home, "prune", *arguments) as terminal:
            assert terminal.end() == (0, "")
            assert terminal.text.strip() == said


def test_prune_takes_many_batches(spawn, home):
    program = spawn("--max-concurrency", 8)
    ids = [program.call("submit", input={"prompt": f"boat {n}", "size": "64x64"})["id"] for n in range(120)]
    program.call("wait", ids=ids, timeout_ms=60_000)
    assert program.finish() == 0
    done = json.loads(run(home, "prune", "--older-than", "0h", "--json").stdout)
    assert done == {"deleted": ids, "scrubbed": True}


# -- Kept for so long ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["flag", "variable", "config file", "number in the config file"])
def test_retention_deletes_finished_predictions_that_are_too_old(spawn, home, ages, how):
    make_older(home, 2, *(ages[name] for name in ("old", "album", "unknown")))
    arguments, variables = [], {}
    if how == "flag":
        arguments = ["--retain", 1]
    elif how == "variable":
        variables = {"IMAGEWIRE_RETAIN": "1"}
    else:
        config = home / ".config/imagewire/config.json"
        config.parent.mkdir(parents=True)
        config.write_text(json.dumps({"retain": 1 if "number" in how else "1"}))
    program = spawn(*arguments, **variables)
    program.call("subscribe")
    program.call("list")
    wait_for(lambda: len(program.call("list")["predictions"]) == 3, "the old ones are deleted")
    statuses = sorted(p["status"] for p in program.call("list")["predictions"])
    assert statuses[0] == "completed" and "unknown" in statuses or "processing" in statuses
    assert program.call("status", id=ages["young"])["status"] == "completed"
    while sum(notification["method"] == "prediction/deleted" for notification in program.notifications) < 2:
        program.notifications.append(program.receive())
    # Files stay, as with delete.
    assert any(ages["old"] in path.name for path in (state(home) / "outputs").iterdir())


def test_a_retention_that_cannot_be_read_deletes_nothing(spawn, home, ages):
    make_older(home, 2, ages["old"])
    # All on one database: a deletion by any of them would be seen.
    programs = {
        value: spawn(IMAGEWIRE_RETAIN=value) for value in ("soon", "0", "-1", "1.5", "36501", "30d", "99999999999999999999")
    }
    for program in programs.values():
        program.call("list")
    time.sleep(1.5)  # Long enough for the first search, which comes after a second; nothing tells of one that does not come.
    for value, program in programs.items():
        assert len(program.call("list")["predictions"]) == 5
        assert program.finish() == 0
        assert f'"{value}"' in program.log.decode() and "Nothing is deleted" in program.log.decode()
        checked = run(home, "doctor", "--offline", IMAGEWIRE_RETAIN=value)
        assert checked.returncode == 1 and "IMAGEWIRE_RETAIN" in checked.stdout


def test_without_a_retention_everything_is_kept(spawn, home, ages):
    make_older(home, 3_000, ages["old"])
    program = spawn()
    program.call("list")
    time.sleep(1.5)  # As above.
    assert len(program.call("list")["predictions"]) == 5
