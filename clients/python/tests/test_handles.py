"""What `submit` returns: a handle that waits, cancels and brings updates."""

import asyncio
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from conftest import PATIENCE, small

import imagewire
from imagewire import AsyncClient


@pytest.mark.behaviour("handle")
def test_submit_returns_a_handle_at_once(client):
    begun = time.monotonic()
    handle = client.submit(input=small("a boat", delay_ms=700))
    assert handle.status == "created" and not handle.done and handle.prediction.id == handle.id
    assert time.monotonic() - begun < PATIENCE
    assert handle.reference() == f"imagewire://predictions/{handle.id}/1"
    seen = []
    made = handle.wait(timeout=PATIENCE, on_progress=seen.append)
    assert (made.id, made.status) == (handle.id, "completed") and seen[-1] == made
    # The handle has the newest state.
    assert handle.prediction == made and handle.done and handle.path == made.path and handle.files == made.files
    assert (handle.cost, handle.billing, handle.failure, handle.warnings) == (made.cost, "none", None, {})
    assert repr(handle) == f"<Handle {handle.id} completed>"


@pytest.mark.behaviour("handle")
def test_a_handle_cancels(client):
    handle = client.submit(input=small("never", never=True))
    assert handle.cancel().status == "cancelled" and handle.status == "cancelled"
    with pytest.raises(imagewire.PredictionCancelled):
        handle.wait()


def test_a_handle_raises_for_a_prediction_that_failed(client):
    handle = client.submit(input=small("x", fail="content_refused"))
    with pytest.raises(imagewire.ContentRefused) as failed:
        handle.wait()
    assert failed.value.prediction == handle.prediction and handle.failure.type == "content_refused"


@pytest.mark.behaviour("wait-timeout")
def test_a_time_limit_of_a_handle_leaves_the_prediction_alone(client):
    handle = client.submit(input=small("never", never=True))
    with pytest.raises(imagewire.WaitTimeout) as late:
        handle.wait(timeout=0.1)
    assert late.value.prediction.id == handle.id and not client.status(handle.id).done


@pytest.mark.behaviour("handle-updates")
def test_updates_come_with_every_change_until_the_end(client):
    handle = client.submit(input=small("a boat", delay_ms=900))
    updates = list(handle)
    assert [one.status for one in updates][-2:] == ["processing", "completed"]
    assert all(one.revision < other.revision for one, other in zip(updates, updates[1:]))
    assert handle.prediction == updates[-1]
    assert [one.status for one in handle.updates()] == ["completed"]


@pytest.mark.behaviour("handle-updates")
def test_updates_bring_the_estimate(client, monkeypatch):
    """Of a provider that gives one; an estimate that changes is news twice a second."""
    handle = client.submit(input=small("never", never=True))
    states = [
        {"revision": 2, "eta_ms": 900, "progress": 0.1}, {"revision": 2, "eta_ms": 890, "progress": 0.1}, {"revision": 2, "eta_ms": 100, "progress": 0.8},
        {"revision": 3, "status": "completed"},
    ]
    base = client.call("status", {"id": handle.id})
    clock = iter([10.0, 10.1, 10.6, 10.7])
    monkeypatch.setattr("imagewire._handle.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(client, "_ask", lambda call: call.read({**base, **states.pop(0)}))
    assert [(one.eta_ms, one.progress, one.status) for one in handle] == [
        (900, 0.1, base["status"]), (100, 0.8, base["status"]), (None, None, "completed"),
    ]


def test_updates_end_with_a_failure_and_raise_nothing(client):
    handle = client.submit(input=small("x", fail="remote_error"))
    assert list(handle)[-1].failure.type == "remote_error"


@pytest.mark.behaviour("errors-travel")
def test_a_handle_can_be_pickled_and_says_that_it_has_no_client(client):
    handle = client.submit(input=small("a boat"))
    other = pickle.loads(pickle.dumps(handle))
    assert type(other) is imagewire.Handle and other.id == handle.id and other.prediction == handle.prediction
    for use in (other.wait, other.cancel, lambda: next(iter(other))):
        with pytest.raises(RuntimeError, match=rf"client.result\('{handle.id}'\)"):
            use()
    assert handle.wait().status == "completed"


def test_threads_share_a_handle(client):
    handle = client.submit(input=small("a boat", delay_ms=300))
    with ThreadPoolExecutor(8) as pool:
        made = [one.result(PATIENCE) for one in [pool.submit(handle.wait) for _ in range(8)]]
    assert {one.status for one in made} == {"completed"}


@pytest.mark.behaviour("handle")
@pytest.mark.behaviour("handle-updates")
def test_an_async_handle_is_awaited_and_iterated(options):
    async def main():
        async with AsyncClient(**options) as client:
            handle = await client.submit(input=small("a boat", delay_ms=900))
            assert handle.status == "created"
            updates = [one async for one in handle]
            assert [one.status for one in updates][-2:] == ["processing", "completed"]
            assert await handle == handle.prediction == await handle.wait(PATIENCE)
            assert [one.status async for one in handle.updates()] == ["completed"]
            never = await client.submit(input=small("never", never=True))
            with pytest.raises(imagewire.WaitTimeout):
                await never.wait(timeout=0.1)
            assert (await never.cancel()).status == never.status == "cancelled"
            with pytest.raises(imagewire.PredictionCancelled):
                await never
            assert pickle.loads(pickle.dumps(never)).id == never.id
            both = await asyncio.gather(*[await client.submit(input=small(f"boat {n}")) for n in range(2)])
            assert [one.input["prompt"] for one in both] == ["boat 0", "boat 1"]

    asyncio.run(asyncio.wait_for(main(), 2 * PATIENCE))
