"""Every fault of the provider, on every endpoint: which state it ends in, what that costs, and how many POSTs there were."""

from pathlib import Path

import pytest
from program import RPCError, wait_for
from promise import assert_files_are_whole

PROMPT = "a red fox in snow"


def ended(program, **members):
    """A prediction, from submit to its end."""
    return program.call("submit", prompt=PROMPT, wait_ms=45000, **members)


def assert_failure(prediction, status, kind, billing, retryable):
    told = (prediction["status"], prediction["billing"], prediction["failure"])
    assert prediction["status"] == status, told
    assert prediction["failure"]["type"] == kind, told
    assert prediction["billing"] == billing, told
    assert prediction["failure"]["retryable"] is retryable, told
    assert prediction["failure"]["hint"], told
    assert prediction["error"] == prediction["failure"]["message"] != "", told


def assert_completed(prediction):
    assert (prediction["status"], prediction["billing"]) == ("completed", "charged"), prediction
    assert prediction["failure"] is None and prediction["error"] == ""
    assert_files_are_whole(prediction)


def page(status, text="<html>Sign in to the network</html>"):
    """A page that is not from the provider."""
    return {"do": "reply", "status": status, "body": text, "headers": {"Content-Type": "text/html"}}


# -- submit ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, kind, retryable", [
    ("400", "invalid_input", False), ("401", "authentication", False), ("402", "insufficient_credit", False),
    ("403", "authentication", False), ("404", "model_unavailable", False), ("405", "invalid_input", False),
    ("407", "network", True), ("410", "model_unavailable", False), ("413", "invalid_input", False),
    ("417", "invalid_input", False), ("422", "invalid_input", False), ("429", "rate_limited", True),
    ("302", "remote_error", False), ("307", "remote_error", False),
    (page(403), "authentication", False), (page(418), "invalid_input", False),
    ({"do": "envelope", "code": 403, "message": "insufficient role"}, "authentication", False),
    ({"do": "envelope", "code": 429, "message": "slow down"}, "rate_limited", True),
    ({"do": "400", "message": "The content is sensitive"}, "content_refused", False),
    ({"do": "400", "message": "insufficient credits"}, "insufficient_credit", False),
], ids=str)
def test_a_refused_submit_costs_nothing(paid, wavespeed, fault, kind, retryable):
    wavespeed.script(submit=[fault])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "failed", kind, "none", retryable)
        assert prediction["remote_id"] is None and prediction["outputs"] == [] and prediction["files"] == []
    assert len(wavespeed.posts()) == 1
    assert wavespeed.polls() == []


@pytest.mark.parametrize("fault", [
    "drop", "reset", "408", "409", "425", "500", "502", "503", "504", "html", "empty", "no_id", "bad_id", page(200),
    page(500), {"do": "envelope", "code": 500, "message": "Internal error"},
    {"do": "reply", "body": '{"code":200,"data":{"id":"'},
], ids=str)
def test_a_submit_without_an_answer_is_looked_for_and_never_repeated(paid, wavespeed, fault):
    wavespeed.script(submit=[fault], history=[{"do": "reply", "json": {"data": {"items": []}}, "times": "forever"}])
    with paid() as program:
        prediction = program.call("submit", prompt=PROMPT)
        wavespeed.log(at_least=2)
        looking = program.call("status", id=prediction["id"])
        assert (looking["status"], looking["billing"]) in (("processing", "unknown"), ("unknown", "unknown"))
        prediction = program.call("result", id=prediction["id"])
        assert_failure(prediction, "unknown", "submission_unknown", "unknown", False)
        assert "never sent again" in prediction["error"]
        assert "list" in prediction["failure"]["hint"]
    assert len(wavespeed.posts()) == 1
    assert len([request for request in wavespeed.log() if request["endpoint"] == "history"]) >= 3


@pytest.mark.parametrize("fault", ["lost_reply", "lost_reply_reset", "lost_reply_504", "truncated", "short"])
def test_a_lost_reply_is_found_in_the_history_and_goes_on(paid, wavespeed, fault):
    wavespeed.script(submit=[fault])
    with paid() as program:
        assert_completed(ended(program))
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("shape", [
    "normal", "bare", "sync_timeout", "completed", "error_with_id",
    # Cut off behind the last brace.
    {"do": "normal", "headers": {"Content-Length": "5000"}, "close": True},
], ids=str)
def test_an_id_is_kept_in_any_kind_of_answer(paid, wavespeed, shape):
    wavespeed.script(submit=[shape])
    with paid() as program:
        prediction = ended(program)
        assert_completed(prediction)
        assert prediction["remote_id"] in wavespeed.predictions
    assert len(wavespeed.posts()) == 1
    assert [request for request in wavespeed.log() if request["endpoint"] == "history"] == []


