"""Local images as inputs: uploaded only if the caller asks for it, and before the paid request."""

import hashlib
import json
import os
import re
import sqlite3
import time
from pathlib import Path

import pytest
from openai import LoopbackOpenAI
from program import KEY, RPCError, wait_for
from wavespeed import png


@pytest.fixture
def picture(home):
    """An image in a folder whose name must not leave this machine."""
    folder = home / "very private folder"
    folder.mkdir()
    path = folder / "fox.png"
    path.write_bytes(png())
    return path


def submit(program, input, **members):
    members = {"upload": True, "wait_ms": 20000, **members}
    return program.call("submit", input={"prompt": "make it snow", **input}, **members)


def kinds(server):
    return [request["endpoint"] for request in server.log()]


def assert_nothing_private(server, picture):
    for request in server.log():
        whole = json.dumps(request["headers"]) + request["target"] + request["body"]
        assert "private" not in whole and str(picture) not in whole, request


# -- the good way ------------------------------------------------------------------------------------------------------


def test_the_model_gets_an_address_and_the_caller_keeps_the_path(paid, wavespeed, picture, home):
    with paid() as program:
        done = submit(program, {"image": f"@{picture}", "deep": {"list": ["x", f"@{picture}"]}, "seed": 9007199254740993})
        assert (done["status"], done["billing"]) == ("completed", "charged")
        assert done["input"]["image"] == f"@{picture}"
        program.finish()
    (ticket,) = [r for r in wavespeed.log() if r["endpoint"] == "ticket"]
    assert ticket["headers"]["authorization"] == f"Bearer {KEY}"
    content = picture.read_bytes()
    assert json.loads(ticket["body"]) == {"filename": "fox.png", "size": len(content), "content_type": "image/png"}
    # Named twice, sent once: exactly its bytes, with exactly the ticket's headers and what HTTP needs.
    (put,) = wavespeed.puts()
    assert put["sha256"] == hashlib.sha256(content).hexdigest()
    assert put["headers"] == {
        "content-type": "image/png", "if-none-match": "*", "x-ticket": "1-fox.png", "x-empty": "",
        "host": f"127.0.0.1:{wavespeed.output_port}", "content-length": str(len(content)),
    }
    (post,) = wavespeed.posts()
    address = "https://media.example/1-fox.png"
    assert post["body"] == (
        '{"prompt":"make it snow","image":"%s","deep":{"list":["x","%s"]},"seed":9007199254740993}' % (address, address)
    )
    assert_nothing_private(wavespeed, picture)
    # The signed address is kept nowhere.
    state = home / ".local/state/imagewire"
    assert not [path for path in state.rglob("*") if path.is_file() and b"SIGNED" in path.read_bytes()]
    assert b"SIGNED" not in program.log


def test_nothing_leaves_and_nothing_is_opened_without_consent(paid, wavespeed, home):
    # Opening it would be seen: opening a pipe without a writer blocks.
    pipe = home / "pipe.png"
    os.mkfifo(pipe)
    with paid() as program:
        for members in ({"upload": False}, {"upload": None}):
            done = submit(program, {"image": f"@{pipe}", "other": "@/etc/passwd"}, **members)
            assert done["status"] == "completed"
        program.finish()
    assert {*kinds(wavespeed)} == {"submit", "poll", "download"}
    assert [json.loads(post["body"])["image"] for post in wavespeed.posts()] == [f"@{pipe}"] * 2


def test_a_prompt_is_never_a_file(paid, wavespeed, picture):
    with paid() as program:
        text = f"@{picture}"
        done = program.call(
            "submit", input={"prompt": text, "layers": [{"prompt": text}], "who": "@alice", "image": text}, upload=True,
            wait_ms=20000,
        )
        assert done["status"] == "completed"
        program.finish()
    assert len(wavespeed.puts()) == 1
    sent = json.loads(wavespeed.posts()[0]["body"])
    assert sent.pop("image").startswith("http")
    assert sent == {"prompt": text, "layers": [{"prompt": text}], "who": "@alice"}


