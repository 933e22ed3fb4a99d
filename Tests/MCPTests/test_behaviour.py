"""Behaviour that no client on PyPI tests: ends, restarts, directories, and no effect on plain clients."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from program import RPCError

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
NEVER = {"prompt": "a fox that never comes", "input": {"sandbox": {"never": True}}}
SMALL = {"prompt": "a fox", "input": {"size": "64x64"}}
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}


def meta(capabilities=None):
    return {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities or {},
    }


def tool(program, name, arguments=None, **params):
    return program.call("tools/call", name=name, arguments=arguments or {}, **params)


def refusal(program, method, **params):
    with pytest.raises(RPCError) as caught:
        program.call(method, **params)
    return caught.value


# -- beginnings and ends -------------------------------------------------------------------------------------------


def test_a_process_that_is_only_asked_what_it_is_leaves_nothing_behind(spawn, home):
    with spawn() as program:
        program.call("initialize", **HELLO)
        program.call("tools/list")
        program.call("resources/templates/list")
        program.call("prompts/list")
        program.call("server/discover", _meta=meta())
        program.call("ping")
        assert program.finish() == 0
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("end", ["input", "signal"])
def test_waiting_calls_are_answered_at_the_end(spawn, end):
    with spawn() as program:
        program.call("initialize", **HELLO)
        waiting = program.start("tools/call", name="generate_image", arguments=NEVER, _meta={"progressToken": 1})
        # Before it is sent, the end would withdraw it: test_the_end_of_the_input_withdraws_queued_predictions.
        while "processing" not in program.receive()["params"]["message"]:
            pass
        begun = time.monotonic()
        program.close() if end == "input" else program.process.send_signal(signal.SIGTERM)
        result = program.reply(waiting)
        assert result["structuredContent"]["status"] == "processing"
        assert "get_image" in result["content"][0]["text"] and not result["isError"]
        assert program.wait() == 0
        # Hosts kill after two seconds; this machine may be busy.
        assert time.monotonic() - begun < 10


def test_a_subscription_ends_with_a_result(spawn):
    with spawn() as program:
        number = program.start("subscriptions/listen", notifications={}, _meta=meta(TASKS))
        assert program.receive()["method"] == "notifications/subscriptions/acknowledged"
        program.close()
        result = program.reply(number)
        assert result["resultType"] == "complete"
        assert result["_meta"]["io.modelcontextprotocol/subscriptionId"] == number
        assert program.wait() == 0


def test_an_agent_edits_images_that_it_made_also_unfinished_ones(spawn):
    def edit(program, id):
        image = f"imagewire://predictions/{id}/1"
        return tool(program, "submit_prediction", {"prompt": "add snow", "input": {"size": "64x64", "image": image}})

    with spawn() as program:
        program.call("initialize", **HELLO)
        slow = {"prompt": "a fox", "input": {"size": "64x64", "sandbox": {"delay_ms": 500}}}
        first = tool(program, "submit_prediction", slow)["structuredContent"]["id"]
        waiting = edit(program, first)
        assert waiting["structuredContent"]["waits_for"] == [first]
        assert f"It waits for {first}." in waiting["content"][0]["text"]
        done = tool(program, "get_prediction", {"id": waiting["structuredContent"]["id"]})["structuredContent"]
        assert done["status"] == "completed" and "waits_for" not in done
        mine = program.call("submit", input={"prompt": "an owl", "size": "64x64"}, wait_ms=20000)["id"]
        assert edit(program, mine)["isError"], "a plain client's"
        program.finish()
    with spawn() as program:
        program.call("initialize", **{**HELLO, "clientInfo": {"name": "another", "version": "1"}})
        refused = edit(program, first)
        assert refused["isError"] and "there is no such prediction" in refused["content"][0]["text"]
        program.finish()


# -- time limits -----------------------------------------------------------------------------------------------------


def test_when_the_time_is_up_the_answer_says_what_to_call_next(spawn):
    with spawn() as program:
        result = tool(program, "generate_image", {**NEVER, "wait_seconds": 0})
        made = result["structuredContent"]
        assert made["status"] in ("created", "processing") and not result["isError"]
        assert made["id"] in made["next"] and "get_image" in made["next"]
        assert made["id"] in result["content"][0]["text"]
        # It is still there, and found again.
        assert tool(program, "get_prediction", {"id": made["id"], "timeout_ms": 0})["structuredContent"]["id"] == made["id"]
        (listed,) = tool(program, "list_images")["structuredContent"]["images"]
        assert (listed["id"], listed["prompt"]) == (made["id"], NEVER["prompt"])


# -- tasks -----------------------------------------------------------------------------------------------------------


def test_a_task_survives_the_process(spawn):
    with spawn() as program:
        program.call("initialize", **HELLO)
        slow = {"prompt": "a whale", "input": {"size": "64x64", "sandbox": {"delay_ms": 1500}}}
        task = tool(program, "generate_image", slow, task={"ttl": 1000})["task"]
        assert task["status"] == "working" and task["ttl"] is None
        program.kill()
    with spawn() as program:
        program.call("initialize", **HELLO)
        assert program.call("tasks/get", taskId=task["taskId"])["taskId"] == task["taskId"]
        result = program.call("tasks/result", taskId=task["taskId"])
        assert result["structuredContent"]["status"] == "completed"
        assert result["_meta"]["io.modelcontextprotocol/related-task"] == {"taskId": task["taskId"]}
        assert program.call("tasks/get", taskId=task["taskId"])["status"] == "completed"
        # And in the other dialect.
        other = program.call("tasks/get", taskId=task["taskId"], _meta=meta(TASKS))
        assert other["status"] == "completed" and other["result"]["isError"] is False


def test_predictions_of_plain_clients_are_not_tasks(spawn):
    with spawn() as program:
        made = program.call("submit", input=SMALL["input"] | {"prompt": "a fox"}, wait_ms=60000)
        assert refusal(program, "tasks/get", taskId=made["id"]).code == -32602
        assert program.call("tasks/list")["tasks"] == []


def test_news_of_a_task(spawn):
    with spawn() as program:
        slow = {"prompt": "a whale", "input": {"size": "64x64", "sandbox": {"delay_ms": 300}}}
        task = tool(program, "generate_image", slow, _meta=meta(TASKS))
        assert task["resultType"] == "task"
        program.start("subscriptions/listen", notifications={"taskIds": [task["taskId"]]}, _meta=meta(TASKS))
        assert program.receive()["params"]["notifications"] == {"taskIds": [task["taskId"]]}
        while (news := program.receive()["params"])["status"] == "working":
            pass
        assert news["status"] == "completed" and news["result"]["structuredContent"]["id"] == task["taskId"]


def test_codes_of_the_stateless_revision(spawn):
    with spawn() as program:
        error = refusal(program, "tools/list", _meta={**meta(), "io.modelcontextprotocol/protocolVersion": "1999-01-01"})
        assert error.code == -32022 and error.data["requested"] == "1999-01-01"
        assert error.data["supported"][0] == "2026-07-28"
        error = refusal(program, "tasks/get", taskId="x", _meta=meta())
        assert error.code == -32021 and "io.modelcontextprotocol/tasks" in error.data["requiredCapabilities"]["extensions"]
        for method in ("ping", "initialize", "tasks/list", "tasks/result", "logging/setLevel", "resources/subscribe"):
            assert refusal(program, method, _meta=meta()).code == -32601
        assert refusal(program, "tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "2026-07-28"}).code == -32602
        program.send({"jsonrpc": "2.0", "id": None, "method": "tools/list"})
        assert program.receive()["error"]["code"] == -32600


# -- folders ---------------------------------------------------------------------------------------------------------


def test_an_agent_saves_only_where_it_may(spawn, home):
    allowed, other = home / "allowed", home / "other"
    with spawn("--allow-output", allowed) as program:
        result = tool(program, "generate_image", {**SMALL, "output_dir": str(allowed / "in"), "output_name": "fox"})
        assert result["structuredContent"]["files"][0]["path"] == str(allowed / "in/fox.png")
        for folder in (other, f"{allowed}/../other", f"{allowed}x", "/", "relative"):
            result = tool(program, "generate_image", {**SMALL, "output_dir": str(folder)})
            assert result["isError"] and "output_dir must be" in result["content"][0]["text"], folder
        assert not other.exists()
        assert len(tool(program, "list_predictions")["structuredContent"]["predictions"]) == 1
        made = tool(program, "generate_image", {**SMALL, "output_dir": str(allowed / "in")})["structuredContent"]
    # The next process has another output directory: it reports the image, and not its path.
    with spawn("--allow-output", other) as program:
        seen = tool(program, "get_prediction", {"id": made["id"]})
        assert str(allowed) not in json.dumps(seen)
        assert seen["structuredContent"]["files"][0]["sha256"] and "files" not in tool(program, "get_image", {"id": made["id"]})["structuredContent"]
        assert refusal(program, "resources/read", uri=f"imagewire://predictions/{made['id']}/1").code == -32002


def test_an_agent_uploads_nothing(spawn, home):
    picture = home / "private.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    order = {"prompt": "a fox", "input": {"size": "64x64", "image": f"@{picture}"}}
    with spawn() as program:
        for name in ("generate_image", "submit_prediction"):
            result = tool(program, name, {**order, "upload": True})
            assert result["isError"] and "no parameter \"upload\"" in result["content"][0]["text"]
        assert tool(program, "list_predictions")["structuredContent"]["predictions"] == []
        # Without it the same words are only words.
        assert tool(program, "generate_image", order)["structuredContent"]["status"] == "completed"


def test_a_file_that_was_changed_is_not_passed_on(spawn):
    with spawn() as program:
        made = tool(program, "generate_image", SMALL)["structuredContent"]
        path = Path(made["files"][0]["path"])
        path.write_bytes(b"not what was saved")
        assert refusal(program, "resources/read", uri=f"imagewire://predictions/{made['id']}/1").code == -32002


# -- plain clients ---------------------------------------------------------------------------------------------------


def test_plain_clients_notice_nothing(spawn):
    with spawn() as program:
        methods = program.call("initialize")["capabilities"]["experimental"]["imagewire"]["methods"]
        assert not [name for name in methods if "/" in name.removeprefix("$/")]
        assert not [method for method in program.call("rpc.discover")["methods"] if "/" in method["name"].removeprefix("$/")]
        mine = program.call("submit", input={"prompt": "a fox", "size": "64x64"}, wait_ms=60000)
        theirs = tool(program, "generate_image", SMALL)["structuredContent"]
        # They see everything, and an agent's prediction looks like any other; agents see theirs.
        listed = program.call("list")["predictions"]
        assert [one["id"] for one in listed] == [theirs["id"], mine["id"]]
        assert set(listed[0]) == set(listed[1])
        assert set(program.call("status", id=theirs["id"])) == set(mine)
        (seen,) = tool(program, "list_predictions")["structuredContent"]["predictions"]
        assert seen["id"] == theirs["id"]


def test_a_key_makes_one_picture(spawn):
    with spawn() as program:
        one = tool(program, "generate_image", {**SMALL, "idempotency_key": "k"})["structuredContent"]
        two = tool(program, "submit_prediction", {**SMALL, "idempotency_key": "k"})["structuredContent"]
        assert one["id"] == two["id"]
        other = tool(program, "submit_prediction", {**SMALL, "prompt": "an owl", "idempotency_key": "k"})
        assert other["isError"] and "key" in other["content"][0]["text"]


def test_lists_of_tools_go_on(spawn):
    with spawn() as program:
        ids = [tool(program, "submit_prediction", SMALL)["structuredContent"]["id"] for _ in range(5)]
        page = tool(program, "list_predictions", {"limit": 3})["structuredContent"]
        rest = tool(program, "list_predictions", {"limit": 3, "cursor": page["next_cursor"]})["structuredContent"]
        assert {one["id"] for one in page["predictions"] + rest["predictions"]} == set(ids)
        assert rest["next_cursor"] is None
        assert refusal_text(tool(program, "list_predictions", {"cursor": "x"}))
        assert "must be one of created" in refusal_text(tool(program, "list_predictions", {"status": "done"}))


def refusal_text(result):
    assert result["isError"]
    return result["content"][0]["text"]


def test_no_notification_is_longer_than_the_limit_of_a_line(spawn):
    with spawn() as program:
        long = {"prompt": "fox " * 30_000, "input": {"size": "64x64"}}
        result = tool(program, "generate_image", long)
        assert len(json.dumps(result)) < 65_536
        earlier = tool(program, "get_prediction", {"id": result["structuredContent"]["id"]})
        assert len(json.dumps(earlier)) < 65_536 and earlier["structuredContent"]["omitted"] == ["input"]


def test_the_key_is_in_no_answer(spawn):
    secret = "wsk_SECRETsecret0123456789"
    with spawn(WAVESPEED_API_KEY=secret, WAVESPEED_BASE_URL="http://127.0.0.1:9") as program:
        program.call("initialize", **HELLO)
        result = tool(program, "generate_image", {"prompt": "a fox", "timeout_ms": 20000})
        assert result["isError"] or result["structuredContent"]["status"] in ("created", "processing")
        assert secret not in json.dumps(result)
    assert secret not in os.fsdecode(program.log)


def test_an_agent_neither_sees_nor_cancels_foreign_predictions(spawn, home):
    with spawn() as plain, spawn("--allow-output", home) as program:
        ours = plain.call("submit", input={"prompt": "mine", "sandbox": {"never": True}})["id"]
        done = plain.call("submit", prompt="mine", wait_ms=30000)
        program.call("initialize", **HELLO)
        for name in ("get_prediction", "cancel_prediction"):
            answer = tool(program, name, {"id": ours})
            assert answer["isError"] and "mine" not in json.dumps(answer)
        picture = f"imagewire://predictions/{done['id']}/1"
        assert refusal(program, "resources/read", uri=picture).code == -32002
        assert plain.call("status", id=ours)["status"] == "processing"
        made = tool(program, "generate_image", SMALL)["structuredContent"]
        assert tool(program, "get_prediction", {"id": made["id"]})["structuredContent"]["status"] == "completed"
