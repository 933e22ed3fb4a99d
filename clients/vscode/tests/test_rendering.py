"""The extension's links, rendered by Markdown and HTML parsers of other projects: for every prompt and path, there
is one image with that source and that description, or for a film one link, and nothing else. The rules for formats that no editor writes
yet are rendered from their examples."""

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import docutils.core
import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[3]
RULES = json.loads((ROOT / "Tests/Fixtures/link-escapes.json").read_bytes())["formats"]
ENTRIES = json.loads((ROOT / "Tests/Fixtures/hostile-text.json").read_bytes())["strings"]
TEXTS = [json.loads(entry["json"]) if "json" in entry else entry["text"] * entry.get("times", 1) for entry in ENTRIES]

#: Prints for each [format, path, description] of standard input the link, or null, and the description as it is to be read.
SCRIPT = """
const { link, short } = require(process.argv[1]);
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([name, path, words, kind]) => [link(name, path, words, kind) ?? null, short(words, 100)])));
"""


class Page(HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def links(name, kind="image"):
    """(path, description, link) for every hostile string as description and, where it is written at all, as path."""
    cases = [(name, path, text, kind) for text in TEXTS for path in ("a.png", f"images/{text}.png", text)]
    done = subprocess.run(
        ["node", "-e", SCRIPT, str(ROOT / "clients/vscode/src/link.js")], input=json.dumps(cases), capture_output=True, text=True, check=True)
    written = [(path, words, link) for (_, path, *_), (link, words) in zip(cases, json.loads(done.stdout)) if link is not None]
    assert len(written) > len(TEXTS)
    return written


def check(image, path, description):
    assert set(image) == {"src", "alt"}
    leads(image["src"], path)
    assert image["alt"] == description


def leads(address, path):
    assert unquote(address) == ("/" + path.lstrip("/") if path.startswith("//") else path)
    assert not address.startswith("//") and ":" not in address


@pytest.mark.parametrize("before, after", [("", ""), ("words *and _more ", " ` * _ | ** ~~ </b> $x$")])
def test_markdown_has_one_image(before, after):
    markdown = MarkdownIt("js-default", {"html": True})
    for path, description, link in links("markdown"):
        page = Page(markdown.render(before + link + after))
        (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
        assert {tag for tag, _ in page.tags} <= {"p", "img"}
        check(image, path, description)


@pytest.mark.parametrize("before, after", [("", ""), ("words *and _more ", " ` * _ | ** ~~ </b> $x$")])
def test_markdown_has_one_link_to_a_film(before, after):
    markdown = MarkdownIt("js-default", {"html": True})
    for path, description, link in links("markdown", "video"):
        page = Page(markdown.render(before + link + after))
        (film,) = [attributes for tag, attributes in page.tags if tag == "a"]
        assert {tag for tag, _ in page.tags} <= {"p", "a"} and set(film) == {"href"}
        leads(film["href"], path)
        if not before:
            assert page.text.strip() == description or not description


def test_html_has_one_link_to_a_film():
    for path, description, link in links("html", "video"):
        page = Page(link)
        ((tag, film),) = page.tags
        assert tag == "a" and set(film) == {"href"} and (page.text == description or not description)
        leads(film["href"], path)
        assert not any(mark in link for mark in ("{", "}", "@", "<?", "<%", "`"))


def test_html_has_one_image_and_no_template_marks():
    for path, description, link in links("html"):
        page = Page(link)
        ((tag, image),) = page.tags
        assert tag == "img" and page.text == ""
        check(image, path, description)
        assert not any(mark in link for mark in ("{", "}", "@", "<?", "<%", "`"))


def test_restructuredtext_examples_are_one_image():
    for example in RULES["restructuredtext"]["examples"]:
        if "out" not in example:
            continue
        (image,) = docutils.core.publish_doctree(example["out"], settings_overrides={"report_level": 5}).children
        if example.get("kind", "image") not in RULES["restructuredtext"]["shown"]:
            (link,) = image.children
            assert image.tagname == "paragraph" and link.tagname == "reference"
            assert link.astext() == (example["description"].strip("\u200b \u202e") or example["path"].split("/")[-1])
            assert unquote(link["refuri"]).lstrip("/") == example["path"].lstrip("/")
            continue
        assert image.tagname == "image"
        assert unquote(image["uri"]).lstrip("/") == example["path"].lstrip("/")
