"""Hostile and hasty clients: races, crowds, misuse, sizes."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter

from program import BINARY, KEY, RPCError, environment, wait_for
from promise import assert_files_are_whole, assert_promise, everything, post_counts, settled


def test_five_hundred_cancels_race_completion(paid, wavespeed, record_property):
    """Each is cancelled at a moment of chance around its completion, by either process. It ends once, and says what it cost."""
    chance = random.Random(500)
    wavespeed.script(polls=0)
    one, other = (paid("--max-concurrency", 50) for _ in range(2))
    ends = Counter()
    for _ in range(10):
        numbers = [one.start("submit", prompt=f"{chance.random()}") for _ in range(50)]
        ids = [one.reply(number)["id"] for number in numbers]
        for id in chance.sample(ids, len(ids)):
            time.sleep(chance.uniform(0, 0.004))
            program = chance.choice([one, other])
            told = program.call("cancel", id=id)
            ends[told["status"]] += 1
            # Too late, where its image is being saved.
            is_late = (told["status"], told["billing"]) == ("processing", "charged")
            assert is_late or told["status"] in ("cancelled", "completed"), told
        predictions = settled(one, ids)
        for id, prediction in predictions.items():
            seen = other.call("status", id=id)
            assert seen["status"] == prediction["status"]
    predictions = everything(one)
    assert len(predictions) == 500
    assert_promise(predictions, wavespeed)
    assert ends["cancelled"] and ends["completed"] + ends["processing"], "there was no race"
    record_property("figures", str(dict(ends)))


def test_a_thousand_generations_at_once(paid, wavespeed, home):
    """All in one write, all waited for: each is answered, sent once, and its file is whole."""
    wavespeed.script(polls=1)
    with paid("--max-concurrency", 100) as program:
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": "submit", "params": {"prompt": f"number {number}", "wait_ms": 120_000}}
            for number in range(1000)
        ]
        program.send(*requests)
        answers = [program.reply(number, patience=120) for number in range(1000)]
        assert program.finish() == 0
    # An answer does not repeat the input.
    predictions = {answer["id"]: {**answer, "input": {"prompt": f"number {number}"}} for number, answer in enumerate(answers)}
    assert len(predictions) == 1000
    assert_promise(predictions, wavespeed, folder=home / ".local/state/imagewire/outputs")


def test_one_key_from_sixty_processes_is_one_prediction(paid, wavespeed):
    processes = [paid() for _ in range(60)]
    for program in processes:
        program.call("ping")
    ids, waiting = set(), processes
    while waiting:
        numbers, late = [(program, program.start("submit", prompt="once", idempotency_key="the key")) for program in waiting], []
        for program, number in numbers:
            try:
                ids.add(program.reply(number)["id"])
            except RPCError as error:
                # A crowd may have to wait for its turn, and is told so.
                assert error.data["retryable"] and error.data["type"] == "storage_failed", error
                late.append(program)
        assert len(late) < len(waiting)
        waiting = late
    assert len(ids) == 1
    assert processes[0].call("result", id=ids.pop())["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_twenty_processes_at_the_edge_of_the_budget(paid, wavespeed):
    """A dollar pays for twenty images. Sixty are requested; the first twenty are sent."""
    wavespeed.script(polls=0)
    processes = [paid("--max-spend", "1.00", "--max-concurrency", 100) for _ in range(20)]
    numbers = [(program, program.start("submit", prompt=f"{index} {n}")) for n in range(3) for index, program in enumerate(processes)]
    ids, refused = [], Counter()
    for program, number in numbers:
        try:
            ids.append(program.reply(number)["id"])
        except RPCError as error:
            # In a crowd one may be told to come again.
            assert error.code == 1008 or error.code == 1007 and error.data["retryable"], error
            refused[error.code] += 1
    settled(processes[0], ids)
    predictions = settled(processes[0], everything(processes[0]))
    ends = Counter(prediction["status"] for prediction in predictions.values())
    assert len(wavespeed.posts()) == ends["completed"] == 20, (ends, refused)
    assert max(post_counts(wavespeed).values()) == 1
    assert set(ends) <= {"completed", "failed"} and ends["failed"] + refused[1008] + refused[1007] >= 40, (ends, refused)


HOST = """
import json, subprocess, sys
child = subprocess.Popen([sys.argv[1], "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def ask(id, method, params):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}), file=child.stdin, flush=True)
ask(1, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}})
child.stdout.readline()
ask(2, "tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
print(child.pid, flush=True)
child.wait()
"""


def test_a_host_that_is_killed_leaves_no_process_and_loses_nothing(paid, wavespeed, home):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url}
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, BINARY], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(home, **variables), cwd=home
    )
    child = int(host.stdout.readline())
    wait_for(wavespeed.polls, "it is not polled")
    begun = time.monotonic()
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    wait_for(lambda: not is_alive(child), "the program outlives its host", patience=10)
    assert time.monotonic() - begun < 5
    wavespeed.clear()
    with paid() as program:
        (found,) = everything(program).values()
        done = program.call("result", id=found["id"])
        assert (done["status"], done["billing"]) == ("completed", "charged")
        assert_files_are_whole(done)
    assert len(wavespeed.posts()) == 1


def is_alive(process):
    """A zombie that its parent has not waited for has ended as well."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
