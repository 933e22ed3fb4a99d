"""Exceptions cross processes: an error in a worker must reach the caller, and never end or hang the pool."""

import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest
from conftest import BINARY, PATIENCE

import imagewire
from imagewire import Client, errors

PREDICTION = {
    "id": "01a20d56-62d9-7da6-ac74-ae5cb37adc2f", "model": "m", "status": "failed", "outputs": [], "urls": {}, "timings": {"inference": None, "queued": 1, "total": 2},
    "created_at": "2026-11-23T12:34:56.789Z", "error": "It was refused.", "provider": "sandbox", "billing": "none",
    "revision": 3, "files": [{"path": "/a.png", "media_type": "image/png", "bytes": 1, "sha256": "0"}],
    "failure": {"type": "content_refused", "retryable": False, "message": "It was refused.", "hint": "Change it."},
    "input": {"prompt": "a fox", "seed": 2**60},
}


def made(kind):
    """One of this kind, as the client makes it."""
    prediction = imagewire.Prediction.from_json(PREDICTION)
    if issubclass(kind, (errors.PredictionFailed, errors.NoFile)):
        return kind(prediction)
    if issubclass(kind, errors.MapFailed):
        return kind([prediction, made(errors.ContentRefused)])
    if issubclass(kind, errors.WaitTimeout):
        return kind(prediction, 2.5)
    if issubclass(kind, errors.CallError):
        return kind(-32602, "It is wrong.", {"type": "invalid_params", "retryable": True, "hint": "Mend it.", "path": "model"})
    return kind("It ended.")


def known(attributes):
    """Exceptions have no equality: those of MapFailed are compared by their texts."""
    if "results" in attributes:
        return {**attributes, "results": [repr(one) for one in attributes["results"]]}
    return attributes


KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ImagewireError)]


@pytest.mark.behaviour("errors-travel")
@pytest.mark.parametrize("protocol", [0, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("kind", KINDS)
def test_every_exception_is_the_same_on_the_other_side(kind, protocol):
    error = made(kind)
    error.noted = "by the caller"
    other = pickle.loads(pickle.dumps(error, protocol))
    assert type(other) is kind
    assert (str(other), other.args) == (str(error), error.args)
    assert known(vars(other)) == known(vars(error))


class Own(errors.CallError):
    """As a user may derive one."""

    def __init__(self, account, error):
        super().__init__(error.code, error.message, error.data)
        self.account = account


def test_a_derived_exception_as_well():
    other = pickle.loads(pickle.dumps(Own("work", made(errors.CallError))))
    assert (type(other), other.account, other.path, str(other)) == (Own, "work", "model", "It is wrong. Mend it.")


def refused(binary, folder):
    """A call that is refused, in a process of its own."""
    with Client(binary, provider="sandbox", state_dir=folder) as client:
        client.submit("  ")


def unfinished(binary, folder):
    with Client(binary, provider="sandbox", state_dir=folder) as client:
        client.generate("never", input={"sandbox": {"never": True}}, timeout=0.2)


@pytest.mark.behaviour("errors-travel")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_a_pool_brings_the_error_and_lives_on(options, tmp_path, context):
    with multiprocessing.get_context(context).Pool(1) as pool:
        with pytest.raises(imagewire.InvalidParams) as error:
            pool.apply_async(refused, (BINARY, str(tmp_path))).get(PATIENCE)
        assert (error.value.path, error.value.retryable) == ("prompt", False)
        with pytest.raises(imagewire.WaitTimeout) as late:
            pool.apply_async(unfinished, (BINARY, str(tmp_path))).get(PATIENCE)
        assert late.value.prediction.status in ("created", "processing")
        assert pool.apply_async(abs, (-1,)).get(PATIENCE) == 1


def test_an_executor_brings_the_error_and_lives_on(options, tmp_path):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        with pytest.raises(imagewire.InvalidParams):
            executor.submit(refused, BINARY, str(tmp_path)).result(PATIENCE)
        with pytest.raises(imagewire.WaitTimeout):
            executor.submit(unfinished, BINARY, str(tmp_path)).result(PATIENCE)
        assert executor.submit(abs, -1).result(PATIENCE) == 1
