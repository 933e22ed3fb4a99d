"""imagewire schema --html: the protocol as one page, opened in a real browser."""

import json
import subprocess

import pytest
from browser import Browser
from program import BINARY, PATIENCE, ROOT

OPENRPC = json.loads((ROOT / "schemas/openrpc.json").read_text())
SHOWN = "[...document.querySelectorAll('section')].filter(s=>!s.hidden).map(s=>s.id)"


@pytest.fixture
def page(tmp_path):
    done = subprocess.run([BINARY, "schema", "--html"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "protocol.html"
    path.write_text(done.stdout)
    return path.as_uri()


def test_it_has_every_method_parameter_and_error_and_asks_nobody(page):
    with Browser() as browser:
        browser.open(page)
        parts = [part["name"] for part in OPENRPC["methods"] + OPENRPC["x-notifications"]]
        assert browser.value(SHOWN) == [*parts, "prediction", "errors"]
        text = "(id,selector)=>[...document.getElementById(id).querySelectorAll(selector)].map(e=>e.textContent)"
        for method in OPENRPC["methods"]:
            rows = browser.value(f"({text})({json.dumps(method['name'])},'td.n')")
            assert [name for name in (part["name"] for part in method["params"]) if not any(row.split()[0] == name for row in rows)] == []
            examples = [json.loads(found) for found in browser.value(f"({text})({json.dumps(method['name'])},'pre')")]
            assert examples[0]["method"] == method["name"] and ("id" in examples[0]) == ("result" in method)
            if "result" in method:
                assert examples[1] == {"jsonrpc": "2.0", "id": 1, "result": method["examples"][0]["result"]["value"]}
        assert "1 to 1000 elements" in browser.value(f"({text})('wait','td')")[3]
        assert "<" not in browser.value("document.querySelector('main').innerText.replace(/\"<[^>]*>\"/g,'')")
        rows = browser.value("[...document.querySelectorAll('#errors tbody tr')].map(r=>r.id.slice(6))")
        assert rows == list(OPENRPC["components"]["errors"])
        broken = "[...document.querySelectorAll('a')].map(a=>a.getAttribute('href').slice(1)).filter(id=>!document.getElementById(id))"
        assert browser.value(broken) == []
        assert [url for url in browser.requests if not url.startswith(("data:", page, "about:"))] == []
        assert browser.complaints == []


def test_a_search_shows_what_has_all_its_words(page):
    with Browser() as browser:
        browser.open(page)
        browser.press("/")
        browser.type("idempotency_conflict content")
        assert browser.value(SHOWN) == ["submit", "errors"]
        assert browser.value("[...document.querySelectorAll('nav a')].filter(a=>!a.hidden).length") == 2
        # A link to what is hidden shows everything again.
        browser.value("location.hash='wait'")
        assert browser.value("new Promise(done=>setTimeout(()=>done(document.getElementById('wait').hidden)))") is False
        browser.press("/")
        browser.type("nothing has these words")
        assert browser.value(SHOWN) == [] and browser.value("document.getElementById('nothing').hidden") is False
        browser.press("Escape")
        assert len(browser.value(SHOWN)) == len(OPENRPC["methods"]) + len(OPENRPC["x-notifications"]) + 2


def test_an_example_is_copied_as_json(page):
    with Browser() as browser:
        browser.open(page)
        browser.value("navigator.clipboard.writeText=text=>{window.copied=text;return Promise.resolve()}")
        browser.value("document.querySelector('#submit button').click()")
        assert json.loads(browser.value("window.copied"))["method"] == "submit"
        assert browser.value("document.querySelector('#submit button').textContent") == "Copied"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_every_screen_and_can_be_read(page, dark, width):
    with Browser(dark=dark, width=width) as browser:
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
        browser.open(page)
        assert browser.value("document.documentElement.scrollWidth") <= width
        # WCAG 2.1, "Contrast (Minimum)".
        contrast = """(()=>{
          const light=text=>{const [r,g,b]=text.match(/\\d+/g).map(n=>(n/=255)<=.03928?n/12.92:((n+.055)/1.055)**2.4);return .2126*r+.7152*g+.0722*b};
          const ratio=(a,b)=>{const [x,y]=[light(a),light(b)].sort((p,q)=>q-p);return (x+.05)/(y+.05)};
          const back=getComputedStyle(document.querySelector('section')).backgroundColor;
          return ['p','small','td','#submit a'].map(s=>ratio(getComputedStyle(document.querySelector('section '+s)??document.querySelector(s)).color,back))})()"""
        assert min(browser.value(contrast)) >= 4.5