@pytest.mark.parametrize("field, path", [
    ({}, "upload"),
    ({"image": "https://example.com/a.png"}, "upload"),
    ({"image": "@fox.png"}, "input.image"),
    ({"image": "@./fox"}, "input.image"),
    ({"image": "@pictures/fox.png"}, "input.image"),
    ({"image": "fox.png"}, "input.image"),
    ({"image": "{picture}"}, "input.image"),
    ({"image": "file://{picture}"}, "input.image"),
    ({"images": ["@{picture}", "{picture}"]}, "input.images[1]"),
])
def test_what_was_meant_as_a_file_never_goes_out_as_words(paid, wavespeed, home, picture, field, path):
    """With `upload`, the model must never get a file's name as text."""
    (home / "fox.png").write_bytes(png())
    field = json.loads(json.dumps(field).replace("{picture}", str(picture)))
    with paid() as program:
        with pytest.raises(RPCError) as error:
            submit(program, field)
        assert error.value.code == -32602 and error.value.data["path"] == path
        assert "Nothing was sent." in error.value.message
        program.finish()
    assert wavespeed.log() == []


@pytest.mark.parametrize("where, path", [
    (lambda file: {"image": file}, "input.image"),
    (lambda file: {"images": ["https://example.com/a.png", file]}, "input.images[1]"),
    (lambda file: {"a": {"b": [{"c": file}]}}, "input.a.b[0].c"),
])
@pytest.mark.parametrize("what", ["missing", "folder", "pipe", "empty", "text", "too large"])
def test_a_file_that_cannot_go_is_refused_at_once(paid, wavespeed, home, where, path, what):
    file = home / "it.png"
    if what == "folder":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    elif what != "missing":
        file.write_bytes({"empty": b"", "text": b"BMW is a car, not a bitmap", "too large": png()}[what])
    if what == "too large":
        os.truncate(file, 200_000_001)
    with paid() as program:
        with pytest.raises(RPCError) as error:
            submit(program, where(f"@{file}"))
        assert error.value.code == -32602 and error.value.data["path"] == path and str(file) in error.value.message
        assert program.call("list")["predictions"] == []
        program.finish()
    assert wavespeed.log() == []


def test_a_key_finds_what_was_made_of_a_file_that_is_gone(paid, wavespeed, picture):
    with paid() as program:
        first = submit(program, {"image": f"@{picture}"}, idempotency_key="once")
        picture.unlink()
        again = submit(program, {"image": f"@{picture}"}, idempotency_key="once")
        assert again["id"] == first["id"] and again["status"] == "completed"
        with pytest.raises(RPCError) as error:
            submit(program, {"image": f"@{picture}"}, idempotency_key="twice")
        assert error.value.code == -32602 and error.value.data["path"] == "input.image"
        program.finish()
    assert len(wavespeed.posts()) == 1


def test_a_key_knows_a_file_from_its_spelling(paid, wavespeed, picture):
    with paid() as program:
        submit(program, {"image": f"@{picture}"}, idempotency_key="once")
        with pytest.raises(RPCError) as error:
            submit(program, {"image": f"@{picture}"}, idempotency_key="once", upload=False)
        assert error.value.code == 1002 and "upload" in error.value.data["hint"]
        program.finish()
    assert len(wavespeed.posts()) == 1


def test_more_files_than_anybody_sends_are_refused(paid, wavespeed, picture):
    with paid() as program:
        with pytest.raises(RPCError) as error:
            submit(program, {"images": [f"@{picture}"] * 65})
        assert error.value.code == -32602 and error.value.data["path"] == "input"
        program.finish()
    assert wavespeed.log() == []


