"""`map` when its process ends, or a prediction is deleted meanwhile."""

import os
import pickle
import signal

import pytest
from conftest import PATIENCE
from test_map import SIZE, prompts_of, run

import imagewire
from imagewire import AsyncClient


def lose(client):
    """Kills the process while a call waits for its answer."""
    connection = client._connection
    os.kill(connection._process.pid, signal.SIGKILL)
    assert connection.ended.wait(PATIENCE)
    raise connection.lost


@pytest.mark.behaviour("map")
def test_the_next_process_goes_on_when_one_is_killed(client, monkeypatch):
    wait = client.wait
    killed = []

    def kill_once(*arguments, **more):
        if not killed:
            killed.append(client._connection)
            lose(client)
        return wait(*arguments, **more)

    monkeypatch.setattr(client, "wait", kill_once)
    made = list(client.map(["boat 0", "boat 1"], **SIZE))
    assert prompts_of(made) == ["boat 0", "boat 1"] and killed != [client._connection]
    assert len(list(client.list())) == 2


@pytest.mark.behaviour("map-failure")
def test_a_process_that_is_killed_again_ends_it_with_what_is_known(client, monkeypatch):
    done = client.generate("boat 0", idempotency_key="boat-1", **SIZE)
    wait = client.wait

    def killed(ids, **more):
        client.status(done.id)
        if waits:
            lose(client)
        waits.append(ids)
        return wait(ids, **more)

    waits = []
    monkeypatch.setattr(client, "wait", killed)
    results = client.map(["boat 0", "boat 1"], idempotency_key="boat", **SIZE)
    # The second never ends: its key belongs to one that does not.
    never = client.submit("boat 1", idempotency_key="boat-2", sandbox={"never": True}, **SIZE)
    monkeypatch.setattr(client, "_submitted", lambda pending, ids=iter([done.id, never.id]): client.call("status", {"id": next(ids)}))
    with pytest.raises(imagewire.MapFailed, match="signal 9") as failed:
        list(results)
    first, second = failed.value.results
    assert first == done and isinstance(second, imagewire.ConnectionLost) and second.prediction_id == never.id
    assert never.id in str(second) and pickle.loads(pickle.dumps(second)).prediction_id == never.id
    assert not client.status(never.id).done


@pytest.mark.behaviour("map-failure")
def test_a_process_that_never_answers_ends_it(fake):
    with pytest.raises(imagewire.MapFailed, match="2 of 2 prompts failed.*status 9") as failed:
        list(fake("dies").map(["a", "b", "c"]))
    assert [type(one) for one in failed.value.results] == [imagewire.ConnectionLost] * 2
    with pytest.raises(imagewire.BinaryNotFound):
        list(imagewire.Client("/no/such/imagewire").map(["a", "b"]))


@pytest.mark.behaviour("map-failure")
def test_a_prediction_that_is_gone_is_an_error_in_its_place(client, monkeypatch):
    wait = client.wait

    def delete_first(ids, **more):
        gone = [one.id for one in client.list(text="boat 0")]
        if gone:
            client.call("wait", {"ids": gone, "timeout_ms": 60_000})
            client.delete(gone)
        return wait(ids, **more)

    monkeypatch.setattr(client, "wait", delete_first)
    with pytest.raises(imagewire.MapFailed, match="1 of 2 prompts failed") as failed:
        list(client.map(["boat 0", "boat 1"], **SIZE))
    gone, made = failed.value.results
    assert isinstance(gone, imagewire.PredictionNotFound) and made.input["prompt"] == "boat 1"


@pytest.mark.behaviour("map-failure")
@pytest.mark.behaviour("map-interrupted")
def test_the_async_client_goes_on_alike(options, monkeypatch):
    async def main():
        async with AsyncClient(**options) as client:
            wait = client.wait
            trouble = []

            async def kill_once(ids, **more):
                if not trouble:
                    trouble.append("killed")
                    lose(client)
                elif len(trouble) == 1:
                    trouble.append("deleted")
                    gone = [one.id for one in await client.list(text="boat 0")]
                    await client.call("wait", {"ids": gone, "timeout_ms": 60_000})
                    await client.delete(gone)
                return await wait(ids, **more)

            monkeypatch.setattr(client, "wait", kill_once)
            with pytest.raises(imagewire.MapFailed, match="1 of 2 prompts failed") as failed:
                async for _ in client.map(["boat 0", "boat 1"], **SIZE):
                    pass
            gone, made = failed.value.results
            assert isinstance(gone, imagewire.PredictionNotFound) and made.input["prompt"] == "boat 1"

            def prompts():
                yield "never"
                raise imagewire.ImagewireError("no")

            with pytest.raises(imagewire.ImagewireError, match="^no$"):
                async for _ in client.map(prompts(), sandbox={"never": True}, **SIZE):
                    pass
            assert [one.status for one in await client.list(text="never")] == ["cancelled"]

    run(main())
