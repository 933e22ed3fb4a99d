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


@pytest.fixture
def busy(host, wavespeed):
    """Starts a process whose only slot is taken: later predictions wait in the queue."""

    def start():
        wavespeed.script(polls=10_000)
        program = host("--max-concurrency", 1)
        tool(program, prompt="the first", wait_seconds=0)
        wait_for(wavespeed.posts, "the first is not sent")
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


def test_a_cancelled_call_does_not_take_the_image_from_its_retry(busy, wavespeed):
    program = busy()
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


def test_two_calls_at_once_that_are_both_made_again_get_both_images(host, wavespeed):
    wavespeed.script(polls=100_000)
    program = host("--max-concurrency", 10)

    def pair(first, **arguments):
        call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "generate_image", "arguments": {**FOX, **arguments}}}
        program.send({**call, "id": first}, {**call, "id": first + 1})

    pair(901)
    wait_for(lambda: len(wavespeed.posts()) == 2, "two are not sent")
    rounds = []
    for first in (911, 921):
        time.sleep(2.1)
        pair(first, wait_seconds=1)
        rounds.append({read(program.reply(number))[1]["id"] for number in (first, first + 1)})
    assert rounds[0] == rounds[1] and len(rounds[0]) == 2 and len(wavespeed.posts()) == 2


@pytest.mark.parametrize("task", [False, True])
def test_a_call_that_is_cancelled_before_the_models_are_known_leaves_nothing(host, wavespeed, task):
    wavespeed.script(models=[{"do": "normal", "hold": True}])
    program = host()
    call = program.start("tools/call", name="generate_image", arguments={**FOX, "seed": 1}, **({"task": {}} if task else {}))
    wait_for(lambda: any(request["endpoint"] == "models" for request in wavespeed.log()), "the models are not asked for")
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
    program.call("ping")
    wavespeed.release()
    # The next one waits for the models too, and is made.
    assert tool(program, prompt="an owl", seed=1)[1]["status"] == "completed"
    assert [one["prompt"] for one in tool(program, "list_images")[1]["images"]] == ["an owl"] and len(wavespeed.posts()) == 1


def test_a_late_cancel_does_not_take_the_image_from_a_retry_in_the_same_breath(busy):
    program = busy()
    call = begin(program, **FOX)
    wait_for(lambda: len(tool(program, "list_images")[1]["images"]) == 2, "it is not accepted")
    time.sleep(2.1)
    program.send(
        {"jsonrpc": "2.0", "id": 901, "method": "tools/call", "params": {"name": "generate_image", "arguments": {**FOX, "wait_seconds": 1}}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}},
    )
    text, made = read(program.reply(901))
    assert text.startswith(NOT_NEW) and made["status"] == "created", text


def test_a_merged_task_outlives_the_call_that_made_it(busy):
    program = busy()
    call = begin(program, **FOX)
    wait_for(lambda: len(tool(program, "list_images")[1]["images"]) == 2, "it is not accepted")
    time.sleep(2.1)
    task = program.call("tools/call", name="generate_image", arguments=FOX, task={})["task"]
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
    program.call("ping")
    assert program.call("tasks/get", taskId=task["taskId"])["status"] == "working"
    assert tool(program, "list_images", query="fox")[1]["images"][0]["id"] == task["taskId"]


def test_a_merged_task_says_so_and_its_cancellation_leaves_the_image_to_the_call(busy):
    program = busy()
    call = begin(program, **FOX, wait_seconds=30)
    wait_for(lambda: len(tool(program, "list_images")[1]["images"]) == 2, "it is not accepted")
    time.sleep(2.1)
    answer = program.call("tools/call", name="generate_image", arguments=FOX, task={})
    id = answer["task"]["taskId"]
    assert answer["task"]["statusMessage"].startswith(NOT_NEW)
    assert answer["_meta"]["io.modelcontextprotocol/model-immediate-response"].startswith(NOT_NEW)
    assert program.call("tasks/cancel", taskId=id)["status"] == "cancelled"
    assert program.call("tasks/get", taskId=id)["status"] == "cancelled"
    assert tool(program, "list_images", query="fox")[1]["images"][0]["status"] == "created"
    # It is a task again once it is asked for as one; when no call waits for it, its cancellation stops the image.
    task = program.call("tools/call", name="generate_image", arguments=FOX, task={})["task"]
    assert (task["taskId"], task["status"]) == (id, "working")
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
    program.call("ping")
    assert program.call("tasks/cancel", taskId=id)["status"] == "cancelled"
    assert tool(program, "get_image", id=id, wait_seconds=0)[1].count("Cancelled before it was sent")


def test_a_limit_that_is_reached_does_not_hide_what_was_paid(host, wavespeed):
    program = host("--agent-files", 1)
    _, made = tool(program, **FOX)
    text, same = tool(program, **FOX)
    assert text.startswith(NOT_NEW) and same["id"] == made["id"]
    assert "1 file" in tool(program, prompt="an owl")[0] and len(wavespeed.posts()) == 1


def test_what_another_agent_asks_for_changes_nothing(host, spawn, wavespeed):
    made = tool(host(), **FOX)[1]["id"]
    owl = host(name="owl")
    assert "no prediction" in tool(owl, "get_image", id=made)[0].lower()
    text, same = tool(host(), **FOX)
    assert text.startswith(NOT_NEW) and same["id"] == made


def test_the_wait_counts_the_time_for_the_list_of_models(host, wavespeed):
    wavespeed.script(models=[{"do": "normal", "delay_ms": 2_000, "times": "forever"}], polls=10_000)
    # The list takes the whole wait, so the answer does not wait until it is sent.
    _, made = tool(host(), **FOX, seed=1, wait_seconds=2)
    assert made["status"] == "created"


def test_models_that_cannot_be_listed_cost_nothing_and_that_is_said(host, wavespeed):
    wavespeed.script(models=[{"do": "html", "times": "forever"}])
    text, _ = tool(host(), **FOX, seed=1)
    assert text.startswith("Nothing was sent, because the list of models could not be read.") and wavespeed.posts() == []


def test_two_calls_at_once_that_are_both_cancelled_in_the_queue_cost_nothing(busy, wavespeed):
    program = busy()
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "generate_image", "arguments": FOX}}
    program.send({**call, "id": 901}, {**call, "id": 902})
    wait_for(lambda: len(tool(program, "list_images")[1]["images"]) == 3, "they are not accepted")
    for number in (901, 902):
        program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})

    def are_cancelled():
        return {one["status"] for one in tool(program, "list_images", query="fox")[1]["images"]} == {"cancelled"}

    wait_for(are_cancelled, "one goes on")
    assert len(wavespeed.posts()) == 1
