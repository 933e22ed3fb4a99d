"""Undocumented parts of WaveSpeed's API (Sources/Providers/README.md, "WaveSpeed"): the safest behaviour for each unknown,
seen on the real program."""

import base64
import json
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from program import KEY, RPCError, wait_for
from promise import assert_files_are_whole
from wavespeed import PICTURE

SEED_MODEL = "openai/gpt-image-1-high-fidelity"
RUNNING = [{"do": "running", "times": "forever"}]


def submit(program, prompt="a red fox in snow", wait_ms=30000, **members):
    return program.call("submit", prompt=prompt, wait_ms=wait_ms, **members)


def requests(wavespeed, endpoint):
    return [request for request in wavespeed.log() if request["endpoint"] == endpoint]


def test_row_01_a_retired_model(paid, wavespeed):
    wavespeed.script(submit=["404", {"do": "400", "message": "model not found"}], poll=[
        {"do": "state", "status": "failed", "code": 1405, "error": "upstream failed"},
    ])
    with paid() as program:
        for number in range(3):
            prediction = submit(program, f"number {number}")
            told = prediction["error"] + prediction["failure"]["hint"]
            assert prediction["status"] == "failed"
            assert SEED_MODEL in told and "retired" in told, told
        assert "wavespeed.ai/models" in submit_failure(wavespeed, program)["hint"]
    with paid("--model", "a/flag") as program:
        assert submit(program)["model"] == "a/flag"
        assert submit(program, model="a/param")["model"] == "a/param"
    with paid(IMAGEWIRE_MODEL="a/variable") as program:
        assert submit(program)["model"] == "a/variable"
    assert [request["path"] for request in wavespeed.posts()[-3:]] == [
        "/api/v3/a/flag", "/api/v3/a/param", "/api/v3/a/variable",
    ]
    # In the path as it is, slashes and all.
    assert wavespeed.posts()[0]["path"] == f"/api/v3/{SEED_MODEL}"


def submit_failure(wavespeed, program):
    wavespeed.script(submit=["404"])
    return submit(program, "no model")["failure"]


def test_row_02_cancel_is_local(paid, wavespeed):
    wavespeed.script(poll=RUNNING, delete=["500"])
    with paid() as program:
        for asks in (False, True):
            id = submit(program, f"asks {asks}", wait_ms=0)["id"]
            wait_for(lambda: program.call("status", id=id)["remote_id"], "it was never sent")
            begun = time.monotonic()
            prediction = program.call("cancel", id=id, delete_remote=asks)
            assert time.monotonic() - begun < 5
            assert (prediction["status"], prediction["billing"]) == ("cancelled", "unknown")
            assert prediction["remote_id"] and prediction["remote_id"] in prediction["error"]
            assert "may still finish and bill" in prediction["error"]
        wait_for(lambda: requests(wavespeed, "delete"), "it was never asked")
        # Another one is polled three times until it is finished; cancelled ones are not polled meanwhile.
        wavespeed.clear()
        polls = len(wavespeed.polls())
        assert submit(program, "another")["status"] == "completed"
        assert len(wavespeed.polls()) == polls + 3, "it is still polled"
        assert program.call("status", id=id)["status"] == "cancelled", "a failed delete changes nothing"
    assert [json.loads(request["body"]) for request in requests(wavespeed, "delete")][0] == {"ids": [f"{2:032x}"]}


@pytest.mark.parametrize("answer", ["404", {"do": "state", "status": "deleted"}], ids=str)
def test_row_03_after_a_delete(paid, wavespeed, answer):
    wavespeed.script(poll=RUNNING)
    with paid() as program:
        ours = submit(program, "deleted by us", wait_ms=0)["id"]
        wait_for(lambda: program.call("status", id=ours)["remote_id"], "it was never sent")
        wavespeed.clear()
        behaviour = answer if isinstance(answer, dict) else {"do": answer}
        wavespeed.script(poll=[{**behaviour, "times": "forever"}])
        assert program.call("cancel", id=ours, delete_remote=True)["status"] == "cancelled"
        # Without our own cancel either is a failure, never a success.
        foreign = submit(program, "deleted by another client")
        assert (foreign["status"], foreign["failure"]["type"], foreign["billing"]) == ("failed", "remote_error", "unknown")
        assert program.call("status", id=ours)["status"] == "cancelled"
    assert len(wavespeed.posts()) == 2


