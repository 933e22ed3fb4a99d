"""The extension's links, rendered by Markdown and HTML parsers of other projects: for every prompt and path, there
is one image with that source and that description, and nothing else. The rules for formats that no editor writes
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
console.log(JSON.stringify(cases.map(([name, path, words]) => [link(name, path, words) ?? null, short(words, 100)])));
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


def links(name):
    """(path, description, link) for every hostile string as description and, where it is written at all, as path."""
    cases = [(name, path, text) for text in TEXTS for path in ("a.png", f"images/{text}.png", text)]
    done = subprocess.run(
        ["node", "-e", SCRIPT, str(ROOT / "clients/vscode/src/link.js")], input=json.dumps(cases), capture_output=True, text=True, check=True)
    written = [(path, words, link) for (_, path, _), (link, words) in zip(cases, json.loads(done.stdout)) if link is not None]
    assert len(written) > len(TEXTS)
    return written


def check(image, path, description):
    assert set(image) == {"src", "alt"}
    assert unquote(image["src"]) == ("/" + path.lstrip("/") if path.startswith("//") else path)
    assert not image["src"].startswith("//") and ":" not in image["src"]
    assert image["alt"] == description


@pytest.mark.parametrize("before, after", [("", ""), ("words *and _more ", " ` * _ | ** ~~ </b> $x$")])
def test_markdown_has_one_image(before, after):
    markdown = MarkdownIt("js-default", {"html": True})
    for path, description, link in links("markdown"):
        page = Page(markdown.render(before + link + after))
        (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
        assert {tag for tag, _ in page.tags} <= {"p", "img"}
        check(image, path, description)


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
        assert image.tagname == "image"
        assert unquote(image["uri"]).lstrip("/") == example["path"].lstrip("/")
