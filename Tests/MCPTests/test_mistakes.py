"""What goes wrong for an agent, one case after the other: the sentence that its model reads says what happened, whether it cost
money and what to change. What is refused sends no request."""

import json
from pathlib import Path

import pytest
from program import KEY, wait_for
from test_behaviour import HELLO
from test_tools import CATALOGUE, USUAL
from wavespeed import LoopbackWaveSpeed

FREE = "Nothing was sent."


@pytest.fixture
def wavespeed():
    with LoopbackWaveSpeed() as server:
        server.script(catalogue=CATALOGUE, polls=0)
        yield server


@pytest.fixture
def agent(spawn, wavespeed):
    """Starts a process of an agent."""

    def start(*arguments, name="fox", **settings):
        known = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": USUAL}
        program = spawn("mcp", *arguments, **{**known, **settings})
        program.hello = program.call("initialize", **{**HELLO, "clientInfo": {"name": name, "version": "1"}})
        return program

    return start


def refused(program, name="generate_image", **arguments):
    """What the model reads; it is an error, and without anything else."""
    result = program.call("tools/call", name=name, arguments=arguments)
    assert result["isError"] and "structuredContent" not in result and len(result["content"]) == 1, result
    text = result["content"][0]["text"]
    assert len(text) < 500 and KEY not in text and text.count("Nothing was sent.") <= 1
    return text


def made(program, **arguments):
    result = program.call("tools/call", name="generate_image", arguments={"prompt": "a fox", **arguments})
    assert not result["isError"], result
    return json.loads(result["content"][0]["text"].splitlines()[-1])


def says(text, *parts):
    """Whether the text says all of it, in this order."""
    places = [text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), (text, parts)


def test_a_path_outside(agent, wavespeed):
    program = agent()
    says(refused(program, prompt="a fox", output_dir="/etc"), "output_dir must be inside ", FREE, "Leave it out")
    for name, arguments in (("edit_image", {"prompt": "x", "images": ["/etc/passwd"]}), ("view_image", {"id": "/etc/passwd"})):
        says(refused(program, name, **arguments), '"/etc/passwd" is no image that these tools made.', "Give an id")
    assert wavespeed.posts() == []


def test_the_folder_in_which_the_host_starts_it_may_be_allowed(agent, wavespeed, home):
    (home / "project").mkdir()
    program = agent("--allow-output", ".", wrapper=("sh", "-c", 'cd project && exec "$@"', "sh"))
    folder = home / "project"
    assert f"with output_dir also to {folder}." in program.hello["instructions"]
    made_there = made(program, output_dir=str(folder), output_name="fox")
    assert [file["path"] for file in made_there["files"]] == [str(folder / "fox.png")] and (folder / "fox.png").exists()
    says(refused(program, prompt="an owl", output_dir=str(home)), "output_dir must be inside ", f" or {folder}.", FREE)


def test_a_symbolic_link(agent, wavespeed, home):
    program = agent()
    folder = Path(made(program)["files"][0]["path"]).parent
    (folder / "link.png").symlink_to("/etc/hostname")
    (folder / "elsewhere").symlink_to(home)
    for name, arguments in (("edit_image", {"prompt": "x", "images": [str(folder / "link.png")]}), ("view_image", {"id": str(folder / "link.png")})):
        says(refused(program, name, **arguments), "is no image that these tools made.", "Give an id")
    text = refused(program, prompt="an owl", output_dir=str(folder / "elsewhere"))
    says(text, "cannot be used: there is a symbolic link in it.", FREE)
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("name, arguments", [
    ("view_image", {"id": "{id}"}), ("get_image", {"id": "{id}"}), ("cancel_image", {"id": "{id}"}),
    ("edit_image", {"prompt": "x", "images": ["{id}"]}), ("edit_image", {"prompt": "x", "images": ["{id}/1"]}),
    ("generate_image", {"prompt": "x", "reference_images": ["{id}"]}),
])
def test_the_id_of_another_agent(agent, wavespeed, name, arguments):
    id = made(agent())["id"]
    text = refused(agent(name="owl"), name, **json.loads(json.dumps(arguments).replace("{id}", id)))
    says(text, f"There is no prediction {id}.", "It was deleted or is not yours; list_images finds yours.")
    assert (FREE in text) == ("prompt" in arguments) and len(wavespeed.posts()) == 1


@pytest.mark.parametrize("name, arguments, words", [
    ("generate_image", {"n": 1000}, "n must be from 1 to 64."),
    ("edit_image", {"model": "acme/film", "images": ["{id}"]}, "The model acme/film takes no images."),
    ("generate_image", {"size": "10x10"}, "size of the model acme/painter may be 1024*1024 or 1536*1024."),
])
def test_what_the_model_cannot_do(agent, wavespeed, name, arguments, words):
    program = agent()
    id = made(program)["id"]
    text = refused(program, name, prompt="an owl", **json.loads(json.dumps(arguments).replace("{id}", id)))
    says(text, words, FREE)
    assert len(wavespeed.posts()) == 1


def test_a_prompt_that_the_provider_refuses(agent, wavespeed):
    program = agent()
    wavespeed.script(submit=["400"])
    says(refused(program, prompt="a"), "The provider refused the request (HTTP 400)", "Nothing is billed.", "Change the input")
    wavespeed.script(poll=[{"do": "state", "status": "failed", "error": "The prompt was flagged by the content policy."}])
    says(refused(program, prompt="b"), "The provider refused the content", "Change the prompt.", "billing refunded")


