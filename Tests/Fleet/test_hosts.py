"""What each fault of a host or of the database does to one prediction."""

import os
import time

import pytest
from program import RPCError, wait_for

FOREVER = [{"do": "running", "times": "forever"}]


@pytest.fixture
def store(database, request):
    return database.create(f"t{abs(hash(request.node.name)) % 10**9}")


def polled(wavespeed, program, prompt="a boat"):
    """The id of a prediction that the provider works on."""
    id = program.call("submit", prompt=prompt)["id"]
    wait_for(lambda: program.call("status", id=id)["remote_id"], "the provider's id")
    return id


def test_a_prediction_made_on_one_host_is_seen_on_another(hosts, store, bucket):
    one, two = (host.start() for host in hosts(2, store))
    done = one.call("submit", prompt="a boat", wait_ms=30_000)
    assert done["status"] == "completed" and done["files"][0]["location"].startswith("s3://pictures/fleet/")
    seen = two.call("status", id=done["id"])
    assert (seen["status"], seen["files"][0]["location"]) == ("completed", done["files"][0]["location"])
    # The copy on the second host is fetched when it is asked for.
    path = two.call("result", id=done["id"])["files"][0]["path"]
    with open(path, "rb") as file:
        assert file.read().startswith(b"\x89PNG")


def test_a_change_on_one_host_reaches_a_subscriber_on_another(hosts, store):
    one, two = (host.start() for host in hosts(2, store))
    two.call("subscribe")
    id = one.call("submit", prompt="a boat", wait_ms=30_000)["id"]
    while not any(n["params"]["prediction"]["status"] == "completed" for n in two.notifications):
        two.notifications.append(two.receive())
    assert two.notifications[-1]["params"]["prediction"]["id"] == id


def test_one_key_on_two_hosts_is_one_prediction(hosts, store, wavespeed):
    programs = [host.start() for host in hosts(2, store)]
    numbers = [program.start("submit", prompt="a boat", idempotency_key="one") for program in programs]
    assert len({program.reply(number)["id"] for program, number in zip(programs, numbers)}) == 1
    wait_for(wavespeed.posts, "the POST")
    assert len(wavespeed.posts()) == 1


def test_a_host_that_is_cut_off_loses_its_work_to_another(hosts, store, wavespeed):
    wavespeed.script(poll=FOREVER)
    near, far = hosts(2, store)
    one, two = near.start(), far.start()
    id = polled(wavespeed, one)
    two.call("ping")
    near.cut()
    wavespeed.clear()
    begun = time.monotonic()
    done = two.call("result", id=id, timeout_ms=50_000)
    assert done["status"] == "completed", done
    assert time.monotonic() - begun < 45
    assert len(wavespeed.posts()) == 1
    near.heal()
    # The first one sees what the other has done.
    wait_for(lambda: status(one, id) == "completed", "the end on the first host", 60)


def status(program, id):
    try:
        return program.call("status", id=id)["status"]
    except RPCError as error:
        return error.code


def test_a_process_that_is_stopped_keeps_its_work(hosts, store, wavespeed):
    wavespeed.script(poll=FOREVER)
    near, far = hosts(2, store)
    one, two = near.start(), far.start()
    id = polled(wavespeed, one)
    one.process.send_signal(19)
    wavespeed.clear()
    # Longer than a cut host keeps its work.
    assert two.call("result", id=id, timeout_ms=25_000)["status"] == "processing"
    one.process.send_signal(18)
    assert two.call("result", id=id, timeout_ms=30_000)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_a_local_output_directory_keeps_work_on_its_host(hosts, store, wavespeed, tmp_path):
    wavespeed.script(poll=FOREVER)
    near, far = hosts(2, store)
    one, two = near.start("--output-dir", tmp_path / "pictures"), far.start()
    id = polled(wavespeed, one)
    one.kill()
    wavespeed.clear()
    time.sleep(18)
    assert two.call("status", id=id)["status"] == "processing"
    again = near.start("--output-dir", tmp_path / "pictures")
    assert again.call("result", id=id, timeout_ms=30_000)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_a_server_that_goes_away_for_ten_seconds(hosts, store, wavespeed, database):
    (host,) = hosts(1, store)
    program = host.start()
    wavespeed.script(polls=1)
    first = polled(wavespeed, program)
    database.stop("immediate")
    begun = time.monotonic()
    with pytest.raises(RPCError) as error:
        program.call("submit", prompt="another boat", idempotency_key="another")
    assert error.value.code == 1007 and error.value.data["retryable"]
    assert "PostgreSQL" in error.value.message and "postgres:" not in error.value.message
    # Two waits of five seconds, and a slow machine.
    assert time.monotonic() - begun < 30
    # What is in memory is answered at once.
    begun = time.monotonic()
    assert program.call("status", id=first)["id"] == first
    program.call("ping")
    assert time.monotonic() - begun < 4
    time.sleep(max(0, 10 - (time.monotonic() - begun)))
    database.start()
    wait_for(lambda: submits(program), "a submit after the outage", 30)
    assert program.call("result", id=first, timeout_ms=40_000)["status"] == "completed"
    wait_for(lambda: len(wavespeed.posts()) == 2, "the second POST")


def submits(program):
    try:
        return program.call("submit", prompt="another boat", idempotency_key="another")["id"]
    except RPCError:
        return None


def test_a_backend_that_is_killed_costs_nobody_anything(hosts, store, wavespeed, database):
    (host,) = hosts(1, store)
    programs = [host.start() for _ in range(3)]
    ids = [program.call("submit", prompt=f"boat {number}")["id"] for number, program in enumerate(programs)]
    # The server then ends all sessions and recovers.
    (backend,), *_ = database.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'imagewire'")
    os.kill(int(backend), 9)
    for program, id in zip(programs, ids):
        wait_for(lambda program=program, id=id: status(program, id) == "completed", "the end", 60)
    assert len(wavespeed.posts()) == 3


def test_an_idle_process_keeps_no_connection(hosts, store, database):
    (host,) = hosts(1, store)
    program = host.start()
    program.call("submit", prompt="a boat", wait_ms=30_000)
    name = store.rsplit("/", 1)[1]
    count = lambda: int(database.sql(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")[0][0])
    assert 0 < count() <= 3
    wait_for(lambda: count() == 0, "connections of an idle process", 100)
    assert program.call("submit", prompt="a house", wait_ms=30_000)["status"] == "completed"
