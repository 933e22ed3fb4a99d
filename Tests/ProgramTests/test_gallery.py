"""imagewire gallery: one page, opened in a real browser."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browser import Browser
from pictures import JPEG, png
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
    # Not even the images' own files: everything is in the page.
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
        for word in ("openai/gpt-image-1-high-fidelity", "tag-21", "UTC"):
            assert word in facts
        assert "content_refused" in browser.value("document.querySelector('.error').textContent")
        assert [url for url in browser.requests if not url.startswith(("data:", page, "about:"))] == []
        assert browser.complaints == []


def test_what_is_not_the_pages_own_neither_runs_nor_is_loaded(page):
    """The page's policy is the second wall behind its escaping: as if something had come through."""
    with Browser() as browser:
        browser.open(page)
        for inserted in (
            "<img src=x onerror=\"document.title='broken'\">", '<img src="http://127.0.0.1:9/x.png">', '<iframe src="file:///etc/passwd">',
            "<link rel=stylesheet href=http://127.0.0.1:9/x.css>", "<object data=http://127.0.0.1:9/x></object>",
        ):
            browser.value(f"document.body.insertAdjacentHTML('beforeend', {inserted!r})")
        for script in ("document.title='broken'", "fetch('http://127.0.0.1:9/x').catch(() => 0)"):
            browser.value(f"{{let it=document.createElement('script');it.textContent={script!r};document.body.append(it)}}")
        # Each refusal raises one event.
        refused = browser.value(
            "new Promise(done=>{let seen=[];document.addEventListener('securitypolicyviolation',event=>seen.push(event.blockedURI));"
            "document.body.insertAdjacentHTML('beforeend','<img src=http://127.0.0.1:9/last.png>');"
            "setInterval(()=>seen.some(uri=>uri.includes('last'))&&done(seen),10)})"
        )
        assert refused and browser.value("document.title") == "imagewire gallery"


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


def test_the_page_has_small_images_that_link_to_the_files(run, home):
    picture = Path(run("generate", "a boat").stdout.strip())
    page = Path(run("gallery", "-o", "page.html").stdout.strip()).read_text()
    assert page.count('src="data:image/jpeg;base64,') == 1 and page.count(f'href="file://{picture}"') == 1
    assert len(page) < 60_000 < picture.stat().st_size
    picture.unlink()
    page = Path(run("gallery", "-o", "page.html").stdout.strip()).read_text()
    # Of a deleted file nothing can be included; the page says where it was.
    assert page.count(f'src="file://{picture}"') == 1


@pytest.mark.parametrize("is_there, width", [(True, 800), (False, 320)])
def test_enlarged_it_is_the_file_itself_while_that_is_there(run, is_there, width):
    picture = Path(run("generate", "a boat", "-s", "size=800x600").stdout.strip())
    address = "file://" + run("gallery").stdout.strip()
    if not is_there:
        picture.unlink()
    with Browser() as browser:
        browser.open(address)
        browser.press("ArrowDown")
        browser.press("Enter")
        assert browser.value("Promise.race([new Promise(r=>{const i=document.querySelector('#large img');if(i.naturalWidth)r(i.naturalWidth);"
                             "i.onload=()=>r(i.naturalWidth)}),new Promise(r=>setTimeout(()=>r('late'),10000))])") == width


@pytest.fixture
def mixed(paid, wavespeed, run):
    """The address of a gallery: ten images at once, a film, a sound, a model, a drawing in SVG."""

    def save(prompt, *files):
        wavespeed.script(
            polls=0, outputs=["{output}/output/%d-{id}.%s" % (number, suffix) for number, (suffix, _) in enumerate(files)],
            download=[
                {"do": "reply", "base64": base64.b64encode(content).decode(), "at": f"/{number}-"}
                for number, (_, content) in enumerate(files)
            ],
        )
        assert len(program.call("submit", prompt=prompt, wait_ms=30_000)["files"]) == len(files)

    with paid() as program:
        save("ten", *(("png", png(80, 80, lambda x, y, n=n: (n * 20, x, y))) for n in range(10)))
        save("film", ("mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x08free"))
        save("several", ("jpg", JPEG), ("wav", b"RIFF\x24\x00\x00\x00WAVEfmt "), ("obj", b"v 0 0 0\nv 1 0 0\n"))
        save("circle", ("svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='alert(1)'/>"))
    return "file://" + run("gallery").stdout.strip()


@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)])
def test_every_kind_has_its_place_wide_and_narrow(mixed, width, dark):
    with Browser(dark=dark) as browser:
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500)
        browser.open(mixed)
        box = "document.querySelector('{}').getBoundingClientRect().{}"
        assert browser.value(box.format("#text", "width")) > 300
        assert browser.value("document.documentElement.scrollWidth") <= width
        heights = browser.value("[...document.querySelectorAll('article')].map(a=>a.getBoundingClientRect().height)")
        assert len(heights) == 4 and max(heights) < 800
        # Ten images are a grid of several rows and columns, in a square of the card or less.
        assert browser.value("document.querySelectorAll('.four img').length") == 10
        assert browser.value(box.format(".four", "height")) <= browser.value(box.format(".four", "width"))
        for element in ("video", "audio"):
            assert browser.value(f"[document.querySelector('{element}').controls,document.querySelector('{element}').preload]") == [True, "none"]
        assert browser.value("document.querySelector('a.file use').getAttribute('href')") == "#icon-model"
        assert browser.value("document.querySelector('img[src^=\"data:image/svg\"]').naturalWidth") == 9
        # Neither a film nor an original is loaded before somebody asks for it.
        assert [url for url in browser.requests if not url.startswith(("data:", mixed, "about:"))] == []
        assert browser.complaints == []