def test_row_04_the_result_url_is_built_from_the_id(paid, wavespeed):
    elsewhere = f"{wavespeed.output_url}/steal"
    wavespeed.script(
        submit=[{"do": "reply", "json": {"data": {"id": "pred_abc-1", "status": "created", "urls": {"get": elsewhere}}}}],
        poll=[{"do": "reply", "json": {"data": {
            "id": "pred_abc-1", "status": "completed", "outputs": [f"{wavespeed.output_url}/output/x.png"],
        }}}],
    )
    with paid(WAVESPEED_BASE_URL=wavespeed.url + "/") as program:
        prediction = submit(program)
    assert prediction["status"] == "completed"
    assert prediction["urls"] == {"get": f"{wavespeed.url}/api/v3/predictions/pred_abc-1/result"}
    assert [request["path"] for request in wavespeed.polls()] == ["/api/v3/predictions/pred_abc-1/result"]
    assert all("steal" not in request["path"] for request in wavespeed.log())


def test_row_04_an_id_that_leads_elsewhere_is_none(paid, wavespeed):
    wavespeed.script(submit=["bad_id"])
    with paid() as program:
        prediction = submit(program)
    assert (prediction["status"], prediction["remote_id"]) == ("unknown", None)
    assert {request["endpoint"] for request in wavespeed.log()} == {"submit", "history"}


def test_row_05_enveloped_or_bare(paid, wavespeed):
    wavespeed.script(submit=["bare"], poll=["bare", "normal", {"do": "bare", "times": "forever"}])
    with paid() as program:
        assert submit(program)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_row_06_envelope_code_with_http_200(paid, wavespeed):
    wavespeed.script(
        submit=[{"do": "envelope", "code": 403, "message": "insufficient role"}],
        poll=[{"do": "envelope", "code": 403, "message": "insufficient role"}, {"do": "envelope", "code": 503, "message": "busy"}],
    )
    with paid() as program:
        refused = submit(program, "refused")
        assert (refused["status"], refused["failure"]["type"], refused["billing"]) == ("failed", "authentication", "none")
        assert "insufficient role" in refused["error"]
    # Another key: the queue of the refused one pauses for a minute.
    with paid(WAVESPEED_API_KEY="another") as program:
        assert submit(program, "polled")["status"] == "completed"
    assert len(wavespeed.posts()) == 2


def test_row_06_an_id_in_such_an_answer_is_kept(paid, wavespeed):
    wavespeed.script(
        submit=[{"do": "envelope", "code": 500, "message": "busy", "data": {"id": "kept", "status": "created"}}], poll=RUNNING
    )
    with paid() as program:
        id = submit(program, wait_ms=0)["id"]
        wait_for(lambda: program.call("status", id=id)["remote_id"] == "kept", "the id is not kept")
        assert program.call("status", id=id)["status"] == "processing"


@pytest.mark.parametrize("fault, kind", [
    ("402", "insufficient_credit"), ({"do": "400", "message": "Insufficient credits"}, "insufficient_credit"),
    ({"do": "403", "message": "Please top up"}, "insufficient_credit"),
    ({"do": "400", "message": "balance too low"}, "insufficient_credit"),
    ({"do": "400", "message": "blocked by moderation"}, "content_refused"),
    ({"do": "reply", "status": 400, "json": {"code": 1200, "message": "no"}}, "content_refused"),
], ids=str)
def test_row_07_no_credit_or_refused_content(paid, wavespeed, fault, kind):
    wavespeed.script(submit=[fault])
    with paid() as program:
        prediction = submit(program)
        assert (prediction["status"], prediction["failure"]["type"], prediction["billing"]) == ("failed", kind, "none")
        assert prediction["failure"]["retryable"] is False and prediction["failure"]["hint"]
    assert len(wavespeed.posts()) == 1