def test_a_ticket_does_not_say_how_bytes_travel(paid, wavespeed, picture):
    more = {"Transfer-Encoding": "chunked", "Connection": "upgrade", "Content-Length": "1"}
    wavespeed.script(ticket=[{"do": "headers", "more": more}])
    with paid() as program:
        assert submit(program, {"image": f"@{picture}"})["status"] == "completed"
        program.finish()
    assert kinds(wavespeed).count("put") == 1


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script, kind, tries", [
    ({"ticket": [{"do": "401"}]}, "authentication", 1),
    ({"ticket": [{"do": "402"}]}, "insufficient_credit", 1),
    ({"ticket": [{"do": "403"}]}, "authentication", 1),
    ({"ticket": [{"do": "404"}]}, "invalid_input", 1),
    ({"ticket": [{"do": "413"}]}, "invalid_input", 1),
    ({"ticket": [{"do": "422"}]}, "invalid_input", 1),
    ({"ticket": [{"do": "302", "to": "{output}/elsewhere"}]}, "remote_error", 1),
    ({"ticket": [{"do": "elsewhere", "to": "http://169.254.169.254/put"}]}, "remote_error", 1),
    ({"ticket": [{"do": "elsewhere", "to": "file:///etc/passwd"}]}, "remote_error", 1),
    ({"ticket": [{"do": "elsewhere", "address": "http://169.254.169.254/fox.png"}]}, "remote_error", 1),
    ({"ticket": [{"do": "elsewhere", "address": "file:///etc/passwd"}]}, "remote_error", 1),
    ({"ticket": [{"do": "429", "times": "forever"}]}, "rate_limited", 3),
    ({"ticket": [{"do": "500", "times": "forever"}]}, "remote_error", 3),
    ({"ticket": [{"do": "html", "times": "forever"}]}, "remote_error", 3),
    ({"ticket": [{"do": "truncated", "times": "forever"}]}, "remote_error", 3),
    ({"ticket": [{"do": "no_url", "times": "forever"}]}, "remote_error", 3),
    ({"ticket": [{"do": "drop", "times": "forever"}]}, "network", 3),
    ({"put": [{"do": "400"}]}, "remote_error", 1),
    ({"put": [{"do": "413"}]}, "invalid_input", 1),
    ({"put": [{"do": "302", "to": "{output}/put/elsewhere"}]}, "remote_error", 1),
    ({"put": [{"do": "403", "times": "forever"}]}, "remote_error", 3),
    ({"put": [{"do": "429", "times": "forever"}]}, "rate_limited", 3),
    ({"put": [{"do": "503", "times": "forever"}]}, "remote_error", 3),
    ({"put": [{"do": "reset", "times": "forever"}]}, "network", 3),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else None)
def test_what_goes_wrong_costs_nothing(paid, wavespeed, picture, script, kind, tries):
    wavespeed.script(**script)
    with paid() as program:
        done = submit(program, {"image": f"@{picture}"})
        program.finish()
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", kind), done["failure"]
    assert "input.image" in done["error"] and done["failure"]["hint"] and "SIGNED" not in json.dumps(done)
    assert wavespeed.posts() == []
    assert sum(kind in script for kind in kinds(wavespeed)) == tries


@pytest.mark.parametrize("script", [{"ticket": ["500"]}, {"ticket": ["drop"]}, {"put": ["503"]}, {"put": ["403", "reset"]}])
def test_a_fault_that_occurs_once_is_tried_again(paid, wavespeed, picture, script):
    wavespeed.script(**script)
    with paid() as program:
        assert submit(program, {"image": f"@{picture}"})["status"] == "completed"
        program.finish()
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("change", ["gone", "text", "empty"])
def test_a_file_that_changes_before_its_turn(paid, wavespeed, picture, change):
    # The place in the queue is held by another one.
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid("--max-concurrency", 1) as program:
        program.call("submit", prompt="the first")
        wait_for(wavespeed.posts, "it is not sent")
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        if change == "gone":
            picture.unlink()
        else:
            picture.write_bytes(b"" if change == "empty" else b"no picture at all")
        wavespeed.release()
        done = program.call("result", id=id)
        program.finish()
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "invalid_input")
    assert str(picture) in done["error"]
    assert len(wavespeed.posts()) == 1 and wavespeed.puts() == []


