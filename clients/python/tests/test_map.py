"""`map`: many prompts, a bounded number at a time."""

import asyncio
import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PATIENCE, script, small, wait_until

import imagewire
from imagewire import AsyncClient

SIZE = {"size": "64x64"}
PROMPTS = [f"boat {number}" for number in range(7)]


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 2 * PATIENCE))


def prompts_of(predictions):
    return [one.input["prompt"] for one in predictions]


@pytest.mark.behaviour("map")
def test_the_results_are_in_the_order_of_the_prompts(client):
    made = list(client.map(PROMPTS, concurrency=3, tags="boats", **SIZE))
    assert prompts_of(made) == PROMPTS and {one.status for one in made} == {"completed"}
    assert {one.tags for one in made} == {("boats",)}


@pytest.mark.behaviour("map")
def test_no_more_run_than_concurrency_says(client):
    taken = []

    def prompts():
        for prompt in PROMPTS:
            running = [one for one in client.predictions(tag="boats") if not one.done]
            assert len(running) < 2
            taken.append(prompt)
            yield prompt

    results = client.map(prompts(), concurrency=2, tags=["boats"], **SIZE)
    assert taken == []
    next(results)
    # Nothing is submitted ahead of the loop.
    assert 2 <= len(taken) <= 3
    assert len(list(results)) == 6 and taken == PROMPTS


@pytest.mark.behaviour("map-as-completed")
def test_results_come_as_completed_with_their_place(client, monkeypatch):
    # The first of two that run is held back until the second is finished.
    first = client.submit(input=small("first", never=True))
    calls = iter([first, client.submit(input=small("second"))])
    results = client.map(["first", "second"], as_completed=True, concurrency=2)
    monkeypatch.setattr(client, "_submitted", lambda pending: client.call("status", {"id": next(calls).id}))
    place, second = next(results)
    assert (place, second.input["prompt"]) == (1, "second")
    first.cancel()
    with pytest.raises(imagewire.MapFailed) as failed:
        next(results)
    assert [getattr(one, "status", None) for one in failed.value.results] == [None, "completed"]


@pytest.mark.behaviour("map-failure")
@pytest.mark.parametrize("as_completed", [False, True])
def test_the_failure_of_one_leaves_the_others_alone(client, as_completed):
    prompts = ["boat 0", "", "boat 2", "boat 3"]
    made = []
    with pytest.raises(imagewire.MapFailed, match="1 of 4 prompts failed.*prompt") as failed:
        for one in client.map(prompts, concurrency=2, as_completed=as_completed, **SIZE):
            made.append(one)
    results = failed.value.results
    assert isinstance(results[1], imagewire.InvalidParams) and failed.value.__cause__ is results[1]
    assert prompts_of([results[0], results[2], results[3]]) == ["boat 0", "boat 2", "boat 3"]
    if as_completed:
        assert sorted(place for place, _ in made) == [0, 2, 3]
    else:
        # Beyond the failure nothing is handed out: places would be lost.
        assert prompts_of(made) == ["boat 0"]
    assert pickle.loads(pickle.dumps(failed.value)).results[0] == results[0]


@pytest.mark.behaviour("map-failure")
def test_predictions_that_fail_are_in_their_place(client):
    with pytest.raises(imagewire.MapFailed, match="3 of 3 prompts failed") as failed:
        list(client.map(["a", "b", "c"], sandbox={"fail": "content_refused"}, **SIZE))
    assert [type(one) for one in failed.value.results] == [imagewire.ContentRefused] * 3


@pytest.mark.behaviour("map-interrupted")
def test_leaving_the_loop_cancels_the_rest(client):
    taken = []

    def prompts():
        for number in range(9):
            taken.append(number)
            yield f"boat {number}"

    for _ in client.map(prompts(), concurrency=3, as_completed=True, **SIZE):
        break
    assert len(taken) <= 4
    wait = [one.id for one in client.predictions()]
    assert client.wait(wait, timeout=PATIENCE).done
    assert len(wait) == len(taken)


@pytest.mark.behaviour("map-interrupted")
def test_an_interruption_cancels_what_is_not_finished(client):
    def prompts():
        yield "never 0"
        yield "never 1"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(client.map(prompts(), concurrency=3, input={**SIZE, "sandbox": {"never": True}}))
    assert [one.status for one in client.list(text="never")] == ["cancelled", "cancelled"]


