"""A hostile agent: every tool, used to see, reach or stop predictions and files of others."""

import json
from itertools import product

import pytest
from program import RPCError

SECRET = "SECRET-d41d8c"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "mallory", "version": "1"}}
SMALL = {"prompt": "an owl", "input": {"size": "64x64"}}


@pytest.fixture
def scene(spawn, home):
    """A plain client's prediction with a secret prompt, one in progress, files that an agent must not read, and the
    agent's session."""
    outside = home / "outside"
    outside.mkdir()
    (outside / "private.png").write_bytes(b"\x89PNG\r\n\x1a\n" + SECRET.encode())
    plain = spawn()
    done = plain.call("submit", input={"prompt": SECRET, "size": "64x64"}, idempotency_key="cover", tags=[SECRET], wait_ms=60000)
    under_way = plain.call("submit", input={"prompt": SECRET, "sandbox": {"never": True}})
    allowed = home / "allowed"
    allowed.mkdir()
    agent = spawn("--output-dir", allowed)
    agent.call("initialize", **HELLO)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and ".local" not in path.parts}
    return Scene(home, plain, agent, done["id"], under_way["id"], allowed, outside, before)


class Scene:
    def __init__(self, home, plain, agent, done, under_way, allowed, outside, before):
        self.home, self.plain, self.agent, self.done, self.under_way = home, plain, agent, done, under_way
        self.allowed, self.outside, self.before = allowed, outside, before
        self.revision = plain.call("status", id=done)["revision"]
        self.heard = []

    def ask(self, method, **params):
        """The answer, an error too; both are searched afterwards."""
        try:
            answer = self.agent.call(method, **params)
        except RPCError as error:
            answer = {"isError": True, "error": error.message, "data": error.data}
        self.heard.append((params, json.dumps(answer)))
        return answer

    def tool(self, name, **arguments):
        return self.ask("tools/call", name=name, arguments=arguments)

    def assert_nothing_came_of_it(self):
        for params, text in self.heard:
            # Its own words may come back.
            assert SECRET not in text or SECRET in json.dumps(params), params
        assert self.plain.call("status", id=self.done)["revision"] == self.revision
        assert self.plain.call("status", id=self.under_way)["status"] in ("created", "processing")
        after = {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file() and ".local" not in path.parts}
        made = {path for path in set(after) - set(self.before) if self.allowed not in path.resolve().parents}
        assert not made, f"it wrote {made}"
        assert {path: after.get(path) for path in self.before} == self.before


def test_what_others_made_is_neither_seen_nor_stopped(scene):
    for id in (scene.done, scene.under_way):
        for name in ("get_prediction", "cancel_prediction"):
            assert scene.tool(name, id=id)["isError"]
        for spelling in (id, id.upper(), f"{id}/1", f"../{id}", id.replace("-", "")):
            for number in ("1", "0", "-1", "01", "1/../1", "9999999999999999999"):
                assert scene.ask("resources/read", uri=f"imagewire://predictions/{spelling}/{number}")["isError"]
        for method in ("tasks/get", "tasks/result", "tasks/cancel"):
            assert scene.ask(method, taskId=id)["isError"]
    for arguments in ({}, {"limit": 100}, {"status": "completed"}, {"tag": SECRET}, {"text": SECRET[:6]}, {"cursor": scene.done}):
        scene.tool("list_predictions", **arguments)
    scene.ask("resources/list")
    scene.ask("tasks/list")
    for name, value in (("model", ""), ("prompt", SECRET[:3])):
        scene.ask("completion/complete", ref={"type": "ref/prompt", "name": "new_image"}, argument={"name": name, "value": value})
    # A key that was guessed: it is another namespace, or refused.
    scene.tool("generate_image", **{**SMALL, "idempotency_key": "cover"})
    scene.assert_nothing_came_of_it()


def test_no_file_of_this_machine_is_read(scene):
    private = scene.outside / "private.png"
    paths = [
        f"@{private}", str(private), f"file://{private}", f"@{scene.allowed}/../outside/private.png", "@/proc/self/environ",
        "@/etc/passwd", f"@{scene.home}/.local/state/imagewire/predictions.db", "@~/outside/private.png", "@outside/private.png",
    ]
    for name, path, member in product(("generate_image", "submit_prediction"), paths, ("image", "images", "mask")):
        input = {"size": "64x64", member: [path] if member == "images" else path}
        scene.tool(name, prompt="an owl", input=input)
        scene.tool(name, prompt="an owl", input=input, upload=True)
    for uri in (f"file://{private}", f"imagewire://{private}", "imagewire://predictions/../../../outside/private.png/1", str(private)):
        assert scene.ask("resources/read", uri=uri)["isError"]
    scene.assert_nothing_came_of_it()


def test_nothing_is_written_outside_its_folder(scene):
    allowed, outside = scene.allowed, scene.outside
    folders = [
        outside, f"{allowed}/../outside", f"{allowed}/./../outside/x", f"{allowed}/x/../../outside", f"{allowed}x", f"{allowed}/..",
        "/", "//", "/tmp", "/proc/self/cwd", f"/proc/self/root{outside}", "/dev/fd", ".", "..", "../outside", "relative", "~", "~/outside",
        f"file://{outside}", f"{outside}/../outside", str(allowed).upper(), str(allowed)[:-1],
    ]
    for folder in folders:
        assert scene.tool("generate_image", **SMALL, output_dir=str(folder))["isError"], folder
    for stem in ("../x", "..", "/x", f"{outside}/x", "a/b", "a/../../outside/b", ".", "x" * 300, "a\x00b"):
        scene.tool("generate_image", **SMALL, output_name=stem)
        scene.tool("generate_image", **SMALL, output_dir=str(allowed), output_name=stem)
    scene.assert_nothing_came_of_it()


def test_a_clumsy_agent_breaks_nothing(scene):
    """Wrong types, sizes and depths for each argument of each tool: refused or taken, and the next call is served."""
    wrong = [None, True, -1, 1e300, "", "x" * 70_000, [[]], {"a": {"b": 1}}, "\u0000"]
    usual = {**SMALL, "id": scene.done, "timeout_ms": 0}
    for tool in scene.agent.call("tools/list")["tools"]:
        names = tool["inputSchema"]["properties"]
        for name, value in product(names, wrong):
            scene.tool(tool["name"], **{key: value for key, value in usual.items() if key in names} | {name: value})
    assert scene.ask("ping") == {}
    scene.assert_nothing_came_of_it()
