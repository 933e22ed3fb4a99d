"""How notebooks show predictions: the page that Jupyter makes of notebook.ipynb, and the parts of that alone."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import BINARY, ROOT, small

import imagewire
from imagewire import Client, _build, _magic
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
    # A cell writes into the folder of the notebook.
    source = folder / "source"
    source.mkdir()
    shutil.copy(Path(__file__).with_name("notebook.ipynb"), source)
    run = [JUPYTER, "nbconvert", "--execute", "--output-dir", folder, source / "notebook.ipynb", "--to"]
    for form in ("notebook", "html"):
        done = subprocess.run([*run, form], capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr
    cells = json.loads((folder / "notebook.ipynb").read_text())["cells"]
    return SimpleNamespace(source=source, cells={cell["id"]: cell for cell in cells}, html=(folder / "notebook.html").read_text())


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


def test_a_cell_that_names_a_file_is_made_once(page):
    """The page is made by a second run of the notebook, which finds the image made."""
    made = page.source / "images/ein Füchs.png"
    assert "".join(page.cells["built"]["outputs"][0]["text"]).startswith("made       images/ein Füchs.png  free\n")
    assert [output["output_type"] for output in page.cells["unchanged"]["outputs"]] == ["execute_result"]
    assert page.html.count("made       images/ein Füchs.png") == 0
    for id in ("built", "unchanged"):
        bundle = shown(page, id)
        assert base64.b64decode(bundle["image/png"]) == made.read_bytes() and bundle["text/plain"] == "<image images/ein Füchs.png>"
        assert 'alt="a &lt;b&gt;fox&lt;/b&gt; &amp; &quot;snow&quot; ```\nof two lines' in bundle["text/html"]
    lock = json.loads((page.source / "images/imagewire.lock.json").read_text())
    key = hashlib.sha256('["a <b>fox</b> & \\"snow\\" ```\\nof two lines","",{"seed":7,"size":"64x96"}]'.encode()).hexdigest()[:32]
    assert lock["images"] == {made.name: {"key": f"build-{key}", "sha256": hashlib.sha256(made.read_bytes()).hexdigest()}}


def test_a_cell_whose_file_is_refused_says_so_and_sends_nothing(page):
    text = "".join(page.cells["refused"]["outputs"][0]["text"])
    assert "The file ../fox.png is outside" in text and "Nothing was sent." in text and not (page.source.parent / "fox.png").exists()


def test_the_page_has_the_images_and_the_prompt_is_escaped(page):
    assert len(re.findall(r'<img [^>]*src="data:image/jpeg;base64,', page.html)) == 4
    assert len(re.findall(r'<img [^>]*src="data:image/png;base64,', page.html)) == 2
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


@pytest.fixture
def cell(options, monkeypatch, tmp_path):
    """Runs a cell as the magic does."""
    monkeypatch.setenv("IMAGEWIRE", BINARY)
    monkeypatch.chdir(tmp_path)
    return _magic.imagewire


def test_the_options_of_a_file_are_the_fields_of_its_input(cell, tmp_path, capsys):
    made = cell("fox.png size=64x64 seed=7 style='a \\ \"b\" }' provider=sandbox max_cost=0.5 sandbox='{\"delay_ms\":1}'", "\n a fox\n")
    assert (made.path, made.prompt) == (Path("fox.png"), "\n a fox\n") and capsys.readouterr().out.startswith("made       fox.png")
    with Client(BINARY) as client:
        prediction = client.list(file=made.path).predictions[0]
        assert client.status(prediction.id, full=True).input == {
            "size": "64x64", "seed": 7, "style": 'a \\ "b" }', "sandbox": {"delay_ms": 1}, "prompt": "a fox"}
    again = cell("fox.png size=64x64 seed=7 style='a \\ \"b\" }' provider=sandbox sandbox='{\"delay_ms\":1}'", "a fox")
    assert again.path == made.path and capsys.readouterr().out == ""


def test_a_cell_that_cannot_be_made_raises(cell, tmp_path, monkeypatch):
    (tmp_path / "mine.png").write_text("mine")
    for line, text, words in [
        ("mine.png", "a fox", "mine.png was not made by imagewire"), ("fox.png", " \n", "empty"), ("fox", "a fox", "must end as images do"),
        ("fox.png sandbox='{\"fail\":\"content_refused\"}'", "a fox", "fox.png: failed"),
        ("fox.png provider=nobody", "a fox", "--provider must be"),
    ]:
        with pytest.raises(imagewire.ImagewireError, match=words):
            cell(line, text)
    with pytest.raises(TypeError, match="'--size' is no option"):
        cell("fox.png --size 64x64", "a fox")
    monkeypatch.setenv("IMAGEWIRE", "/no/such/program")
    with pytest.raises(imagewire.BinaryNotFound):
        cell("fox.png", "a fox")
    assert (tmp_path / "mine.png").read_text() == "mine" and not (tmp_path / "fox.png").exists()


def test_an_interrupted_cell_ends_its_program_and_the_next_goes_on(options, tmp_path):
    # A process that was started in the background of a script would ignore the interrupt.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from imagewire import _magic; _magic.imagewire('fox.png size=64x64 sandbox=\\'{\"delay_ms\":3000}\\'', 'a fox')"
    )
    environment = {**os.environ, "IMAGEWIRE": BINARY, "PYTHONPATH": str(ROOT / "clients/python/src")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with Client(BINARY) as client:
        deadline = time.monotonic() + 30
        while not any(one.status == "processing" for one in client.list()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert "Stopped. 1 image is being made" in out and "KeyboardInterrupt" in err, (out, err)
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.stdout.startswith("reused     fox.png"), done
        assert len(client.list()) == 1


def test_every_text_arrives_as_it_is(options, tmp_path):
    """The keys of prompts and options with every hostile text, from one document of the blocks that cells make."""
    entries = json.loads((ROOT / "Tests/Fixtures/hostile-text.json").read_bytes())["strings"]
    texts = [json.loads(entry["json"]) if "json" in entry else entry["text"] * entry.get("times", 1) for entry in entries]
    blocks, keys = [], {}
    for number, text in enumerate(texts):
        prompt = text.replace("\r\n", "\n").strip("".join(map(chr, range(33))))
        style = "x" + "".join(" " if character.isspace() else character for character in text)
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        if prompt:
            blocks.append(_build._block([("file", f"{number}.png"), ("size", "64x64"), ("style", "x" + text)], text))
            parts = json.dumps([prompt, "", {"size": "64x64", "style": style}], ensure_ascii=False, separators=(",", ":"))
            keys[f"{number}.png"] = f"build-{hashlib.sha256(parts.encode()).hexdigest()[:32]}"
    assert len(keys) > 50
    done = subprocess.run(
        [BINARY, "build", "-"], input="\n".join(blocks).encode(), capture_output=True, cwd=tmp_path, timeout=120, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    images = json.loads((tmp_path / "imagewire.lock.json").read_text())["images"]
    assert {name: image["key"] for name, image in images.items()} == keys


def test_a_large_image_is_linked_and_a_video_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ein & Füchs.png").write_bytes(b"x" * ((1 << 20) + 1))
    Path("fox.mp4").write_bytes(b"x")
    large = _build.BuiltImage(Path("ein & Füchs.png"), '"a" <b>')._repr_mimebundle_()
    assert 'src="ein%20%26%20F%C3%BCchs.png" alt="&quot;a&quot; &lt;b&gt;"' in large["text/html"] and "image/png" not in large
    assert '<a href="fox.mp4">' in _build.BuiltImage(Path("fox.mp4"), "x")._repr_mimebundle_()["text/html"]


def test_the_magic_is_a_cell_magic():
    registered = []
    imagewire.load_ipython_extension(SimpleNamespace(register_magic_function=lambda *what: registered.append(what)))
    assert registered == [(_magic.imagewire, "cell")]
