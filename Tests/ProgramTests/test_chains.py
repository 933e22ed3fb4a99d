"""Outputs of earlier predictions as inputs, also of predictions that are not finished yet."""

import json
import os
import signal
import sqlite3

import pytest
from openai import LoopbackOpenAI
from program import KEY, RPCError, wait_for

MISSING = "01a20d36-9e0c-79d7-a459-6c6967687468"


def name(id, output=1):
    return f"imagewire://predictions/{id}/{output}"


def submit(program, prompt, id=None, output=1, **members):
    input = {"prompt": prompt, **({"image": name(id, output)} if id else {})}
    return program.call("submit", input=input, **members)


def finished(program, prompt, **members):
    done = submit(program, prompt, wait_ms=20000, **members)
    assert done["status"] == "completed", done
    return done


def body(post):
    return json.loads(post["body"])


def table(home):
    connection = sqlite3.connect(home / ".local/state/imagewire/predictions.db", isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


def assert_no_words(server):
    """No request has the name of an output in the place of the output."""
    for request in server.log():
        assert "imagewire:" not in request["body"] and "imagewire:" not in request["target"], request


# -- finished predictions ----------------------------------------------------------------------------------------------


def test_the_address_goes_to_the_account_that_it_is_of(paid, wavespeed):
    with paid() as program:
        first = finished(program, "a fox")
        done = program.call(
            "submit", input={"prompt": "snow", "images": ["https://x/a.png", name(first["id"])], "deep": {"k": name(first["id"])}},
            wait_ms=20000,
        )
        assert (done["status"], done["billing"]) == ("completed", "charged") and "waits_for" not in done
        assert done["input"]["images"][1] == name(first["id"])
        program.finish()
    post = body(wavespeed.posts()[1])
    assert post["images"] == ["https://x/a.png", first["outputs"][0]] and post["deep"]["k"] == first["outputs"][0]
    assert wavespeed.puts() == []
    assert_no_words(wavespeed)


def test_a_prompt_names_nothing(paid, wavespeed):
    with paid() as program:
        finished(program, name(MISSING))
        program.finish()
    assert body(wavespeed.posts()[0])["prompt"] == name(MISSING)


def test_another_account_gets_the_file_and_only_if_it_may(paid, wavespeed, home):
    with paid() as program:
        first = finished(program, "a fox")
        program.finish()
    with paid(WAVESPEED_API_KEY="another") as program:
        with pytest.raises(RPCError) as error:
            submit(program, "snow", first["id"])
        assert error.value.code == -32602 and error.value.data["path"] == "input.image"
        assert "upload: true" in error.value.message and error.value.message.endswith("Nothing was sent.")
        for prompt in ("snow", "rain"):
            assert submit(program, prompt, first["id"], upload=True, wait_ms=20000)["status"] == "completed"
        program.finish()
    (put,) = wavespeed.puts()
    assert put["sha256"] == first["files"][0]["sha256"]
    assert {body(post)["image"] for post in wavespeed.posts()[1:]} == {wavespeed_address(first)}
    assert_no_words(wavespeed)
    assert str(home) not in "".join(request["body"] for request in wavespeed.log())


def wavespeed_address(first):
    return f"https://media.example/1-{first['files'][0]['path'].rpartition('/')[2]}"


def test_an_old_address_is_not_used(paid, wavespeed, home):
    with paid() as program:
        first = finished(program, "a fox")
        program.finish()
    table(home).execute("UPDATE predictions SET started_ms = started_ms - 86400000")
    with paid() as program:
        finished(program, "snow", id=first["id"])
        program.finish()
    assert len(wavespeed.puts()) == 1 and body(wavespeed.posts()[1])["image"] == wavespeed_address(first)


@pytest.mark.parametrize("change", ["gone", "changed", "longer"])
def test_a_file_that_is_not_what_was_saved_is_not_sent(paid, wavespeed, home, change):
    with paid() as program:
        first = finished(program, "a fox")
        program.finish()
    table(home).execute("UPDATE predictions SET started_ms = started_ms - 86400000")
    with open(first["files"][0]["path"], "r+b") as file:
        content = bytearray(file.read())
        content[-20] ^= 1
        if change != "gone":
            file.seek(0)
            file.write(bytes(content) if change == "changed" else bytes(content) + b"x")
    if change == "gone":
        os.unlink(first["files"][0]["path"])
    with paid() as program:
        done = submit(program, "snow", first["id"], wait_ms=20000)
        program.finish()
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "dependency_failed")
    assert len(wavespeed.posts()) == 1 and wavespeed.puts() == []