def test_row_08_429_on_submit_is_a_refusal(paid, wavespeed):
    wavespeed.script(submit=["429"], retry_after="1")
    with paid() as program:
        begun = time.monotonic()
        refused = submit(program, "refused")
        assert (refused["status"], refused["failure"]["type"]) == ("failed", "rate_limited")
        assert refused["failure"]["retryable"] is True and refused["billing"] == "none"
        assert submit(program, "the next")["status"] == "completed"
    assert len(wavespeed.posts_of("refused")) == len(wavespeed.posts_of("the next")) == 1
    assert wavespeed.posts_of("the next")[0]["seconds"] - begun >= 0.9, "the queue did not pause"


@pytest.mark.parametrize("base", ["http://127.0.0.1:9", "https://nothing.invalid", "{tls}"])
def test_row_09_not_sent(paid, wavespeed, base):
    with paid(WAVESPEED_BASE_URL=base.replace("{tls}", wavespeed.url.replace("http", "https"))) as program:
        prediction = submit(program)
    assert (prediction["status"], prediction["failure"]["type"], prediction["billing"]) == ("failed", "network", "none")
    assert prediction["failure"]["retryable"] is True
    assert "Nothing was sent" in prediction["error"]
    assert wavespeed.posts() == []


def test_row_09_after_the_request_was_written(paid, wavespeed):
    wavespeed.script(submit=["reset"])
    with paid() as program:
        prediction = submit(program)
    assert (prediction["status"], prediction["billing"]) == ("unknown", "unknown")
    assert len(wavespeed.posts()) == 1


def test_row_10_an_ambiguous_submit_is_searched_for(paid, wavespeed):
    wavespeed.script(submit=["lost_reply"])
    with paid() as program:
        prediction = submit(program)
        assert prediction["status"] == "completed" and prediction["remote_id"] == f"{1:032x}"
    look = json.loads(requests(wavespeed, "history")[0]["body"])
    assert look["page"] == 1 and 1 <= look["page_size"] <= 100 and look["model"] == SEED_MODEL
    assert look["created_after"] < prediction["created_at"] < look["created_before"]
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("shape", ["base64", "data_uri", "object_url", "normal"])
def test_row_11_every_form_of_output(paid, wavespeed, shape):
    wavespeed.script(polls=0, poll=[shape])
    with paid() as program:
        prediction = submit(program)
        assert prediction["status"] == "completed", prediction
        assert_files_are_whole(prediction)
        assert Path(prediction["files"][0]["path"]).read_bytes() == PICTURE
        # Records contain no bytes of images: the bytes stay where they came from.
        assert all(output.startswith(("http://", "file:///")) for output in prediction["outputs"])


@pytest.mark.parametrize("shape", ["no_outputs"])
def test_row_11_completed_without_an_output(paid, wavespeed, shape):
    wavespeed.script(poll=[{"do": shape, "times": "forever"}])
    with paid() as program:
        prediction = submit(program)
        assert (prediction["status"], prediction["failure"]["type"]) == ("failed", "remote_error")
        assert prediction["billing"] == "unknown"
        assert prediction["remote_id"] in prediction["error"]


@pytest.mark.parametrize("content, media_type, ending", [
    (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "image/gif", ".gif"),
    (PICTURE, "image/png", ".png"),
])
def test_row_12_the_bytes_decide_what_it_is(paid, wavespeed, content, media_type, ending):
    wrong = {"Content-Type": "image/jpeg"}
    wavespeed.script(
        outputs=["{output}/output/{id}.webp"],
        download=[{"do": "file", "base64": base64.b64encode(content).decode(), "headers": wrong}],
    )
    with paid() as program:
        file = submit(program)["files"][0]
    assert file["media_type"] == media_type and file["path"].endswith(ending)
    assert Path(file["path"]).read_bytes() == content