def test_a_submit_that_hangs_blocks_no_other_call_and_is_not_repeated_after_a_crash(paid, wavespeed):
    wavespeed.script(submit=["hang"])
    with paid() as program:
        id = program.call("submit", prompt=PROMPT)["id"]
        wait_for(wavespeed.posts, "it is not sent")
        hanging = program.call("status", id=id)
        assert (hanging["status"], hanging["billing"]) == ("processing", "unknown")
        assert program.call("submit", prompt="another", wait_ms=30000)["status"] == "completed"
        program.kill()
    with paid() as program:
        prediction = program.call("result", id=hanging["id"])
        assert_failure(prediction, "unknown", "submission_unknown", "unknown", False)
    assert len(wavespeed.posts_of(PROMPT)) == 1


def test_a_refused_connection_bills_nothing(spawn, paid, wavespeed):
    with paid(WAVESPEED_BASE_URL="http://127.0.0.1:9") as program:
        assert_failure(ended(program), "failed", "network", "none", True)
    with paid(WAVESPEED_BASE_URL="https://nothing.invalid") as program:
        assert_failure(ended(program), "failed", "network", "none", True)
    # This port speaks no TLS: it fails before anything of the request is written.
    with paid(WAVESPEED_BASE_URL=wavespeed.url.replace("http", "https")) as program:
        assert_failure(ended(program), "failed", "network", "none", True)
    assert wavespeed.posts() == []


def test_a_dropped_connection_after_a_get_on_it_is_one_post(paid, wavespeed):
    with paid() as program:
        assert_completed(ended(program))
        for number, fault in enumerate(("drop", "reset"), 2):
            wavespeed.script(submit=[fault])
            prediction = program.call("submit", prompt=f"number {number}", wait_ms=30000)
            assert prediction["status"] == "unknown"
            assert len(wavespeed.posts_of(f"number {number}")) == 1


# -- history ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop", "reset", "429", "500", "502", "html", "empty", "truncated", "401", "404", "302"])
def test_a_history_that_fails_once_is_asked_again(paid, wavespeed, fault):
    wavespeed.script(submit=["lost_reply"], history=[fault])
    with paid() as program:
        assert_completed(ended(program))
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("setting", [
    {"history": [{"do": "500", "times": "forever"}]}, {"history": [{"do": "html", "times": "forever"}]},
    {"history_without_input": True},
], ids=str)
def test_a_history_that_tells_nothing_leaves_it_unknown(paid, wavespeed, setting):
    wavespeed.script(submit=["lost_reply"], **setting)
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "unknown", "submission_unknown", "unknown", False)
    assert len(wavespeed.posts()) == 1


def test_a_history_that_ignores_its_filters_is_checked_here(paid, wavespeed):
    with paid() as program:
        for number in range(3):
            program.call("submit", prompt=f"number {number}", model="other/model", wait_ms=30000)
        wavespeed.script(submit=["lost_reply"], history_ignores_filters=True)
        prediction = program.call("submit", prompt="number 1", wait_ms=30000)
        assert_completed(prediction)
        assert prediction["remote_id"] == f"{4:032x}"
    assert len(wavespeed.posts()) == 4


# -- poll ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [
    "drop", "reset", "408", "425", "429", "500", "502", "503", "504", "html", "empty", "truncated", "short",
    "400", "401", "402", "403", "404", "405", "407", "409", "410", "413", "422", "302", "307",
    page(200), page(401), page(403), page(404), page(407), {"do": "envelope", "code": 403, "message": "insufficient role"},
    {"do": "state", "status": "dreaming"}, {"do": "state", "id": "another"},
], ids=str)
def test_no_poll_that_fails_ends_it(paid, wavespeed, fault):
    wavespeed.script(poll=[fault, fault if isinstance(fault, str) else dict(fault)])
    with paid() as program:
        assert_completed(ended(program))
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("fault", ["404", "410"])
def test_only_the_providers_own_word_three_times_says_that_it_is_gone(paid, wavespeed, fault):
    wavespeed.script(poll=[{"do": fault, "times": "forever"}])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "failed", "remote_error", "unknown", True)
        assert prediction["remote_id"]
    polls = wavespeed.polls()
    assert len(polls) >= 3 and polls[-1]["seconds"] - polls[0]["seconds"] >= 1.5
    assert len(wavespeed.posts()) == 1