def test_it_is_sorted_and_a_prompt_is_copied(page):
    with Browser() as browser:
        browser.open(page)
        order = browser.value(SHOWN)
        browser.value("choice=document.getElementById('sort'),choice.value='oldest',choice.onchange()")
        assert browser.value(SHOWN) == order[::-1]
        browser.value("document.querySelectorAll('article')[1].dataset.cost=2e6;choice.value='cost',choice.onchange()")
        assert browser.value(SHOWN)[0] == order[::-1][1]
        browser.value("text.oninput()")
        assert browser.value("document.getElementById('count').value") == "4 predictions, $2.00"
        browser.value("copied=[];Object.defineProperty(navigator,'clipboard',{value:{writeText:async t=>copied.push(t)}})")
        browser.value("document.querySelector('article button').click()")
        browser.value("document.querySelectorAll('article')[3].focus()")
        browser.press("c")
        assert browser.value("copied") == [browser.value(SHOWN)[0], browser.value(SHOWN)[3]]


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="hiding a library from one process needs root and unshare")
def test_without_decoders_it_has_the_images_themselves_and_says_so_once(run, home):
    for name in ("a boat", "a fox"):
        run("generate", name, "-s", "size=64x64")
    libraries = subprocess.run(["sh", "-c", "ldconfig -p | sed -n 's/.*=> //p' | grep libpng16"], capture_output=True, text=True)
    mounts = " && ".join(f"mount --bind /dev/null {os.path.realpath(path)}" for path in set(libraries.stdout.split()))
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mounts} && exec "$@"', "sh", BINARY, "gallery"],
        capture_output=True, text=True, timeout=PATIENCE, cwd=home, env=environment(home))
    assert done.returncode == 0 and done.stderr.count("libpng16-16") == 1 and len(done.stderr.splitlines()) == 1
    assert Path(done.stdout.strip()).read_text().count('src="data:image/png;base64,') == 2


def test_an_empty_table_has_a_page_too(run):
    with Browser() as browser:
        browser.open("file://" + run("gallery").stdout.strip())
        assert browser.value("document.getElementById('count').value") == "0 predictions"
        assert browser.complaints == []


def test_a_place_that_cannot_be_written_is_said_so(run):
    done = run("gallery", "-o", "/proc/none/page.html")
    assert (done.returncode, done.stdout) == (1, "")
    assert "/proc/none/page.html cannot be written" in done.stderr


def test_a_file_that_is_no_gallery_is_left_unless_forced(run, home):
    # `-o notes.html` must not replace the user's own page.
    notes, secret = home / "notes.html", home / "secret.html"
    notes.write_text("<!doctype html>\n<p>my notes")
    secret.write_text("secret")
    for obstacle in (notes, home / "link.html", home / "pipe.html", home / "folder.html"):
        if obstacle.name == "link.html":
            obstacle.symlink_to(secret)
        elif obstacle.name == "pipe.html":
            os.mkfifo(obstacle)
        elif obstacle.name == "folder.html":
            obstacle.mkdir()
        done = run("gallery", "-o", obstacle)
        assert (done.returncode, done.stdout) == (1, ""), obstacle
        assert "is not a gallery" in done.stderr and "--force" in done.stderr
    assert notes.read_text().endswith("my notes") and (home / "link.html").is_symlink()
    assert run("gallery", "-o", "notes.html", "--force").stdout == f"{notes}\n"
    # Ours is replaced without a word, whole.
    assert run("generate", "a boat", "-s", "size=64x64").returncode == 0
    assert run("gallery", "-o", "notes.html").returncode == 0
    assert "a boat" in notes.read_text()
    # --force replaces a link and leaves its target.
    assert run("gallery", "-o", "link.html", "--force").returncode == 0
    assert secret.read_text() == "secret" and not (home / "link.html").is_symlink()
    assert sorted(path.name for path in home.iterdir() if path.suffix == ".part") == []


def test_no_link_beside_the_page_is_written_through(run, home):
    # A temporary file of a known name could be a planted link.
    secret = home / "secret"
    secret.write_text("secret")
    (home / "page.html.part").symlink_to(secret)
    assert run("gallery", "-o", "page.html").returncode == 0
    assert secret.read_text() == "secret" and (home / "page.html").read_text().startswith("<!doctype html>")


def test_a_page_follows_the_umask_where_the_user_named_the_place(home):
    for mask in (0o022, 0o077, 0o002):
        for arguments, wanted in ((["-o", f"page-{mask:o}.html"], 0o666 & ~mask), ([], 0o600)):
            done = subprocess.run(
                [BINARY, "gallery", *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
                env=environment(home), umask=mask,
            )
            assert Path(done.stdout.strip()).stat().st_mode & 0o777 == wanted
