"""The boundary of an agent: predictions, names and paths that it may not see or reach."""

import json
import os

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
        text = json.dumps(result)
        assert text.count("Nothing was sent.") <= 1, text
        return text


# -- work of others ----------------------------------------------------------------------------------------------------


def test_a_guessed_key_of_a_plain_client_shows_an_agent_nothing(spawn):
    plain, agent = spawn(), Agent(spawn())
    mine = plain.call("submit", **SMALL, idempotency_key="cover", wait_ms=60000)
    theirs = agent.call("submit_prediction", **SMALL, idempotency_key="cover")
    theirs = agent.call("get_prediction", id=theirs["id"])
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
    assert owl.call("list_predictions")["predictions"] == [] and owl.call("list_images")["images"] == []
    for name in ("get_prediction", "cancel_prediction", "get_image", "cancel_image", "view_image"):
        for id in (open_one, done):
            assert "It was deleted or is not yours" in owl.refusal(name, id=id)
    for method, params in (
        ("resources/read", {"uri": f"imagewire://predictions/{done}/1"}),
        ("tasks/get", {"taskId": done}),
        ("tasks/result", {"taskId": done}),
        ("tasks/cancel", {"taskId": open_one}),
    ):
        with pytest.raises(RPCError):
            owl.program.call(method, **params)
    assert owl.program.call("tasks/list")["tasks"] == []
    completion = {"ref": {"type": "ref/prompt", "name": "new_image"}, "argument": {"name": "model", "value": "sandbox/"}}
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


# -- files -------------------------------------------------------------------------------------------------------------


def test_an_agent_writes_nothing_through_a_link_out_of_its_folder(spawn, home):
    out, secret = home / "out", home / "secret"
    out.mkdir()
    secret.mkdir()
    (out / "link").symlink_to("../secret")
    agent = Agent(spawn("--output-dir", out))
    for path in ("link", "link/below"):
        assert "symbolic link" in agent.refusal("generate_image", **SMALL, output_dir=str(out / path))
    # A folder that becomes a link while the image is made.
    later = {**SMALL, "input": {"size": "64x64", "sandbox": {"delay_ms": 1000}}}
    made = agent.call("submit_prediction", **later, output_dir=str(out / "in"))
    (out / "in").rmdir()
    (out / "in").symlink_to(secret)
    text = json.dumps(agent.result("get_prediction", id=made["id"]))
    assert "symbolic link" in text and "download_failed" in text
    assert list(secret.iterdir()) == []
    # The image is not lost: with a folder in its place again it is saved.
    (out / "in").unlink()
    assert agent.call("get_prediction", id=made["id"])["files"][0]["path"].startswith(str(out / "in"))


def test_a_saved_file_replaced_by_a_link_is_not_read_through_it(spawn, home):
    agent = Agent(spawn())
    made = agent.call("get_prediction", id=agent.call("generate_image", **SMALL)["id"])
    (file,) = made["files"]
    saved = home / "saved.png"
    private = home / "private.png"
    private.write_bytes(b"p" * file["bytes"])
    path = home / file["path"].removeprefix(f"{home}/")
    path.rename(saved)
    forged = bytearray(saved.read_bytes())
    forged[-1] ^= 1
    for swap in (lambda: path.symlink_to(private), lambda: path.hardlink_to(private), lambda: path.write_bytes(forged)):
        swap()
        for tool in ("get_image", "view_image"):
            result = agent.result(tool, id=made["id"], **({"view": True} if tool == "get_image" else {}))
            assert [block["type"] for block in result["content"]] == ["text"], tool
            assert "is not shown" in result["content"][0]["text"] and "since it was saved" in result["content"][0]["text"]
            assert "is not shown" in result["structuredContent"]["note"]
        with pytest.raises(RPCError):
            agent.program.call("resources/read", uri=f"imagewire://predictions/{made['id']}/1")
        path.unlink()
    saved.rename(path)
    assert agent.result("view_image", id=made["id"])["content"][1]["type"] == "image"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_file_follows_the_umask_where_the_user_named_the_place(spawn, home, mask):
    # A web server must be able to read an image that was saved beside a document.
    def modes(path):
        return path.stat().st_mode & 0o7777, path.parent.stat().st_mode & 0o7777

    program = spawn(wrapper=("sh", "-c", f'umask {mask:o}; exec "$0" "$@"'))
    named = program.call("submit", **SMALL, output_dir=str(home / "web/images"), wait_ms=60000)
    assert modes(home / "web/images" / named["files"][0]["path"].split("/")[-1]) == (0o666 & ~mask, 0o777 & ~mask)
    usual = program.call("submit", **SMALL, wait_ms=60000)
    state = home / ".local/state/imagewire"
    assert modes(state / "outputs" / usual["files"][0]["path"].split("/")[-1]) == (0o600, 0o700)
    assert state.stat().st_mode & 0o7777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in state.iterdir() if path.is_file()} == {0o600}


def test_a_pipe_as_key_or_configuration_is_not_waited_for(spawn, home):
    # Opening a pipe without a writer would block before the first reply.
    pipe = home / "pipe"
    os.mkfifo(pipe)
    (home / ".config/imagewire").mkdir(parents=True)
    os.mkfifo(home / ".config/imagewire/config.json")
    program = spawn("--provider", "sandbox", WAVESPEED_API_KEY_FILE=pipe)
    assert program.reply(program.start("ping"), patience=30) == {}


def test_an_agent_fills_no_disk(spawn):
    program = spawn("--agent-files", 3)
    agent = Agent(program)
    first = agent.call("generate_image", **SMALL, idempotency_key="k")
    # All at once, so that none is committed when the next one comes.
    call = {"name": "submit_prediction", "arguments": SMALL}
    program.send(*({"jsonrpc": "2.0", "id": 1000 + i, "method": "tools/call", "params": call} for i in range(5)))
    results = [program.reply(1000 + i) for i in range(5)]
    assert [result["isError"] for result in results] == [False, False, True, True, True]
    assert "3 files in the last hour" in results[-1]["content"][0]["text"]
    # What its key names is still found; others are not held up, and neither are plain clients.
    assert agent.call("generate_image", **SMALL, idempotency_key="k")["id"] == first["id"]
    Agent(spawn("--agent-files", 3), "owl").call("generate_image", **SMALL)
    program.call("submit", **SMALL)
    # The limit holds for the next process too, where it is not set otherwise.
    assert "in the last hour" in Agent(spawn("--agent-files", 3)).refusal("generate_image", **{**SMALL, "prompt": "one more"})
    Agent(spawn("--agent-files", 0)).call("generate_image", **SMALL)
