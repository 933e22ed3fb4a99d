"""MCP Apps on the wire: declared to hosts that show pages and to no other, and what only pages may ask for."""

import base64
import json
from pathlib import Path

import jsonschema
import pytest
from apps import messages
from conversation import Judge
from program import ROOT
from render import REVISIONS

STATELESS = REVISIONS[-1]
VIEWS = {
    "generate_image": "ui://imagewire/image", "edit_image": "ui://imagewire/image", "view_image": "ui://imagewire/image",
    "get_image": "ui://imagewire/image", "list_images": "ui://imagewire/gallery",
}
FOR_VIEWS = {"app_image", "app_images", "app_thumbnail", "app_piece"}


class Talk:
    """A conversation in a revision; every message is judged by its schema."""

    def __init__(self, program, revision, capabilities=messages.CAPABILITIES, name="test"):
        self.program, self.revision, self.capabilities = program, revision, capabilities
        self.client = {"name": name, "version": "1"}
        self.judge, self.number = Judge(), 0
        self.hello = (
            self("server/discover")["result"] if revision == STATELESS else
            self("initialize", protocolVersion=revision, capabilities=capabilities, clientInfo=self.client)["result"]
        )

    def __call__(self, method, **params):
        self.number += 1
        if self.revision == STATELESS:
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
                "io.modelcontextprotocol/clientInfo": self.client,
            }
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.judge.sent(message)
        self.program.send(message)
        answer = self.program.receive(60)
        self.judge.received(answer)
        return answer

    def tool(self, name, **arguments):
        """The result of a tool, and its object."""
        result = self("tools/call", name=name, arguments=arguments)["result"]
        text = result["content"][0]["text"]
        return result, text if result["isError"] else json.loads(text[text.index("{"):])


def small(talk, prompt="a fox", **fields):
    """Makes an image; its id and its file."""
    made = talk.tool("generate_image", prompt=prompt, parameters=json.dumps({"size": "64x64", **fields}))[1]
    return made["id"], Path(made["files"][0]["path"])


# -- who is told of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_host_that_shows_pages_is_told_of_them(spawn, revision):
    talk = Talk(spawn("mcp"), revision)
    assert talk.hello["capabilities"]["extensions"][messages.EXTENSION] == {}
    listed = {one["name"]: one for one in talk("tools/list")["result"]["tools"]}
    messages.check_tools(listed.values())
    for name, one in listed.items():
        expected = {"resourceUri": VIEWS[name]} if name in VIEWS else {"visibility": ["app"]} if name in FOR_VIEWS else None
        assert one.get("_meta", {}).get("ui") == expected
    assert FOR_VIEWS < set(listed)
    resources = talk("resources/list")["result"]["resources"]
    assert {one["uri"] for one in resources} == set(VIEWS.values())
    assert {one["mimeType"] for one in resources} == {messages.TYPE}
    for uri in set(VIEWS.values()):
        contents = talk("resources/read", uri=uri)["result"]["contents"]
        jsonschema.validate(contents[0], messages.CONTENTS)
        assert contents[0]["text"].startswith("<!doctype html>") and len(contents) == 1


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "capabilities",
    [
        {}, {"extensions": {}}, {"extensions": {messages.EXTENSION: {}}}, {"extensions": {messages.EXTENSION: {"mimeTypes": []}}},
        {"extensions": {messages.EXTENSION: {"mimeTypes": ["text/html"]}}},
        {"experimental": {messages.EXTENSION: {"mimeTypes": [messages.TYPE]}}},
    ],
    ids=json.dumps,
)
def test_to_every_other_host_nothing_changes(spawn, revision, capabilities):
    talk = Talk(spawn("mcp"), revision, capabilities)
    assert messages.EXTENSION not in json.dumps(talk.hello)
    assert talk("tools/list")["result"]["tools"] == json.loads((ROOT / f"schemas/mcp/tools-{revision}.json").read_text())
    assert talk("resources/list")["result"]["resources"] == []
    assert "error" in talk("resources/read", uri="ui://imagewire/image")
    for name in FOR_VIEWS:
        said = json.dumps(talk("tools/call", name=name, arguments={}))
        assert "there is no tool" in said and "estimate_cost." in said


def test_each_request_of_the_stateless_revision_speaks_for_itself(spawn):
    program = spawn("mcp")
    with_pages, without = Talk(program, STATELESS), Talk(program, STATELESS, {})
    without.number = 100
    scopes = [talk("tools/list")["result"]["cacheScope"] for talk in (with_pages, without)]
    assert scopes == ["private", "public"], "one could be given the other's list"
    counts = [len(talk("tools/list")["result"]["tools"]) for talk in (with_pages, without, with_pages)]
    assert counts == [12, 8, 12]


# -- what pages ask for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_view_learns_what_is_known_of_an_image(spawn, revision):
    talk = Talk(spawn("mcp"), revision)
    id, path = small(talk, "a fox " + "\N{RIGHT-TO-LEFT OVERRIDE}red", n=2, seed=7)
    result, image = talk.tool("app_image", id=id)
    assert "structuredContent" not in result
    assert (image["id"], image["status"], image["cost"], image["free"]) == (id, "completed", "nothing", True)
    # It would turn the words around it.
    assert image["prompt"] == "a fox red"
    assert image["label"].startswith("Sandbox drawing (")
    assert [one["output"] for one in image["files"]] == [1, 2] and image["files"][0]["path"] == str(path)
    vary = image["vary"]
    assert vary["name"] == "generate_image" and vary["arguments"]["again"] is True
    assert json.loads(vary["arguments"]["parameters"]) == {"size": "64x64", "n": 2}
    assert talk.tool("generate_image", **vary["arguments"])[1]["id"] != id