def test_a_foreign_page_never_means_that_the_prediction_is_gone(paid, wavespeed):
    wavespeed.script(poll=[{**page(404), "times": 3}])
    with paid() as program:
        prediction = program.call("submit", prompt=PROMPT, wait_ms=2500)
        assert_completed(prediction if prediction["status"] == "completed" else program.call("result", id=prediction["id"]))
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("state, kind, billing, retryable", [
    ({"status": "failed", "code": 1200, "error": "sensitive"}, "content_refused", "refunded", False),
    ({"status": "failed", "error": "The content is sensitive"}, "content_refused", "refunded", False),
    ({"status": "failed", "code": 1400}, "invalid_input", "refunded", False),
    ({"status": "failed", "code": 1401}, "invalid_input", "refunded", False),
    ({"status": "failed", "code": 1402}, "invalid_input", "refunded", False),
    ({"status": "failed", "code": 1403}, "remote_error", "refunded", True),
    ({"status": "failed", "code": 5000}, "remote_error", "refunded", True),
    ({"status": "failed", "code": 5004}, "remote_timeout", "refunded", True),
    ({"status": "failed"}, "remote_error", "refunded", True),
    ({"status": "timeout"}, "remote_timeout", "refunded", True),
    ({"status": "cancelled"}, "remote_error", "unknown", True),
    ({"status": "deleted"}, "remote_error", "unknown", True),
    ({"status": "completed", "outputs": []}, "remote_error", "unknown", False),
    ({"status": "completed", "outputs": [None, ""]}, "remote_error", "unknown", False),
    ({"status": "completed", "outputs": None}, "remote_error", "unknown", False),
], ids=str)
def test_a_failure_at_the_provider(paid, wavespeed, state, kind, billing, retryable):
    wavespeed.script(poll=[{"do": "state", **state}])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "failed", kind, billing, retryable)
        assert prediction["failure"]["remote_code"] == (str(state["code"]) if "code" in state else None)
    assert len(wavespeed.posts()) == 1


def test_a_poll_that_hangs_blocks_no_other_call_and_the_next_process_continues(paid, wavespeed):
    wavespeed.script(poll=["hang"])
    with paid() as program:
        id = program.call("submit", prompt=PROMPT)["id"]
        wait_for(wavespeed.polls, "it is not polled")
        hanging = program.call("status", id=id)
        assert hanging["status"] == "processing" and hanging["remote_id"]
        assert program.call("submit", prompt="another", wait_ms=30000)["status"] == "completed"
        program.kill()
    with paid() as program:
        assert_completed(program.call("result", id=hanging["id"]))
    assert len(wavespeed.posts()) == 2


# -- download --------------------------------------------------------------------------------------------------------

GIVEN_UP = [
    "drop", "reset", "short", "empty", "html", "429", "500", "502", "503", "401", "403", "huge",
    {"do": "reply", "body": "not a picture"},
    {"do": "redirect", "to": "loop"}, {"do": "redirect", "to": "file:///etc/passwd"},
    {"do": "redirect", "to": "http://169.254.169.254/latest/meta-data/"},
    {"do": "redirect", "to": "http://[fe80::1]/"}, {"do": "redirect", "to": "http://10.0.0.1/"},
    {"do": "redirect", "to": "gopher://127.0.0.1/"}, {"do": "redirect", "to": "https://169.254.169.254/"},
]


@pytest.mark.parametrize("fault", GIVEN_UP, ids=str)
def test_a_download_that_fails_leaves_it_completed_and_result_tries_again(paid, wavespeed, fault, home):
    behaviour = fault if isinstance(fault, dict) else {"do": fault}
    wavespeed.script(download=[{**behaviour, "times": "forever"}])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "completed", "download_failed", "charged", False)
        assert prediction["outputs"] == [f"{wavespeed.output_url}/output/{1:032x}.png"]
        assert prediction["files"] == []
        assert "result" in prediction["failure"]["hint"]
        wavespeed.clear()
        again = program.call("result", id=prediction["id"])
        assert_completed(again)
        assert again["revision"] > prediction["revision"]
    assert [path.name for path in (home / ".local/state/imagewire/outputs").iterdir()] == [Path(again["files"][0]["path"]).name]
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("fault", ["404", "410"])
def test_an_output_that_no_longer_exists_is_not_asked_for_without_end(paid, wavespeed, fault):
    """Also behind fresh links. `result` answers at once then, and the links stay in the record."""
    wavespeed.script(download=[{"do": fault, "times": "forever"}])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "completed", "download_failed", "charged", False)
        # The host may not have it yet.
        assert "result" in prediction["failure"]["hint"] and len(prediction["outputs"]) == 1

        def is_over():
            return "no longer has it" in program.call("result", id=prediction["id"])["failure"]["hint"]

        def asked():
            # The bill is asked for in its own time.
            return sum(request["endpoint"] != "billings" for request in wavespeed.log())

        wait_for(is_over, "the last try")
        before = asked()
        again = program.call("result", id=prediction["id"])
    assert again["outputs"] == prediction["outputs"] and asked() == before
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("fault", ["404", "410", *(fault for fault in GIVEN_UP[:12] if fault != "huge")], ids=str)
def test_a_download_that_fails_once_is_tried_again(paid, wavespeed, fault):
    wavespeed.script(polls=0, download=[fault])
    with paid() as program:
        assert_completed(ended(program))
    assert len(wavespeed.posts()) == 1
    assert len(wavespeed.downloads()) == 2


