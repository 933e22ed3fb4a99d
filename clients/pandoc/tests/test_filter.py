"""The filter in the Pandoc of this system, or in the one that PANDOC names, with the real program."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Tests/Fixtures"))
from wavespeed import LoopbackWaveSpeed  # noqa: E402

FILTER = ROOT / "clients/pandoc/imagewire.lua"
BINARY = os.environ.get("IMAGEWIRE", str(ROOT / ".build/debug/imagewire"))
PANDOC = os.environ.get("PANDOC", "pandoc")
PATIENCE = 60
#: What a prompt loses at its ends.
ASCII_SPACE = "".join(map(chr, range(33)))
FOX = '```{#fig-fox .imagewire .wide file="images/ein Füchs.png" size=64x64 caption="A *fox* & <b>." width=50%}\na red fox\n```\n'
OWL = "- an item\n\n  ```{.imagewire file=owl.png size=64x64}\n  an   <owl>\n  at \"night\"\n  ```\n"


def major():
    return int(re.search(r"pandoc (\d+)", subprocess.run([PANDOC, "--version"], capture_output=True, text=True).stdout)[1])


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def pandoc(tmp_path, folder):
    """Converts a document; without a key the sandbox draws."""

    def convert(text, *arguments, to="html", form="markdown", cwd=folder, **variables):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "IMAGEWIRE": BINARY, **variables}
        command = [PANDOC, f"--from={form}", f"--to={to}", f"--lua-filter={FILTER}", *map(str, arguments)]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd, env=environment)

    return convert


@pytest.fixture
def paid(pandoc):
    with LoopbackWaveSpeed() as server:
        server.script(polls=0)

        def convert(*arguments, **options):
            return pandoc(*arguments, WAVESPEED_API_KEY="k" * 20, WAVESPEED_BASE_URL=server.url, IMAGEWIRE_MODEL="a/b", **options)

        convert.server = server
        yield convert


def done(result):
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(result, *words):
    assert result.returncode != 0 and result.stdout == "", result
    for word in words:
        assert word in result.stderr, result.stderr
    assert "traceback" not in result.stderr


def test_a_block_becomes_its_image(pandoc, folder):
    page = " ".join(done(pandoc(FOX + "\n" + OWL)).split())
    assert '<img src="images/ein Füchs.png"' in page or '<img src="images/ein%20Füchs.png"' in page
    assert "A <em>fox</em> &amp; " in page and 'id="fig-fox"' in page and "width:50" in page and "wide" in page
    assert '<img src="owl.png" alt="an &lt;owl&gt; at &quot;night&quot;" />' in page
    assert "<code>" not in page and "size" not in page
    for file in ("images/ein Füchs.png", "owl.png"):
        assert (folder / file).read_bytes().startswith(b"\x89PNG")
    if major() >= 3:
        assert 'alt="a red fox"' in page


def test_a_document_of_six_images_is_six_requests_and_then_none(paid, folder):
    text = "\n".join(f"```{{.imagewire file={number}.png}}\nfox {number} ``` ä\n```\n" for number in range(6))
    first = paid(text)
    assert done(first).count("<img ") == 6 and first.stderr.count("made ") == 6
    assert sorted(json.loads(post["body"])["prompt"] for post in paid.server.posts()) == [f"fox {n} ``` ä" for n in range(6)]
    requests = len(paid.server.log())
    again = paid(text)
    assert (done(again).count("<img "), again.stderr) == (6, "")
    # Other formats, and a build of the same document by the command, find the same images.
    assert done(paid(text, to="latex")).count("\\includegraphics") == 6
    (folder / "page.md").write_text(text)
    built = subprocess.run(
        [BINARY, "build", "page.md"], capture_output=True, text=True, cwd=folder, env={"HOME": str(folder.parent)})
    assert built.stdout.splitlines() == [f"unchanged  {number}.png" for number in range(6)], built
    assert len(paid.server.log()) == requests


def test_files_are_relative_to_the_document(pandoc, folder):
    (folder / "docs").mkdir()
    (folder / "docs/page.md").write_text(OWL)
    assert '<img src="owl.png"' in done(pandoc("", "docs/page.md"))
    assert (folder / "docs/owl.png").exists() and (folder / "docs/imagewire.lock.json").exists() and not (folder / "owl.png").exists()


def test_org_names_the_same_image_as_the_command(pandoc, folder):
    (folder / "page.org").write_text(
        '#+begin_src imagewire :file "a b.png" :size 64x64 :seed 7 :exports code :results file\n  a fox\n    reads\n#+end_src\n')
    page = done(pandoc("", "page.org", form="org"))
    assert re.search(r'<img src="a(%20| )b.png"\s+alt="a fox reads" />', page), page
    built = subprocess.run([BINARY, "build", "page.org"], capture_output=True, text=True, cwd=folder, env={"HOME": str(folder.parent)})
    assert built.stdout == "unchanged  a b.png\n"


def test_every_character_of_a_prompt_and_of_an_attribute_arrives(paid, folder):
    prompt = 'a ````` "fox" \\ $HOME `id` {.x} <!-- é 🦊\n\n#+end_src ~~~'
    text = f'~~~~~~{{.imagewire file="fox.png" style="a \\"b\\" \\\\ {{c}} ä" n=1}}\n{prompt}\n~~~~~~\n'
    done(paid(text))
    assert [json.loads(post["body"]) for post in paid.server.posts()] == [{"prompt": prompt, "style": 'a "b" \\ {c} ä', "n": 1}]


@pytest.mark.parametrize("option", [["-M", "imagewire-make=false"], []])
def test_a_draft_makes_nothing(paid, folder, option):
    done(paid(OWL))
    posts = len(paid.server.posts())
    text = OWL + "\n" + FOX
    if not option:
        text = "---\nimagewire-make: false\n---\n\n" + text
    page = done(paid(text, *option))
    assert '<img src="owl.png"' in page and "<code>a red fox</code>" in page
    assert len(paid.server.posts()) == posts and not (folder / "images").exists()


def test_options_of_the_build_are_metadata(paid):
    refused(paid(FOX, "-M", "imagewire-max-cost=0.01"), "Nothing was sent", "status 1")
    assert paid.server.posts() == []
    requests = len(paid.server.log())
    assert "<img" in done(paid(FOX, "-M", "imagewire-provider=sandbox")) and len(paid.server.log()) == requests


@pytest.mark.parametrize("text, words", [
    ("```{.imagewire}\na fox\n```\n", ["names no file", "a fox"]),
    ("```imagewire\na fox\n```\n", ["names no file"]),
    ("```{.imagewire file=../fox.png}\na fox\n```\n", ["../fox.png", "outside", "Nothing was sent"]),
    ("```{.imagewire file=/tmp/fox.png}\na fox\n```\n", ["/tmp/fox.png", "Nothing was sent"]),
    ("```{.imagewire file=a.png}\na\n```\n\n```{.imagewire file=a.png}\nb\n```\n", ["a.png is also made at", "Nothing was sent"]),
    ("```{.imagewire file=a.png}\n\n```\n", ["empty", "Nothing was sent"]),
])
def test_what_is_wrong_stops_the_conversion(paid, folder, text, words):
    refused(paid(OWL + "\n" + text), *words)
    assert paid.server.log() == [] and os.listdir(folder) == []


def test_a_failure_stops_the_conversion_and_the_next_one_goes_on(paid):
    paid.server.script(submit=["400"])
    refused(paid(FOX), "Füchs.png: failed", "status 1")
    assert done(paid(FOX)).count("<img") == 1 and len(paid.server.posts()) == 2


def test_without_the_program_it_says_so(pandoc):
    refused(pandoc(FOX, IMAGEWIRE="/no/such/program"), "/no/such/program could not be started", "nothing was sent")
    # No program of a document's choice is run.
    assert "<img" in done(pandoc("---\nimagewire-program: /bin/false\nimagewire: {program: /bin/false}\n---\n\n" + FOX))


def test_a_document_without_images_needs_no_program(pandoc):
    assert done(pandoc("Text.\n\n```python\nx\n```\n\n```{.imagewire-x}\ny\n```\n", IMAGEWIRE="/no/such/program")).count("<code") == 2


class Images(HTMLParser):
    """The images of a page, and every other element in it."""

    def __init__(self, page):
        super().__init__()
        self.images, self.others = [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes))
        else:
            self.others.add(tag)


def test_hostile_texts_are_prompts_and_nothing_else(paid, folder):
    entries = json.loads((ROOT / "Tests/Fixtures/hostile-text.json").read_bytes())["strings"]
    texts = [json.loads(entry["json"]) if "json" in entry else entry["text"] * entry.get("times", 1) for entry in entries]
    # A document can hold neither a lone surrogate nor a null character, and a prompt is not empty.
    texts = [text for text in texts if text.strip() and "\0" not in text and text.encode("utf-8", "ignore").decode() == text]
    assert len(texts) > 10
    document = json.loads(done(paid("x", to="json")))
    document["blocks"] = [
        {"t": "CodeBlock", "c": [["", ["imagewire"], [["file", f"{number}.png"], ["style", text]]], text]}
        for number, text in enumerate(texts)]
    result = paid(json.dumps(document), form="json")
    page = Images(done(result))
    assert [image["src"] for image in page.images] == [f"{number}.png" for number in range(len(texts))] and page.others <= {"p"}
    for image, text in zip(page.images, texts):
        assert "".join(image["alt"].split()) == "".join(text.split())
    sent = [json.loads(post["body"]) for post in paid.server.posts()]
    assert sorted(one["prompt"] for one in sent) == sorted(text.replace("\r\n", "\n").strip(ASCII_SPACE) for text in texts)
    assert all(character.isprintable() or character == "\n" for character in result.stderr)


def test_a_prompt_cannot_become_markup(pandoc):
    text = '```{.imagewire file=x.png size=64x64}\n</code><script>alert(1)</script> ![](http://x/) \\input{x}\n```\n'
    assert "<script>" not in done(pandoc(text)) and "\\input{x}" not in done(pandoc(text, to="latex"))
