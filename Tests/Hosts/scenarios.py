"""What the scripted model does in each scenario. A new one is a row here, and `--update-golden` once."""

import base64
import random
from dataclasses import dataclass, field

from program import KEY, MODEL
from wavespeed import model, png

#: Hosts that wait for a tool as long as it takes.
ENDLESS = ("strands", "smolagents", "mcp-use", "llm")
#: An image that the sandbox draws at once.
FOX = {"prompt": "a red fox in snow", "size": "64x64"}
#: The same of the paid provider on loopback.
PAID = {"prompt": "a red fox in snow"}
HOUR = 3_600


@dataclass
class Call:
    """One call of the model. In its arguments, {id} is the latest prediction id that the model was shown, {folder} the folder in
    which the host was started."""

    tool: str
    arguments: dict = field(default_factory=dict)
    #: Done once, just before the model makes this call.
    before: object = None


@dataclass
class Search:
    """One search of the model for tools, in a host that lists none of them at first."""

    words: str
    tool: str = "a search"


@dataclass
class Scenario:
    calls: list
    #: Whether images come from the paid provider on loopback, which `begin` can script, and not from the sandbox.
    paid: bool = False
    begin: object = None
    #: Seconds after which the host gives up a call; None leaves it the host's default.
    patience: float | None = HOUR
    #: Done beside the host, in a thread.
    meanwhile: object = None
    #: Only these hosts (None: all), and not those.
    hosts: tuple | None = None
    but: tuple = ()
    settings: dict = field(default_factory=dict)
    #: Options of the program.
    options: tuple = ()


def never_finished(world):
    world.wavespeed.script(poll=[{"do": "running", "times": "forever"}])


def finished_from_now_on(world):
    world.wavespeed.clear()


def all_finished(world):
    """Waits until the program has finished what it recovered, if the host started it again."""
    if len(world.starts()) > 1:
        world.settle()


def draws_a_large_image(world):
    image = png(900, 700, noise=random.Random(1).randbytes)
    world.wavespeed.script(download=[{"do": "file", "base64": base64.b64encode(image).decode(), "times": "forever"}])


def refuses(world):
    world.wavespeed.script(poll=[{"do": "state", "status": "failed", "error": "The prompt was flagged by the content policy."}])


def offers_an_editor(world):
    images = {"type": "array", "items": {"type": "string"}}
    editor = model(f"{MODEL}/edit", ("prompt", "images"), {"type": "image-to-image"}, images=images)
    world.wavespeed.script(catalogue=[model(MODEL), editor], polls=0)


def kill_the_server(world):
    """Kills the program once the provider has accepted the first image, if it ever does."""
    while not world.ended.wait(0.02):
        if world.wavespeed.polls():
            world.kill_server()
            return


SCENARIOS = {
    "plain": Scenario([Call("generate_image", FOX)]),
    "view": Scenario([Call("generate_image", FOX), Call("view_image", {"id": "{id}"})]),
    "inline": Scenario([Call("generate_image", {**FOX, "view": True})]),
    "edit": Scenario([Call("generate_image", FOX), Call("edit_image", {"prompt": "make it blue", "images": ["{id}"]})]),
    # "Make a fox, look at it, make it blue, save it here", as `imagewire mcp-config` mounts the program in Claude Code and Codex.
    "fox": Scenario(
        [
            Call("generate_image", {"prompt": "a fox"}),
            Call("view_image", {"id": "{id}"}),
            Call("edit_image", {
                "prompt": "make it blue", "images": ["{id}"], "output_dir": "{folder}", "output_name": "blue-fox",
            }),
            Call("view_image", {"id": "{folder}/blue-fox.png"}),
        ], paid=True, begin=offers_an_editor, options=("--allow-output", "."),
    ),
    # An image of an ordinary size, 1.9 MB.
    "large": Scenario([Call("generate_image", {**PAID, "view": True})], paid=True, begin=draws_a_large_image),
    "paid": Scenario([Call("generate_image", PAID)], paid=True),
    "list": Scenario([Call("generate_image", FOX), Call("list_images")]),
    "models": Scenario([Call("list_models")]),
    "cost": Scenario([Call("estimate_cost", PAID)], paid=True),
    # The provider is slower than the tool waits.
    "slow": Scenario(
        [
            Call("generate_image", {**PAID, "wait_seconds": 1}),
            Call("get_image", {"id": "{id}"}, before=finished_from_now_on),
        ], paid=True, begin=never_finished,
    ),
    "refused": Scenario([Call("generate_image", PAID)], paid=True, begin=refuses),
    # The host gives up before the tool does, and the model repeats its call.
    "timeout": Scenario(
        [Call("generate_image", PAID), Call("generate_image", PAID), Call("list_images")],
        # More than the two seconds within which an equal call is a second request, less than the tool waits for openai-agents.
        paid=True, begin=never_finished, patience=3, but=ENDLESS,
    ),
    # The same with the host's own time, where that is short.
    "impatient": Scenario(
        [Call("generate_image", PAID), Call("list_images")],
        paid=True, begin=never_finished, patience=None, hosts=("openai-agents", "adk", "agno"),
    ),
    # The program is killed while the host waits for it, and the model repeats its call.
    "killed": Scenario(
        [
            Call("generate_image", PAID), Call("generate_image", PAID, before=finished_from_now_on),
            Call("list_images", before=all_finished),
        ],
        paid=True, begin=never_finished, meanwhile=kill_the_server,
    ),
}


def environment_of(scenario, world):
    """The settings of the program in a scenario."""
    # On a busy machine a tool that waits 4 s, as for openai-agents, would answer before the image is there.
    patient = {"IMAGEWIRE_TOOL_WAIT": "50"} if scenario.patience == HOUR else {}
    if not scenario.paid:
        return {**patient, **scenario.settings}
    return {
        **patient,
        "WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": world.wavespeed.url, "IMAGEWIRE_MODEL": MODEL, **scenario.settings,
    }
