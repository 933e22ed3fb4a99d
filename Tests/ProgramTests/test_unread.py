"""Replies to paid requests that cannot be read: each is kept until its prediction is deleted, and can be read again."""

import base64
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from openai import LoopbackOpenAI
from program import BINARY, KEY, PATIENCE, environment, wait_for
from wavespeed import png

PICTURE = png(40, 30)
READABLE = json.dumps({"data": [{"b64_json": base64.b64encode(PICTURE).decode()}]}).encode()
JOB = {"id": "job-7", "status": "queued"}


@pytest.fixture
def openai():
    with LoopbackOpenAI() as server:
        yield server


@pytest.fixture
def settings(openai):
    return {"OPENAI_BASE_URL": openai.url, "OPENAI_API_KEY": KEY, "IMAGEWIRE_PROVIDER": "openai"}


@pytest.fixture
def ask(spawn, settings):
    return lambda *arguments: spawn(*arguments, **settings)


@pytest.fixture
def begin(home, settings):
    """Starts a command."""
    return lambda *arguments: subprocess.Popen(
        [BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(home, **settings))


@pytest.fixture
def run(begin):
    """Runs a command to its end."""

    def start(*arguments):
        process = begin(*arguments)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors

    return start


def names(home, folder):
    folder = home / ".local/state/imagewire" / folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def kept(home, done):
    """The file with the unread reply, which the hint names."""
    (name,) = [name for name in names(home, "replies") if name.startswith(done["id"])]
    path = home / ".local/state/imagewire/replies" / name
    assert f"{path}. imagewire reread {done['id']} " in done["failure"]["hint"]
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    return path


def submit(program):
    return program.call("submit", prompt="a boat", wait_ms=20000)


@pytest.mark.parametrize("answer, content", [
    ({"status": 200, "json": JOB}, json.dumps(JOB).encode()),
    ({"status": 202, "json": {"data": [JOB]}}, json.dumps({"data": [JOB]}).encode()),
    ({"bytes": b"<html>welcome to the wireless network</html>", "type": "text/html"}, b"<html>welcome to the wireless network</html>"),
    ({"bytes": READABLE[:60], "length": len(READABLE)}, READABLE[:60]),
    ({"bytes": PICTURE[:60], "length": len(PICTURE), "type": "image/png"}, PICTURE[:60]),
], ids=["a job", "a job in a list", "a page", "cut", "a cut picture"])
def test_what_is_not_understood_is_kept_until_it_is_deleted(ask, openai, home, run, answer, content):
    openai.script(answer)
    with ask() as program:
        done = submit(program)
        assert (done["status"], done["billing"], done["failure"]["type"]) == ("unknown", "unknown", "submission_unknown")
        path = kept(home, done)
        assert path.read_bytes() == content
        version = program.call("initialize")["serverInfo"]["version"]
        assert path.name == f"{done['id']}.1.{version}" + (".cut" if "length" in answer else "")
        assert program.call("result", id=done["id"])["status"] == "unknown"
        program.finish()
    # Recovery would offer what lies there.
    assert names(home, "incoming") == []
    code, output, errors = run("reread", done["id"])
    assert (code, output) == (1, "") and "not understood" in errors and str(path) in errors
    with ask() as program:
        assert program.call("status", id=done["id"]) == done
        assert path.exists()
        program.call("delete", ids=[done["id"]])
        program.finish()
    assert names(home, "replies") == []
    assert len(openai.posts()) == 1


@pytest.mark.parametrize("readable", [True, False])
def test_each_version_reads_the_replies_of_others_once_by_itself(ask, openai, home, readable):
    openai.script({"status": 200, "json": JOB})
    with ask() as program:
        done = submit(program)
        version = program.call("initialize")["serverInfo"]["version"]
        program.finish()
    path = kept(home, done)
    mark = path.with_name(f".{done['id']}.{version}")
    with ask() as program:
        # What this version kept, it cannot read.
        program.call("list")
        time.sleep(1)
        assert program.call("status", id=done["id"]) == done and not mark.exists()
        program.finish()
    older = path.rename(path.with_name(f"{done['id']}.1.0.0.9"))
    if readable:
        older.write_bytes(READABLE)
    with ask() as program:
        program.call("list")
        wait_for(mark.exists, "it was not read again")
        if readable:
            wait_for(lambda: program.call("status", id=done["id"])["status"] == "completed", "it was not understood")
            (file,) = program.call("status", id=done["id"])["files"]
            assert Path(file["path"]).read_bytes() == PICTURE
        else:
            time.sleep(0.5)
            assert program.call("status", id=done["id"]) == done and older.exists()
        program.call("delete", ids=[done["id"]])
        program.finish()
    assert names(home, "replies") == [] and len(openai.posts()) == 1


def test_a_reply_that_a_newer_version_understands_is_read_again(ask, openai, home, run, begin):
    openai.script({"status": 200, "json": JOB})
    with ask() as program:
        done = submit(program)
        program.finish()
    path = kept(home, done)
    path.write_bytes(READABLE)
    # Two at once: one of them settles it, and both tell the result.
    commands = [begin("reread", done["id"]) for _ in range(2)]
    outputs = [command.communicate(timeout=PATIENCE) for command in commands]
    assert any(command.returncode == 0 for command in commands), outputs
    with ask() as program:
        after = program.call("result", id=done["id"])
        assert (after["status"], after["billing"], after["failure"]) == ("completed", "charged", None)
        (file,) = after["files"]
        assert Path(file["path"]).read_bytes() == PICTURE
        assert any(output == (file["path"] + "\n") for output, _ in outputs)
        program.finish()
    # It goes only with the prediction.
    assert path.exists()
    code, _, errors = run("reread", done["id"])
    assert code == 1 and "is completed" in errors
    assert run("prune", "--older-than", "0h")[0] == 0
    assert names(home, "replies") == []
    assert len(openai.posts()) == 1


def test_a_cancelled_one_can_be_read_again(ask, openai, home, run):
    openai.script({"status": 200, "json": JOB, "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        assert program.call("cancel", id=found)["status"] == "cancelled"
        openai.release()
        program.finish()
    with ask() as program:
        done = program.call("status", id=found)
        assert (done["status"], done["billing"]) == ("cancelled", "unknown")
        program.finish()
    kept(home, done).write_bytes(READABLE)
    run("reread", found)
    with ask() as program:
        wait_for(lambda: program.call("status", id=found)["files"], "the picture was not saved")
        done = program.call("status", id=found)
    assert (done["status"], done["billing"]) == ("cancelled", "charged")
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE


def test_there_is_nothing_to_reread(ask, openai, run):
    openai.script("lost")
    with ask() as program:
        done = submit(program)
        program.finish()
    for text in (done["id"], "01a20ffa-1505-7dc6-b3b8-728fbcf16431"):
        code, output, errors = run("reread", text)
        assert (code, output) == (1, "") and errors


@pytest.mark.parametrize("suffix", ["", ".cut"])
def test_killed_before_the_row_says_where_the_reply_is(ask, openai, home, suffix):
    """The reply was stored, perhaps kept unread already, and the process ended before its commit."""
    openai.script({"do": "normal", "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        program.kill(signal.SIGKILL)
    openai.release()
    content = PICTURE[:60] if suffix else json.dumps(JOB).encode()
    folder = home / ".local/state/imagewire/incoming"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / f"{found}.1{suffix}").write_bytes(content)
    with ask() as program:
        done = program.call("result", id=found)
        assert (done["status"], done["billing"]) == ("unknown", "unknown")
        path = kept(home, done)
        assert path.read_bytes() == content and path.name.endswith(".cut") == bool(suffix)
        program.finish()
    assert names(home, "incoming") == []
    assert len(openai.posts()) == 1


def test_the_unread_replies_of_deleted_predictions_are_removed(ask, openai, home):
    """As a crash leaves them between a delete and its unlink, or an older version that does not know of them."""
    folder = home / ".local/state/imagewire/replies"
    openai.script({"status": 200, "json": JOB})
    with ask() as program:
        done = submit(program)
        program.finish()
    kept(home, done)
    for name in ("01a20ffa-1505-7dc6-b3b8-728fbcf16431.1.0.1.0", f"{done['id']}.1.0.1.0.part", "notes"):
        (folder / name).write_text("{}")
    with ask() as program:
        program.call("status", id=done["id"])
        submit(program)
        wait_for(lambda: len(names(home, "replies")) == 2, "what a crash left is still there")
        program.finish()
    assert names(home, "replies") == sorted([kept(home, done).name, "notes"])


# -- WaveSpeed, which has a history -----------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["truncated", "short"])
def test_a_paid_image_is_found_in_the_history_although_its_reply_is_not_understood(paid, wavespeed, home, behaviour):
    wavespeed.script(submit=[behaviour])
    with paid() as program:
        done = submit(program)
        program.finish()
    assert (done["status"], done["billing"]) == ("completed", "charged")
    (name,) = names(home, "replies")
    assert name.startswith(done["id"]) and name.endswith(".cut") == (behaviour == "short")
    assert b'"id"' in (home / ".local/state/imagewire/replies" / name).read_bytes()
    assert len(wavespeed.posts()) == 1


def test_one_that_the_history_does_not_show_is_unknown_and_its_id_can_be_read_again(paid, wavespeed, home, spawn):
    wavespeed.script(submit=[{"do": "reply", "status": 200, "json": {"code": 200, "data": {"status": "created"}}}, "normal"])
    with paid() as program:
        done = program.call("submit", prompt="a boat", wait_ms=40000)
        assert (done["status"], done["billing"]) == ("unknown", "unknown")
        path = kept(home, done)
        other = program.call("submit", prompt="another boat", wait_ms=20000)
        program.finish()
    # A newer version finds the id of what it paid for.
    path.write_text(json.dumps({"code": 200, "data": {"id": f"{other['remote_id']}", "status": "created"}}))
    with paid() as program:
        assert program.call("status", id=done["id"])["status"] == "unknown"
        program.finish()
    reread = subprocess.run(
        [BINARY, "reread", done["id"]], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        env=environment(home, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url))
    assert reread.returncode == 0, reread
    assert Path(reread.stdout.strip()).read_bytes().startswith(b"\x89PNG")
    assert len(wavespeed.posts()) == 2
