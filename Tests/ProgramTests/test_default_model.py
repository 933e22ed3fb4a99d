"""The default model is looked up in the catalogue before a paid request names it."""

import pytest
from program import RPCError
from wavespeed import model

SEED = "openai/gpt-image-1-high-fidelity"


@pytest.fixture
def unnamed(paid):
    """Starts processes without a named model."""
    return lambda *arguments, **options: paid(*arguments, **{"IMAGEWIRE_MODEL": None, **options})


def asked(wavespeed):
    return [request for request in wavespeed.log() if request["endpoint"] == "models"]


def test_one_that_is_gone_is_not_sent_for_and_the_nearest_are_named(unnamed, wavespeed):
    names = ["openai/gpt-image-2/text-to-image", "openai/gpt-image-1.5/text-to-image", "acme/painter", "openai/dall-e-2",
             "google/imagen"]
    wavespeed.script(catalogue=[model(name) for name in names])
    with unnamed() as program:
        failed = program.call("submit", prompt="a boat", wait_ms=20000)
        assert (failed["status"], failed["billing"], failed["failure"]["type"]) == ("failed", "none", "model_unavailable")
        assert SEED in failed["failure"]["message"] and "Nothing was sent" in failed["failure"]["message"]
        assert failed["failure"]["hint"].endswith(
            "The nearest it lists: openai/gpt-image-1.5/text-to-image, openai/gpt-image-2/text-to-image, openai/dall-e-2.")
        assert failed["model"] == SEED
    assert wavespeed.posts() == []
    assert len(asked(wavespeed)) == 2, "missing is asked again before it is believed"


def test_one_that_is_there_is_believed_for_a_day_in_every_process(unnamed, wavespeed):
    for prompt in ("one", "two"):
        with unnamed() as program:
            assert program.call("submit", prompt=prompt, wait_ms=20000)["status"] == "completed"
    assert len(asked(wavespeed)) == 1


def test_missing_is_not_believed_the_first_time(unnamed, wavespeed):
    wavespeed.script(models=[{"do": "reply", "json": {"code": 200, "data": [{"model_id": "acme/painter"}]}}])
    with unnamed() as program:
        assert program.call("submit", prompt="a boat", wait_ms=20000)["status"] == "completed"
    assert len(asked(wavespeed)) == 2


@pytest.mark.parametrize("named", ["request", "flag", "variable", "client"])
def test_a_named_model_is_never_looked_up(unnamed, wavespeed, named):
    wavespeed.script(catalogue=[model("acme/painter")])
    arguments = ["--model", SEED] if named == "flag" else []
    variables = {"IMAGEWIRE_MODEL": SEED} if named == "variable" else {}
    with unnamed(*arguments, **variables) as program:
        if named == "client":
            program.call("initialize", {"capabilities": {}, "initializationOptions": {"model": SEED}})
        request = {"model": SEED} if named == "request" else {}
        assert program.call("submit", prompt="a boat", wait_ms=20000, **request)["status"] == "completed"
    assert asked(wavespeed) == []


@pytest.mark.parametrize("fault", ["401", "503", "html", "hang", "nothing"])
def test_a_catalogue_without_information_refuses_nothing(unnamed, wavespeed, fault):
    if fault == "nothing":
        wavespeed.script(catalogue=[])
    else:
        wavespeed.script(models=[{"do": fault, "times": "forever"}])
    with unnamed() as program:
        number = program.start("submit", prompt="a boat", wait_ms=20000)
        # The look-up does not run on the reading thread.
        assert program.call("ping") == {}
        assert program.reply(number)["status"] == "completed"
        assert program.call("submit", prompt="a ship", wait_ms=20000)["status"] == "completed"
        program.finish()
        assert program.log.count(b"could not be learned; it is sent all the same") == 1
    assert len(asked(wavespeed)) == 1


def test_the_sandbox_sends_no_request(unnamed, wavespeed):
    with unnamed("--provider", "sandbox") as program:
        assert program.call("submit", prompt="a boat", wait_ms=20000)["status"] == "completed"
    assert wavespeed.log() == []


def test_validate_says_so_before(unnamed, wavespeed):
    wavespeed.script(catalogue=[model("acme/painter")])
    with unnamed() as program:
        assert program.call("validate", input={"prompt": "a boat"})["valid"] is False
        with pytest.raises(RPCError):
            program.call("models", model=SEED)