@pytest.mark.parametrize("option, limit, words", [
    ("--agent-max-images", "1", "agents may request 1 image a day on this account and have requested 1."),
    ("--agent-max-spend", "0.05", "agents may spend $0.05 a day on this account and have requested $0.05 worth."),
])
def test_the_cap_is_reached(agent, wavespeed, option, limit, words):
    program = agent(option, limit)
    made(program)
    says(refused(program, prompt="an owl"), words, "Nothing was sent", "The count starts again at 00:00 UTC.", option)
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("settings, words", [
    ({"WAVESPEED_API_KEY": ""}, "WAVESPEED_API_KEY is set and empty."),
    ({"WAVESPEED_API_KEY": None, "IMAGEWIRE_PROVIDER": "wavespeed"}, 'The provider "wavespeed" is not configured.'),
])
def test_no_key(agent, settings, words):
    says(refused(agent(**settings), prompt="a fox"), words, FREE, "Tell the user: no other arguments will help.")


def test_without_any_key_every_answer_says_that_it_is_a_drawing(spawn):
    program = spawn("mcp")
    program.call("initialize", **HELLO)
    drawing = "Sandbox drawing (no image model was asked, nothing was billed)."
    for name, arguments in (
        ("generate_image", {"prompt": "a fox", "size": "64x64"}), ("list_models", {}), ("estimate_cost", {"prompt": "a fox"}),
        ("list_images", {}),
    ):
        result = program.call("tools/call", name=name, arguments=arguments)
        assert not result["isError"] and result["content"][0]["text"].startswith(f"{drawing}\n"), result
        assert result["structuredContent"]["about"] == drawing


def test_the_provider_is_down(agent):
    program = agent(WAVESPEED_BASE_URL="http://127.0.0.1:9")
    says(refused(program, prompt="a fox"), "Failed to connect", "Nothing was sent and nothing is billed.", "Check the network")
    says(refused(program, prompt="a fox", size="1024x1024"), FREE[:-1], "Failed to connect", "Check the network")
    says(refused(program, "list_models"), "Failed to connect", "Check the network")


def test_a_reply_that_is_lost(agent, wavespeed):
    program = agent()
    wavespeed.script(submit=["drop"])
    text = refused(program, prompt="a fox")
    says(text, "got no reply", "may bill it; it is never sent again.", "Ask the user before you make it again.", "billing unknown")
    again = refused(program, prompt="a fox")
    assert again.startswith("Not a new image: ") and len(wavespeed.posts()) == 1


def test_the_host_is_killed_while_the_post_is_written(agent, wavespeed):
    program = agent()
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    program.start("tools/call", name="generate_image", arguments={"prompt": "a fox"})
    wait_for(wavespeed.posts, "nothing is sent")
    program.kill()
    wavespeed.release()
    text = agent().call("tools/call", name="generate_image", arguments={"prompt": "a fox"})["content"][0]["text"]
    assert text.startswith("Not a new image: the same request was made ") and len(wavespeed.posts()) == 1


def test_a_host_that_cancels_and_retries_at_once(agent, wavespeed):
    program = agent()
    wavespeed.script(poll=[{"do": "normal", "hold": True}])
    call = program.start("tools/call", name="generate_image", arguments={"prompt": "a fox"})
    wait_for(wavespeed.posts, "nothing is sent")
    program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
    again = program.start("tools/call", name="generate_image", arguments={"prompt": "a fox"})
    # A release before the poll would leave it without an answer until its time is up.
    wait_for(wavespeed.polls, "it is not polled")
    wavespeed.release()
    text = program.reply(again)["content"][0]["text"]
    assert text.startswith("Not a new image: ") and len(wavespeed.posts()) == 1


def test_a_key_that_is_revoked_before_a_request(agent, wavespeed):
    program = agent()
    made(program)
    wavespeed.script(expect_key="another")
    text = refused(program, prompt="an owl")
    says(text, "The provider does not accept the key (HTTP 401)", "Nothing is billed.", "Check WAVESPEED_API_KEY")
    waiting = made(program, prompt="a boat", wait_seconds=0)
    says(waiting["note"], "It waits: the provider does not accept the key.", "Nothing is sent before ")


def test_a_key_that_is_revoked_while_the_image_is_made_loses_none(agent, wavespeed):
    program = agent()
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    begun = made(program, wait_seconds=1)
    wavespeed.clear()
    wavespeed.script(poll=[{"do": "401", "times": 2}])
    done = program.call("tools/call", name="get_image", arguments={"id": begun["id"]})
    assert not done["isError"] and json.loads(done["content"][0]["text"])["status"] == "completed" and len(wavespeed.posts()) == 1


def test_a_cancelled_image_says_what_it_may_cost(agent, wavespeed):
    program = agent()
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    begun = made(program, wait_seconds=1)
    stopped = json.loads(program.call("tools/call", name="cancel_image", arguments={"id": begun["id"]})["content"][0]["text"])
    says(stopped["note"], "Stopped here.", "bill")


def test_an_estimate_prices_nothing_that_would_be_refused(agent, wavespeed):
    program = agent()
    text = refused(program, "estimate_cost", prompt="a fox", parameters='{"seed":"many"}')
    assert "seed" in text and wavespeed.posts() == []
    assert refused(program, prompt="a fox", parameters='{"seed":"many"}').startswith(text.split(".")[0])


def test_many_calls_at_once_ask_for_the_list_of_models_once(agent, wavespeed):
    program = agent()
    wavespeed.script(models=[{"do": "normal", "hold": True}])
    calls = [program.start("tools/call", name="list_models", arguments={}) for _ in range(60)]
    asked = lambda: sum(one["endpoint"] == "models" for one in wavespeed.log())  # noqa: E731
    wait_for(asked, "the models are not asked for")
    program.call("ping")
    wavespeed.release()
    answers = [program.reply(call) for call in calls]
    assert not any(answer["isError"] for answer in answers)
    assert asked() == 1
