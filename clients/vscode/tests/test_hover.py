"""What is under the mouse on a link, rendered by a Markdown parser of another project: one image, four commands of this extension, and
whatever the file is called, nothing else."""

import html
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[3]
PNG = bytes.fromhex("89504e470d0a1a0a") + b"and so on"
#: Prints what the extension shows for each document of standard input, a path and a text, in the middle of the text.
SCRIPT = """
const Module = require("node:module");
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => request === "vscode" ? process.argv[1] + "/tests/vscode.js" : resolve(request, ...rest);
const { Document } = require("vscode");
const { ImageHover } = require(process.argv[1] + "/src/hover.js");
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([path, text]) => {
  const document = new Document(path, text);
  const hover = new ImageHover().provideHover(document, document.positionAt(3));
  return hover && { text: hover.contents[0].value, commands: hover.contents[0].isTrusted.enabledCommands };
})));
"""
NAMES = [
    "a fox.png", "a](command:evil) ![x](evil).png", "<img src=x onerror=alert(1)>.png", "`code` *star* _line_ [x].png",
    "&lt;b&gt;.png", "\\].png", "$(trash).png", "狐 été 🦊.png", "|width=1|.png", "# heading.png", "100%.png", "a?b#c.png",
]


def shown(folder, names):
    cases = []
    for number, name in enumerate(names):
        (folder / str(number)).mkdir()
        (folder / str(number) / name).write_bytes(PNG)
        cases.append([str(folder / str(number) / "note.md"), f"![x]({quote(name)})"])
    done = subprocess.run(["node", "-e", SCRIPT, str(ROOT / "clients/vscode")], input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_one_image_and_four_commands_whatever_the_file_is_called(tmp_path):
    markdown = MarkdownIt("commonmark", {"html": True})
    # As in VS Code, which allows these addresses in such a text.
    markdown.validateLink = lambda address: True
    markdown.normalizeLink = lambda address: address
    for number, (name, hover) in enumerate(zip(NAMES, shown(tmp_path, NAMES))):
        page = markdown.render(hover["text"])
        tags = re.findall(r"<(\w+)", page)
        assert sorted(set(tags)) == ["a", "img", "p"] and tags.count("img") == 1 and tags.count("a") == 4, page
        (source,) = re.findall(r'<img src="([^"]*)"', page)
        address, width = html.unescape(source).rsplit("|", 1)
        assert unquote(urlsplit(address).path) == str(tmp_path / str(number) / name) and width == "width=320"
        assert not urlsplit(address).query and not urlsplit(address).fragment
        links = [html.unescape(link) for link in re.findall(r'<a href="([^"]*)"', page)]
        assert [link.split("?")[0] for link in links] == [f"command:{command}" for command in hover["commands"]]
        for link in links:
            (given,) = json.loads(unquote(link.split("?", 1)[1]))
            assert given["offset"] == 3
        text = html.unescape(re.sub(r"<[^>]*>", "", page))
        assert name in text


@pytest.mark.parametrize("name, content", [("text.png", b"no image"), ("old.tiff", b"II*\0 and so on")])
def test_nothing_where_there_is_nothing_to_show(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    cases = [[str(tmp_path / "note.md"), f"![x]({name})"], [str(tmp_path / "note.md"), "![x](https://example.org/a.png)"]]
    done = subprocess.run(["node", "-e", SCRIPT, str(ROOT / "clients/vscode")], input=json.dumps(cases), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [None, None]
