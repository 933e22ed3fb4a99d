"""A call that is cancelled before its image was requested costs nothing."""

import pytest
from program import KEY, wait_for
from test_behaviour import HELLO, tool
from wavespeed import LoopbackWaveSpeed


@pytest.fixture
def wavespeed():
    with LoopbackWaveSpeed() as server:
        yield server


@pytest.fixture
def busy(spawn, wavespeed):
    """A process whose only slot is taken: later predictions wait in the queue."""
    wavespeed.script(polls=10_000)
    program = spawn("mcp", "--max-concurrency", 1, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    program.call("initialize", **HELLO)
    tool(program, "submit_prediction", {"prompt": "the first"})
    wait_for(wavespeed.posts, "the first is not sent")
    return program


def order(program, prompt, **arguments):
    """Begins a call and waits until its prediction is committed."""
    call = program.start(
        "tools/call", name="generate_image", arguments={"prompt": prompt, **arguments}, _meta={"progressToken": prompt}
    )
    wait_for(lambda: any(row["prompt"] == prompt for row in rows(program)), f"{prompt} is not accepted")
    return call


def rows(program):
    listed = tool(program, "list_predictions")["structuredContent"]["predictions"]
    whole = [tool(program, "get_prediction", {"id": p["id"], "timeout_ms": 0})["structuredContent"] for p in listed]
    return [{"prompt": p["input"]["prompt"], **p} for p in whole]


def row(program, prompt):
    return next(r for r in rows(program) if r["prompt"] == prompt)


def cancel(program, call):
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})


def test_cancelled_in_the_queue_it_is_neither_made_nor_charged(busy, wavespeed):
    cancel(busy, order(busy, "the second"))
    wait_for(lambda: row(busy, "the second")["status"] == "cancelled", "it goes on")
    assert row(busy, "the second")["billing"] == "none"
    assert len(wavespeed.posts()) == 1


def test_a_sent_prediction_continues_and_is_kept(spawn, wavespeed):
    wavespeed.script(polls=10_000)
    with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url) as program:
        program.call("initialize", **HELLO)
        call = order(program, "sent")
        wait_for(wavespeed.polls, "it is not polled")
        cancel(program, call)
        program.call("ping")
        assert row(program, "sent")["status"] == "processing"


def test_another_call_that_waits_for_it_keeps_it(busy, wavespeed):
    first = order(busy, "shared", idempotency_key="k")
    second = busy.start("tools/call", name="generate_image", arguments={"prompt": "shared", "idempotency_key": "k"})
    busy.call("ping")
    cancel(busy, first)
    busy.call("ping")
    assert row(busy, "shared")["status"] == "created"
    cancel(busy, second)
    wait_for(lambda: row(busy, "shared")["status"] == "cancelled", "it continues though no call waits for it")
    assert len(wavespeed.posts()) == 1


def test_a_prediction_known_to_a_client_is_not_withdrawn(busy):
    call = order(busy, "told", idempotency_key="k", timeout_ms=100)
    assert busy.reply(call)["structuredContent"]["status"] == "created"
    second = busy.start("tools/call", name="generate_image", arguments={"prompt": "told", "idempotency_key": "k"})
    busy.call("ping")
    cancel(busy, second)
    busy.call("ping")
    assert row(busy, "told")["status"] == "created"


def test_a_submission_is_never_withdrawn(busy):
    id = tool(busy, "submit_prediction", {"prompt": "submitted"})["structuredContent"]["id"]
    waiting = busy.start("tools/call", name="get_prediction", arguments={"id": id})
    busy.call("ping")
    cancel(busy, waiting)
    busy.call("ping")
    assert row(busy, "submitted")["status"] == "created"


def test_the_end_of_the_input_withdraws_queued_predictions(busy, spawn, wavespeed):
    order(busy, "left behind")
    busy.finish()
    with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url) as program:
        program.call("initialize", **HELLO)
        assert row(program, "left behind")["status"] == "cancelled"
    assert [p["body"].count("left behind") for p in wavespeed.posts()] == [0]