@pytest.mark.behaviour("map-interrupted")
@pytest.mark.behaviour("close")
def test_closing_cancels_the_rest_of_a_loop_that_was_left_and_is_still_held(client, options, monkeypatch):
    results = client.map(["never", "boat"], as_completed=True, concurrency=2, **SIZE)
    boat = client.generate("boat", **SIZE)
    never = client.submit("never", sandbox={"never": True}, **SIZE)
    ids = iter([never.id, boat.id])
    monkeypatch.setattr(client, "_submitted", lambda pending: client.call("status", {"id": next(ids)}))
    for _ in results:
        break
    client.close(PATIENCE)
    assert client.status(never.id).status == "cancelled"

    async def main():
        async with AsyncClient(**options) as other:
            never = await other.submit("later", sandbox={"never": True}, **SIZE)
            ids = iter([never.id, boat.id])

            async def submitted(pending):
                return await other.call("status", {"id": next(ids)})

            monkeypatch.setattr(other, "_submitted", submitted)
            held = other.map(["later", "boat"], as_completed=True, concurrency=2, **SIZE)
            async for _ in held:
                break
            await other.close(PATIENCE)
            assert (await other.status(never.id)).status == "cancelled"

    run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.behaviour("map-interrupted")
def test_a_forked_child_that_ends_in_the_loop_cancels_nothing_of_its_parent(client):
    seen = []

    def prompts():
        yield "never 0"
        child = os.fork()
        if child == 0:
            # It has a process of its own, which could cancel.
            client.call("ping")
            raise SystemExit
        assert os.waitpid(child, 0)[1] == 0
        seen.extend(one.done for one in client.list(text="never"))
        raise KeyboardInterrupt

    test = os.getpid()
    try:
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            list(client.map(prompts(), concurrency=2, sandbox={"never": True}, **SIZE))
    finally:
        if os.getpid() != test:
            client.close(PATIENCE)
            os._exit(0)
    assert seen == [False]
    assert [one.status for one in client.list(text="never")] == ["cancelled"]


@pytest.mark.behaviour("map-interrupted")
def test_ctrl_c_cancels_the_rest_and_submits_nothing_more(options, tmp_path):
    process = script(
        tmp_path,
        """
client = imagewire.Client()
def prompts():
    for number in range(9):
        print(number, flush=True)
        yield f"never {number}"
try:
    list(client.map(prompts(), concurrency=2, size="64x64", sandbox={"never": True}))
except KeyboardInterrupt:
    # The last submit may still be on its way: closing waits until it is cancelled too.
    client.close()
    print("interrupted", [one.status for one in client.list()], flush=True)
client.close()
""",
    )
    assert [process.stdout.readline(), process.stdout.readline()] == ["0\n", "1\n"]
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] in ("interrupted ['cancelled']", "interrupted ['cancelled', 'cancelled']")


@pytest.mark.behaviour("map-interrupted")
def test_an_error_of_a_call_that_the_prompts_make_cancels_the_rest(client):
    def prompts():
        yield "never"
        client.status("nothing")

    with pytest.raises(imagewire.PredictionNotFound):
        list(client.map(prompts(), sandbox={"never": True}, **SIZE))
    assert [one.status for one in client.list(text="never")] == ["cancelled"]


@pytest.mark.behaviour("map-interrupted")
def test_closing_ends_a_loop_of_another_thread(client):
    client.call("ping")
    with ThreadPoolExecutor() as pool:
        mapping = pool.submit(lambda: list(client.map(["never"], sandbox={"never": True}, **SIZE)))
        wait_until(lambda: [one for one in client._connection._pending.values() if one.method == "wait"])
        client.close(PATIENCE)
        with pytest.raises(imagewire.MapFailed) as failed:
            mapping.result(PATIENCE)
    # It starts no process again.
    assert client._connection is None
    assert [one.status for one in client.list(text="never")] == ["cancelled"]


