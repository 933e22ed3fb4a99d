"""What eight processes on two hosts do at the same moment. The same of the store alone is in PostgreSQLTests."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from program import RPCError, small, wait_for
from promise import post_counts, settled

PROCESSES = 8


@pytest.fixture
def fleet(hosts, database, request):
    """Processes on two hosts."""
    store = database.create(f"c{abs(hash(request.node.name)) % 10**9}")
    near, far = hosts(2, store)

    def start(*arguments):
        programs = [(near if number % 2 else far).start(*arguments) for number in range(PROCESSES)]
        for program in programs:
            program.call("list")
        return programs

    return start


def at_once(programs, call, count):
    """The outcomes of calls that all processes make at the same time, `count` each."""
    begin = threading.Barrier(len(programs))

    def work(index):
        begin.wait()
        return [call(programs[index], index * count + number) for number in range(count)]

    with ThreadPoolExecutor(len(programs)) as pool:
        return [one for some in pool.map(work, range(len(programs))) for one in some]


def test_the_limit_of_predictions_in_progress(fleet, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    programs = fleet("--max-concurrency", 2)
    # All queues are full before the first may be sent, so that every process claims at the same moment.
    ids = at_once(programs, lambda program, number: program.call("submit", prompt=f"boat {number}")["id"], 4)
    wait_for(lambda: len(wavespeed.posts()) >= 2, "two POSTs")
    for count in range(3, 9):
        # One is over, and eight processes see a free slot.
        over = next(iter(set(ids) & processing(programs[0])))
        programs[0].call("cancel", id=over)
        wait_for(lambda count=count: len(wavespeed.posts()) >= count, f"POST {count}")
        assert len(processing(programs[0])) <= 2
    wavespeed.clear()
    settled(programs[0], ids)
    assert len(wavespeed.posts()) == len(ids) and max(post_counts(wavespeed).values()) == 1


def processing(program):
    """What takes a slot now."""
    return {p["id"] for p in program.call("list", status="processing", limit=500)["predictions"]}


def test_the_limit_of_a_day(fleet, wavespeed):
    wavespeed.script(polls=0, usd=0.05)
    programs = fleet("--max-concurrency", 50, "--max-spend", "0.50")

    def submit(program, number):
        try:
            return program.call("submit", prompt=f"boat {number}")["id"]
        except RPCError as error:
            assert error.code == 1008
            return None

    ids = [id for id in at_once(programs, submit, 5) if id]
    settled(programs[0], ids)
    assert len(wavespeed.posts()) == 10


def test_one_key_is_one_prediction(fleet, wavespeed):
    programs = fleet()
    ids = at_once(
        programs, lambda program, number: program.call("submit", prompt=f"boat {number % 6}", idempotency_key=f"key {number % 6}")["id"], 6)
    assert len(set(ids)) == 6
    settled(programs[0], set(ids))
    assert post_counts(wavespeed) == {f"boat {number}": 1 for number in range(6)}


def test_a_cursor_misses_no_change(fleet, tmp_path):
    watcher, *programs = fleet("--output-dir", tmp_path / "pictures")
    cursor = watcher.call("subscribe")["cursor"]
    # The sandbox is quick: hundreds of commits in seconds.
    submit = lambda program, number: program.call("submit", input=small(f"boat {number}"), provider="sandbox")["id"]
    ids = at_once(programs, submit, 10)
    seen = {}

    def note(message):
        prediction = message["params"].get("prediction")
        if message["method"] == "prediction/updated":
            seen[prediction["id"]] = prediction["status"]

    settled(programs[0], ids)
    is_complete = lambda: set(seen) >= set(ids) and all(seen[id] == "completed" for id in ids)
    for message in watcher.notifications:
        note(message)
    while not is_complete():
        note(watcher.receive(30))
    # A second subscription from the beginning sees the same.
    again = programs[0]
    again.call("subscribe", since=cursor)
    wait_for(lambda: missing(again, ids) == set(), "the changes behind the first cursor", 30)


def missing(program, ids):
    program.call("ping")
    return set(ids) - {n["params"]["prediction"]["id"] for n in program.notifications if n["method"] == "prediction/updated"}


def test_a_takeover_beside_a_claim_leaves_no_row_behind(fleet, hosts, wavespeed):
    wavespeed.script(polls=1)
    programs = fleet("--max-concurrency", 6)
    ids = at_once(programs, lambda program, number: program.call("submit", prompt=f"boat {number}")["id"], 4)
    for program in programs[1:4]:
        program.kill()
    found = settled(programs[0], ids, 180)
    assert {p["status"] for p in found.values()} <= {"completed", "unknown"}
    assert max(post_counts(wavespeed).values()) == 1
    assert set(found) == set(ids)
