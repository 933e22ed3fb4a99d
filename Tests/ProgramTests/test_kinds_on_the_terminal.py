"""The command line with models that make no images: names, lists, `--show`, `edit`, `models`."""

import base64
import subprocess

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, environment
from terminal import Terminal
from test_outputs import FILES
from wavespeed import PICTURE, model

CATALOGUE = [
    model(MODEL), model("acme/kling-t2v", facts={"type": "text-to-video"}), model("acme/poet", facts={"type": "text-to-text"}),
]


@pytest.fixture
def named(wavespeed):
    return {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}


@pytest.fixture
def run(home, wavespeed, named):
    """Runs a command with models that make these outputs: a file by its suffix, or a text."""

    def start(*arguments, makes=("mp4",)):
        contents = {suffix: FILES[suffix][2] if suffix in FILES else PICTURE for suffix in makes if "." not in suffix}
        wavespeed.script(
            catalogue=CATALOGUE, polls=0,
            outputs=["{output}/output/{id}." + one if one in contents else one for one in makes],
            download=[{"do": "reply", "base64": base64.b64encode(content).decode(), "at": f".{suffix}", "times": "forever"}
                      for suffix, content in contents.items()],
        )
        return subprocess.run(
            [BINARY, *map(str, arguments)], input="", capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, **named))

    return start


@pytest.mark.parametrize("named_as", ["fox.mp4", "fox.png", "fox"])
def test_a_film_has_the_name_that_was_asked_for(run, home, named_as):
    done = run("generate", "a fox that runs", "-o", named_as)
    assert (done.returncode, done.stdout) == (0, f"{home}/fox.mp4\n")


def test_an_edit_takes_an_image_and_nothing_else(run, wavespeed):
    run("generate", "a fox that runs")
    posts = len(wavespeed.posts())
    for command in (["edit", "@last", "in blue"], ["generate", "in blue", "--image", "@last"]):
        done = run(*command)
        assert done.returncode != 0 and done.stdout == ""
        assert "is not an image (video, video/mp4). Nothing was sent." in done.stderr
    # Of several outputs the first image; one that is named must be one.
    run("generate", "a fox and its voice", makes=("mp4", "png"))
    refused = run("edit", "@last/1", "in blue")
    assert refused.returncode != 0 and "Output 1 of" in refused.stderr
    assert "is not an image" not in run("edit", "@last", "in blue").stderr
    assert len(wavespeed.posts()) == posts + 1


def test_show_prints_texts_and_names_what_a_terminal_cannot_show(run, home, wavespeed, named):
    hostile = "Of foxes,\nthe \u202epoem \u200b\u0085tells."
    run("generate", "a poem", makes=(hostile,))
    with Terminal(home, "result", "@last", "--show", **named) as terminal:
        assert terminal.end()[0] == 0
        assert "Of foxes,\r\nthe poem  tells." in terminal.text
        assert "not known to show" not in terminal.text and ", text, " in terminal.text
    run("generate", "a film")
    with Terminal(home, "result", "@last", "--show", **named) as terminal:
        assert terminal.end()[0] == 0
        assert "A terminal shows no video/mp4. imagewire open" in terminal.text and "/1 opens the file." in terminal.text
        assert f"{MODEL}, video, 28 bytes, " in terminal.text
    assert "(video, 28 bytes)" in run("status", "@last").stdout


def test_models_are_found_by_what_they_make(run):
    assert run("models", "video").stdout.split()[0] == "acme/kling-t2v"
    assert run("models", "text", "acme").stdout.split()[0] == "acme/poet"
