"""An agent against its boundary: what it tries to see, to name and to reach, and what it gets (finding T9)."""

import json

import pytest
from program import RPCError

SMALL = {"prompt": "a fox", "input": {"size": "64x64"}}
NEVER = {"prompt": "a fox that never comes", "input": {"sandbox": {"never": True}}}


class Agent:
    """A process that speaks MCP, under the name of a client."""

    def __init__(self, program, name="fox"):
        self.program = program
        program.call(
            "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": name, "version": "1"}
        )

    def result(self, name, **arguments):
        return self.program.call("tools/call", name=name, arguments=arguments)

    def call(self, name, **arguments):
        result = self.result(name, **arguments)
        assert not result["isError"], result["content"]
        return result["structuredContent"]

    def refusal(self, name, **arguments):
        result = self.result(name, **arguments)
        assert result["isError"], result
        return json.dumps(result)


# -- what others made --------------------------------------------------------------------------------------------------


def test_a_guessed_key_of_a_plain_client_shows_an_agent_nothing(spawn):
    plain, agent = spawn(), Agent(spawn())
    mine = plain.call("submit", **SMALL, idempotency_key="cover", wait_ms=60000)
    theirs = agent.call("generate_image", **SMALL, idempotency_key="cover", inline=True)
    assert theirs["id"] != mine["id"] and theirs["files"][0]["path"] != mine["files"][0]["path"]
    # Its own key is its own the second time, spelled as it was.
    assert agent.call("submit_prediction", **SMALL, idempotency_key="cover")["id"] == theirs["id"]
    assert theirs["idempotency_key"] == "cover"


def test_an_agent_does_not_take_a_key_before_the_plain_client_comes(spawn):
    plain, agent = spawn(), Agent(spawn())
    theirs = agent.call("submit_prediction", **{**SMALL, "prompt": "an owl"}, idempotency_key="cover")
    mine = plain.call("submit", **SMALL, idempotency_key="cover", wait_ms=60000)
    assert mine["id"] != theirs["id"] and mine["status"] == "completed"
    # Deleting the one leaves the key of the other.
    agent.call("get_prediction", id=theirs["id"])
    plain.call("delete", ids=[theirs["id"]])
    assert plain.call("submit", **SMALL, idempotency_key="cover")["id"] == mine["id"]


def test_agents_do_not_see_each_others_work(spawn):
    fox, owl = Agent(spawn(), "fox"), Agent(spawn(), "owl")
    open_one = fox.call("submit_prediction", **NEVER)["id"]
    done = fox.call("generate_image", **SMALL, idempotency_key="k", model="sandbox/fox-only")["id"]
    assert owl.call("list_predictions")["predictions"] == []
    for name in ("get_prediction", "cancel_prediction"):
        for id in (open_one, done):
            assert "It was deleted, or was made with another" in owl.refusal(name, id=id)
    for method, params in (
        ("resources/read", {"uri": f"imagewire://predictions/{done}/1"}),
        ("tasks/get", {"taskId": done}),
        ("tasks/result", {"taskId": done}),
        ("tasks/cancel", {"taskId": open_one}),
    ):
        with pytest.raises(RPCError):
            owl.program.call(method, **params)
    assert owl.program.call("tasks/list")["tasks"] == []
    completion = {"ref": {"type": "ref/prompt", "name": "generate_image"}, "argument": {"name": "model", "value": "sandbox/"}}
    assert "sandbox/fox-only" not in owl.program.call("completion/complete", **completion)["completion"]["values"]
    assert "sandbox/fox-only" in fox.program.call("completion/complete", **completion)["completion"]["values"]
    assert owl.call("generate_image", **SMALL, idempotency_key="k")["id"] != done
    assert fox.call("get_prediction", id=open_one, timeout_ms=0)["status"] in ("created", "processing")


def test_an_agent_finds_its_own_after_a_restart(spawn):
    first = spawn()
    made = Agent(first).call("generate_image", **SMALL, idempotency_key="k")["id"]
    assert first.finish() == 0
    again = Agent(spawn())
    assert [one["id"] for one in again.call("list_predictions")["predictions"]] == [made]
    assert again.call("submit_prediction", **SMALL, idempotency_key="k")["id"] == made
