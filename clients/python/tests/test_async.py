"""`AsyncClient` against the real binary."""

import asyncio
import hashlib
import os
import signal
import sys
import time
from datetime import datetime, timedelta

import pytest
from conftest import FAKE, PATIENCE, small

import imagewire
from imagewire import AsyncClient


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 2 * PATIENCE))


@pytest.mark.behaviour("generate")
def test_the_main_job(options):
    async def main():
        seen = []

        async def note(prediction):
            seen.append(prediction.status)

        async with AsyncClient(**options) as client:
            prediction = await client.generate("a red fox in snow", on_progress=note)
            inline = (await client.result(prediction.id, inline=True)).files[0]
            assert len(inline.base64) > 65_536 and hashlib.sha256(inline.read()).hexdigest() == inline.sha256
            assert prediction.path.read_bytes() == inline.read()
        assert seen[-1] == "completed"

    run(main())


def test_many_at_once_and_every_call(options):
    async def main():
        async with AsyncClient(**options) as client:
            made = await asyncio.gather(*(client.generate(input=small(f"boat {n}"), tags=["boats"]) for n in range(12)))
            assert len({one.id for one in made}) == 12
            listed = [one.id async for one in client.predictions(tag="boats", limit=5, created_before=datetime.now() + timedelta(hours=1))]
            assert sorted(listed) == sorted(one.id for one in made)
            assert (await client.wait(listed)).done
            never = await client.submit(input=small("never", never=True))
            assert (await client.status(never.id)).id == never.id
            assert (await client.cancel(never.id)).status == "cancelled"
            assert (await client.thumbnail(made[0].id)).width == 64
            assert (await client.delete(listed)).ids == tuple(listed)
            assert await client.call("ping") == {}
            assert (await client.quote("a boat")).amount == 0
            assert [one.default for one in await client.models()] == [True]
            assert not (await client.validate("a boat", input={"n": 0})).valid
            with pytest.raises(imagewire.ContentRefused):
                await client.generate(input=small("x", fail="content_refused"))
            with pytest.raises(imagewire.WaitTimeout):
                await client.generate(input=small("never", never=True), timeout=0.1)

    run(main())


@pytest.mark.behaviour("generate-interrupted")
def test_cancelling_the_task_cancels_the_prediction(options):
    async def main():
        async with AsyncClient(**options) as client:
            begun = asyncio.Event()
            task = asyncio.create_task(
                client.generate(input=small("never", never=True), on_progress=lambda _: begun.set())
            )
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.list(text="never")).predictions[0].status == "cancelled"
            # Before the answer to submit has come, too.
            task = asyncio.create_task(client.generate(input=small("sooner", never=True)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            deadline = time.monotonic() + PATIENCE
            while [one.status for one in await client.list(text="sooner")] == ["created"]:
                assert time.monotonic() < deadline
            assert [one.status for one in await client.list(text="sooner")] in ([], ["cancelled"])

    run(main())


@pytest.mark.behaviour("generate-interrupted")
def test_cancelling_the_task_in_the_moment_of_the_reply_cancels_the_prediction(options):
    async def main():
        async with AsyncClient(**options) as client:
            await client.call("ping")
            for turns in range(4):
                task = asyncio.create_task(client.generate(input=small(f"never {turns}", never=True)))
                while not (submits := [one for one in client._connection._pending.values() if one.method == "submit"]):
                    await asyncio.sleep(0)
                # The loop is busy while the reply comes.
                submits[0].future.result(PATIENCE)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task}, timeout=5)
                assert task.cancelled(), f"goes on when cancelled {turns} turns after the reply"
        async with AsyncClient(**options) as client:
            assert [one.status for one in await client.list(text="never")] == ["cancelled"] * 4

    run(main())


@pytest.mark.behaviour("close")
def test_closing_waits_until_what_was_given_up_is_cancelled(options, caplog, monkeypatch):
    async def main():
        loop = asyncio.get_running_loop()
        run_in_executor = loop.run_in_executor
        given_up = []

        def note(*arguments):
            given_up.append(len(connection._given_up))
            return run_in_executor(*arguments)

        client = AsyncClient(sys.executable, arguments=[FAKE, "slow"])
        task = asyncio.create_task(client.generate("a boat"))
        while client._connection is None or not [one for one in client._connection._pending.values() if one.written]:
            await asyncio.sleep(0.01)
        connection = client._connection
        # The closing thread must find it abandoned, however early it looks.
        monkeypatch.setattr(loop, "run_in_executor", note)
        task.cancel()
        closing = asyncio.create_task(client.close(PATIENCE))
        while not connection._closing:
            await asyncio.sleep(0.01)
        os.kill(connection._process.pid, signal.SIGUSR1)
        try:
            await closing
            with pytest.raises(asyncio.CancelledError):
                await task
            assert connection.ended.is_set() and given_up == [1]
        finally:
            connection.kill()

    run(main())
    assert caplog.messages == ["cancel p1"]


@pytest.mark.behaviour("restart")
def test_a_killed_process_fails_all_and_is_started_again(options):
    async def main():
        async with AsyncClient(**options) as client:
            never = await client.submit(input=small("never", never=True))
            waiting = [asyncio.create_task(client.result(never.id)) for _ in range(5)]
            # Of a tag that nothing has: how the prediction goes on must not come before the end.
            updates = await client.subscribe(tag="nothing")
            while len(client._connection._pending) < 5:
                await asyncio.sleep(0.01)
            os.kill(client._connection._process.pid, signal.SIGKILL)
            for task in waiting:
                with pytest.raises(imagewire.ConnectionLost):
                    await task
            with pytest.raises(imagewire.ConnectionLost):
                await updates.__anext__()
            assert (await client.status(never.id)).id == never.id

    run(main())


@pytest.mark.behaviour("subscribe")
def test_subscription(options):
    async def main():
        async with AsyncClient(**options) as client:
            async with await client.subscribe(tag="boats") as updates:
                made = await client.submit(input=small("boat"), tags=["boats"])
                async for update in updates:
                    assert update.prediction.id == made.id
                    if update.prediction.done:
                        break
            assert updates.cursor
            other = await client.subscribe()
            reading = asyncio.create_task(other.__anext__())
            await asyncio.sleep(0)
            await other.close()
            with pytest.raises(StopAsyncIteration):
                await reading

    run(main())


def test_the_loop_goes_on_while_the_program_starts(options):
    async def main():
        with pytest.raises(imagewire.BinaryNotFound):
            await AsyncClient("/no/such/program").generate("a boat")

    run(main())
