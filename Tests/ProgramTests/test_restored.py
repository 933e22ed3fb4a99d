"""A database that went back in time: predictions sent from a later state of it are found, not sent again.

The provider's history is all that can tell: every count in the database goes back with it.
"""

import json
import shutil
import sqlite3
import urllib.request

import pytest
from program import KEY, wait_for

RUNNING = {"do": "running", "times": "forever"}


def database(home):
    return home / ".local/state/imagewire/predictions.db"


def copied(home):
    """A whole copy of the database as it is now, as a backup makes it."""
    copy = home / "backup.db"
    with sqlite3.connect(database(home)) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return copy


def restore(home, copy):
    """Copies a database back in place: by its inode it is the same file."""
    for path in database(home).parent.glob("predictions.db-*"):
        path.unlink()
    shutil.copyfile(copy, database(home))


def searches(wavespeed):
    return [r for r in wavespeed.log() if r["endpoint"] == "history"]


def sent_elsewhere(wavespeed, **input):
    """The same order from another program with the same key."""
    body = json.dumps(input).encode()
    url = f"{wavespeed.url}/api/v3/openai/gpt-image-1-high-fidelity"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Authorization": f"Bearer {KEY}"})).read()


@pytest.fixture
def queue(paid, wavespeed):
    """A process whose only slot is taken, and what it has in its queue."""

    def fill(*orders):
        wavespeed.script(poll=[RUNNING])
        program = paid("--max-concurrency", 1)
        program.call("submit", prompt="in the slot")
        wait_for(lambda: wavespeed.polls(), "the slot is not taken")
        ids = [program.call("submit", **order)["id"] for order in orders]
        assert searches(wavespeed) == []
        return program, ids

    return fill
@pytest.mark.parametrize("order", [
    {"prompt": "a fox"}, {"input": {"prompt": "a fox", "image": "data:image/png;base64,iVBORw0KGgo="}},
], ids=["prompt", "data URI"])
def test_what_was_sent_from_a_later_state_is_found_and_not_sent_again(paid, wavespeed, home, queue, order):
    program, (id,) = queue(order)
    backup = copied(home)
    wavespeed.clear()
    done = program.call("result", id=id)
    assert (done["status"], done["remote_id"]) == ("completed", f"{2:032x}")
    assert program.finish() == 0
    restore(home, backup)
    with paid() as program:
        assert program.call("status", id=id)["status"] in ("created", "processing", "completed")
        again = program.call("result", id=id)
        assert (again["status"], again["billing"], again["remote_id"]) == ("completed", "charged", f"{2:032x}")
        assert again["timings"]["total"] > 0
    assert len(wavespeed.posts_of("a fox")) == 1


def test_what_was_not_sent_is_searched_for_once_and_sent(paid, wavespeed, queue):
    program, ids = queue({"prompt": "a fox"}, {"prompt": "a fox"}, {"prompt": "a hen"})
    program.kill()
    wavespeed.clear()
    with paid() as program:
        own = program.call("submit", prompt="its own")["id"]
        assert all(program.call("result", id=id)["status"] == "completed" for id in [*ids, own])
    assert [json.loads(r["body"])["prompt"] for r in wavespeed.posts()].count("a fox") == 2
    # Before each POST, and none for what this process accepted itself.
    assert len(searches(wavespeed)) >= 3
    first = searches(wavespeed)[0]["seconds"]
    assert first < wavespeed.posts_of("a fox")[0]["seconds"]
    assert len(wavespeed.posts()) == 5


def test_where_several_could_be_it_nothing_is_sent_and_nothing_is_promised(paid, wavespeed, queue):
    program, (id,) = queue({"prompt": "a fox"})
    program.kill()
    for _ in range(2):
        sent_elsewhere(wavespeed, prompt="a fox")
    wavespeed.clear()
    with paid() as program:
        failed = program.call("result", id=id)
    assert (failed["status"], failed["billing"], failed["failure"]["type"]) == ("failed", "unknown", "interrupted")
    assert not failed["failure"]["retryable"] and "2 predictions that could be it" in failed["error"]
    assert len(wavespeed.posts_of("a fox")) == 2


def test_where_one_may_be_either_of_two_edits_neither_takes_it(paid, wavespeed, queue):
    edits = [{"prompt": "cut it out", "image": f"data:image/png;base64,{name}"} for name in ("Y2F0", "ZG9n")]
    program, ids = queue(*({"input": edit} for edit in edits))
    program.kill()
    sent_elsewhere(wavespeed, **edits[1])
    wavespeed.clear()
    with paid() as program:
        for id in ids:
            failed = program.call("result", id=id)
            assert (failed["status"], failed["billing"], failed["remote_id"]) == ("failed", "unknown", None)
    assert len(wavespeed.posts_of("cut it out")) == 1


def test_while_the_history_cannot_be_read_it_waits_and_others_go_on(paid, wavespeed, queue):
    program, (id,) = queue({"prompt": "a fox"})
    program.kill()
    wavespeed.clear()
    wavespeed.script(history=[{"do": "503", "times": "forever"}])
    with paid() as program:
        assert program.call("submit", prompt="its own", wait_ms=20000)["status"] == "completed"
        wait_for(lambda: len(searches(wavespeed)) >= 2, "it is not tried again")
        assert program.call("status", id=id)["status"] == "created"
        assert wavespeed.posts_of("a fox") == []
        assert b"history" in program.log
        wavespeed.clear()
        assert program.call("result", id=id)["status"] == "completed"
    assert len(wavespeed.posts_of("a fox")) == 1


def test_cancelled_while_it_is_searched_for_costs_nothing(paid, wavespeed, queue):
    program, (id,) = queue({"prompt": "a fox"})
    program.kill()
    wavespeed.clear()
    wavespeed.script(history=[{"do": "normal", "hold": True}])
    with paid() as program:
        number = program.start("result", id=id)
        wait_for(lambda: searches(wavespeed), "it is not searched for")
        cancelled = program.call("cancel", id=id)
        assert (cancelled["status"], cancelled["billing"]) == ("cancelled", "none")
        wavespeed.release()
        assert program.reply(number)["status"] == "cancelled"
        assert program.call("submit", prompt="a hen", wait_ms=20000)["status"] == "completed"
    assert wavespeed.posts_of("a fox") == []


def test_what_a_living_process_accepted_is_sent_by_any_without_a_search(paid, wavespeed, queue):
    one, (id,) = queue({"prompt": "a fox"})
    with paid() as other:
        assert other.call("status", id=id)["id"] == id
        wait_for(lambda: wavespeed.posts_of("a fox"), "it was not sent")
        one.process.kill()
        wavespeed.clear()
        assert other.call("result", id=id)["status"] == "completed"
    assert searches(wavespeed) == []
