"""imagewire gallery: one page, opened in a real browser."""

import subprocess
from pathlib import Path

import pytest
from browser import Browser
from program import BINARY, PATIENCE, environment

PROMPTS = ["a red fox", '<script>document.title="broken"</script> & "quoted"', "a lighthouse at night"]


@pytest.fixture
def run(home):
    def start(*arguments):
        return subprocess.run(
            [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home),
        )

    return start


@pytest.fixture
def page(run, home):
    """The address of a gallery of four predictions, newest first: a failed one and the prompts backwards."""
    for prompt in PROMPTS:
        run("generate", prompt, "-s", "size=64x64", "-s", "n=1", "--tag", f"tag-{len(prompt)}")
    run("generate", "a forbidden thing", "--set", 'sandbox={"fail":"content_refused"}')
    done = run("gallery")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{home}/.local/state/imagewire/gallery.html\n"
    return "file://" + done.stdout.strip()


SHOWN = "[...document.querySelectorAll('article')].filter(a=>!a.hidden).map(a=>a.querySelector('h2').textContent)"


def test_it_shows_everything_and_asks_nobody(page, home):
    # Not even the pictures' own files: everything is in the page.
    for picture in (home / ".local/state/imagewire/outputs").iterdir():
        picture.unlink()
    with Browser() as browser:
        browser.open(page)
        assert browser.value(SHOWN) == ["a forbidden thing", *reversed(PROMPTS)]
        assert browser.value("document.title") == "imagewire gallery"
        images = browser.value(
            "Promise.all([...document.images].filter(i=>i.src).map(async i=>{i.loading='eager';await i.decode();return i.naturalWidth}))"
        )
        assert images == [64, 64, 64]
        facts = browser.value("document.querySelectorAll('article')[1].querySelector('dl').textContent")
        for word in ("openai/gpt-image-1-high-fidelity", "$0.00", "tag-21", "UTC"):
            assert word in facts
        assert "content_refused" in browser.value("document.querySelector('.error').textContent")
        assert [url for url in browser.requests if not url.startswith(("data:", page, "about:"))] == []
        assert browser.complaints == []


def test_it_filters_by_words_and_by_status(page):
    with Browser() as browser:
        browser.open(page)
        browser.value("text.focus()")
        browser.type("fox RED")
        assert browser.value(SHOWN) == ["a red fox"]
        assert browser.value("document.getElementById('count').value") == "1 of 4"
        browser.type("zzz")
        assert browser.value(SHOWN) == []
        assert browser.value("document.getElementById('nothing').hidden") is False
        browser.value("text.value='tag-21';text.oninput()")
        assert browser.value(SHOWN) == ["a lighthouse at night"]
        browser.value("text.value='';document.getElementById('status').value='failed';text.oninput()")
        assert browser.value(SHOWN) == ["a forbidden thing"]


def test_it_is_led_by_keys(page):
    with Browser() as browser:
        browser.open(page)
        focused = "document.activeElement.querySelector('h2')?.textContent"
        browser.press("ArrowDown")
        assert browser.value(focused) == "a forbidden thing"
        browser.press("ArrowRight")
        browser.press("ArrowRight")
        assert browser.value(focused) == PROMPTS[1]
        browser.press("Enter")
        large = "document.getElementById('large')"
        assert browser.value(f"{large}.open") is True
        assert browser.value(f"{large}.querySelector('p').textContent") == PROMPTS[1]
        browser.press("ArrowLeft")
        assert browser.value(f"{large}.querySelector('p').textContent") == PROMPTS[2]
        browser.press("Escape")
        assert browser.value(f"{large}.open") is False
        browser.press("/")
        assert browser.value("document.activeElement.id") == "text"


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_light_or_dark_as_the_person_wants(page, dark):
    with Browser(dark=dark) as browser:
        browser.open(page)
        back, ink = (
            sum(map(int, browser.value(f"getComputedStyle(document.body).{what}")[4:-1].split(",")))
            for what in ("backgroundColor", "color")
        )
        assert (back < 150 and ink > 600) if dark else (back > 600 and ink < 150)


def test_what_is_too_much_is_linked(run, home):
    picture = Path(run("generate", "a boat").stdout.strip())
    run("generate", "a boat", "-s", "size=64x64")
    path = run("gallery", "-o", "page.html", "--max-megabytes", "1").stdout.strip()
    assert path == f"{home}/page.html"
    assert Path(path).read_text().count('src="data:image/png;base64,') == 2
    picture.unlink()
    run("gallery", "-o", "page.html")
    # A file that is gone cannot be included; the page says where it was.
    assert Path(path).read_text().count(f'src="file://{picture}"') == 1


def test_an_empty_table_has_a_page_too(run):
    with Browser() as browser:
        browser.open("file://" + run("gallery").stdout.strip())
        assert browser.value("document.getElementById('count').value") == "0 predictions"
        assert browser.complaints == []


def test_a_place_that_cannot_be_written_is_said_so(run):
    done = run("gallery", "-o", "/proc/none/page.html")
    assert (done.returncode, done.stdout) == (1, "")
    assert "/proc/none/page.html cannot be written" in done.stderr