@pytest.mark.parametrize("text", [
    name(MISSING), name(MISSING, 0), name(MISSING, "01"), name(MISSING, 65), name(MISSING.upper()), "imagewire://x",
    "IMAGEWIRE://predictions/" + MISSING + "/1", " " + name(MISSING),
])
def test_what_names_nothing_is_refused_and_never_sent_as_words(paid, wavespeed, text):
    with paid() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", input={"prompt": "x", "images": ["https://x/a.png", {"b": text}]})
        assert error.value.code == -32602 and error.value.data["path"] == "input.images[1].b"
        assert program.call("list")["predictions"] == []
        checked = program.call("validate", input={"prompt": "x", "images": [{"b": text}]}, provider="sandbox")
        assert not checked["valid"] and [problem["path"] for problem in checked["problems"]] == ["input.images[0].b"]
        program.finish()
    assert wavespeed.log() == []


def test_outputs_that_cannot_come_are_refused(paid, wavespeed):
    wavespeed.script(submit=["400"])
    with paid() as program:
        failed = submit(program, "refused", wait_ms=20000)
        assert failed["status"] == "failed"
        done = finished(program, "a fox")
        for id, output in ((failed["id"], 1), (done["id"], 2)):
            with pytest.raises(RPCError) as error:
                submit(program, "snow", id, output)
            assert error.value.code == -32602 and error.value.data["path"] == "input.image"
        with pytest.raises(RPCError) as error:
            program.call("submit", input={"prompt": "x", "images": [name(done["id"])] * 65})
        assert error.value.data["path"] == "input"
        program.finish()
    assert len(wavespeed.posts()) == 2


def test_a_key_finds_what_was_made_of_an_output_that_is_gone(paid, wavespeed):
    with paid() as program:
        first = finished(program, "a fox")
        second = submit(program, "snow", first["id"], idempotency_key="once", wait_ms=20000)
        program.call("delete", ids=[first["id"]])
        assert submit(program, "snow", first["id"], idempotency_key="once")["id"] == second["id"]
        with pytest.raises(RPCError) as error:
            submit(program, "snow", first["id"], idempotency_key="twice")
        assert error.value.data["path"] == "input.image"
        program.finish()
    assert len(wavespeed.posts()) == 2


