"""The gallery's page in a headless browser: texts of others stay texts, nothing is loaded, and its buttons say what was pressed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Tests/ProgramTests"))
from browser import Browser  # noqa: E402

ENTRIES = json.loads((ROOT / "Tests/Fixtures/hostile-text.json").read_bytes())["strings"]
TEXTS = [json.loads(entry["json"]) if "json" in entry else entry["text"] * entry.get("times", 1) for entry in ENTRIES]
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
#: Prints the page, as the extension makes it.
SCRIPT = """
const Module = require("node:module");
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => request === "vscode" ? process.argv[1] + "/tests/vscode.js" : resolve(request, ...rest);
process.stdout.write(require(process.argv[1] + "/src/gallery.js").page());
"""
#: What VS Code gives a page: `posted` has the messages to the extension.
HOST = "globalThis.posted = []; globalThis.acquireVsCodeApi = () => ({ postMessage: (message) => posted.push(message) });"


@pytest.fixture
def page(tmp_path):
    done = subprocess.run(["node", "-e", SCRIPT, str(ROOT / "clients/vscode")], capture_output=True, text=True, check=True)
    path = tmp_path / "gallery.html"
    path.write_text(done.stdout)
    with Browser(width=600, height=500) as browser:
        browser.ask("Page.addScriptToEvaluateOnNewDocument", source=HOST)
        browser.open(path.as_uri())
        yield browser


def send(browser, message):
    browser.value(f"dispatchEvent(new MessageEvent('message', {{ data: {json.dumps(message)} }}))")


def image(number, prompt, **more):
    return {"id": f"id{number}", "prompt": prompt, "about": "completed · just now · free", "image": PNG, "actions": ["insert", "delete"], **more}


def test_texts_of_others_stay_texts(page):
    assert page.value("posted") == [{"name": "ready"}]
    hostile = [*TEXTS, "<img src=x onerror=alert(1)>", "</script><script>posted.push('run')</script>", '"><b>bold</b>']
    send(page, {"name": "images", "images": [image(n, text, about=text) for n, text in enumerate(hostile)]})
    assert page.value("document.querySelectorAll('article').length") == len(hostile)
    shown = page.value("[...document.querySelectorAll('article p')].map(one => one.textContent)")
    assert shown == hostile
    assert set(page.value("[...document.querySelectorAll('main *')].map(one => one.tagName)")) == {"ARTICLE", "IMG", "P", "SMALL", "NAV", "BUTTON"}
    assert page.value("posted") == [{"name": "ready"}]


def test_it_loads_nothing(page):
    send(page, {"name": "images", "images": [image(1, "a fox"), image(2, "remote", image="https://example.org/a.png"), image(3, "file", image="file:///etc/hostname")]})
    assert page.value("document.querySelectorAll('img').length") == 1
    assert page.requests[-1].startswith(("data:", "file:"))
    # Not even by a script of its own: the policy forbids it.
    page.value("globalThis.refused = []; addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective)); 0")
    page.value("fetch('https://example.org/').catch(() => 0)")
    page.value("new Promise(done => { const one = new Image(); one.onerror = one.onload = done; one.src = 'https://example.org/b.png'; })")
    page.value("document.body.append(Object.assign(document.createElement('script'), { textContent: 'posted.push(1)' }))")
    assert page.value("posted") == [{"name": "ready"}]
    assert page.value("refused.sort()") == ["connect-src", "img-src", "script-src-elem"]


def test_buttons_search_and_what_is_in_progress(page):
    work = {"id": "id9", "prompt": "a heron", "about": "40% · about 12 s left", "image": PNG}
    send(page, {"name": "images", "images": [image(1, "a red fox"), image(2, "a blue boat"), image(9, "a heron")]})
    send(page, {"name": "works", "works": [work]})
    cards = "[...document.querySelectorAll('article')].map(one => one.querySelector('p').textContent)"
    assert page.value(cards) == ["a heron", "a red fox", "a blue boat"]
    page.value("document.querySelector('input').focus()")
    page.type("boat")
    assert page.value(cards) == ["a heron", "a blue boat"]
    page.value("[...document.querySelectorAll('button')].filter(one => one.textContent === 'Insert')[0].click()")
    page.value("[...document.querySelectorAll('button')].filter(one => one.textContent === 'Cancel')[0].click()")
    assert page.value("posted.slice(1)") == [{"name": "insert", "id": "id2"}, {"name": "cancel", "id": "id9"}]
    send(page, {"name": "works", "works": []})
    send(page, {"name": "images", "images": []})
    assert page.value("document.querySelector('main').textContent") == "no images yet."
    assert page.complaints == []


@pytest.mark.parametrize("width", [320, 600, 1400])
def test_nothing_is_wider_than_the_window(page, width):
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=500, deviceScaleFactor=1, mobile=False)
    send(page, {"name": "images", "images": [image(n, text) for n, text in enumerate(["a red fox in snow", "x" * 400, "long words " * 40])]})
    assert page.value("document.documentElement.scrollWidth") <= width
