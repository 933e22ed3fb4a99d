"""A call that is made again because a host gave up on it is not paid twice; a second image is made where one is wanted."""

import json
import time

import pytest
from program import KEY, wait_for
from test_behaviour import HELLO
from wavespeed import LoopbackWaveSpeed

FOX = {"prompt": "a fox"}
NOT_NEW = "Not a new image: the same request was made "


@pytest.fixture
def wavespeed():
    with LoopbackWaveSpeed() as server:
        server.script(polls=0)
        yield server


@pytest.fixture
def host(spawn, wavespeed):
    """Starts a process of an agent."""

    def start(*arguments, name="fox"):
        program = spawn("mcp", *arguments, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_MODEL="acme/painter")
        program.call("initialize", **{**HELLO, "clientInfo": {"name": name, "version": "1"}})
        return program

    return start


def begin(program, name="generate_image", **arguments):
    return program.start("tools/call", name=name, arguments=arguments)


def tool(program, name="generate_image", **arguments):
    """The first text of an answer, and what it says."""
    return read(program.call("tools/call", name=name, arguments=arguments))


def read(result):
    text = result["content"][0]["text"]
    return text, text if result["isError"] else json.loads(text.splitlines()[-1])


def test_a_retry_after_an_answer_that_nobody_read_gets_the_same_image(host, wavespeed):
    program = host()
    first, made = tool(program, **FOX)
    again, same = tool(program, **FOX)
    assert not first.startswith(NOT_NEW) and again.startswith(NOT_NEW) and same["id"] == made["id"]
    assert "again: true makes another" in again and len(wavespeed.posts()) == 1
    # Both forms of an answer say it.
    result = program.call("tools/call", name="generate_image", arguments=FOX)
    assert result["structuredContent"]["about"].startswith(NOT_NEW)
    # Another prompt, folder or agent is another request.
    others = [tool(program, prompt="an owl"), tool(program, **FOX, output_name="b"), tool(host(name="owl"), **FOX)]
    assert not any(text.startswith(NOT_NEW) for text, _ in others) and len(wavespeed.posts()) == 4


def test_a_host_that_gives_up_without_a_word_and_retries_pays_once(host, wavespeed):
    wavespeed.script(polls=10_000)
    program = host()
    calls = [begin(program, **FOX)]
    wait_for(wavespeed.posts, "the first is not sent")
    for _ in range(2):
        # Within two seconds an equal call is a second request of its own.
        time.sleep(2.1)
        calls.append(begin(program, **FOX, wait_seconds=0))
    ids = [read(program.reply(call))[1]["id"] for call in calls[1:]]
    assert len(set(ids)) == 1 and len(wavespeed.posts()) == 1
    text, _ = tool(program, "get_image", id=ids[0], wait_seconds=0)
    assert ids[0] in text


def test_a_host_that_restarts_its_server_and_retries_pays_once(host, wavespeed):
    wavespeed.script(polls=10_000)
    first = host()
    begin(first, **FOX)
    wait_for(wavespeed.posts, "the first is not sent")
    first.kill()
    wavespeed.clear()
    wavespeed.script(polls=0)
    text, made = tool(host(), **FOX)
    assert text.startswith(NOT_NEW) and made["status"] == "completed" and len(wavespeed.posts()) == 1


def test_two_calls_at_once_make_two_images(host, wavespeed):
    program = host()
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "generate_image", "arguments": FOX}}
    program.send({**call, "id": 901}, {**call, "id": 902})
    (one, first), (two, second) = read(program.reply(901)), read(program.reply(902))
    assert first["id"] != second["id"] and not one.startswith(NOT_NEW) and not two.startswith(NOT_NEW)
    assert len(wavespeed.posts()) == 2


@pytest.mark.parametrize("name", ["get_image", "view_image", "edit_image", "get_prediction"])
def test_once_the_agent_has_named_the_id_an_equal_call_makes_another(host, wavespeed, name):
    program = host()
    _, made = tool(program, **FOX)
    tool(program, name, **({"images": [made["id"]], "prompt": "blue", "model": "acme/painter"} if name == "edit_image" else {"id": made["id"]}))
    before = len(wavespeed.posts())
    text, other = tool(program, **FOX)
    assert not text.startswith(NOT_NEW) and other["id"] != made["id"] and len(wavespeed.posts()) == before + 1


def test_another_one_is_made_where_the_agent_says_so(host, wavespeed):
    program = host()
    ids = [tool(program, **FOX)[1]["id"], *(tool(program, **FOX, again=True)[1]["id"] for _ in range(2))]
    assert len(set(ids)) == 3 and len(wavespeed.posts()) == 3
    assert tool(program, **FOX)[1]["id"] == ids[-1]
    text, _ = tool(program, **FOX, again=True, idempotency_key="k")
    assert "again and idempotency_key exclude each other" in text
    # A key decides alone.
    assert tool(program, **FOX, idempotency_key="k")[1]["id"] not in ids and len(wavespeed.posts()) == 4


def test_what_was_refused_is_made_anew_and_what_may_be_paid_is_not(host, wavespeed):
    program = host()
    wavespeed.script(submit=[{"do": "422"}])
    assert program.call("tools/call", name="generate_image", arguments=FOX)["isError"]
    text, _ = tool(program, **FOX)
    assert not text.startswith(NOT_NEW)
    assert len(wavespeed.posts()) == 2


def test_a_request_that_may_have_been_received_is_not_sent_again(host, wavespeed):
    wavespeed.script(submit=[{"do": "drop"}])
    program = host()
    call = {"name": "generate_image", "arguments": {**FOX, "wait_seconds": 1}}
    first, second = (program.call("tools/call", **call)["content"][0]["text"] for _ in range(2))
    assert NOT_NEW not in first and NOT_NEW in second and len(wavespeed.posts()) == 1
    [one] = tool(program, "list_images")[1]["images"]
    assert one["status"] in ("processing", "unknown") and one["id"] in second


def test_a_cancelled_call_does_not_take_the_image_from_its_retry(host, wavespeed):
    wavespeed.script(polls=10_000)
    program = host("--max-concurrency", 1)
    tool(program, prompt="the first", wait_seconds=0)
    wait_for(wavespeed.posts, "the first is not sent")
    call = begin(program, **FOX)
    time.sleep(2.1)
    retry = begin(program, **FOX, view=True)
    wait_for(lambda: len(tool(program, "list_images")[1]["images"]) == 2, "it is not accepted")
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
    _, listed = tool(program, "list_images", query="fox")
    assert [one["status"] for one in listed["images"]] == ["created"]
    # The last one that waits takes it along: nothing was sent for it.
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": retry}})
    wait_for(lambda: tool(program, "list_images", query="fox")[1]["images"][0]["status"] == "cancelled", "it goes on")
    assert len(wavespeed.posts()) == 1