def test_a_file_that_changes_while_it_is_sent(paid, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    with paid() as program:
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        wait_for(wavespeed.puts, "it is not uploaded")
        with picture.open("ab") as file:
            file.write(b"more")
        wavespeed.release()
        done = program.call("result", id=id)
        program.finish()
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "invalid_input")
    assert wavespeed.posts() == []


# -- in the middle of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["ticket", "put"])
def test_cancelled_while_it_is_uploaded(paid, wavespeed, picture, endpoint):
    wavespeed.script(**{endpoint: [{"do": "normal", "hold": True}]})
    with paid() as program:
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        wait_for(lambda: endpoint in kinds(wavespeed), "no request comes there")
        done = program.call("cancel", id=id)
        assert (done["status"], done["billing"]) == ("cancelled", "none")
        wavespeed.release()
        # The next one is not held up, and the first is not sent after all.
        assert program.call("submit", prompt="another", wait_ms=20000)["status"] == "completed"
        assert program.call("status", id=id)["status"] == "cancelled"
        program.finish()
    assert [json.loads(post["body"])["prompt"] for post in wavespeed.posts()] == ["another"]


def test_others_do_not_wait_for_an_upload(paid, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    with paid() as program:
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        wait_for(wavespeed.puts, "it is not uploaded")
        assert program.call("submit", prompt="another", wait_ms=20000)["status"] == "completed"
        assert program.call("status", id=id)["status"] == "created"
        wavespeed.release()
        assert program.call("result", id=id)["status"] == "completed"
        program.finish()


def test_end_of_input_while_it_is_uploaded(paid, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "delay_ms": 500}])
    with paid() as program:
        submit(program, {"image": f"@{picture}"}, wait_ms=0)
        # An accepted prediction is handed over, as any other.
        assert program.finish() == 0
    assert len(wavespeed.posts()) == 1


