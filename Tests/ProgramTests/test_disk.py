"""A disk that is full, failing, read-only or missing: a clear error, a running process, and nothing acknowledged is lost."""

import base64
import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest
from program import RPCError, wait_for
from promise import assert_files_are_whole, assert_promise, everything, settled
from wavespeed import png

RUNNING = {"do": "running", "times": "forever"}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of three megabytes. Mounting one takes root; where that is not allowed, this proves nothing and says so."""
    if sys.platform != "linux":
        pytest.skip("NOT PROVEN HERE: a small disk is made with tmpfs; the disk that fails (RLIMIT_FSIZE) is tested all the same")
    folder = tmp_path / "disk"
    folder.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mounted = subprocess.run(
        [*sudo, "mount", "-t", "tmpfs", "-o", f"size=3m,mode=0700,uid={os.geteuid()}", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"NOT PROVEN HERE: no right to mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run([*sudo, "umount", "-l", folder], check=True)


def fill(folder):
    """Not a byte more fits."""
    with open(folder / "filling", "ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def make_room(folder):
    (folder / "filling").unlink()


def assert_refused(program, **members):
    """A submit is a 1007 that says what to do; whatever it was, it is not sent."""
    with pytest.raises(RPCError) as error:
        program.call("submit", prompt="refused", **members)
    assert error.value.code == 1007, error.value
    assert error.value.data["type"] == "storage_failed"
    assert error.value.data["hint"]
    assert program.call("ping") == {}
    return error.value


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(paid, wavespeed, home, small_disk):
    outputs = home / "pictures"
    with paid("--state-dir", small_disk, "--output-dir", outputs, "--max-concurrency", 1) as program:
        wavespeed.script(poll=[RUNNING])
        ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(3)]
        wait_for(lambda: wavespeed.polls(), "it is not polled")
        fill(small_disk)
        # The log keeps a few blocks of its own: sooner or later it is full too.
        refusals = []
        for number in range(300):
            try:
                ids.append(program.call("submit", prompt=f"more {number}")["id"])
            except RPCError as error:
                assert error.code == 1007
                refusals.append(error)
                break
        assert refusals, "the disk was not full"
        error = assert_refused(program)
        assert "full" in error.message
        assert program.call("status", id=ids[0])["status"] == "processing"
        assert len(program.call("list", limit=500)["predictions"]) >= len(ids)
        make_room(small_disk)
        wavespeed.clear()
        wait_for(lambda: can_submit(program, ids), "it does not go on")
        predictions = settled(program, ids)
        assert {p["status"] for p in predictions.values()} == {"completed"}
        assert program.finish() == 0
    with paid("--state-dir", small_disk, "--output-dir", outputs) as program:
        seen = everything(program)
        # A refused prediction was never sent; it has no record, or one that is marked as not sent.
        for prediction in seen.values():
            if prediction["id"] not in ids:
                assert (prediction["status"], prediction["billing"]) == ("failed", "none"), prediction
        assert_promise({id: p for id, p in seen.items() if id in ids}, wavespeed, ids, outputs)
    assert wavespeed.posts_of("refused") == []


def can_submit(program, ids):
    try:
        ids.append(program.call("submit", prompt="there is room again")["id"])
        return True
    except RPCError as error:
        assert error.code == 1007
        return False


def test_a_remote_id_that_comes_while_the_disk_is_full_is_kept(paid, wavespeed, home, small_disk):
    outputs = home / "pictures"
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid("--state-dir", small_disk, "--output-dir", outputs) as program:
        id = program.call("submit", prompt="number 1")["id"]
        wait_for(lambda: wavespeed.posts(), "it was not sent")
        fill(small_disk)
        wavespeed.release()
        wait_for(lambda: b"could not be written" in program.log, "the disk was not full")
        make_room(small_disk)
        prediction = program.call("result", id=id)
        assert (prediction["status"], prediction["remote_id"]) == ("completed", f"{1:032x}")
        assert_files_are_whole(prediction)
    assert len(wavespeed.posts()) == 1


def test_images_that_do_not_fit_stay_at_the_provider(paid, wavespeed, home, small_disk):
    fill(small_disk)
    with paid() as program:
        prediction = program.call("submit", prompt="no room", output_dir=str(small_disk), wait_ms=30000)
        assert (prediction["status"], prediction["billing"]) == ("completed", "charged")
        assert prediction["failure"]["type"] == "download_failed" and "free some space first" in prediction["error"]
        assert prediction["outputs"] and prediction["files"] == []
        assert os.listdir(small_disk) == ["filling"], "half a picture was left"
        make_room(small_disk)
        again = program.call("result", id=prediction["id"])
        assert (again["status"], again["failure"]) == ("completed", None)
        assert_files_are_whole(again)
    assert len(wavespeed.posts()) == 1


def test_a_disk_that_fills_up_in_the_middle_of_an_output(paid, wavespeed, small_disk):
    """The third of five, whose host states no length; the others are saved, and `result` asks for that one only."""
    with open(small_disk / "filling", "wb") as file:
        file.write(bytes(1_500_000))
    small, large = (base64.b64encode(png(side, side, noise=os.urandom)).decode() for side in (180, 700))
    others = [{"do": "file", "base64": small, "at": f"-{n}.png"} for n in (1, 2, 4, 5)]
    third = {"do": "file", "base64": large, "at": "-3.png", "length": False, "delay_ms": 1_000, "times": 2}
    wavespeed.script(polls=0, outputs=[f"{{output}}/output/{{id}}-{n}.png" for n in range(1, 6)], download=[*others, third])
    with paid() as program:
        made = program.call("submit", prompt="no room", output_dir=str(small_disk), output_name="fox", wait_ms=30000)
        assert (made["status"], made["billing"], made["failure"]["missing"]) == ("completed", "charged", [3])
        assert "is full; free some space first" in made["error"] and "paid for" in made["error"] and "result" in made["failure"]["hint"]
        assert [file["index"] for file in made["files"]] == [1, 2, 4, 5]
        there = ["filling", "fox-1.png", "fox-2.png", "fox-4.png", "fox-5.png"]
        assert sorted(os.listdir(small_disk)) == there, "half a file was left"
        make_room(small_disk)
        again = program.call("result", id=made["id"])
        assert again["failure"] is None and [file["index"] for file in again["files"]] == [1, 2, 3, 4, 5]
        assert_files_are_whole(again)
    assert len(wavespeed.downloads()) == 6 and len(wavespeed.posts()) == 1


def test_a_disk_that_fails(paid, wavespeed, home, monkeypatch):
    """No file may grow beyond 600 kB: every write beyond fails as a broken disk's would, on any system."""
    usual = subprocess.Popen

    def limited(*arguments, **options):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))

        return usual(*arguments, **options, preexec_fn=limit, restore_signals=False)

    acknowledged = []
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", limited)
        program = paid("--max-concurrency", 1, "--max-per-minute", 1)
    with program:
        refused = None
        for number in range(400):
            try:
                acknowledged.append(program.call("submit", prompt=f"number {number}", metadata={"x": "y" * 8000})["id"])
            except RPCError as error:
                assert error.code == 1007 and error.data["type"] == "storage_failed" and error.data["hint"]
                refused = error
                break
        assert refused, "the disk did not fail"
        assert program.call("ping") == {}
        assert program.call("status", id=acknowledged[0])["id"] == acknowledged[0]
        program.kill()
    assert len(wavespeed.posts()) <= 1
    # On a disk that works again all of them are there; whatever was refused was not sent.
    with paid("--max-concurrency", 1, "--max-per-minute", 1) as program:
        seen = everything(program)
        assert set(acknowledged) <= set(seen)
        assert program.finish() == 0
    assert len(wavespeed.posts()) <= 1