def test_a_view_waits_for_an_image(spawn):
    talk = Talk(spawn("mcp"), "2025-11-25")
    slow = json.dumps({"size": "64x64", "sandbox": {"delay_ms": 700}})
    id = talk.tool("generate_image", prompt="a slow fox", parameters=slow, wait_seconds=0)[1]["id"]
    assert talk.tool("app_image", id=id)[1]["status"] in ("created", "processing")
    assert talk.tool("app_image", id=id, wait_seconds=50)[1]["status"] == "completed"


def test_a_view_learns_why_there_is_none(spawn):
    talk = Talk(spawn("mcp"), "2025-11-25")
    failing = json.dumps({"sandbox": {"fail": "content_refused"}})
    result, text = talk.tool("generate_image", prompt="a forbidden fox", parameters=failing)
    id = text.split("(prediction ")[1].split(",")[0]
    image = talk.tool("app_image", id=id)[1]
    assert image["status"] == "failed" and image["files"] == [] and "billing none" in image["error"]


def test_what_a_view_shows_is_not_named_by_the_model(spawn):
    """A page that shows an image must not make the model's repeated call a new one, which would be paid again."""
    talk = Talk(spawn("mcp"), "2025-11-25")
    id, _ = small(talk)
    for name in FOR_VIEWS - {"app_images"}:
        talk.tool(name, id=id)
    assert small(talk)[0] == id


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_pieces_are_the_file(spawn, revision):
    talk = Talk(spawn("mcp"), revision)
    made = talk.tool("generate_image", prompt="a large fox", size="2048x2048", wait_seconds=54)[1]
    while "files" not in made:
        made = talk.tool("get_image", id=made["id"], wait_seconds=54)[1]
    original = Path(made["files"][0]["path"]).read_bytes()
    text, offset, count = "", 0, 0
    while offset is not None:
        result, piece = talk.tool("app_piece", id=made["id"], offset=offset)
        assert (piece["offset"], piece["total"]) == (offset, len(original)) and len(json.dumps(result)) < 1_000_000
        text, offset, count = text + piece["base64"], piece.get("next"), count + 1
    assert base64.b64decode(text, validate=True) == original
    assert count == -(-len(original) // 393_216) > 1


def test_a_changed_file_is_shown_in_no_piece(spawn):
    talk = Talk(spawn("mcp"), "2025-11-25")
    id, path = small(talk)
    bytes = bytearray(path.read_bytes())
    bytes[-1] ^= 1
    path.write_bytes(bytes)
    result, text = talk.tool("app_piece", id=id)
    assert result["isError"] and "missing or was changed" in text
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert talk.tool("app_piece", id=id)[0]["isError"]


def test_a_thumbnail_is_small(spawn):
    talk = Talk(spawn("mcp"), "2025-11-25")
    made = talk.tool("generate_image", prompt="a fox", size="512x512")[1]
    result, _ = talk.tool("app_thumbnail", id=made["id"], size=128)
    picture = result["content"][1]
    assert picture["mimeType"] == "image/jpeg" and len(picture["data"]) < 40_000
    for wrong in ({"output": 2}, {"output": 0}):
        assert talk.tool("app_thumbnail", id=made["id"], **wrong)[0]["isError"]


def test_the_list_has_pages_and_filters(spawn):
    talk = Talk(spawn("mcp"), "2025-11-25")
    ids = [small(talk, f"fox {number}")[0] for number in range(5)]
    _, first = talk.tool("app_images", limit=3)
    _, last = talk.tool("app_images", limit=3, cursor=first["next"])
    assert [one["id"] for one in first["images"] + last["images"]] == ids[::-1] and "next" not in last
    assert first["images"][0] | {"cost": "nothing", "prompt": "fox 4", "output": 1, "kind": "image"} == first["images"][0]
    assert [one["prompt"] for one in talk.tool("app_images", query="fox 2")[1]["images"]] == ["fox 2"]


@pytest.mark.parametrize("name", sorted(FOR_VIEWS))
def test_a_view_sees_only_its_own_agents_images(spawn, name):
    theirs, _ = small(Talk(spawn("mcp"), "2025-11-25", name="other"))
    talk = Talk(spawn("mcp"), "2025-11-25", name="one")
    if name == "app_images":
        assert talk.tool(name)[1]["images"] == []
    else:
        result, text = talk.tool(name, id=theirs)
        assert result["isError"] and "There is no prediction" in text


def test_a_file_outside_the_folders_is_not_shown(spawn, home):
    """The folders of the process that serves the view count, not those of the one that saved the file."""
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    first = Talk(spawn("mcp", "--allow-output", elsewhere), "2025-11-25")
    made = first.tool("generate_image", prompt="a fox", parameters='{"size":"64x64"}', output_dir=str(elsewhere))[1]
    second = Talk(spawn("mcp"), "2025-11-25")
    assert second.tool("app_image", id=made["id"])[1]["files"] == []
    assert second.tool("app_thumbnail", id=made["id"])[0]["isError"] and second.tool("app_piece", id=made["id"])[0]["isError"]
    listed = second.tool("app_images")[1]["images"][0]
    assert "output" not in listed


def test_the_golden_lists_hold_no_word_of_it():
    for revision in REVISIONS:
        assert not FOR_VIEWS & {one["name"] for one in json.loads((ROOT / f"schemas/mcp/tools-{revision}.json").read_text())}