@pytest.mark.parametrize("fields, asked", [
    (["enable_sync_mode"], ["submit", "download"]),
    (["enable_base64_output"], ["submit", "poll", "poll", "poll"]),
    (["enable_sync_mode", "enable_base64_output"], ["submit"]),
])
def test_sync_mode_and_base64_bring_the_image_with_fewer_requests(paid, wavespeed, fields, asked):
    with paid() as program:
        wanted = {"prompt": "a boat", **{field: True for field in fields}}
        done = program.call("submit", input=wanted, model="acme/quick", wait_ms=30000)
        (file,) = done["files"]
        program.finish()
    assert (done["status"], done["billing"], Path(file["path"]).read_bytes()) == ("completed", "charged", PICTURE)
    assert [request["endpoint"] for request in wavespeed.log()] == asked


def test_row_13_the_outputs_host_never_sees_the_key(paid, wavespeed):
    wavespeed.script(download=[{"do": "redirect", "to": "{output}/output/elsewhere.png?signed=%2F+a"}])
    with paid() as program:
        assert submit(program)["status"] == "completed"
    first, second = wavespeed.downloads()
    assert second["path"] == "/output/elsewhere.png?signed=%2F+a", "a signed address was changed"
    for request in (first, second):
        assert "authorization" not in request["headers"] and KEY not in str(request)


def test_row_13_no_plain_http_where_the_base_url_is_on_the_internet(paid, wavespeed):
    base = {"WAVESPEED_BASE_URL": "http://service.test", "http_proxy": wavespeed.url}
    wavespeed.script(submit=["completed"], outputs=["http://cdn.test/output/{id}.png"])
    with paid(**base) as program:
        prediction = submit(program)
    assert (prediction["status"], prediction["failure"]["type"]) == ("completed", "download_failed")
    assert wavespeed.downloads() == []


def test_row_14_saved_at_completion_and_an_expired_link_is_read_again_once(paid, wavespeed):
    wavespeed.script(polls=0, poll=["expired_link"])
    with paid() as program:
        prediction = submit(program)
        assert prediction["status"] == "completed" and prediction["remote_id"]
        assert_files_are_whole(prediction)
    assert len(wavespeed.polls()) == 2


@pytest.mark.parametrize("size", ["1024*1024", "1024x1024", "auto", None])
def test_row_15_the_input_is_sent_unchanged(paid, wavespeed, size):
    input = {"prompt": "a boat", "seed": 12345678901234567890, "strength": 1.50, "unheard_of": {"a": [None, True]}}
    if size:
        input["size"] = size
    with paid() as program:
        assert program.call("submit", input=input, wait_ms=30000)["status"] == "completed"
        assert submit(program, "only this")["status"] == "completed"
    assert json.loads(wavespeed.posts()[0]["body"]) == input
    assert "12345678901234567890" in wavespeed.posts()[0]["body"]
    assert json.loads(wavespeed.posts()[1]["body"]) == {"prompt": "only this"}


@pytest.mark.parametrize("arguments, limit", [((), 2), (("--max-concurrency", "3"), 3)])
def test_row_16_two_at_once_unless_one_says_otherwise(paid, wavespeed, arguments, limit):
    wavespeed.script(poll=RUNNING)
    with paid(*arguments) as program:
        ids = [submit(program, f"number {number}", wait_ms=0)["id"] for number in range(5)]
        wait_for(lambda: len(wavespeed.posts()) == limit, "not even the first ones were sent")
        # The others are polled meanwhile, again and again.
        wavespeed.more(3 * limit)
        assert len(wavespeed.posts()) == limit
        assert [program.call("status", id=id)["status"] for id in ids] == ["processing"] * limit + ["created"] * (5 - limit)
        wavespeed.clear()
        assert program.call("wait", ids=ids)["done"]
    # Those that go at once are on the way side by side.
    prompts = [json.loads(post["body"])["prompt"] for post in wavespeed.posts()]
    assert sorted(prompts[:limit]) == [f"number {n}" for n in range(limit)] and len(set(prompts)) == len(prompts) == 5