@pytest.fixture
def user():
    """A wrapper under which modes count: root ignores the mode of a directory unless it drops that capability."""
    if os.geteuid() != 0:
        return ()
    without = "-dac_override,-dac_read_search"
    return (shutil.which("setpriv"), f"--bounding-set={without}", f"--inh-caps={without}", "--")


def test_a_read_only_state_folder(paid, wavespeed, home, user):
    folder = home / "state"
    with paid("--state-dir", folder, wrapper=user) as program:
        kept = program.call("submit", prompt="before", wait_ms=30000)
        assert kept["status"] == "completed"
        assert program.finish() == 0
    for path in folder.iterdir():
        path.chmod(0o500 if path.is_dir() else 0o400)
    folder.chmod(0o500)
    with paid("--state-dir", folder, wrapper=user) as program:
        assert_refused(program)
        assert program.finish() == 0
    folder.chmod(0o700)
    for path in folder.iterdir():
        path.chmod(0o700 if path.is_dir() else 0o600)
    with paid("--state-dir", folder, wrapper=user) as program:
        assert set(everything(program)) == {kept["id"]}
    assert len(wavespeed.posts()) == 1


def test_a_read_only_output_folder(paid, wavespeed, home, user):
    wavespeed.script(poll=[{"do": "running", "times": 4}])
    folder = home / "pictures"
    with paid("--output-dir", folder, wrapper=user) as program:
        id = program.call("submit", prompt="while it is made")["id"]
        folder.chmod(0o500)
        error = assert_refused(program)
        assert "IMAGEWIRE_OUTPUT_DIR" in error.data["hint"] or "--output-dir" in error.data["hint"]
        prediction = program.call("result", id=id)
        assert (prediction["status"], prediction["billing"]) == ("completed", "charged")
        assert prediction["failure"]["type"] == "download_failed" and prediction["outputs"]
        folder.chmod(0o700)
        again = program.call("result", id=id)
        assert (again["status"], again["failure"]) == ("completed", None)
        assert_files_are_whole(again)
    assert len(wavespeed.posts()) == 1


def test_the_state_folder_is_deleted_while_it_works(paid, wavespeed, home):
    folder = home / ".local/state/imagewire"
    outputs = home / "pictures"
    wavespeed.script(poll=[RUNNING])
    with paid("--output-dir", outputs) as program:
        id = program.call("submit", prompt="in progress")["id"]
        wait_for(lambda: wavespeed.polls(), "it is not polled")
        shutil.rmtree(folder)
        wavespeed.clear()
        error = assert_refused(program)
        assert "deleted" in error.message
        # The result cannot be written any more: the log has its id, and not its prompt.
        wait_for(lambda: id.encode() in program.log, "the log does not have its id")
        assert program.call("ping") == {}
        assert b"in progress" not in program.log
        assert program.kill(signal.SIGTERM) == 0
    assert len(wavespeed.posts()) == 1
