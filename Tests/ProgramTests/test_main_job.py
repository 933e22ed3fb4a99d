"""The main job of the program: a prompt goes in, an image is on disk, and the database has the record."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from program import BINARY, ROOT, RPCError, environment, frame, small

SUBMIT = {
    "jsonrpc": "2.0", "id": 1, "method": "submit", "params": {"input": small("a red fox in snow"), "wait_ms": 10000},
}


def run(home, data, *arguments, **variables):
    """A whole process: its input, the end of input, its output."""
    return subprocess.run(
        [BINARY, *arguments], input=data, capture_output=True, env=environment(home, **variables), timeout=60
    )


def assert_is_picture(file):
    content = Path(file["path"]).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert file["media_type"] == "image/png"
    assert file["bytes"] == len(content)
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert [file["width"], file["height"]] == [int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")]


def test_one_line_in_one_completed_prediction_out(home):
    done = run(home, frame(SUBMIT))
    assert done.returncode == 0
    assert done.stderr == b""
    reply = json.loads(done.stdout)
    assert reply["id"] == 1
    prediction = reply["result"]
    assert prediction["status"] == "completed"
    assert prediction["billing"] == "charged" or prediction["provider"] == "sandbox"
    assert_is_picture(prediction["files"][0])


def test_the_same_with_headers(home):
    done = run(home, frame(SUBMIT, "header"))
    assert done.returncode == 0
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert head == b"Content-Length: %d" % len(body)
    assert json.loads(body)["result"]["status"] == "completed"


def test_without_wait_the_next_process_shows_it_completed(home):
    request = {**SUBMIT, "params": {"input": small("a red fox in snow")}}
    done = run(home, frame(request))
    assert done.returncode == 0
    prediction = json.loads(done.stdout)["result"]
    assert prediction["status"] in ("created", "processing", "completed")
    question = {"jsonrpc": "2.0", "id": 2, "method": "status", "params": {"id": prediction["id"]}}
    again = json.loads(run(home, frame(question)).stdout)["result"]
    assert again["status"] == "completed"
    assert_is_picture(again["files"][0])


def test_the_same_input_gives_the_same_bytes(spawn):
    with spawn() as program:
        one = program.call("submit", input=small("a lighthouse"), wait_ms=10000)
        two = program.call("submit", input=small("a lighthouse"), wait_ms=10000)
        other = program.call("submit", input=small("a lighthouse at night"), wait_ms=10000)
    assert one["id"] != two["id"]
    assert one["files"][0]["sha256"] == two["files"][0]["sha256"] != other["files"][0]["sha256"]


@pytest.mark.parametrize("size, width, height", [("64x4096", 64, 4096), ("64*128", 64, 128), (None, 1024, 1024)])
def test_sizes(spawn, size, width, height):
    with spawn() as program:
        input = {"prompt": "a boat", **({"size": size} if size else {})}
        file = program.call("submit", input=input, wait_ms=20000)["files"][0]
    assert (file["width"], file["height"]) == (width, height)


@pytest.mark.parametrize("size", ["63x64", "64x4097", "1024", "axb", "", "1024x1024x2", "-64x64"])
def test_a_wrong_size_is_refused_as_the_provider_would(spawn, size):
    with spawn() as program:
        prediction = program.call("submit", input={"prompt": "a boat", "size": size}, wait_ms=10000)
    assert prediction["status"] == "failed"
    assert prediction["failure"]["type"] == "invalid_input"
    assert prediction["billing"] == "none"
    assert "4096" in prediction["error"] or "4096" in prediction["failure"]["hint"]


def test_several_images_and_a_chosen_name(spawn, home):
    with spawn() as program:
        folder = home / "album"
        prediction = program.call(
            "submit", input=small("a boat", n=3), output_dir=str(folder), output_name="boat", wait_ms=20000
        )
    assert [Path(file["path"]).name for file in prediction["files"]] == ["boat-1.png", "boat-2.png", "boat-3.png"]
    assert sorted(os.listdir(folder)) == ["boat-1.png", "boat-2.png", "boat-3.png"]


def test_an_existing_file_is_never_replaced(spawn, home):
    (home / "boat.png").write_bytes(b"mine")
    with spawn() as program:
        prediction = program.call("submit", input=small("a boat"), output_dir=str(home), output_name="boat", wait_ms=10000)
    assert (home / "boat.png").read_bytes() == b"mine"
    assert prediction["files"][0]["path"] == str(home / "boat_2.png")


def test_a_waiting_call_blocks_no_other_call(spawn):
    with spawn() as program:
        slow = program.call("submit", input={"prompt": "never", "sandbox": {"never": True}})
        waiting = program.start("result", id=slow["id"], timeout_ms=60000)
        quick = program.call("submit", input=small("quick"), wait_ms=10000)
        assert quick["status"] == "completed"
        assert program.call("ping") == {}
        assert waiting not in program.replies
        assert program.call("cancel", id=slow["id"])["status"] == "cancelled"
        assert program.reply(waiting)["status"] == "cancelled"


@pytest.mark.parametrize("script, status, kind, billing", [
    ({"fail": "content_refused"}, "failed", "content_refused", None),
    ({"fail": "rate_limited"}, "failed", "rate_limited", None),
    ({"lost_reply": True}, None, None, None),
    ({"nsfw": True}, "completed", None, None),
    ({"delay_ms": 300}, "completed", None, None),
])
def test_the_sandbox_plays_faults(spawn, script, status, kind, billing):
    with spawn() as program:
        prediction = program.call("submit", input=small("a boat", sandbox=script), wait_ms=20000)
    if status:
        assert prediction["status"] == status
    else:
        assert prediction["status"] in ("unknown", "completed")
    if kind:
        assert prediction["failure"]["type"] == kind
        assert prediction["error"]
    if script.get("nsfw"):
        assert prediction["has_nsfw_contents"] == [True]
    if script.get("delay_ms"):
        assert prediction["timings"]["total"] >= 300


def test_kill_in_the_middle_and_the_next_process_completes_it(spawn):
    with spawn() as program:
        prediction = program.call("submit", input=small("a slow boat", sandbox={"delay_ms": 1500}))
        program.kill()
    with spawn() as program:
        after = program.call("result", id=prediction["id"], timeout_ms=20000)
        assert after["status"] == "completed"
        assert_is_picture(after["files"][0])


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params, path", [
    ({}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n\t"}, "prompt"),
    ({"input": {}}, "prompt"),
    ({"input": {"prompt": 5}}, "input.prompt"),
    ({"promt": "a boat"}, "promt"),
    ({"prompt": "a boat", "provider": "dalle"}, "provider"),
    ({"prompt": "a boat", "output_dir": "relative"}, "output_dir"),
    ({"prompt": "a boat", "output_name": "../boat"}, "output_name"),
    ({"prompt": "a boat", "tags": ["x" * 129]}, "tags[0]"),
    ({"prompt": "a boat", "metadata": {"x": "y" * 9000}}, "metadata"),
    ({"prompt": "a boat", "idempotency_key": ""}, "idempotency_key"),
])
def test_bad_params_are_named_and_nothing_exists(spawn, params, path):
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", params)
        assert error.value.code == -32602
        assert error.value.data["type"] == "invalid_params"
        assert error.value.data["path"] == path
        assert program.call("list")["predictions"] == []


def test_a_missing_key_names_the_variable(spawn):
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat", provider="wavespeed")
    assert error.value.code == 1005
    assert error.value.data["type"] == "provider_not_configured"
    assert "WAVESPEED_API_KEY" in error.value.data["hint"]


def test_a_model_that_is_no_name_is_refused_without_a_post(paid, wavespeed):
    with paid() as program:
        prediction = program.call("submit", prompt="a boat", model="../balance", wait_ms=10000)
    assert prediction["status"] == "failed"
    assert prediction["failure"]["type"] == "model_unavailable"
    assert prediction["billing"] == "none"
    assert wavespeed.posts() == []


def test_ids_that_name_nothing(spawn):
    with spawn() as program:
        for method in ("status", "result", "cancel"):
            with pytest.raises(RPCError) as error:
                program.call(method, id="0197a0b0-0000-7000-8000-000000000000")
            assert error.value.code == 1001
            assert error.value.data["id"] == "0197a0b0-0000-7000-8000-000000000000"


def test_a_state_folder_that_cannot_be_used_is_an_error_and_the_process_lives(spawn, home):
    # Below a file there is no folder, for root neither.
    (home / "file").write_text("")
    with spawn("--state-dir", home / "file" / "state") as program:
        assert program.call("ping") == {}
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat")
        assert error.value.code == 1007
        assert error.value.data["hint"]
        assert program.call("ping") == {}


def test_an_output_folder_that_cannot_be_used_is_an_error(spawn, home):
    (home / "file").write_text("")
    with spawn("--output-dir", home / "file" / "pictures") as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat")
        assert error.value.code == 1007
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat", output_dir=str(home / "file" / "here"))
        assert error.value.code == -32602
        assert error.value.data["path"] == "output_dir"
        assert program.call("submit", input=small("a boat"), output_dir=str(home / "here"), wait_ms=10000)["status"] == "completed"


def test_a_table_of_a_newer_version_is_refused_and_untouched(spawn, home):
    import sqlite3

    with spawn() as program:
        program.call("submit", input=small("a boat"), wait_ms=10000)
        program.finish()
    table = next((home / ".local/state/imagewire").glob("*.db"))
    connection = sqlite3.connect(table)
    connection.execute("PRAGMA user_version = 999")
    connection.execute("UPDATE meta SET value = 999 WHERE name IN ('min_writer', 'min_reader')")
    connection.commit()
    connection.close()
    before = table.read_bytes()
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("list")
        assert error.value.code == 1007
        assert "newer" in error.value.message
    assert table.read_bytes() == before


def test_a_corrupt_table_is_set_aside_whole_and_said_so(spawn, home):
    with spawn() as program:
        program.call("submit", input=small("a boat"), wait_ms=10000)
        program.finish()
    state = home / ".local/state/imagewire"
    table = next(state.glob("*.db"))
    with sqlite3.connect(table) as connection:
        # From the log alone SQLite would make it whole again.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(table.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    table.write_bytes(content)
    with spawn() as program:
        assert program.call("submit", input=small("another boat"), wait_ms=10000)["status"] == "completed"
        program.finish()
        assert b"damaged" in program.log
    broken = list(state.glob("broken-*"))
    assert len(broken) == 1
    assert (broken[0] / "predictions.db").read_bytes() == bytes(content)


# -- the READMEs ----------------------------------------------------------------------------------------------------


def blocks(page, language):
    """The examples of a page in a language."""
    return [part.split("```")[0] for part in (ROOT / page).read_text().split(f"```{language}\n")[1:]]


def run_example(home, command, script, **variables):
    """Runs an example as printed, with the program on the path. It prints the path of an image."""
    path = f"{Path(BINARY).resolve().parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command, input=script.encode(), capture_output=True, timeout=60, cwd=home, env=environment(home, PATH=path, **variables)
    )
    assert done.returncode == 0, done.stderr.decode()
    assert Path(done.stdout.decode().strip().splitlines()[-1]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("language, command", [("python", [sys.executable, "-"]), ("js", ["node", "--input-type=module", "-"])])
@pytest.mark.parametrize("page", ["README.md", "clients/README.md"])
def test_the_scripts_of_the_readme_work_as_printed(home, page, language, command):
    # As if both packages were installed; the examples of clients/README.md need none.
    if page == "README.md":
        (home / "node_modules").mkdir()
        (home / "node_modules/imagewire").symlink_to(ROOT / "clients/node")
    variables = {"PYTHONPATH": ROOT / "clients/python/src"} if page == "README.md" else {}
    scripts = blocks(page, language)
    assert len(scripts) == 1
    run_example(home, command, scripts[0], **variables)


def test_the_first_message_of_the_readme_works_as_printed(home):
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines() if line.startswith("printf ")]
    assert len(lines) == 1
    run_example(home, ["sh"], lines[0] + " | sed 's/.*\"path\":\"\\([^\"]*\\)\".*/\\1/'")


def test_the_conversation_in_shell_works(home):
    done = subprocess.run(
        [str(ROOT / "clients/shell/conversation.sh"), BINARY, 'a "red" fox \\ in snow'], capture_output=True,
        env=environment(home), timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert Path(done.stdout.decode().strip().splitlines()[-1].removeprefix("The image: ")).stat().st_size > 1000


def test_signals_end_it_cleanly(spawn):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with spawn() as program:
            slow = program.call("submit", input={"prompt": "never", "sandbox": {"never": True}})
            waiting = program.start("result", id=slow["id"], timeout_ms=60000)
            program.call("ping")
            assert program.kill(number) == 0
            assert program.reply(waiting)["status"] in ("created", "processing")
