"""The calls of the package itself, what a fork leaves to a child, and connections that are freed."""

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref

import pytest
from conftest import PATIENCE, is_alive, pid_of, script, small, wait_until

from imagewire import AsyncClient, Client


@pytest.mark.behaviour("generate-alone")
def test_generate_needs_no_client_and_its_process_ends_with_the_program(options, tmp_path):
    process = script(
        tmp_path,
        """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    made = list(pool.map(lambda n: imagewire.generate(f"boat {n}", size="64x64"), range(8)))
made += imagewire.map(["a", "b"], size="64x64")
made.append(imagewire.submit("c", size="64x64").wait())
assert all(one.path.exists() for one in made) and len(made) == 11
print(imagewire.generate.__self__._connection._process.pid, flush=True)
""",
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    wait_until(lambda: not is_alive(int(out)))


@pytest.mark.behaviour("generate-alone")
def test_importing_starts_nothing(options):
    text = "import imagewire, threading; print(imagewire.generate.__self__._connection, threading.active_count())"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env={**os.environ, "IMAGEWIRE": "/no/such"})
    assert done.stdout == "None 1\n", done.stderr


def test_star_brings_no_function_named_map():
    names = {}
    exec("from imagewire import *", names)
    assert "Client" in names and "map" not in names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_child_that_was_forked_while_the_client_was_locked_calls_all_the_same(client):
    client.call("ping")
    with client._lock:  # As another thread holds it while the program starts.
        pid = os.fork()
        if pid == 0:
            signal.alarm(int(PATIENCE))  # A child that waits for the lock must not hang the test.
            try:
                os._exit(0 if client.call("ping") == {} else 1)
            finally:
                os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_does_not_keep_the_process_alive(options):
    client = Client(**options)
    client.call("ping")
    process = pid_of(client)
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(theirs)
        os.read(ours, 1)  # Until the parent says so.
        os._exit(0)
    client.close(PATIENCE)
    gone = not is_alive(process)
    os.close(theirs)
    os.waitpid(pid, 0)
    os.close(ours)
    assert gone


def test_connections_that_ended_are_freed(options):
    """A client that starts its process again keeps nothing of the processes before it."""
    client = Client(**options)
    seen = []
    for _ in range(8):
        client.call("ping")
        seen.append(weakref.ref(client._connection))
        client._connection._process.kill()
        client._connection.ended.wait(PATIENCE)
    client.call("ping")
    threads = threading.active_count()

    def alive():
        gc.collect()
        return [one for one in seen if one() is not None]

    wait_until(lambda: alive() == [])
    assert threads <= 8
    client.close()
    last = weakref.ref(client)
    del client
    gc.collect()
    assert last() is None


def test_connections_of_the_async_client_are_freed(options):
    import asyncio

    seen = []

    async def main():
        async with AsyncClient(**options) as client:
            for _ in range(5):
                await client.call("ping")
                seen.append(weakref.ref(client._connection))
                client._connection._process.kill()
                await asyncio.get_running_loop().run_in_executor(None, client._connection.ended.wait, PATIENCE)

    asyncio.run(main())
    wait_until(lambda: gc.collect() is not None and [one for one in seen if one() is not None] == [])


@pytest.mark.behaviour("cancel-unsent")
def test_a_submit_that_was_given_up_before_it_was_written_is_never_sent(client):
    client.call("ping")
    connection = client._connection
    # A stopped process reads nothing: the pipe is full, and what comes behind waits in the queue.
    os.kill(connection._process.pid, signal.SIGSTOP)
    long = connection.start("ping", {"_meta": "x" * (4 << 20)})
    wait_until(lambda: long.written)
    given_up = connection.start("submit", {"input": small("given up")}, keep=True)
    kept = connection.start("submit", {"input": small("kept")}, keep=True)
    connection.give_up(given_up)
    os.kill(connection._process.pid, signal.SIGCONT)
    assert kept.future.result(PATIENCE)["input"]["prompt"] == "kept"
    assert given_up.written is False and not given_up.future.done() and connection._given_up == set()
    assert [client.status(one.id).input["prompt"] for one in client.list()] == ["kept"]


@pytest.mark.behaviour("cancel-unsent")
def test_a_task_that_is_cancelled_while_the_program_starts_sends_nothing(options):
    import asyncio

    async def main():
        async with AsyncClient(**options) as client:
            task = asyncio.create_task(client.submit("a boat"))
            await asyncio.sleep(0)
            assert client._connection is None
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await client.list()) == 0

    asyncio.run(main())
