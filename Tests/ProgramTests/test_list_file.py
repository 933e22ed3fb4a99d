"""The parameter `file` of `list`: which prediction made a local file."""

import os
import subprocess
from pathlib import Path

import pytest
from program import BINARY, PATIENCE, RPCError, environment, small


@pytest.fixture
def run(home):
    """Runs a command to its end in the home folder, without a key."""

    def start(*arguments):
        return subprocess.run(
            [BINARY, *map(str, arguments)], input="", capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home))

    return start


def drawn(program, prompt, **fields):
    return program.call("submit", input=small(prompt, **fields), wait_ms=30000)


def ids(program, path, **filters):
    return [one["id"] for one in program.call("list", file=str(path), **filters)["predictions"]]


def test_a_copy_under_any_name_leads_to_its_prediction(spawn, home):
    program = spawn()
    fox, boat = drawn(program, "a fox"), drawn(program, "a boat")
    saved = Path(fox["files"][0]["path"])
    copy = home / "Bücher und Bilder" / "fuchs 🦊.bin"
    copy.parent.mkdir()
    copy.write_bytes(saved.read_bytes())
    (home / "link.png").symlink_to(copy)
    for path in (saved, copy, home / "link.png"):
        assert ids(program, path) == [fox["id"]]
    assert ids(program, boat["files"][0]["path"]) == [boat["id"]]
    assert ids(program, copy, status="failed") == [] and ids(program, copy, limit=1, text="fox") == [fox["id"]]
    copy.write_bytes(saved.read_bytes() + b"x")
    assert ids(program, copy) == []
    # Several predictions may have the same bytes; the newest is the first.
    again = drawn(program, "a fox")
    if Path(again["files"][0]["path"]).read_bytes() == saved.read_bytes():
        assert ids(program, saved) == [again["id"], fox["id"]]


@pytest.mark.parametrize("path", [
    "fox.png", "", "~/fox.png", "@/fox.png", "/no/such/file", "/dev/zero", "/", "/tmp\0x", "/" + "a" * 4095, 5, ["/x"],
    "/\x1b[31m\n\u202e",
])
def test_a_path_that_names_no_readable_file_is_refused(spawn, path):
    with pytest.raises(RPCError) as caught:
        spawn().call("list", file=path)
    assert caught.value.code == -32602 and caught.value.data["path"] == "file"


def test_a_fifo_an_empty_file_and_a_huge_one_are_refused_at_once(spawn, home):
    os.mkfifo(home / "fifo")
    (home / "empty").touch()
    with open(home / "huge", "wb") as file:
        file.truncate(256_000_001)
    program = spawn()
    for name, reason in {"fifo": "not a regular file", "empty": "is empty", "huge": "larger than 256 MB"}.items():
        with pytest.raises(RPCError) as caught:
            program.call("list", file=str(home / name))
        assert reason in caught.value.message and "provider" not in caught.value.message


def test_hashing_delays_no_other_request(spawn, home):
    with open(home / "large", "wb") as file:
        file.truncate(250_000_000)
    program = spawn()
    slow = program.start("list", {"file": str(home / "large")})
    quick = program.start("ping")
    first = program.receive()
    assert first["id"] == quick
    assert program.reply(slow) == {"predictions": [], "next_cursor": None}


def test_the_command_takes_a_path_relative_to_its_folder(run, home):
    path = run("generate", "a fox", "-s", "size=64x64").stdout.strip()
    (home / "fox.png").write_bytes(Path(path).read_bytes())
    listed = run("list", "--file", "fox.png")
    assert listed.returncode == 0 and listed.stdout.endswith("a fox\n") and listed.stdout.count("\n") == 1
    missing = run("list", "--file", "no \x1b[31m.png")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no such file" in missing.stderr and "\x1b" not in missing.stderr

