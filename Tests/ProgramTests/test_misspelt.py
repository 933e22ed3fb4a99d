"""Fields that a model does not have: refused if that is certain, else sent with a warning."""

import json
import subprocess

import pytest
from program import BINARY, KEY, PATIENCE, RPCError, environment
from wavespeed import SIZES, model

PAINTER = "acme/painter"


def with_schema(wavespeed, **keywords):
    one = model(PAINTER, size=SIZES, seed={"type": "integer"})
    one["api_schema"]["api_schemas"][0]["request_schema"].update(keywords)
    wavespeed.script(catalogue=[one])


def submit(program, wait=20000, **fields):
    return program.call("submit", input={"prompt": "a boat", **fields}, model=PAINTER, wait_ms=wait)


def test_a_misspelt_field_is_refused_once_the_catalogue_is_known(paid, wavespeed):
    with_schema(wavespeed)
    with paid() as program:
        validated = program.call("validate", input={"prompt": "a boat", "siez": "1024*1536"}, model=PAINTER)
        assert validated["valid"] is False
        (problem,) = validated["problems"]
        assert problem == {"path": "input.siez", "message": "input.siez is not a field of acme/painter (is size meant?)"}
        with pytest.raises(RPCError) as error:
            submit(program, siez="1024*1536")
        assert (error.value.code, error.value.data["path"]) == (-32602, "input.siez")
        assert "Nothing was sent" in error.value.message
    assert wavespeed.posts() == []


def test_a_field_that_may_be_known_is_sent_with_a_warning(paid, wavespeed):
    with_schema(wavespeed)
    with paid() as program:
        program.call("models")
        for wait in (0, 20000):
            prediction = submit(program, wait, lighting="soft", enable_sync_mode=False, wait_note=wait)
            assert [one["path"] for one in prediction["warnings"]] == ["input.lighting", "input.wait_note"]
            assert "the provider may ignore it" in prediction["warnings"][0]["message"]
        assert "warnings" not in program.call("result", id=prediction["id"])
        validated = program.call("validate", input={"prompt": "a boat", "lighting": "soft"}, model=PAINTER)
        assert validated["valid"] is True and [one["path"] for one in validated["warnings"]] == ["input.lighting"]
    assert json.loads(wavespeed.posts()[0]["body"])["lighting"] == "soft"


def test_a_schema_that_allows_no_others_refuses_every_unknown_field(paid, wavespeed):
    with_schema(wavespeed, additionalProperties=False)
    with paid() as program:
        program.call("models")
        with pytest.raises(RPCError) as error:
            submit(program, lighting="soft")
        assert error.value.data["path"] == "input.lighting"
        assert submit(program, enable_base64_output=False)["status"] == "completed"


@pytest.mark.parametrize("keywords", [
    {"additionalProperties": True}, {"additionalProperties": {"type": "string"}}, {"anyOf": [{}]}, {"allOf": [{}]},
    {"oneOf": [{}]}, {"patternProperties": {"^x": {}}},
])
def test_an_open_schema_refuses_nothing(paid, wavespeed, keywords):
    with_schema(wavespeed, **keywords)
    with paid() as program:
        program.call("models")
        prediction = submit(program, siez="1024*1536", lighting="soft")
    assert prediction["status"] == "completed"
    assert [one["path"] for one in prediction["warnings"]] == ["input.siez"]


def test_a_key_finds_its_prediction_first(paid, wavespeed):
    with_schema(wavespeed)
    asked = {"input": {"prompt": "a boat", "siez": 1}, "model": PAINTER, "idempotency_key": "k"}
    with paid() as program:
        first = program.call("submit", {**asked, "wait_ms": 20000})
        assert first["status"] == "completed", "nothing was known of the model"
        program.call("models")
        assert program.call("submit", asked)["id"] == first["id"]
        with pytest.raises(RPCError) as error:
            program.call("submit", {**asked, "idempotency_key": "another"})
        assert error.value.data["path"] == "input.siez"
    assert len(wavespeed.posts()) == 1


def test_on_a_terminal_the_model_is_asked_about_first(wavespeed, home):
    with_schema(wavespeed)

    def generate(*settings):
        return subprocess.run(
            [BINARY, "generate", "a boat", "-m", PAINTER, *settings], capture_output=True, text=True, timeout=PATIENCE,
            cwd=home, env=environment(home, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url))

    misspelt = generate("--set", "siez=1024*1536")
    assert misspelt.returncode == 2 and "input.siez is not a field of acme/painter (is size meant?)" in misspelt.stderr
    assert wavespeed.posts() == []
    odd = generate("--set", "lighting=soft")
    assert odd.returncode == 0 and "input.lighting is not among the fields that acme/painter lists" in odd.stderr
    wavespeed.script(models=[{"do": "503", "times": "forever"}])
    assert generate("--set", "siez=1").returncode == 0, "the catalogue is not known"


def test_an_agents_arguments_are_always_checked(paid, wavespeed):
    with paid() as program:
        program.call("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}})
        answer = program.call("tools/call", {"name": "generate_image", "arguments": {"prompt": "a boat", "siez": "1"}})
        assert answer["isError"] and "siez" in answer["content"][0]["text"]
        with_schema(wavespeed)
        program.call("models")
        answer = program.call("tools/call", {"name": "generate_image", "arguments": {
            "prompt": "a boat", "model": PAINTER, "input": {"siez": "1"}}})
        assert answer["isError"] and "is size meant?" in answer["content"][0]["text"]
        answer = program.call("tools/call", {"name": "generate_image", "arguments": {
            "prompt": "a boat", "model": PAINTER, "input": {"lighting": "soft"}}})
        assert not answer["isError"] and "input.lighting is not among" in answer["content"][0]["text"]
    assert len(wavespeed.posts()) == 1
