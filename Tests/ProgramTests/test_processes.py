"""Two and eight processes on one state directory: one owner at a time, one POST for each prediction, and every process may read it."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from program import RPCError, wait_for
from promise import GONE, assert_files_are_whole, assert_polls_do_not_overlap, assert_promise, everything, post_counts, settled


def most_at_once(wavespeed, adopted=None):
    """The largest number of predictions that were between their POST and their last poll at any time. Those whose reply
    was lost with their process hold no slot while they are looked for, and are not counted: the ids `adopted`; where they are not
    given, those whose first poll does not come within 0.3 seconds."""
    first, last = {}, {}
    for request in wavespeed.polls():
        id = request["path"].split("/")[4]
        first.setdefault(id, request["seconds"])
        last[id] = request["ended"]
    moments = []
    prompts = {p["input"]["prompt"]: id for id, p in wavespeed.predictions.items()}
    for request in wavespeed.posts():
        id = prompts[json.loads(request["body"])["prompt"]]
        if id in first and (first[id] - request["seconds"] < 0.3 if adopted is None else id not in adopted):
            moments += [(request["seconds"], 1), (last[id], -1)]
    most = count = 0
    for _, change in sorted(moments):
        count += change
        most = max(most, count)
    return most


@pytest.mark.parametrize("count, each", [(2, 30), (8, 15)])
def test_under_load_with_one_killed_and_one_stopped(paid, wavespeed, home, record_property, count, each):
    chance = random.Random(count)
    limit = 6
    processes = [paid("--max-concurrency", limit) for _ in range(count)]
    acknowledged, lock = [], threading.Lock()
    victim, sleeper = processes[0], processes[-1]
    must_kill = threading.Event()

    def work(index):
        program = processes[index]
        try:
            for number in range(each):
                id = program.call("submit", prompt=f"picture {index} {number}")["id"]
                with lock:
                    acknowledged.append(id)
                    other = chance.choice(acknowledged)
                # Any process can read and wait for any prediction.
                assert program.call("status", id=other)["id"] == other
                assert program.call("result", id=other, timeout_ms=chance.choice([0, 30]))["id"] == other
                if program is victim and number == each // 2:
                    must_kill.set()
        except GONE:
            assert program is victim

    def disturb():
        must_kill.wait(60)
        victim.process.kill()
        # The other one is stopped while it polls, for much less than the minute after which another may take its work.
        sleeper.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        sleeper.process.send_signal(signal.SIGCONT)

    with ThreadPoolExecutor(count + 1) as pool:
        disturbance = pool.submit(disturb)
        for result in [pool.submit(work, index) for index in range(count)]:
            result.result()
        disturbance.result()
    judge = sleeper
    predictions = settled(judge, everything(judge))
    assert_promise(predictions, wavespeed, acknowledged, home / ".local/state/imagewire/outputs")
    # The process that takes the victim's predictions over polls them at once.
    assert_polls_do_not_overlap(wavespeed, takeovers=limit)
    assert len(predictions) >= count * each - each
    # All see the same.
    for program in processes[1:]:
        seen = everything(program)
        assert {id: (p["status"], p["revision"]) for id, p in seen.items()} == {
            id: (p["status"], p["revision"]) for id, p in predictions.items()
        }
        assert program.finish() == 0
    assert most_at_once(wavespeed) <= limit
    completed = sum(p["status"] == "completed" for p in predictions.values())
    record_property("figures", (
        f"{len(predictions)} predictions by {count} processes: {sum(post_counts(wavespeed).values())} POSTs, none twice;"
        f" {completed} completed; {len(wavespeed.polls())} polls, none overlapping; at most {most_at_once(wavespeed)} at once"
    ))


@pytest.mark.parametrize("count", [2, 8])
def test_the_limit_holds_across_processes(paid, wavespeed, count):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    processes = [paid("--max-concurrency", 3) for _ in range(count)]
    numbers = [(program, program.start("submit", prompt=f"number {n}")) for n, program in enumerate(processes * 2)]
    ids = [program.reply(number)["id"] for program, number in numbers]
    wait_for(lambda: len(wavespeed.posts()) == 3, "the limit is not used")
    # The three are polled meanwhile, again and again.
    wavespeed.more(12)
    assert len(wavespeed.posts()) == 3
    wavespeed.clear()
    assert all(p["status"] == "completed" for p in settled(processes[0], ids).values())
    assert max(post_counts(wavespeed).values()) == 1
    assert len(wavespeed.posts()) == len(ids)


def test_first_in_first_out_across_processes(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    one, two = (paid("--max-concurrency", 1) for _ in range(2))
    ids = []
    for number in range(8):
        ids.append((one if number % 2 else two).call("submit", prompt=f"number {number}")["id"])
        # Two processes have no order within one millisecond.
        time.sleep(0.002)
    wavespeed.clear()
    assert len(settled(one, ids)) == 8
    assert [json.loads(request["body"])["prompt"] for request in wavespeed.posts()] == [f"number {n}" for n in range(8)]


def starts(spawn, home, count):
    """That many processes on an empty home at the same moment, each asked for something that writes."""
    processes = [spawn("--state-dir", home / "state") for _ in range(count)]
    numbers = [p.start("submit", input={"prompt": "a boat", "size": "64x64"}) for p in processes]
    ids = [program.reply(number)["id"] for program, number in zip(processes, numbers)]
    for program in processes:
        assert len(program.call("list")["predictions"]) == count
        program.kill()
    return ids


@pytest.mark.parametrize("count, rounds", [(2, 5), (8, 5)])
def test_first_starts_at_once_migrate_once(spawn, tmp_path, count, rounds):
    for number in range(rounds):
        folder = tmp_path / str(number)
        folder.mkdir()
        ids = starts(spawn, folder, count)
        assert len(set(ids)) == count
        with sqlite3.connect(folder / "state/predictions.db") as table:
            assert table.execute("SELECT count(*) FROM meta WHERE name = 'salt'").fetchone() == (1,)
            assert table.execute("SELECT count(*) FROM predictions").fetchone() == (count,)
            assert table.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not list((folder / "state").glob("broken-*"))


def test_one_output_name_in_two_processes_gives_two_files(paid, wavespeed, home):
    folder = home / "album"
    one, two = paid("--max-concurrency", 20), paid("--max-concurrency", 20)
    numbers = [
        (program, program.start("submit", prompt=f"boat {n}", output_dir=str(folder), output_name="boat", wait_ms=30000))
        for n, program in enumerate([one, two] * 6)
    ]
    predictions = [program.reply(number) for program, number in numbers]
    for prediction in predictions:
        assert prediction["status"] == "completed"
        assert_files_are_whole(prediction)
    names = sorted(os.path.basename(prediction["files"][0]["path"]) for prediction in predictions)
    assert names == sorted(["boat.png", *(f"boat_{n}.png" for n in range(2, 13))])
    assert sorted(os.listdir(folder)) == names


def test_any_process_reads_waits_for_and_cancels_any_prediction(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    owner, other = paid(), paid()
    first = owner.call("submit", prompt="first")
    second = owner.call("submit", prompt="second")
    queued = owner.call("submit", prompt="queued")
    assert other.call("status", id=first["id"])["input"] == {"prompt": "first"}
    waiting = other.start("result", id=first["id"])
    here = owner.start("result", id=second["id"])
    # In the queue nothing was spent, whichever process cancels it.
    cancelled = other.call("cancel", id=queued["id"])
    assert (cancelled["status"], cancelled["billing"]) == ("cancelled", "none")
    wait_for(lambda: owner.call("status", id=second["id"])["remote_id"], "the second one is not sent")
    cancelled = other.call("cancel", id=second["id"])
    assert (cancelled["status"], cancelled["billing"]) == ("cancelled", "unknown")
    # A call that waits for it in the owner's process is answered, and the provider is not polled any more.
    assert owner.reply(here, patience=10)["status"] == "cancelled"
    wavespeed.clear()
    assert other.reply(waiting)["status"] == "completed"
    assert owner.call("status", id=second["id"])["status"] == "cancelled"
    assert len(wavespeed.posts()) == 2
    before = len([r for r in wavespeed.polls() if f"{2:032x}" in r["path"]])
    # Another one is polled three times until it is finished.
    assert owner.call("submit", prompt="third", wait_ms=30000)["status"] == "completed"
    assert len([r for r in wavespeed.polls() if f"{2:032x}" in r["path"]]) == before


def test_the_survivor_takes_over_what_it_waits_for(paid, wavespeed):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    owner, other = paid(), paid()
    prediction = owner.call("submit", prompt="first")
    wavespeed.log(at_least=2)
    waiting = other.start("result", id=prediction["id"])
    other.call("ping")
    owner.kill()
    wavespeed.clear()
    assert other.reply(waiting)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_one_key_in_eight_processes_is_one_prediction(paid, wavespeed):
    processes = [paid() for _ in range(8)]
    numbers = [program.start("submit", prompt="once", idempotency_key="the key") for program in processes]
    ids = {program.reply(number)["id"] for program, number in zip(processes, numbers)}
    assert len(ids) == 1
    for program in processes:
        assert program.call("result", id=min(ids))["status"] == "completed"
    with pytest.raises(RPCError) as error:
        processes[3].call("submit", prompt="other content", idempotency_key="the key")
    assert error.value.code == 1002 and error.value.data["id"] == min(ids)
    assert len(wavespeed.posts()) == 1
