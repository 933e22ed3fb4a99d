"""What Ctrl-C, a callback that fails and `close` do to a prediction."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PATIENCE, is_alive, script, small, wait_until

import imagewire
from imagewire import Client


@pytest.mark.behaviour("generate-interrupted")
def test_ctrl_c_cancels_the_prediction_and_nothing_else_breaks(options, tmp_path):
    process = script(
        tmp_path,
        """
client = imagewire.Client()
other = client.submit(input={"prompt": "other", "sandbox": {"never": True}})
try:
    client.generate(input={"prompt": "never", "sandbox": {"never": True}}, on_progress=lambda it: print(it.id, it.status))
except KeyboardInterrupt:
    print("interrupted")
    mine = client.list(text="never").predictions[0]
    print(mine.status, client.status(other.id).status, flush=True)
client.close()
""",
    )
    while "processing" not in process.stdout.readline():
        pass
    # As a terminal does: to all processes in the foreground.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert out.splitlines()[-2:] == ["interrupted", "cancelled processing"], err
    assert process.returncode == 0


@pytest.mark.behaviour("generate-interrupted")
def test_an_exception_of_the_callback_cancels_the_prediction(client):
    def refuse(prediction):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        client.generate(input=small("never", never=True), on_progress=refuse)
    assert client.list(text="never").predictions[0].status == "cancelled"
    # Also one of this package, of a call that the callback makes.
    with pytest.raises(imagewire.NoThumbnail):
        client.generate(input=small("unseen", never=True), on_progress=lambda one: client.thumbnail(one.id))
    assert client.list(text="unseen").predictions[0].status == "cancelled"


@pytest.mark.behaviour("generate-interrupted")
def test_an_exception_of_the_async_callback_cancels_the_prediction(options):
    async def main():
        async with imagewire.AsyncClient(**options) as client:
            with pytest.raises(imagewire.NoThumbnail):
                await client.generate(input=small("unseen", never=True), on_progress=lambda one: client.thumbnail(one.id))
            assert (await client.list(text="unseen")).predictions[0].status == "cancelled"

    asyncio.run(main())


@pytest.mark.behaviour("generate-interrupted")
def test_an_interruption_of_the_sending_leaves_nothing_behind(client, monkeypatch):
    """At any moment: here, when the message is in the queue and the call has not returned."""
    client.call("ping")
    send = client._connection.send

    def interrupt(pending, params, **more):
        send(pending, params, **more)
        if pending.method == "submit":
            raise KeyboardInterrupt

    monkeypatch.setattr(client._connection, "send", interrupt)
    for make in (client.generate, client.submit, lambda **more: list(client.map(["never"], sandbox=more["input"]["sandbox"]))):
        with pytest.raises(KeyboardInterrupt):
            make(input=small("never", never=True))
    client.close(PATIENCE)
    assert {one.status for one in client.list()} <= {"cancelled"}


@pytest.fixture
def interrupted(fake, monkeypatch):
    """A client whose `generate` was interrupted while its submit was on the way, and its connection."""

    def interrupt(_, pending):
        wait_until(lambda: pending.written)
        raise KeyboardInterrupt

    def make(kind):
        client = fake(kind)
        monkeypatch.setattr(Client, "_submitted", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.generate("a boat")
        return client, client._connection

    return make


@pytest.mark.behaviour("close")
def test_closing_waits_until_what_was_given_up_is_cancelled(interrupted, caplog):
    client, connection = interrupted("slow")
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(client.close, PATIENCE)
        wait_until(lambda: connection._closing)
        with pytest.raises(imagewire.ConnectionLost, match="Nothing was sent"):
            connection.start("submit", {"prompt": "too late"}).future.result(PATIENCE)
        os.kill(connection._process.pid, signal.SIGUSR1)
        closing.result(PATIENCE)
    assert not is_alive(connection._process.pid)
    assert caplog.messages == ["cancel p1"]


def test_closing_says_what_it_could_not_wait_for(interrupted, caplog):
    client, connection = interrupted("silent")
    client.close(0.1)
    assert connection.ended.wait(PATIENCE)
    assert [message for message in caplog.messages if "list() shows" in message]
