"""The provider `openai`: its requests, the outcome of every reply, and that it posts once."""

import base64
import json
import signal
from pathlib import Path

import pytest
from program import KEY, RPCError, small, wait_for
from wavespeed import png

PNG = b"\x89PNG\r\n\x1a\n"


def submit(program, patience=20000, **input):
    return program.call("submit", input={"prompt": "a boat", **input}, wait_ms=patience)


def incoming(home):
    folder = home / ".local/state/imagewire/incoming"
    return list(folder.iterdir()) if folder.exists() else []


def test_the_input_goes_out_untouched_and_the_picture_comes_back(ask, openai, home):
    with ask() as program:
        done = submit(program, size="1024x1024", n=2, seed=9007199254740993, x={"deep": [1.0]})
        program.finish()
    assert (done["status"], done["billing"], done["provider"], done["model"]) == ("completed", "charged", "openai", "gpt-image-2")
    assert [(file["width"], file["height"]) for file in done["files"]] == [(32, 16), (33, 16)]
    assert all(url.startswith("file://") for url in done["outputs"])
    (post,) = openai.posts()
    assert post["path"] == "/v1/images/generations"
    assert post["headers"]["authorization"] == f"Bearer {KEY}"
    assert post["body"] == (
        b'{"model":"gpt-image-2","prompt":"a boat","size":"1024x1024","n":2,"seed":9007199254740993,"x":{"deep":[1.0]}}'
    )
    # The reply that was kept until the files were saved is deleted.
    assert incoming(home) == []


def test_a_server_of_ones_own_needs_no_key_and_no_path(ask, openai):
    with ask(OPENAI_API_KEY=None, OPENAI_BASE_URL=openai.root) as program:
        done = program.call("submit", prompt="a boat", model="my/model", wait_ms=20000)
    assert done["status"] == "completed"
    (post,) = openai.posts()
    assert post["path"] == "/v1/images/generations"
    assert "authorization" not in post["headers"]
    assert post["fields"]["model"] == "my/model"


def test_without_a_key_and_a_server_it_says_what_to_set(spawn):
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat", provider="openai")
    assert error.value.code == 1005
    assert "OPENAI_API_KEY" in error.value.data["hint"] and "OPENAI_BASE_URL" in error.value.data["hint"]


@pytest.mark.parametrize("behaviour", ["url", "data_uri"])
def test_pictures_by_address(ask, openai, behaviour):
    openai.script(behaviour)
    with ask() as program:
        done = submit(program)
    assert done["status"] == "completed"
    assert Path(done["files"][0]["path"]).read_bytes().startswith(PNG)
    # The key goes to the API and nowhere else.
    fetched = [request for request in openai.requests if request["method"] == "GET" and request["path"] != "/v1/models"]
    assert fetched or behaviour == "data_uri"
    assert all("authorization" not in request["headers"] for request in fetched)


def test_images_in_the_input_make_it_an_edit(ask, openai):
    first, second, mask = png(3, 3), png(4, 4), png(5, 5)
    uri = lambda picture: "data:image/png;base64," + base64.b64encode(picture).decode()
    with ask() as program:
        done = submit(program, image=[uri(first), uri(second)], mask=uri(mask), n=1, input_fidelity="high")
        one = submit(program, image=uri(first))
    assert done["status"] == one["status"] == "completed"
    several, single = openai.posts()
    assert several["path"] == single["path"] == "/v1/images/edits"
    fields = several["fields"]
    assert [part["content"] for part in fields["image[]"]] == [first, second]
    assert fields["mask"] == {"name": "mask-1.png", "type": "image/png", "content": mask}
    assert (fields["prompt"], fields["n"], fields["input_fidelity"], fields["model"]) == ("a boat", "1", "high", "gpt-image-2")
    assert single["fields"]["image"]["content"] == first


def test_a_path_in_the_input_is_not_sent(ask, openai):
    with ask() as program:
        done = submit(program, image="/etc/passwd")
    assert (done["status"], done["failure"]["type"], done["billing"]) == ("failed", "invalid_input", "none")
    assert "input.image" in done["error"]
    assert openai.posts() == []


@pytest.mark.parametrize("behaviour", ["normal", "stream_late"])
def test_a_stream_brings_its_picture(ask, openai, behaviour):
    openai.script(behaviour)
    with ask() as program:
        done = submit(program, stream=True, partial_images=2)
    assert done["status"] == "completed"
    assert len(done["files"]) == 1
    # The finished one, not a draft: the fixture numbers them by their width.
    assert done["files"][0]["width"] == {"normal": 18, "stream_late": 17}[behaviour]