def test_the_sandbox_and_openai_take_the_file(spawn):
    with LoopbackOpenAI() as openai:
        with spawn(OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai") as program:
            first = finished(program, "a fox")
            done = submit(program, "snow", first["id"], wait_ms=20000)
            assert done["status"] == "completed", done["error"]
            drawn = program.call("submit", input={"prompt": "rain", "size": "64x64"}, provider="sandbox", wait_ms=20000)
            # A drawing of the sandbox goes to another provider only with consent.
            with pytest.raises(RPCError) as error:
                submit(program, "snow", drawn["id"])
            assert error.value.data["path"] == "input.image"
            again = program.call(
                "submit", input={"prompt": "night", "size": "64x64", "image": name(drawn["id"])}, provider="sandbox", wait_ms=20000
            )
            assert again["status"] == "completed"
            program.finish()
        posts = openai.posts()
    with open(first["files"][0]["path"], "rb") as file:
        assert posts[1]["path"] == "/v1/images/edits" and file.read() in posts[1]["body"]
    assert not any(b"imagewire:" in post["body"] for post in posts)


# -- unfinished predictions --------------------------------------------------------------------------------------------


def test_a_chain_of_three(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"])
        c = submit(program, "night", b["id"])
        assert (b["status"], b["waits_for"], b["cost"], c["waits_for"]) == ("created", [a["id"]], None, [b["id"]])
        wait_for(wavespeed.posts, "it is not sent")
        assert program.call("status", id=b["id"])["waits_for"] == [a["id"]]
        listed = {p["id"]: p.get("waits_for") for p in program.call("list", status="created")["predictions"]}
        assert listed == {b["id"]: [a["id"]], c["id"]: [b["id"]]}
        wavespeed.release()
        done = program.call("result", id=c["id"])
        assert (done["status"], done["billing"]) == ("completed", "charged") and "waits_for" not in done
        program.finish()
    assert [body(post)["prompt"] for post in wavespeed.posts()] == ["a fox", "snow", "night"]
    assert_no_words(wavespeed)


def test_waits_for_loses_each_target_that_is_finished(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        a, b = submit(program, "a fox"), submit(program, "a hare")
        c = program.call("submit", input={"prompt": "both", "images": [name(a["id"]), name(b["id"])]})
        wait_for(lambda: len(wavespeed.posts()) == 2 and program.call("status", id=b["id"])["remote_id"], "they are not sent")
        for _ in range(2):
            assert program.call("status", id=c["id"])["waits_for"] == [a["id"], b["id"]]
        slow = program.call("status", id=b["id"])["remote_id"]
        wavespeed.clear()
        wavespeed.script(poll=[{"do": "running", "times": "forever", "at": slow}])
        assert program.call("result", id=a["id"])["status"] == "completed"
        assert program.call("status", id=c["id"])["waits_for"] == [b["id"]]
        program.kill()


@pytest.mark.parametrize("how", ["fails", "cancelled", "chain", "unknown", "never completes"])
def test_the_first_link_breaks(paid, wavespeed, how):
    scripts = {
        "fails": {"poll": [{"do": "state", "status": "failed", "error": "No."}], "polls": 0},
        "unknown": {"submit": ["drop"], "history": [{"do": "500", "times": "forever"}]},
        "never completes": {"polls": 0, "outputs": ["{output}/output/{id}.png"]},
    }
    wavespeed.script(**scripts.get(how, {"poll": [{"do": "running", "times": "forever"}]}))
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"], 2 if how == "never completes" else 1)
        c = submit(program, "night", b["id"])
        if how in ("cancelled", "chain"):
            wait_for(wavespeed.polls, "it is not polled")
            program.call("cancel", id=a["id"], chain=how == "chain")
        done = program.call("result", id=c["id"], timeout_ms=60000)
        kind = "cancelled" if how == "chain" else "failed"
        assert (done["status"], done["billing"]) == (kind, "none")
        assert done["failure"]["type"] == ("cancelled" if how == "chain" else "dependency_failed")
        broken = program.call("status", id=b["id"])
        assert (broken["status"], broken["billing"], broken["cost"]["amount"]) == (kind, "none", 0)
        if how != "chain":
            assert a["id"] in broken["error"] and "again" in broken["failure"]["hint"]
        program.finish()
    assert len(wavespeed.posts()) == 1


def test_what_is_waited_for_is_not_deleted(paid, wavespeed):
    wavespeed.script(submit=["normal", {"do": "normal", "hold": True}])
    with paid("--max-concurrency", 1) as program:
        a = finished(program, "a fox")
        submit(program, "another")
        wait_for(lambda: len(wavespeed.posts()) == 2, "it is not sent")
        b = submit(program, "snow", a["id"])
        with pytest.raises(RPCError) as error:
            program.call("delete", ids=[a["id"]])
        assert error.value.code == 1009 and error.value.data["ids"] == [b["id"]]
        wavespeed.release()
        assert program.call("result", id=b["id"])["status"] == "completed"
        assert program.call("delete", ids=[a["id"]])["deleted"] == [a["id"]]
        program.finish()


def test_no_price_is_asked_with_a_name(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"], max_cost=1)
        dear = program.call("submit", input={"prompt": "dear", "n": 2, "image": name(a["id"])}, max_cost=0.01)
        assert b["cost"] is None and dear["cost"] is None
        quote = program.call("quote", input={"prompt": "snow", "image": name(a["id"])})
        assert quote["exact"] is False and quote["missing"] == ["image"]
        wavespeed.release()
        assert program.call("result", id=b["id"])["status"] == "completed"
        refused = program.call("result", id=dear["id"])
        assert (refused["status"], refused["failure"]["type"]) == ("failed", "budget_exceeded")
        program.finish()
    prices = [json.loads(r["body"])["inputs"] for r in wavespeed.log() if r["endpoint"] == "price"]
    assert prices and all(price.get("image", "http").startswith("http") for price in prices)
    assert_no_words(wavespeed)
    assert len(wavespeed.posts()) == 2


def test_depth_is_bounded(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as program:
        last = submit(program, "a fox")["id"]
        for number in range(32):
            last = submit(program, f"link {number}", last)["id"]
        with pytest.raises(RPCError) as error:
            submit(program, "too deep", last)
        assert error.value.code == -32602 and "32" in error.value.message
        program.kill()
    wavespeed.release()


# -- processes ---------------------------------------------------------------------------------------------------------


def test_one_process_makes_it_and_another_waits(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as one, paid() as two:
        a = submit(one, "a fox")
        wait_for(wavespeed.posts, "it is not sent")
        b = submit(two, "snow", a["id"])
        wavespeed.release()
        assert two.call("result", id=b["id"])["status"] == "completed"
        one.finish()
        two.finish()
    assert len(wavespeed.posts()) == 2
    assert_no_words(wavespeed)


def test_end_of_input_leaves_what_waits_and_the_next_process_sends_it(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"])
        assert program.finish() == 0
    assert len(wavespeed.posts()) == 1
    wavespeed.clear()
    with paid() as program:
        done = program.call("result", id=b["id"])
        assert (done["status"], done["billing"]) == ("completed", "charged")
        program.finish()
    assert len(wavespeed.posts()) == 2
    assert_no_words(wavespeed)


def test_a_dead_hour_ends_it_and_a_copied_table_sends_nothing(paid, wavespeed, home):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"])
        c = submit(program, "rain", a["id"])
        program.finish()
    rows = table(home)
    rows.execute("UPDATE predictions SET attended_ms = attended_ms - 3600001 WHERE attended_ms IS NOT NULL AND seq = (SELECT max(seq) FROM predictions)")
    # As an older program leaves it that takes a copy over: the file is at home, and the row is not.
    rows.execute("UPDATE predictions SET home = 'elsewhere' WHERE refs = 1")
    wavespeed.clear()
    with paid() as program:
        for id in (c["id"], b["id"]):
            done = program.call("result", id=id)
            assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "interrupted")
        program.finish()
    assert len(wavespeed.posts()) == 1


def test_an_older_program_cannot_send_it(paid, wavespeed, home):
    """What an older program does: it claims only the queue, may cancel, and the table refuses any phase."""
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"])
        wait_for(wavespeed.polls, "it is not polled")
        program.kill()
    rows = table(home)
    queued = "SELECT seq FROM predictions WHERE phase = 'queued'"
    assert rows.execute(queued).fetchall() == []
    for phase in ("queued", "sending", "polling", "looking", "fetching", "settling"):
        with pytest.raises(sqlite3.IntegrityError):
            rows.execute("UPDATE predictions SET status = 'processing', phase = ? WHERE refs = 1", [phase])
    rows.execute("UPDATE predictions SET status = 'cancelled', phase = NULL, owner = NULL, revision = revision + 1, finished_ms = 1 WHERE refs = 1")
    wavespeed.clear()
    with paid() as program:
        assert program.call("result", id=a["id"])["status"] == "completed"
        assert program.call("status", id=b["id"])["status"] == "cancelled"
        program.finish()
    assert len(wavespeed.posts()) == 1


# -- found by an attack ------------------------------------------------------------------------------------------------


def test_a_link_that_is_dead_is_not_sent(paid, wavespeed):
    wavespeed.script(polls=0, outputs=["{output}/expired/{id}.png"])
    with paid() as program:
        first = submit(program, "a fox", wait_ms=20000)
        assert (first["status"], first["failure"]["missing"], first["failure"]["retryable"]) == ("completed", [1], False)
        with pytest.raises(RPCError) as error:
            submit(program, "snow", first["id"])
        assert error.value.code == -32602 and "output 1" in str(error.value)
        program.finish()
    assert len(wavespeed.posts()) == 1


def test_a_process_that_slept_for_an_hour_goes_on(paid, wavespeed, home):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        a = submit(program, "a fox")
        b = submit(program, "snow", a["id"])
        wait_for(wavespeed.polls, "it is not polled")
        program.process.send_signal(signal.SIGSTOP)
        table(home).execute("UPDATE predictions SET attended_ms = attended_ms - 3660000 WHERE refs = 1")
        wavespeed.clear()
        program.process.send_signal(signal.SIGCONT)
        assert program.call("result", id=b["id"])["status"] == "completed"
        program.finish()
    assert len(wavespeed.posts()) == 2
