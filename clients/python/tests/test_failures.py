"""Predictions that fail, calls that are refused, messages that cannot be sent, and errors that name no call."""

import asyncio
import dataclasses
import os
import signal
from pathlib import Path

import pytest
from conftest import PATIENCE, small

import imagewire


@pytest.mark.behaviour("generate-failed")
@pytest.mark.parametrize(
    "kind, error",
    [
        ("content_refused", imagewire.ContentRefused), ("insufficient_credit", imagewire.InsufficientCredit),
        ("rate_limited", imagewire.RateLimited), ("authentication", imagewire.AuthenticationFailed),
        ("model_unavailable", imagewire.ModelUnavailable), ("remote_error", imagewire.RemoteFailed),
        ("remote_timeout", imagewire.RemoteTimedOut), ("network", imagewire.NetworkFailed),
        ("invalid_input", imagewire.InvalidInput), ("internal", imagewire.InternalFailure),
    ],
)
def test_work_that_fails_is_an_exception_of_its_own(client, kind, error):
    with pytest.raises(error) as failed:
        client.generate(input=small("a failure", fail=kind))
    assert failed.value.failure.type == kind
    assert failed.value.prediction.status == "failed"
    assert failed.value.failure.message in str(failed.value)
    assert failed.value.prediction.billing == "none"
    # Nor is there a path that is nothing.
    with pytest.raises(error):
        failed.value.prediction.path
    assert client.result(failed.value.prediction.id).status == "failed"


def test_every_failure_of_the_schema_has_an_exception():
    import json

    from conftest import ROOT
    from imagewire.errors import _CALLS, _FAILURES

    schema = json.loads((ROOT / "schemas/prediction.json").read_text())
    assert set(_FAILURES) == set(schema["properties"]["failure"]["properties"]["type"]["enum"])
    codes = {kind["properties"]["code"]["const"] for kind in json.loads((ROOT / "schemas/error.json").read_text())["oneOf"]}
    assert set(_CALLS) == codes - {-32700, -32600, -32601, -32603}


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda client: client.generate(""), imagewire.InvalidParams),
        (lambda client: client.generate(), imagewire.InvalidParams),
        (lambda client: client.generate("a boat", output_name="a/b"), imagewire.InvalidParams),
        (lambda client: client.generate("a boat", provider="wavespeed"), imagewire.ProviderNotConfigured),
        (lambda client: client.status("nothing"), imagewire.PredictionNotFound),
        (lambda client: client.delete([client.submit(input=small("n", never=True)).id]), imagewire.PredictionNotFinished),
        (lambda client: [client.submit(p, idempotency_key="k") for p in "ab"], imagewire.IdempotencyConflict),
        (lambda client: client.call("no_such_method"), imagewire.CallError),
    ],
)
def test_calls_that_fail(client, call, error):
    with pytest.raises(error) as failed:
        call(client)
    assert failed.value.code and failed.value.message in str(failed.value)
    assert client.call("ping") == {}


@pytest.mark.behaviour("unknown-option")
def test_a_path_is_named(client):
    with pytest.raises(ValueError) as failed:
        client.generate("a boat", tags=[""])
    assert failed.value.path == "tags[0]"
    with pytest.raises(imagewire.InvalidParams, match="input.n is 11; it must be at most 10. Nothing was sent") as failed:
        client.generate("a boat", n=11)
    assert failed.value.path == "input.n"
    with pytest.raises(imagewire.InvalidParams, match=r'"promt"\. It takes prompt, input') as failed:
        client.call("submit", {"promt": "a boat"})
    assert failed.value.path == "promt" and failed.value.hint


@pytest.mark.behaviour("generate-interrupted")
@pytest.mark.behaviour("wait-timeout")
def test_a_time_limit_leaves_the_prediction_alone(client):
    with pytest.raises(TimeoutError) as late:
        client.generate(input=small("never", never=True), timeout=0.2)
    assert isinstance(late.value, imagewire.WaitTimeout)
    assert not client.status(late.value.prediction.id).done