def test_row_16_so_many_a_minute(paid, wavespeed):
    with paid("--max-per-minute", 3, "--max-concurrency", 10) as program:
        ids = [submit(program, f"number {number}", wait_ms=0)["id"] for number in range(5)]
        assert program.call("wait", ids=ids[:3])["done"]
        time.sleep(0.3)  # They must not be sent, and nothing tells that.
        assert [program.call("status", id=id)["status"] for id in ids[3:]] == ["created"] * 2
    assert len(wavespeed.posts()) == 3


def test_row_17_over_the_limit_the_service_queues_or_answers_429(paid, wavespeed):
    wavespeed.script(submit=["normal", "429"], retry_after="1", poll=[
        {"do": "state", "status": "queued"}, {"do": "state", "status": "pending"}, {"do": "429"},
    ])
    with paid() as program:
        assert submit(program, "waits there")["status"] == "completed"
        assert submit(program, "is told")["failure"]["type"] == "rate_limited"


@pytest.mark.parametrize("word", ["pending", "queued", "starting", "Processing", "dreaming", "", "succeeded", None, 5])
def test_row_18_any_other_status_is_not_finished(paid, wavespeed, word):
    wavespeed.script(polls=0, poll=[{"do": "state", "status": word, "outputs": []}])
    with paid() as program:
        assert submit(program)["status"] == "completed"
    assert len(wavespeed.polls()) == 2


@pytest.mark.parametrize("word", ["COMPLETED", "Completed", "succeeded"])
def test_row_18_success_in_other_letters(paid, wavespeed, word):
    wavespeed.script(polls=0, poll=[{"do": "state", "status": word}])
    with paid() as program:
        assert submit(program)["status"] == "completed"
    assert len(wavespeed.polls()) == 1


@pytest.mark.parametrize("fault", ["html", "empty", "truncated", "short"])
def test_row_19_a_page_instead_of_json_is_passing(paid, wavespeed, fault):
    wavespeed.script(poll=[{"do": fault, "times": 4}])
    with paid() as program:
        assert submit(program)["status"] == "completed"


def test_row_20_not_found_right_after_the_submit(paid, wavespeed):
    wavespeed.script(poll=[{"do": "404", "times": 3}])
    with paid() as program:
        assert submit(program)["status"] == "completed"
    assert len(wavespeed.polls()) > 3


@pytest.mark.parametrize("spell", [
    lambda: "1", lambda: "0.8", lambda: formatdate(time.time() + 4, usegmt=True),
], ids=["seconds", "fraction", "date"])
def test_row_21_retry_after(paid, wavespeed, spell):
    wavespeed.script(poll=[{"do": "429"}], retry_after=spell())
    with paid() as program:
        assert submit(program)["status"] == "completed"
    first, second = wavespeed.polls()[:2]
    assert second["seconds"] - first["seconds"] >= 0.7


def test_row_21_a_retry_after_that_says_nothing_does_not_stop_it(paid, wavespeed):
    for value in ("soon", "-5", "1e400", ""):
        wavespeed.script(poll=[{"do": "429"}], retry_after=value)
        with paid() as program:
            assert submit(program, f"after {value}")["status"] == "completed"