def test_a_link_that_has_expired_is_asked_for_once_more(paid, wavespeed):
    wavespeed.script(polls=0, poll=["expired_link"])
    with paid() as program:
        assert_completed(ended(program))
    assert len(wavespeed.polls()) == 2 and len(wavespeed.downloads()) == 2


def test_links_that_stay_expired_are_requested_twice(paid, wavespeed):
    wavespeed.script(poll=[{"do": "expired_link", "times": "forever"}])
    with paid() as program:
        prediction = ended(program)
        assert_failure(prediction, "completed", "download_failed", "charged", False)
        assert prediction["outputs"] == [f"{wavespeed.output_url}/expired/{1:032x}.png"]
        # All of it once more, with another one; the first is not asked for again meanwhile.
        assert program.call("submit", prompt="another", wait_ms=30000)["status"] == "completed"
    assert len([poll for poll in wavespeed.polls() if f"{1:032x}" in poll["path"]]) == 2
    assert len([one for one in wavespeed.downloads() if f"{1:032x}" in one["path"]]) <= 4


@pytest.mark.parametrize("output", [
    "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/iam", "ftp://127.0.0.1/x.png", "https://[::ffff:a9fe:a9fe]/x.png",
])
def test_an_output_that_leads_home_is_never_fetched(paid, wavespeed, output):
    # Of another scheme than HTTP it is only a text.
    wavespeed.script(outputs=[output])
    with paid() as program:
        prediction = ended(program)
    if output.startswith("http"):
        assert_failure(prediction, "completed", "download_failed", "charged", False)
        assert prediction["files"] == []
    else:
        [file] = prediction["files"]
        assert (file["kind"], Path(file["path"]).read_text()) == ("text", output)
    assert wavespeed.downloads() == []
    assert "root:" not in str(prediction)
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_a_download_that_hangs_blocks_no_other_call_and_the_next_process_saves_it(paid, wavespeed, fault):
    wavespeed.script(download=[fault])
    with paid() as program:
        id = program.call("submit", prompt=PROMPT)["id"]
        wait_for(wavespeed.downloads, "it is not downloaded")
        hanging = program.call("status", id=id)
        assert hanging["status"] == "processing"
        assert hanging["billing"] == "charged" and hanging["outputs"] == [] and hanging["files"] == []
        assert program.call("submit", prompt="another", wait_ms=30000)["status"] == "completed"
        program.kill()
    with paid() as program:
        assert_completed(program.call("result", id=hanging["id"]))
    assert len(wavespeed.posts()) == 2


# -- delete ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, hint", [
    ("normal", "did;"), ("404", "404"), ("500", "500"), ("html", "did not confirm"), ("drop", "did not confirm"),
    ("empty", "did not confirm"), ({"do": "envelope", "code": 403, "message": "no"}, "403"),
], ids=str)
def test_any_answer_to_a_delete_leaves_it_cancelled(paid, wavespeed, fault, hint):
    behaviour = fault if isinstance(fault, dict) else {"do": fault}
    wavespeed.script(poll=[{"do": "running", "times": "forever"}], delete=[{**behaviour, "times": "forever"}])
    with paid() as program:
        prediction = program.call("submit", prompt=PROMPT)
        wavespeed.log(at_least=2)
        cancelled = program.call("cancel", id=prediction["id"], delete_remote=True)
        assert_failure({**cancelled, "failure": {**cancelled["failure"], "hint": "-"}}, "cancelled", "cancelled", "unknown", True)
        wavespeed.log(at_least=3)
        wait_for(
            lambda: hint in str(program.call("status", id=prediction["id"])["failure"]["hint"]), f"the hint does not say {hint!r}")
        cancelled = program.call("status", id=prediction["id"])
        assert cancelled["status"] == "cancelled" and cancelled["remote_id"]
    assert [request["endpoint"] for request in wavespeed.log()].count("delete") >= 1
    assert len(wavespeed.posts()) == 1


def test_nothing_is_deleted_unless_asked(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid() as program:
        prediction = program.call("submit", prompt=PROMPT)
        wavespeed.log(at_least=2)
        program.call("cancel", id=prediction["id"])
        with pytest.raises(RPCError):
            program.call("cancel", id="0197a0b0-0000-7000-8000-000000000000", delete_remote=True)
        assert program.finish() == 0
    assert [request for request in wavespeed.log() if request["endpoint"] == "delete"] == []