@pytest.mark.behaviour("restart")
def test_a_lost_process_leaves_the_id_behind(client, options):
    def kill(prediction):
        os.kill(client._connection._process.pid, signal.SIGKILL)

    with pytest.raises(imagewire.ConnectionLost, match="result.. waits for it") as lost:
        client.generate(input=small("never", never=True), on_progress=kill)
    [made] = client.list()
    assert lost.value.prediction_id == made.id and made.id in str(lost.value) and not made.done

    async def main():
        async with imagewire.AsyncClient(**options) as other:
            with pytest.raises(imagewire.ConnectionLost) as lost:
                await other.generate(
                    input=small("later", never=True), on_progress=lambda _: os.kill(other._connection._process.pid, signal.SIGKILL))
            return lost.value.prediction_id

    assert asyncio.run(main()) == client.list(text="later").predictions[0].id


def test_a_call_that_is_not_answered_in_time(fake):
    with pytest.raises(imagewire.CallTimeout, match="ping.*0.2 s"):
        fake("silent", timeout=0.2).call("ping")


@pytest.mark.behaviour("not-sendable")
@pytest.mark.parametrize(
    "value, error, words",
    [
        (float("nan"), ValueError, "not JSON compliant"), (float("-inf"), ValueError, "not JSON compliant"),
        (object(), TypeError, "of the type object"), ({(1, 2): 3}, TypeError, "tuple"),
        ("x" * (64 << 20), ValueError, "67,108,864"),
    ],
    ids=["nan", "infinity", "object", "key", "long"],
)
def test_what_cannot_be_sent_is_said_at_once(client, value, error, words):
    with pytest.raises(error, match=f"submit .*{words}.* Nothing was sent"):
        client.generate("a boat", input={"seed": value})
    assert client._connection._pending == {}
    assert list(client.list()) == []


def test_an_error_that_names_no_call(fake, caplog):
    client = fake("unread", timeout=PATIENCE)
    with pytest.raises(imagewire.CallError, match="Invalid Request"):
        client.call("ping")
    # Of several it may be any: none of them is said to have failed.
    other = client._connection.start("result", {})
    assert client.call("ping") == {}
    assert not other.future.done()
    assert ["does not say which" in message for message in caplog.messages] == [True]


@pytest.mark.behaviour("path")
def test_a_prediction_without_a_file_says_why(client, tmp_path):
    made = client.generate("a boat", n=2, size="64x64", output_dir=tmp_path, output_name="boat")
    assert made.path == made.files[0].path == tmp_path / "boat-1.png"
    for options, error, words in [
        ({"fail": "content_refused"}, imagewire.ContentRefused, "content_refused"),
        ({"fail": "insufficient_credit"}, imagewire.InsufficientCredit, "insufficient_credit"),
    ]:
        failed = client.submit("a boat", sandbox=options)
        with pytest.raises(error, match=words) as caught:
            client.result(failed.id).path
        assert caught.value.prediction.id == failed.id
    never = client.submit("a boat", sandbox={"never": True})
    with pytest.raises(imagewire.NoFile, match="it is (created|processing). .*result.. waits") as caught:
        never.path
    assert caught.value.prediction == never.prediction
    with pytest.raises(imagewire.PredictionCancelled):
        never.cancel().path
    with pytest.raises(imagewire.NoFile, match="completed without an output"):
        dataclasses.replace(made, files=()).path


def test_what_came_of_an_output_and_what_the_provider_said_are_read():
    part = {"index": 2, "path": "/x/fox-2.png.partial", "bytes": 9, "sha256": "0" * 64}
    value = {"type": "download_failed", "retryable": False, "message": "", "hint": None, "remote_code": None}
    assert imagewire.Failure.from_json(value).partial == ()
    [read] = imagewire.Failure.from_json({**value, "missing": [2], "partial": [part]}).partial
    assert read == imagewire.PartialFile(2, Path("/x/fox-2.png.partial"), 9, "0" * 64)
    file = {"path": "/x/a.wav", "media_type": "audio/wav", "bytes": 9, "sha256": "", "width": None, "height": None}
    assert imagewire.File.from_json(file).duration_ms is None
    assert imagewire.File.from_json({**file, "duration_ms": 500}).duration_ms == 500