def test_row_22_waiting_ends_and_the_prediction_does_not(paid, wavespeed):
    wavespeed.script(poll=RUNNING)
    with paid() as program:
        waiting = submit(program, wait_ms=200)
        assert waiting["error"] == "" and waiting["finished_at"] is None
        wait_for(lambda: program.call("status", id=waiting["id"])["status"] == "processing", "it is not sent")
        assert program.call("result", id=waiting["id"], timeout_ms=200)["status"] == "processing"
        assert program.finish() == 0
    wavespeed.clear()
    with paid() as program:
        assert program.call("result", id=waiting["id"])["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_row_23_no_percentage_is_invented(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": 6}])
    with paid() as program:
        id = submit(program, wait_ms=0)["id"]
        assert program.call("result", id=id, workDoneToken="t")["status"] == "completed"
    told = [message["params"]["value"] for message in program.notifications if message["method"] == "$/progress"]
    assert told and told[0]["kind"] == "begin" and told[-1]["kind"] == "end"
    assert all("percentage" not in value for value in told)


def test_row_24_odd_members_spoil_nothing(paid, wavespeed):
    wavespeed.script(polls=0, poll=["nulls", {"do": "state", "has_nsfw_contents": ["yes"], "timings": None, "created_at": 5}])
    with paid() as program:
        for number in range(2):
            prediction = submit(program, f"number {number}")
            assert (prediction["status"], prediction["has_nsfw_contents"]) == ("completed", [])


def test_row_25_no_price_is_known_and_none_is_asked_unasked(paid, wavespeed):
    with paid() as program:
        assert submit(program)["status"] == "completed"
    assert {request["endpoint"] for request in wavespeed.log()} == {"submit", "poll", "download"}


def test_row_26_the_pace_of_a_real_host(paid, wavespeed):
    # A name that is not this machine's; the proxy is.
    wavespeed.script(poll=RUNNING)
    with paid(WAVESPEED_BASE_URL="http://service.test", http_proxy=wavespeed.url) as program:
        submit(program, wait_ms=0)
        wait_for(lambda: len(wavespeed.polls()) >= 2, "it is not polled")
        times = [wavespeed.posts()[0]["ended"], *(request["seconds"] for request in wavespeed.polls())]
    assert times[1] - times[0] >= 1.6
    assert times[2] - times[1] >= 2.0


def test_row_26_the_pace_grows(paid, wavespeed):
    wavespeed.script(poll=RUNNING)
    with paid() as program:
        submit(program, wait_ms=0)
        wait_for(lambda: len(wavespeed.polls()) >= 8, "it is not polled")
    seconds = [request["seconds"] for request in wavespeed.polls()]
    pauses = [after - before for before, after in zip(seconds, seconds[1:])]
    # No machine is so slow that every early pause is a late one.
    assert pauses[-1] > 4 * min(pauses)


def test_row_27_long_and_empty_prompts(paid, wavespeed):
    with paid() as program:
        for prompt in ("", " \n"):
            with pytest.raises(RPCError) as error:
                submit(program, prompt)
            assert error.value.code == -32602
        assert wavespeed.posts() == []
        long = "é" * 32000
        assert submit(program, long)["status"] == "completed"
        # Of a model that nothing is known of, the provider says how long is too long.
        longer = "x" * 100000
        wavespeed.script(submit=[{"do": "400", "message": "prompt is longer than 32000 characters"}])
        refused = submit(program, longer, model="a/nother")
        assert (refused["status"], refused["failure"]["type"], refused["billing"]) == ("failed", "invalid_input", "none")
        assert "32000" in refused["error"]
    assert [json.loads(request["body"])["prompt"] for request in wavespeed.posts()] == [long, longer]


@pytest.mark.parametrize("status", ["401", "403"])
def test_row_28_a_key_that_is_not_accepted(paid, wavespeed, status):
    wavespeed.script(submit=[status])
    with paid() as program:
        prediction = submit(program)
        assert (prediction["failure"]["type"], prediction["billing"]) == ("authentication", "none")
        hint = prediction["failure"]["hint"]
        assert "WAVESPEED_API_KEY" in hint and "top-up" in hint and "suspended" in hint
        # The service repeats the key in its answer; we do not.
        assert KEY not in json.dumps(program.call("list"))