@pytest.mark.behaviour("map-interrupted")
def test_a_loop_that_closing_overtakes_starts_no_process(client, monkeypatch):
    """Its wait is answered, since closing cancels what runs, and it goes on only when the client is closed."""
    client.call("ping")
    ask, give_up, closed = client._ask, client._give_up, threading.Event()
    waits = lambda: [one for one in client._connection._pending.values() if one.method == "wait"]

    def slow(call, *rest, **named):
        answer = ask(call, *rest, **named)
        if call.method == "wait":
            closed.wait(PATIENCE)
        return answer

    def patient(batch):
        give_up(batch)
        if not closed.is_set():
            wait_until(lambda: not waits())

    monkeypatch.setattr(client, "_ask", slow)
    monkeypatch.setattr(client, "_give_up", patient)
    with ThreadPoolExecutor() as pool:
        mapping = pool.submit(lambda: list(client.map(["never", "next"], concurrency=1, sandbox={"never": True}, **SIZE)))
        wait_until(lambda: client._connection and waits())
        client.close(PATIENCE)
        closed.set()
        with pytest.raises(imagewire.MapFailed):
            mapping.result(PATIENCE)
    assert client._connection is None
    assert [one.status for one in client.list(text="never")] == ["cancelled"] and not client.list(text="next").predictions


@pytest.mark.behaviour("map")
def test_predictions_that_a_wait_has_no_room_for_are_asked_for(client, monkeypatch):
    def wait(ids, mode, timeout):
        return imagewire.Waited(True, (), tuple(ids))

    monkeypatch.setattr(client, "wait", wait)
    assert prompts_of(client.map(PROMPTS, **SIZE)) == PROMPTS


@pytest.mark.parametrize(
    "arguments, more, error, words",
    [
        (["a fox"], {}, TypeError, "several prompts.*not one text"), ([["a"]], {"concurrency": 0}, ValueError, "at least 1"),
        ([["a"]], {"max_cots": 1}, TypeError, "did you mean max_cost"), ([["a"]], {"timeout": 1}, TypeError, "takes no timeout"),
        ([["a"]], {"input": {"prompt": "b"}}, TypeError, "prompt is given twice"), ([["a"]], {"image": b""}, ValueError, "no image"),
    ],
)
def test_what_cannot_be_mapped_is_refused_at_once(client, arguments, more, error, words):
    with pytest.raises(error, match=words):
        client.map(*arguments, **more)
    with pytest.raises(error, match=words):
        AsyncClient().map(*arguments, **more)


def test_a_prompt_that_is_no_text_ends_it(client):
    with pytest.raises(TypeError, match="Prompt 1 of map.*NoneType"):
        list(client.map(["a", None], **SIZE))


def test_a_key_is_numbered_so_that_a_second_run_pays_for_nothing_twice(client):
    first = list(client.map(["a", "b"], idempotency_key="book", **SIZE))
    assert [one.idempotency_key for one in first] == ["book-1", "book-2"]
    assert list(client.map(["a", "b"], idempotency_key="book", **SIZE)) == first


def test_what_was_cancelled_keeps_its_key(client):
    """As the README says: a second run makes it only with another key."""
    def interrupted():
        yield "a"
        raise KeyboardInterrupt

    options = {**SIZE, "idempotency_key": "book", "sandbox": {"never": True}}
    with pytest.raises(KeyboardInterrupt):
        list(client.map(interrupted(), **options))
    with pytest.raises(imagewire.MapFailed) as failed:
        list(client.map(["a"], **options))
    assert [type(one) for one in failed.value.results] == [imagewire.PredictionCancelled]
    assert len(list(client.list())) == 1


def test_an_open_file_is_read_once_for_all(client):
    import io

    from test_inputs import PNG, URI

    made = list(client.map(["a", "b"], image=io.BytesIO(PNG), **SIZE))
    assert [one.input["image"] for one in made] == [URI, URI]


@pytest.mark.behaviour("map")
@pytest.mark.behaviour("map-as-completed")
@pytest.mark.behaviour("map-failure")
@pytest.mark.behaviour("map-interrupted")
def test_the_async_client_maps_alike(options):
    async def main():
        async with AsyncClient(**options) as client:
            assert prompts_of([one async for one in client.map(PROMPTS, concurrency=3, **SIZE)]) == PROMPTS
            placed = {place: one async for place, one in client.map(PROMPTS, as_completed=True, **SIZE)}
            assert prompts_of([placed[place] for place in range(7)]) == PROMPTS
            with pytest.raises(imagewire.MapFailed) as failed:
                async for _ in client.map(["a", ""], **SIZE):
                    pass
            assert isinstance(failed.value.results[1], imagewire.InvalidParams)
            async def endless():
                async for _ in client.map(["never 0", "never 1"], sandbox={"never": True}, **SIZE):
                    pass

            task = asyncio.create_task(endless())
            while len(await client.list(text="never")) < 2:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [one.status for one in await client.list(text="never")] == ["cancelled", "cancelled"]

    run(main())
