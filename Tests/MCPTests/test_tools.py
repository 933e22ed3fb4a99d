"""The tools as a model uses them: flat arguments that become the model's own, edits of what was made, and few words."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
from program import BINARY, KEY, MODEL, environment, wait_for
from render import tools
from test_behaviour import HELLO
from wavespeed import LoopbackWaveSpeed, model

USUAL = "acme/painter"
SIZES = {"type": "string", "default": "1024*1024", "enum": ["1024*1024", "1536*1024"]}
IMAGES = {"type": "array", "items": {"type": "string"}}
CATALOGUE = [
    model(USUAL, facts={"description": "Paints what you say. " * 20}, size=SIZES, seed={"type": "integer"}),
    model("acme/painter/edit", ("prompt", "images"), {"type": "image-to-image"}, images=IMAGES, size=SIZES),
    model("acme/upscaler", ("image",), {"type": "image-to-image", "description": "Upscales photos"}, image={"type": "string"}),
    model("acme/film", facts={"type": "text-to-video"}),
    *(model(f"zoo/other-{number:02}") for number in range(30)),
]


@pytest.fixture
def wavespeed():
    with LoopbackWaveSpeed() as server:
        server.script(catalogue=CATALOGUE, polls=0)
        yield server


@pytest.fixture
def agent(spawn, wavespeed):
    """Calls a tool of a process with a paid provider; answers its result and what the first text says."""
    program = spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_MODEL=USUAL)
    program.call("initialize", **HELLO)

    def call(name, **arguments):
        result = program.call("tools/call", name=name, arguments=arguments)
        text = result["content"][0]["text"]
        return result, text if result["isError"] else json.loads(text)

    call.program = program
    return call


def sent(wavespeed):
    """The model and the input of each POST."""
    return [(post["path"].removeprefix("/api/v3/"), json.loads(post["body"])) for post in wavespeed.posts()]


def test_flat_arguments_become_those_of_the_model(agent, wavespeed):
    agent("generate_image", prompt="a fox", size="1536x1024", seed=7)
    agent("generate_image", prompt="a fox", aspect_ratio="3:2", n=1)
    agent("generate_image", prompt="a fox", parameters='{"seed":9}')
    assert [input for _, input in sent(wavespeed)] == [
        {"seed": 7, "size": "1536*1024", "prompt": "a fox"}, {"size": "1536*1024", "prompt": "a fox"},
        {"seed": 9, "prompt": "a fox"},
    ]
    assert {name for name, _ in sent(wavespeed)} == {USUAL}


@pytest.mark.parametrize("arguments, words", [
    ({"size": "10x10"}, "Size of the model acme/painter may be 1024*1024 or 1536*1024."),
    ({"quality": "high"}, "The model acme/painter takes no quality. Nothing was sent. It takes size and seed."),
    ({"n": 2}, "The model acme/painter makes one image at a time. Nothing was sent. Call again for each further image."),
    ({"n": 1000}, "n must be from 1 to 64."),
    ({"parameters": "{"}, "parameters must be a JSON object in a string."),
    ({"parameters": '{"seed":1}', "seed": 2}, "seed is given twice"),
    ({"reference_images": ["/etc/passwd"]}, "is no image that these tools made."),
    ({"model": "acme/nothing", "size": "1024x1024"}, "lists no model \"acme/nothing\""),
])
def test_what_a_model_cannot_do_is_refused_before_anything_is_spent(agent, wavespeed, arguments, words):
    result, text = agent("generate_image", prompt="a fox", **arguments)
    assert result["isError"] and words.lower() in text.lower(), text
    assert wavespeed.posts() == []


def test_an_image_is_edited_by_its_id_with_the_model_that_edits(agent, wavespeed):
    _, fox = agent("generate_image", prompt="a fox")
    result, blue = agent("edit_image", prompt="make it blue", images=[fox["id"]], view=True)
    assert [block["type"] for block in result["content"]] == ["text", "image"]
    assert base64.b64decode(result["content"][1]["data"]).startswith(b"\xff\xd8\xff")
    assert blue["files"][0]["path"] != fox["files"][0]["path"] and Path(fox["files"][0]["path"]).exists()
    # By the path of an answer too, and with a model for it.
    agent("edit_image", prompt="larger", images=[blue["files"][0]["path"]], model="acme/upscaler")
    (_, _), (editor, edit), (upscaler, larger) = sent(wavespeed)
    assert (editor, upscaler) == ("acme/painter/edit", "acme/upscaler")
    # What the provider made it gets by its own address: nothing is uploaded.
    assert len(edit["images"]) == 1 and edit["images"][0].startswith(wavespeed.output_url)
    assert larger["image"].startswith(wavespeed.output_url)


def test_the_first_call_of_a_process_may_edit_with_the_usual_model(spawn, wavespeed):
    wavespeed.script(catalogue=[model(MODEL), model(f"{MODEL}/edit", ("prompt", "images"), {"type": "image-to-image"}, images=IMAGES)])
    id = None
    for name, arguments in (("generate_image", {}), ("edit_image", {"images": ["{id}"]})):
        with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url) as program:
            program.call("initialize", **HELLO)
            given = json.loads(json.dumps({"prompt": "a fox", **arguments}).replace("{id}", id or ""))
            result = program.call("tools/call", name=name, arguments=given)
            assert not result["isError"], result
            id = result["structuredContent"]["id"]
    assert [sent_to for sent_to, _ in sent(wavespeed)] == [MODEL, f"{MODEL}/edit"]


def test_a_reference_in_a_new_image_chooses_a_model_that_takes_it(agent, wavespeed):
    _, fox = agent("generate_image", prompt="a fox")
    agent("generate_image", prompt="another in this style", reference_images=[f"{fox['id']}/1"])
    assert sent(wavespeed)[1][0] == "acme/painter/edit"
    result, text = agent("edit_image", prompt="x", images=[fox["id"]], model="acme/film")
    assert result["isError"] and "takes no images" in text and len(wavespeed.posts()) == 2


def test_an_edit_of_what_is_not_finished_waits_for_it(agent, wavespeed):
    wavespeed.script(poll=[{"do": "normal", "hold": True}])
    _, fox = agent("generate_image", prompt="a fox", wait_seconds=0)
    _, blue = agent("edit_image", prompt="make it blue", images=[fox["id"]], wait_seconds=0)
    assert blue["status"] == "created" and blue["waits_for"] == [fox["id"]] and fox["id"] in blue["note"]
    # A release before the poll would leave it without an answer until its time is up.
    wait_for(wavespeed.polls, "it is not polled")
    wavespeed.release()
    _, done = agent("get_image", id=blue["id"])
    assert done["status"] == "completed" and len(wavespeed.posts()) == 2


def test_models_and_prices_are_seen(agent, wavespeed):
    _, all_models = agent("list_models")
    assert len(all_models["models"]) == 20 and all_models["models"][0]["id"] == USUAL
    first = all_models["models"][0]
    assert first["usual"] is True and first["price"] == "from $0.05" and first["sizes"] == ["1024x1024", "1536x1024"]
    assert first["edits"] is False and first["edit_model"] == "acme/painter/edit" and len(first["purpose"]) <= 100
    assert all_models["note"] == "14 more: narrow them with query or kind. Each purpose is in the provider's words."
    found = {kind: [one["id"] for one in agent("list_models", kind=kind)[1]["models"]] for kind in ("edit", "upscale", "video")}
    assert found == {"edit": ["acme/painter/edit", "acme/upscaler"], "upscale": ["acme/upscaler"], "video": ["acme/film"]}
    assert agent("list_models", query="zebra")[1] == {"models": [], "note": "No model fits. Try other words, or leave out kind."}
    _, cost = agent("estimate_cost", prompt="a fox", size="1024x1024")
    assert cost["cost"] == "about $0.05" and cost["balance"] == "$5.00", cost
    assert cost["today"].startswith("Left for agents until ") and "50 of 50 images" in cost["today"]
    assert wavespeed.posts() == []


def test_words_of_a_catalogue_are_short_and_harmless(agent, wavespeed):
    hostile = {"type": "string", "enum": ["\u202e" + "x" * 300_000, "1024*1024"]}
    wavespeed.script(catalogue=[model(USUAL, facts={"description": "a\u200b\u202eb" * 9_000}, size=hostile)])
    result, listed = agent("list_models")
    assert len(json.dumps(result)) < 4_000 and listed["models"][0]["sizes"][1] == "1024x1024"
    assert not {"\u202e", "\u200b"} & set(json.dumps(result, ensure_ascii=False))
    result, text = agent("generate_image", prompt="a fox", size="1x1")
    assert result["isError"] and len(text) < 400 and "\u202e" not in text and wavespeed.posts() == []


def test_a_list_shows_the_prompts(agent):
    for number in range(12):
        agent("generate_image", prompt=f"a fox in snow, number {number}, by an old master" + " and so on" * 20)
    result, listed = agent("list_images")
    assert len(listed["images"]) == 10 and "list_images with" in listed["next"]
    newest = listed["images"][0]
    assert newest["prompt"].startswith("a fox in snow, number 11, ") and len(newest["prompt"]) <= 90
    assert newest["cost"] == "$0.05" and newest["age"].endswith(" s") and Path(listed["folder"], newest["file"]).exists()
    cursor = json.loads(listed["next"].removeprefix("More: list_images with ").removesuffix("."))
    assert len(agent("list_images", **cursor)[1]["images"]) == 2
    assert [one["prompt"][:26] for one in agent("list_images", query="number 7")[1]["images"]] == ["a fox in snow, number 7, b"]
    assert result["structuredContent"] == listed


# -- Few words: four characters are about a token ----------------------------------------------------------------------


def test_answers_are_short(agent, spawn):
    result, _ = agent("generate_image", prompt="a fox")
    assert len(result["content"][0]["text"]) <= 400 and len(json.dumps(result["structuredContent"])) <= 480
    for number in range(10):
        agent("generate_image", prompt=f"a red fox in deep snow at dusk, {number}")
    assert len(agent("list_images")[0]["content"][0]["text"]) <= 2_000 + 10 * 80
    result, text = agent("generate_image", prompt="x", quality="high")
    assert "structuredContent" not in result and len(text) < 200


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-11-25", "2026-07-28"])
def test_the_definitions_are_short_and_flat(revision):
    listed = tools(BINARY, revision)
    shown = [{name: one[name] for name in ("name", "description", "inputSchema")} for one in listed]
    assert len(json.dumps(shown, separators=(",", ":"))) <= 10_000
    for one in listed:
        assert len(one["description"]) <= 350 and "outputSchema" not in one
        # Words for the search of Claude Code, which no host shows to the model.
        hint = one.get("_meta", {}).get("anthropic/searchHint")
        assert (hint is not None) == (revision >= "2025-06-18") and len(hint or "") <= 400
        for field in one["inputSchema"].get("properties", {}).values():
            # Strict hosts take no unions and no free objects.
            assert field["type"] in ("string", "integer", "boolean", "array"), (one["name"], field)


@pytest.mark.parametrize("name, settings", [
    # The Python SDK's own client, with which several hosts wait 5 s; then one with a setting of the user.
    ("mcp", {}), ("google-adk", {}), ("fox", {"IMAGEWIRE_TOOL_WAIT": "1"}), ("mcp", {"IMAGEWIRE_TOOL_WAIT": "1"}),
])
def test_the_wait_is_shorter_than_that_of_the_host(spawn, wavespeed, name, settings):
    wavespeed.script(polls=10_000)
    with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_MODEL=USUAL, **settings) as program:
        program.call("initialize", **{**HELLO, "clientInfo": {"name": name, "version": "1"}})
        other = program.call("tools/call", name="generate_image", arguments={"prompt": "an owl", "wait_seconds": 0})
        id = other["structuredContent"]["id"]
        call = program.start("tools/call", name="generate_image", arguments={"prompt": "a fox"})
        program.start("tools/call", name="get_image", arguments={"id": id, "wait_seconds": 20})
        # Of the two it is the first to be answered; without a shorter wait it would be the second.
        answer = program.receive()
        assert answer["id"] == call
        made = answer["result"]["structuredContent"]
        assert made["status"] in ("created", "processing") and made["id"] in made["next"]
        program.kill()


@pytest.mark.parametrize("value, level, words", [
    ("0", "problem", "it must be a whole number of seconds, 1 to 3600"), ("120", "ok", "tools of MCP wait 120 seconds"),
])
def test_doctor_tells_how_long_tools_wait(home, value, level, words):
    run = subprocess.run(
        [BINARY, "doctor", "--json"], capture_output=True, text=True, cwd=home, env=environment(home, IMAGEWIRE_TOOL_WAIT=value))
    [finding] = [one for one in json.loads(run.stdout)["findings"] if one["subject"] == "tool wait"]
    assert finding["level"] == level and words in finding["message"]


def test_a_model_that_must_give_every_argument_may_give_empty_ones(agent, wavespeed):
    listed = {one["name"]: one["inputSchema"] for one in agent.program.call("tools/list")["tools"]}["generate_image"]
    optional = [name for name in listed["properties"] if name not in listed["required"]]
    assert all(listed["properties"][name]["nullable"] is True for name in optional)
    empty = {name: [] if listed["properties"][name]["type"] == "array" else "" for name in optional
             if listed["properties"][name]["type"] in ("string", "array")}
    assert len(empty) >= 8
    result, _ = agent("generate_image", prompt="a fox", **empty, n=None, seed=None)
    assert not result["isError"] and [input for _, input in sent(wavespeed)] == [{"prompt": "a fox"}]
    assert agent("generate_image", prompt="")[0]["isError"]