@pytest.mark.parametrize("answer, kind, retryable", [
    ({"error": 400, "code": "moderation_blocked", "type": "image_generation_user_error"}, "content_refused", False),
    ({"error": 400, "param": "size", "message": "size is wrong"}, "invalid_input", False),
    ({"error": 422, "message": "no"}, "invalid_input", False),
    ({"error": 401, "code": "invalid_api_key"}, "authentication", False),
    ({"error": 403, "message": "no"}, "authentication", False),
    ({"error": 404, "code": "model_not_found", "message": "no"}, "model_unavailable", False),
    ({"status": 404, "json": {"detail": "Not Found"}}, "model_unavailable", False),
    ({"error": 429, "type": "rate_limit_exceeded"}, "rate_limited", True),
    ({"error": 429, "code": "insufficient_quota"}, "insufficient_credit", False),
    ({"error": 400, "code": "billing_hard_limit_reached"}, "insufficient_credit", False),
    ({"status": 307, "headers": {"Location": "/elsewhere"}}, "remote_error", False),
    ({"status": 422, "json": {"detail": [{"loc": ["body", "size"], "msg": "bad size"}]}}, "invalid_input", False),
    # Azure, xAI, Ark, OpenRouter, Gemini.
    ({"status": 400, "json": {"error": {"code": "contentFilter", "message": "no"}}}, "content_refused", False),
    ({"status": 400, "json": {"error": {"code": "c", "message": "no", "innererror": {
        "code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}}}}, "content_refused", False),
    ({"status": 400, "json": {"code": "c", "error": "Generated image rejected by content moderation."}}, "content_refused", False),
    ({"status": 400, "json": {"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}}, "content_refused", False),
    ({"status": 403, "json": {"error": {"code": 403, "message": "no", "metadata": {"reasons": ["x"]}}}}, "content_refused", False),
    ({"status": 400, "json": [{"error": {"code": 400, "message": "no", "details": [{"reason": "API_KEY_INVALID"}]}}]},
     "authentication", False),
])
def test_a_definite_no_costs_nothing(ask, openai, answer, kind, retryable):
    openai.script(answer)
    with ask() as program:
        done = submit(program)
    assert (done["status"], done["billing"]) == ("failed", "none")
    assert (done["failure"]["type"], done["failure"]["retryable"]) == (kind, retryable)
    assert "Nothing is billed" in done["error"] and done["failure"]["hint"]
    assert len(openai.posts()) == 1


def test_messages_of_the_server_are_passed_on_without_the_key(ask, openai):
    openai.script({"error": 401, "message": f"Incorrect API key provided: {KEY}."})
    with ask() as program:
        done = submit(program)
    assert "Incorrect API key provided: [key]" in done["error"]
    assert KEY not in json.dumps(done)


PICTURE = png(40, 30)
LETTERS = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize("answer", [
    {"data": [{"b64_json": base64.encodebytes(PICTURE).decode()}]},
    {"data": [{"b64_json": base64.urlsafe_b64encode(PICTURE).decode().rstrip("=")}]},
    {"images": [LETTERS]}, {"images": [{"b64_json": LETTERS}]}, [{"b64_json": LETTERS}], [LETTERS],
    {"data": {"b64_json": LETTERS}},
], ids=["line breaks", "for URLs", "images", "images as objects", "a list", "a list of texts", "one object"])
def test_pictures_in_other_shapes_are_understood(ask, openai, answer, home):
    openai.script({"status": 200, "json": answer})
    with ask() as program:
        done = submit(program)
        program.finish()
    assert (done["status"], done["billing"]) == ("completed", "charged")
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE
    assert incoming(home) == []


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream"])
def test_the_picture_itself_may_be_the_answer(ask, openai, kind, home):
    openai.script({"bytes": PICTURE, "type": kind})
    with ask() as program:
        done = submit(program)
        program.finish()
    assert (done["status"], done["files"][0]["media_type"]) == ("completed", "image/png")
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE
    assert incoming(home) == []


@pytest.mark.parametrize("behaviour", [
    "lost", "reset", "empty", "html", "truncated", "stream_cut", {"error": 500}, {"error": 502}, {"error": 408},
    {"error": 409},
])
def test_a_lost_reply_is_unknown_and_never_sent_again(ask, openai, behaviour, home):
    openai.script(behaviour)
    with ask(IMAGEWIRE_OPENAI_FREE="0") as program:
        done = submit(program, stream=behaviour == "stream_cut")
        assert (done["status"], done["billing"], done["failure"]["type"]) == ("unknown", "unknown", "submission_unknown")
        again = program.call("result", id=done["id"])
        program.finish()
    assert again["status"] == "unknown"
    assert len(openai.posts()) == 1
    assert incoming(home) == []


@pytest.mark.parametrize("behaviour", ["no_data", "stream_error"])
def test_done_without_a_picture_failed_and_may_be_billed(ask, openai, behaviour):
    openai.script(behaviour)
    with ask() as program:
        done = submit(program, stream=behaviour == "stream_error")
    assert (done["status"], done["billing"], done["failure"]["type"] in ("remote_error", "invalid_input")) == ("failed", "unknown", True)
    assert "Nothing is billed" not in done["error"]


def test_an_unreachable_provider_means_not_sent(ask):
    with ask(OPENAI_BASE_URL="http://127.0.0.1:9/v1") as program:
        done = submit(program)
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "network")


@pytest.mark.parametrize("free", [None, "1"])
def test_a_free_server_that_fails_costs_nothing(ask, openai, free):
    """A server of one's own is free unless it is said to cost something."""
    openai.script({"status": 500, "json": {"detail": "size must be a multiple of 8"}}, {"error": 503, "message": "busy"})
    with ask(IMAGEWIRE_OPENAI_FREE=free) as program:
        done, busy = submit(program), submit(program)
    for prediction, words in ((done, 'HTTP 500), saying "size must be a multiple of 8". Nothing is billed.'), (busy, "busy")):
        assert (prediction["status"], prediction["billing"]) == ("failed", "none")
        assert (prediction["failure"]["type"], prediction["failure"]["retryable"]) == ("remote_error", True)
        assert words in prediction["error"]
    assert len(openai.posts()) == 2


@pytest.mark.parametrize("behaviour", [
    "lost", "reset", "truncated", {"error": 408}, {"status": 500, "json": {"detail": "cut"}, "length": 999},
])
def test_a_lost_reply_of_a_free_server_is_unknown_too(ask, openai, behaviour):
    openai.script(behaviour)
    with ask(IMAGEWIRE_OPENAI_FREE="1") as program:
        assert submit(program)["status"] == "unknown"
    assert len(openai.posts()) == 1


# -- dialects ---------------------------------------------------------------------------------------------------------


def request(program, **input):
    """With a model of its own: the default one is looked for in the list of models."""
    return program.call("submit", input={"prompt": "a boat", **input}, model="m", wait_ms=20000)


def data_uri(picture):
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def test_a_server_is_asked_once_what_it_is(ask, openai):
    openai.models = [{"id": "sdxl", "owned_by": "xinference", "model_type": "image"}]
    with ask() as program:
        assert [request(program)["status"], request(program, response_format="url")["status"]] == ["completed", "completed"]
    assert len(openai.questions()) == 1
    asked, told = openai.posts()
    # It answers a path of its disk by default.
    assert asked["fields"] == {"model": "m", "prompt": "a boat", "response_format": "b64_json"}
    assert told["fields"]["response_format"] == "url"


@pytest.mark.parametrize("models", ["lost", [], [{"id": "a", "owned_by": "somebody"}]])
def test_a_server_that_does_not_say_what_it_is_gets_the_input_unchanged(ask, openai, models):
    openai.models = models
    with ask() as program:
        assert [request(program)["status"], request(program)["status"]] == ["completed", "completed"]
    assert len(openai.questions()) == 1
    assert {post["body"] for post in openai.posts()} == {b'{"model":"m","prompt":"a boat"}'}


def test_a_dialect_that_is_named_is_not_asked_for(ask, openai, home):
    (home / ".config/imagewire").mkdir(parents=True)
    (home / ".config/imagewire/config.json").write_text('{"openai_dialect": "sglang", "openai_free": false}')
    openai.script("normal", {"error": 500}, "normal")
    with ask() as program:
        assert [request(program)["status"], request(program)["status"]] == ["completed", "unknown"]
    with ask(IMAGEWIRE_OPENAI_DIALECT="plain") as program:
        assert request(program)["status"] == "completed"
    assert openai.questions() == []
    assert ["response_format" in post["fields"] for post in openai.posts()] == [True, True, False]


def test_edits_go_out_as_the_server_takes_them(ask, openai):
    picture, address = data_uri(png(3, 3)), "https://pictures.example/1.png"
    expected = {
        "xai": ("/v1/images/edits", {"images": [{"url": text, "type": "image_url"} for text in (picture, address)]}),
        "ark": ("/v1/images/generations", {"image": [picture, address]}),
        "together": ("/v1/images/generations", {"reference_images": [picture, address]}),
        "openrouter": ("/v1/images", {
            "input_references": [{"type": "image_url", "image_url": {"url": text}} for text in (picture, address)]}),
    }
    for dialect in expected:
        with ask(IMAGEWIRE_OPENAI_DIALECT=dialect) as program:
            assert request(program, image=[picture, address])["status"] == "completed"
    for post, (path, members) in zip(openai.posts(), expected.values()):
        assert post["path"] == path and post["headers"]["content-type"] == "application/json"
        assert post["fields"] == {"model": "m", "prompt": "a boat", **members}


@pytest.mark.parametrize("owner, input, words", [
    ("koboldcpp", {"image": data_uri(png(3, 3))}, "KoboldCpp cannot edit images"),
    ("xinference", {"image": "https://pictures.example/1.png"}, "Xinference takes no address of an image (input.image)"),
])
def test_an_edit_that_a_server_cannot_do_is_not_sent(ask, openai, owner, input, words):
    openai.models = [{"id": "a", "owned_by": owner}]
    with ask() as program:
        done = request(program, **input)
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "none", "invalid_input")
    assert words in done["error"] and "Nothing was sent" in done["error"]
    assert openai.posts() == []


def test_a_query_in_the_address_stands_behind_the_path(ask, openai):
    with ask(OPENAI_BASE_URL=f"{openai.url}?api-version=2025-04-01") as program:
        assert request(program)["status"] == "completed"
        assert [model["id"] for model in program.call("models", provider="openai")["models"]] == ["a/b", "gpt-image-2"]
    assert {request["path"] for request in openai.questions()} == {"/v1/models?api-version=2025-04-01"}
    assert openai.posts()[0]["path"] == "/v1/images/generations?api-version=2025-04-01"


def test_the_list_of_models_that_the_default_model_needs_is_the_question(ask, openai):
    openai.models = [{"id": "gpt-image-2", "owned_by": "xinference"}]
    with ask() as program:
        assert submit(program)["status"] == "completed"
    assert len(openai.questions()) == 1
    assert openai.posts()[0]["fields"]["response_format"] == "b64_json"


def test_a_process_that_is_killed_while_it_asks_what_server_it_is_has_sent_nothing(ask, openai):
    openai.models = "held"
    with ask() as program:
        id = program.call("submit", prompt="a boat", model="my/model")["id"]
        wait_for(lambda: openai.questions(), "the question")
        assert program.call("status", id=id)["status"] == "created"
        program.kill()
    openai.models = [{"id": "my/model", "owned_by": "vllm"}]
    with ask() as program:
        assert program.call("result", id=id)["status"] == "completed"
    assert len(openai.posts()) == 1


def test_a_relative_address_is_fetched_from_the_server_without_the_key(ask, openai):
    openai.script({"files": [{"name": "content", "bytes": PICTURE, "type": "image/png"}], "as": "relative"})
    with ask() as program:
        done = request(program)
    assert done["status"] == "completed", done
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE
    fetched = [request for request in openai.requests if request["path"].startswith("/file/")]
    assert len(fetched) == 1 and "authorization" not in fetched[0]["headers"]


def test_an_address_below_the_base_url_is_whole_in_the_outputs(ask, openai):
    openai.script({"status": 200, "json": {"data": [{"url": "../picture/1.png"}, {"url": "nothing.png"}]}})
    with ask() as program:
        done = request(program)
    assert Path(done["files"][0]["path"]).read_bytes().startswith(PNG)
    assert done["outputs"][1] == f"{openai.url}/nothing.png"


def test_a_picture_on_this_disk_is_copied_and_a_text_never(ask, openai, home):
    picture, secret, svg = home / "picture.jpg", home / "secret.png", home / "drawing.svg"
    picture.write_bytes(PICTURE)
    secret.write_text("the secret")
    svg.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>the secret</text></svg>")
    openai.script(*({"status": 200, "json": {"data": [{"url": str(path)}]}} for path in (picture, secret, svg, home)))
    with ask(IMAGEWIRE_OPENAI_DIALECT="xinference") as program:
        done = request(program)
        refused = [request(program) for _ in range(3)]
    assert done["status"] == "completed", done
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE and picture.exists()
    for prediction in refused:
        assert prediction["files"] == [] and prediction["failure"]["type"] == "download_failed"
    saved = (home / ".local/state/imagewire/outputs").rglob("*")
    assert all(b"the secret" not in path.read_bytes() for path in saved if path.is_file())


def test_a_picture_on_this_disk_is_not_read_for_a_server_that_does_not_answer_so(ask, openai, home):
    """It could be a picture of the user's, and leave as an input of the next request."""
    (home / "private.png").write_bytes(PICTURE)
    openai.script(*[{"status": 200, "json": {"data": [{"url": str(home / "private.png")}]}}] * 2)
    for settings in ({}, {"IMAGEWIRE_OPENAI_DIALECT": "sglang"}):
        with ask(**settings) as program:
            done = request(program)
        assert done["files"] == [] and done["failure"]["type"] == "download_failed"
    assert [one["path"] for one in openai.requests if one["path"].endswith("private.png")] != []


def test_a_path_of_this_disk_is_copied_by_a_later_process_too(ask, openai, home):
    picture = home / "picture.jpg"
    openai.models = [{"id": "a", "owned_by": "xinference"}]
    openai.script({"status": 200, "json": {"data": [{"url": str(picture)}]}})
    with ask() as program:
        failed = request(program)
    assert failed["failure"]["type"] == "download_failed"
    picture.write_bytes(PICTURE)
    with ask() as program:
        done = program.call("result", id=failed["id"])
    assert Path(done["files"][0]["path"]).read_bytes() == PICTURE


@pytest.mark.parametrize("models, billing", [
    ([{"id": "a", "owned_by": "somebody"}], "none"), (404, "none"), ([], "unknown"), ("lost", "unknown"), (401, "unknown"), (429, "unknown"),
    (500, "unknown"), ([{"id": "a", "created": 1677610602}], "unknown"),
])
def test_only_a_server_that_says_what_it_is_can_be_free(ask, openai, models, billing):
    openai.models = models
    openai.script({"error": 500, "message": "timed out after generating"})
    with ask() as program:
        done = request(program)
    assert done["billing"] == billing and done["status"] == {"none": "failed", "unknown": "unknown"}[billing]


def test_a_list_of_models_that_comes_later_corrects_a_guess(ask, openai):
    openai.models = 429
    with ask() as program:
        assert request(program)["status"] == "completed"
        openai.models = [{"id": "a", "owned_by": "sglang"}]
        program.call("models", provider="openai")
        assert request(program)["status"] == "completed"
    assert ["response_format" in post["fields"] for post in openai.posts()] == [False, True]


def test_a_moderated_image_is_a_refusal_of_the_content(ask, openai):
    openai.script({"status": 200, "json": {"data": [{"respect_moderation": False, "url": ""}]}})
    with ask() as program:
        done = request(program)
    assert (done["status"], done["billing"], done["failure"]["type"]) == ("failed", "unknown", "content_refused")


def test_a_refusal_that_says_its_price_is_billed(ask, openai):
    """xAI bills images that its moderation holds back."""
    refusal = {"code": "c", "error": "Generated image rejected by content moderation."}
    openai.script(*({"status": 400, "json": {**refusal, "usage": {"cost_in_usd_ticks": cost}}} for cost in (200000000, 0)))
    with ask() as program:
        billed, free = request(program), request(program)
    assert (billed["status"], billed["billing"], billed["failure"]["type"]) == ("failed", "charged", "content_refused")
    assert "Nothing is billed" not in billed["error"]
    assert (free["status"], free["billing"]) == ("failed", "none")


def test_what_the_list_of_models_says_beyond_ids_is_kept(ask, openai):
    openai.models = [
        {"id": "a", "display_name": "A model", "type": "image"}, {"id": "b", "name": "b", "model_type": "LLM"},
        {"id": "c", "name": "C", "architecture": {"output_modalities": ["text", "image"]}}, {"id": "d", "type": "odd"},
    ]
    with ask() as program:
        models = program.call("models", provider="openai")["models"]
    assert [(model["id"], model.get("name"), model.get("kind")) for model in models] == [
        ("a", "A model", "image"), ("b", None, "text"), ("c", "C", "image"), ("d", None, None)]


# -- life and death ---------------------------------------------------------------------------------------------------


def test_at_the_end_of_input_the_post_is_waited_for(ask, openai):
    openai.script({"do": "normal", "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        program.close()
        openai.release()
        assert program.wait() == 0
    with ask() as program:
        assert program.call("status", id=found)["status"] == "completed"
    assert len(openai.posts()) == 1


def test_killed_while_the_post_is_out_is_unknown(ask, openai):
    openai.script({"do": "normal", "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        program.kill(signal.SIGKILL)
    openai.release()
    with ask() as program:
        done = program.call("result", id=found)
    assert (done["status"], done["billing"]) == ("unknown", "unknown")
    assert len(openai.posts()) == 1


def test_a_reply_that_was_kept_before_the_crash_is_not_lost(ask, openai, home):
    """As if the process had died between the reply's fsync and the table's: the image lies there and is taken up."""
    openai.script({"do": "normal", "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        program.kill(signal.SIGKILL)
    folder = home / ".local/state/imagewire/incoming"
    folder.mkdir(exist_ok=True)
    picture = base64.b64encode(png(40, 30)).decode()
    (folder / f"{found}.1").write_text(json.dumps({"data": [{"b64_json": picture}]}))
    openai.release()
    with ask() as program:
        done = program.call("result", id=found)
        assert (done["status"], done["billing"]) == ("completed", "charged")
        assert (done["files"][0]["width"], done["files"][0]["height"]) == (40, 30)
        program.finish()
    assert len(openai.posts()) == 1
    assert incoming(home) == []


def test_parts_of_replies_left_by_a_crash_are_removed_and_nothing_else(ask, openai, home):
    """Parts of replies, as a power loss leaves them, and whole ones that are of no more use."""
    folder, gone = home / ".local/state/imagewire/incoming", "01a20ffa-1505-7dc6-b3b8-728fbcf16431"
    openai.script("normal", "lost", {"do": "normal", "hold": True})
    with ask() as program:
        over, doubtful = submit(program)["id"], submit(program, seed=2)["id"]
        under_way = program.call("submit", prompt="a third")["id"]
        openai.posts(at_least=3)
        kept = {f"{doubtful}.1", f"{under_way}.1.part", "notes"}
        for name in {f"{over}.1", f"{over}.1.part", f"{doubtful}.1.part", f"{gone}.1", f"{gone}.1.part", *kept}:
            (folder / name).write_text("{}")
        with ask() as other:
            other.call("submit", input=small("a fourth"), provider="sandbox", wait_ms=20000)
            wait_for(lambda: {path.name for path in incoming(home)} == kept, "what a crash left is still there")
            assert other.finish() == 0
        openai.release()
        assert program.call("result", id=under_way)["status"] == "completed"


def test_a_disk_that_refuses_the_file_does_not_lose_the_reply(ask, openai, home):
    (home / "album").mkdir()
    with ask() as program:
        openai.script({"do": "normal", "hold": True})
        found = program.call("submit", prompt="a boat", output_dir=str(home / "album"))["id"]
        openai.posts(at_least=1)
        (home / "album").rmdir()
        (home / "album").write_text("in the way")
        openai.release()
        done = program.call("result", id=found)
        assert (done["status"], done["failure"]["type"]) == ("completed", "download_failed")
        assert len(incoming(home)) == 1
        program.finish()
    (home / "album").unlink()
    with ask() as program:
        done = program.call("result", id=found)
    assert done["failure"] is None
    assert Path(done["files"][0]["path"]).read_bytes().startswith(PNG)
    assert len(openai.posts()) == 1


def test_cancelled_while_the_post_is_out_keeps_the_picture_that_came(ask, openai, home):
    openai.script({"do": "normal", "hold": True})
    with ask() as program:
        found = program.call("submit", prompt="a boat")["id"]
        openai.posts(at_least=1)
        assert program.call("cancel", id=found)["status"] == "cancelled"
        openai.release()
        program.finish()
    with ask() as program:
        done = program.call("status", id=found)
    assert (done["status"], done["billing"]) == ("cancelled", "charged")
    assert Path(done["files"][0]["path"]).read_bytes().startswith(PNG)
    assert incoming(home) == []