def test_killed_while_it_is_uploaded(paid, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    with paid() as program:
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        wait_for(wavespeed.puts, "it is not uploaded")
        program.kill()
    wavespeed.release()
    with paid() as program:
        done = program.call("result", id=id)
        assert (done["status"], done["billing"]) == ("completed", "charged")
        program.finish()
    assert len(wavespeed.posts()) == 1 and len(wavespeed.puts()) == 2


def test_a_claim_is_only_made_with_everything_uploaded(paid, wavespeed, picture, home):
    """The window in which the history is searched begins with the POST, not with the upload."""
    wavespeed.script(put=[{"do": "normal", "delay_ms": 1000}], submit=["lost_reply"])
    with paid() as program:
        began = time.time()
        id = submit(program, {"image": f"@{picture}"}, wait_ms=0)["id"]
        done = program.call("result", id=id)
        assert (done["status"], done["billing"]) == ("completed", "charged")
        program.finish()
    (sent,) = sqlite3.connect(home / ".local/state/imagewire/predictions.db").execute("SELECT sent_ms FROM sends")
    assert sent[0] / 1000 - began >= 1
    # Found again by its prompt, since the address of the image proves nothing.
    assert len(wavespeed.posts()) == 1


def test_one_upload_for_all_processes(paid, wavespeed, picture):
    for number in range(3):
        with paid() as program:
            assert submit(program, {"prompt": f"number {number}", "image": f"@{picture}"})["status"] == "completed"
            program.finish()
    assert len(wavespeed.puts()) == 1 and len(wavespeed.posts()) == 3
    assert len({json.loads(post["body"])["image"] for post in wavespeed.posts()}) == 1
    # Another account cannot use it.
    with paid(WAVESPEED_API_KEY="another") as program:
        assert submit(program, {"image": f"@{picture}"})["status"] == "completed"
        program.finish()
    assert len(wavespeed.puts()) == 2


def test_many_with_the_same_picture(paid, wavespeed, picture):
    copy = picture.with_name("copy.png")
    copy.write_bytes(picture.read_bytes())
    with paid("--max-concurrency", 8) as program:
        ids = [
            submit(program, {"prompt": f"number {n}", "image": f"@{picture if n % 2 else copy}"}, wait_ms=0)["id"]
            for n in range(8)
        ]
        assert program.call("wait", ids=ids)["done"]
        program.finish()
    assert len(wavespeed.puts()) == 1 and len(wavespeed.posts()) == 8


def test_the_table_refuses_a_claim_before_the_files(paid, wavespeed, picture, home):
    """Claims the oldest in the queue, as code without support for files would do."""
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    with paid() as program:
        submit(program, {"image": f"@{picture}"}, wait_ms=0)
        wait_for(wavespeed.puts, "it is not uploaded")
        program.kill()
    wavespeed.release()
    table = sqlite3.connect(home / ".local/state/imagewire/predictions.db")
    with pytest.raises(sqlite3.IntegrityError, match="files"):
        table.execute("UPDATE predictions SET status = 'processing', phase = 'sending' WHERE phase = 'queued'")


def test_money_is_asked_about_with_the_address(paid, wavespeed, picture):
    with paid() as program:
        done = submit(program, {"image": f"@{picture}"}, max_cost=1)
        assert done["status"] == "completed"
        done = submit(program, {"prompt": "a dearer one", "n": 2, "image": f"@{picture}"}, max_cost=0.01)
        assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "budget_exceeded")
        program.finish()
    prices = [json.loads(r["body"])["inputs"]["image"] for r in wavespeed.log() if r["endpoint"] == "price"]
    assert prices == ["https://media.example/1-fox.png"] * 2
    assert_nothing_private(wavespeed, picture)
    assert len(wavespeed.posts()) == 1


# -- the other providers -----------------------------------------------------------------------------------------------


def test_the_sandbox_takes_a_picture_and_looks_at_none(spawn, picture):
    with spawn() as program:
        plain = submit(program, {"size": "64x64"}, provider="sandbox", upload=False)
        done = submit(program, {"size": "64x64", "image": f"@{picture}"}, provider="sandbox")
        assert done["status"] == "completed" and done["files"][0]["sha256"] == plain["files"][0]["sha256"]
        with pytest.raises(RPCError) as error:
            submit(program, {"image": "@/no/such/file.png"}, provider="sandbox")
        assert error.value.data["path"] == "input.image"
        program.finish()


def test_an_edit_carries_the_bytes(spawn, picture):
    with LoopbackOpenAI() as openai:
        with spawn(OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai") as program:
            done = submit(program, {"image": [f"@{picture}", f"@{picture}"], "n": 1})
            assert done["status"] == "completed", done["error"]
            program.finish()
        (post,) = openai.posts()
    assert post["path"] == "/v1/images/edits"
    assert post["body"].count(picture.read_bytes()) == 2
    assert b"private" not in post["body"]


def test_images_that_are_too_long_together_are_refused_before_they_fill_the_memory(spawn, home):
    # Sixteen times one file of 9 MB, which as base64 stand in one body.
    path = home / "large.png"
    path.write_bytes(png(8, 8) + bytes(9_000_000))
    with LoopbackOpenAI() as openai:
        with spawn(OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai") as program:
            done = program.call(
                "submit", input={"prompt": "a fox", "image": [f"@{path}"] * 16}, upload=True, wait_ms=60_000)
            assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "invalid_input")
            assert "more than 75 MB together" in done["failure"]["message"] and "Nothing was sent" in done["failure"]["message"]
            assert openai.posts() == []
            peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{program.process.pid}/status").read_text())[1])
            assert peak < 150_000
