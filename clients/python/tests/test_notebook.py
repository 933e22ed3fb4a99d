"""How notebooks show predictions: the page that Jupyter makes of notebook.ipynb, and the parts of that alone."""

import base64
import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import BINARY, ROOT, small

import imagewire
from imagewire import Client, _magic
from imagewire._progress import Progress, duration, words

JUPYTER = ROOT / ".build-tools/notebook/bin/jupyter"
WORDS = json.loads((ROOT / "Tests/Fixtures/progress-words.json").read_text())
PROMPT = 'a <script>alert("red")</script> fox & "snow"'


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook as it is after it has run: its cells by their ids, and the page."""
    assert JUPYTER.exists(), "run .ci/notebook"
    folder = tmp_path_factory.mktemp("notebook")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IMAGEWIRE", "WAVESPEED", "OPENAI", "XDG"))}
    environment.update(HOME=str(folder), IMAGEWIRE=BINARY, PYTHONPATH=str(ROOT / "clients/python/src"), TERM="dumb")
    run = [JUPYTER, "nbconvert", "--execute", "--output-dir", folder, Path(__file__).with_name("notebook.ipynb"), "--to"]
    for form in ("notebook", "html"):
        done = subprocess.run([*run, form], capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr
    cells = json.loads((folder / "notebook.ipynb").read_text())["cells"]
    return SimpleNamespace(cells={cell["id"]: cell for cell in cells}, html=(folder / "notebook.html").read_text())


def shown(page, id):
    """What the last output of a cell is, by media type."""
    return {kind: "".join(text) if isinstance(text, list) else text for kind, text in page.cells[id]["outputs"][-1]["data"].items()}


@pytest.mark.parametrize("id, words", [
    ("magic", "0 USD"), ("progress", "completed"), ("closed", "a lighthouse"), ("async", "a kite"),
])
def test_a_cell_shows_a_small_image_with_its_prompt_and_cost(page, id, words):
    bundle = shown(page, id)
    content = base64.b64decode(bundle["image/jpeg"])
    assert content.startswith(b"\xff\xd8\xff") and len(content) < 60_000
    assert f'src="data:image/jpeg;base64,{bundle["image/jpeg"].strip()}"' in bundle["text/html"] and words in bundle["text/html"]
    assert re.fullmatch(r"<Prediction \S+ completed /\S+\.png>", bundle["text/plain"])


def test_a_failed_prediction_says_why(page):
    bundle = shown(page, "failed")
    assert "failed" in bundle["text/html"] and "refused" in bundle["text/html"] and "<img" not in bundle["text/html"]
    assert "image/png" not in bundle and "image/jpeg" not in bundle


def test_the_page_has_the_images_and_the_prompt_is_escaped(page):
    assert len(re.findall(r'<img [^>]*src="data:image/jpeg;base64,', page.html)) == 4
    assert '<script>alert("red")' not in page.html
    caption = re.search(r"<figcaption>(a .*? fox .*?)</figcaption>", page.html)[1]
    assert "<" not in caption and unescape(caption) == PROMPT


def test_the_bar_is_gone_when_the_prediction_is_finished(page):
    """It stood in the same place of the cell: one display, whose last content is empty."""
    displays = [one for one in page.cells["progress"]["outputs"] if one["output_type"] == "display_data"]
    assert [{kind: "".join(text) for kind, text in one["data"].items()} for one in displays] == [{"text/html": "", "text/plain": ""}]


# -- the parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", WORDS["reports"], ids=lambda report: report["words"])
def test_progress_has_the_words_of_every_client(client, report):
    status, seconds = report["message"].replace(" s", "").split(", ")
    prediction = SimpleNamespace(status=status, progress=report.get("progress"), eta_ms=report.get("eta_ms"))
    assert words(prediction, float(seconds)) == report["words"]


@pytest.mark.parametrize("one", WORDS["durations"], ids=lambda one: one["words"])
def test_durations_have_the_words_of_every_client(one):
    assert duration(one["eta_ms"]) == one["words"]


def test_progress_shows_nothing_where_nobody_looks(client, capsys):
    progress = Progress()
    client.generate(input=small("a boat"), on_progress=progress)
    progress.clear()
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_updated_in_place_with_its_estimate(client, monkeypatch):
    made = client.generate(input=small("a boat"))
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle)

    def display(bundle, raw, display_id):
        assert raw and display_id
        shown.append(bundle)
        return Handle()

    monkeypatch.setattr("imagewire._progress._notebook", lambda: display)
    progress = Progress()
    progress(SimpleNamespace(done=False, status="processing", progress=0.4, eta_ms=11600, provider="p", model="<m>"))
    progress(SimpleNamespace(done=False, status="processing", progress=0.5, eta_ms=None, provider="p", model="m"))
    progress(made)
    assert shown == [
        {"text/html": '<progress max="1" value="0.40" title="p &lt;m&gt;"></progress> 40% · about 12 s left', "text/plain": "40% · about 12 s left"},
        {"text/html": '<progress max="1" value="0.50" title="p m"></progress> 50% · longer than usual', "text/plain": "50% · longer than usual"},
        {"text/html": "", "text/plain": ""},
    ]


def test_the_representation_is_short(client):
    handle = client.submit("a very long prompt " * 200, size="64x64")
    assert repr(handle.prediction) == f"<Prediction {handle.id} created>"
    made = handle.wait()
    assert repr(made) == f"<Prediction {made.id} completed {made.path}>"
    assert made._repr_mimebundle_()["text/plain"] == repr(made)


def test_a_small_file_is_shown_itself_where_there_is_no_thumbnail(options, monkeypatch):
    with Client(**options) as client:
        made = client.generate(input=small("a boat"))
    # Of the package's own client too.
    monkeypatch.setenv("IMAGEWIRE", "/no/such/program")
    monkeypatch.setattr("imagewire._display.live_connections", list)
    bundle = made._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == made.files[0].read()
    made.path.unlink()
    assert "image/png" not in made._repr_mimebundle_() and "a boat" in made._repr_mimebundle_()["text/html"]


def test_ipython_on_a_terminal_gets_the_short_text_only(client, monkeypatch):
    made = client.generate(input=small("a boat"))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    assert made._repr_mimebundle_() == {"text/plain": repr(made)}
    # As it was imported by a program that runs no shell.
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert "image/jpeg" in made._repr_mimebundle_()


def test_the_options_of_the_magic():
    assert _magic.options('size=64x64 n=2 seed=7 negative_prompt="no people" sandbox=\'{"never": true}\' upload=true') == {
        "size": "64x64", "n": 2, "seed": 7, "negative_prompt": "no people", "sandbox": {"never": True}, "upload": True,
    }
    with pytest.raises(TypeError, match="'--size' is no option: write name=value.*Nothing was sent"):
        _magic.options("--size 64x64")


def test_the_magic_is_a_cell_magic():
    registered = []
    imagewire.load_ipython_extension(SimpleNamespace(register_magic_function=lambda *what: registered.append(what)))
    assert registered == [(_magic.imagewire, "cell")]
