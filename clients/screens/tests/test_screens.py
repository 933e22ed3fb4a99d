"""The recordings of the editors: what is recorded, and that a browser shows the same."""

import os
import re
import sys
import xml.etree.ElementTree as XML
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY / "clients/screens"), str(REPOSITORY / "Tests/ProgramTests")]

import animation  # noqa: E402
import vscode  # noqa: E402
from browser import Browser  # noqa: E402
from record import record  # noqa: E402
from screen import Screen  # noqa: E402
from service import MODEL, SlowWaveSpeed  # noqa: E402
from terminal import Terminal  # noqa: E402

EDITORS = ["neovim", "vim", "emacs", "vscode"]
SVG = "{http://www.w3.org/2000/svg}"
#: What no recording may show: a message that waits for a key.
WAITS = ["Press ENTER", "-- More --", "--More--"]


def terminal(tmp_path, code, **size):
    """A program in Python, whose screen is `code`'s output, and whose keys it reads."""
    return Terminal([sys.executable, "-c", code], {"PATH": os.environ["PATH"], "TERM": "xterm"}, tmp_path, **size)


def texts(svg):
    return ["".join(element.itertext()) for element in XML.fromstring(svg).iter(f"{SVG}text")]


def lines(frame):
    """A frame's rows as text, without blanks, and its caption."""
    rows = ("".join(cell.text for cell in row) for row in frame.rows)
    return sorted(filter(None, ["".join(row.split()) for row in rows] + ["".join(frame.caption.split())]))


def test_foreign_text_stays_text(tmp_path):
    hostile = "<script>alert(1)</script> ]]> & </svg> \\x0e"
    screen = terminal(tmp_path, f"import time; print('{hostile}', end='', flush=True); input()")
    screen.see("</svg>")
    screen.begin()
    screen.say("<b>caption & all")
    screen.close()
    svg = animation.render(screen.frames, "a <title>")
    assert {element.tag for element in XML.fromstring(svg).iter()} == {SVG + tag for tag in ("svg", "title", "style", "rect", "text")}
    assert "<script>alert(1)</script> ]]> & </svg>" in texts(svg)
    assert "<b>caption & all" in texts(svg)


def test_a_control_character_that_xml_forbids_is_replaced():
    assert animation._escape("a\x01\x1b\x7f\ufffe<") == "a\ufffd\ufffd\x7f\ufffd&lt;"


@pytest.mark.parametrize("codes, text, ground", [
    ("30;45", "gro", "mag"), ("45", "gro", "mag"), ("30;47", "", "whi"), ("7", "gro", "def"), ("31;45", "red", "mag"), ("95", "mag", None),
])
def test_text_is_legible_on_a_coloured_ground(codes, text, ground):
    screen = Screen(10, 1)
    screen.feed(f"\x1b[?25l\x1b[{codes}mwords".encode())
    drawn = animation._row(screen.rows()[0], 0)
    assert re.findall(r'<rect class="(\w+)"', drawn) == ([ground] if ground else [])
    assert re.findall(r'<text(?: class="(\w+)")? ', drawn) == [text]


def test_keys_take_the_time_of_the_script_not_of_the_machine(tmp_path):
    screen = terminal(tmp_path, "print('ready', flush=True); input()")
    screen.see("ready")
    screen.begin()
    screen.type("abc", pace=0.5)
    screen.hold(2)
    screen.close()
    assert [(frame.time, lines(frame)[0]) for frame in screen.frames] == [(0, "ready"), (0.0, "a"), (0.5, "ab"), (1.0, "abc")][1:]
    assert screen.now == 3.5


def test_what_never_comes_fails_with_the_screen(tmp_path):
    screen = terminal(tmp_path, "print('this is there', flush=True); input()")
    screen.see("this is there")
    with pytest.raises(AssertionError, match="never seen: 'absent' in\nthis is there"):
        screen.see("absent", patience=0.1)
    screen.close()


def test_a_program_that_ends_is_not_waited_for(tmp_path):
    screen = terminal(tmp_path, "print('done')")
    with pytest.raises(AssertionError, match="never seen: 'absent' in\ndone"):
        screen.see("absent")
    screen.close()


def test_a_sequence_that_is_cut_anywhere_is_not_shown():
    data = "a\x1b[>4;2mb\x1b[?4mc\x1bP+q436f\x1b\\d\x1b]0;title\x07e\x1b[2 qf ü\x1b[31mg".encode()
    for cut in range(len(data) + 1):
        screen = Screen(20, 2)
        screen.feed(data[:cut])
        screen.feed(data[cut:])
        assert screen.text.split() == ["abcdef", "üg"], cut
        colours = [cell.foreground for cell in screen.rows()[0]]
        assert colours[:9] == ["default"] * 8 + ["red"] and not any(cell.is_underlined for cell in screen.rows()[0])


@pytest.fixture(scope="module", params=EDITORS)
def small(request):
    """An editor's recording in a terminal of 60 columns and 20 lines."""
    frames, title = record(request.param, columns=60, rows=20)
    return frames, animation.render(frames, title)


def test_in_a_small_terminal_no_message_needs_a_key(small):
    frames, svg = small
    assert {(len(frame.rows), *{len(row) for row in frame.rows}) for frame in frames} == {(20, 60)}
    shown = "\n".join("".join(cell.text for cell in row) for frame in frames for row in frame.rows)
    assert "images/a-red-fox.png" in shown and "images/by-night.png" in shown and "images/a-red-fox_2.png" in shown
    assert re.search(r"\d+% · about \d+ s left", shown)
    assert not [words for words in WAITS if words in shown]
    assert len(svg.encode()) < 60_000
    assert "a-red-fox.png to wavespeed?" in shown and "a lighthouse" in shown


def test_vscode_is_drawn_from_what_the_extension_tells_it():
    frames, _ = record("vscode")
    shown = "\n".join("".join(cell.text for cell in row).rstrip() for frame in frames for row in frame.rows)
    for row in (
        r" note\.md +VS Code, drawn as text", r" > imagewire: Make an Image", r" Image of",
        r" a red fox: \d+% · about \d s left  \[Cancel\]", r" ↻ imagewire: \d+% · about \d s left", r"!\[a red fox\]\(images/a-red-fox\.png\)", r" What to change in a-red-fox\.png",
        r" imagewire: Send the image a-red-fox\.png to wavespeed\?", r" \[Send\]", r" Which image of the history\?",
        r" > by night  ↓ made from it · completed, image · just now.*", r" Images of all editors",
        r" > a lighthouse in a storm at night  .*",
    ):
        assert re.search(f"^{row}$", shown, re.M), row


def test_in_vscode_foreign_text_stays_text(tmp_path):
    """The text of a document, a prompt in a question, in a notification and in a list: nothing of it steers the terminal."""
    hostile = "<script>alert(1)</script> ]]> & $(trash) [x](command:y)"
    (tmp_path / "note.md").write_text(f"\n\x1b[2J\x1b]0;title\x07 \x9b31m \u202eturned {hostile}\n")
    with SlowWaveSpeed() as service:
        environment = {
            "PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(tmp_path), "WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": service.url,
            "IMAGEWIRE": os.path.abspath(os.environ.get("IMAGEWIRE", REPOSITORY / ".build/debug/imagewire")), "IMAGEWIRE_MODEL": MODEL,
        }
        screen = Terminal(vscode.command(REPOSITORY), environment, tmp_path, columns=100)
        try:
            screen.see("\ufffd[2J\ufffd]0;title\ufffd \ufffd31m \ufffdturned " + hostile)
            screen.begin()
            vscode.run(screen, "make an image")
            screen.see("Image of")
            screen.type(hostile, pace=0)
            screen.hold(1)
            screen.type("\r")
            # VS Code makes links in notifications, not in questions and lists.
            screen.see(" [x] (command:y): ")
            screen.hold(1)
            screen.see("](images/")
            vscode.run(screen, "list")
            screen.see(" > <script>alert(1)</script> ]]> & $ (trash) [x](command:y)  completed, image")
        finally:
            screen.close()
    svg = animation.render(screen.frames, vscode.TITLE)
    tags = {element.tag for element in XML.fromstring(svg).iter()}
    assert tags == {SVG + tag for tag in ("svg", "title", "style", "rect", "text", "g")}
    assert hostile in texts(svg)
    assert any("[x] (command:y): " in text for text in texts(svg))


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_each_picture_at_its_time(small, tmp_path, dark):
    frames, svg = small
    (tmp_path / "screen.svg").write_text(svg)
    middles = [(one.time + other.time) / 2 for one, other in zip(frames, frames[1:])] + [frames[-1].time + 1]
    with Browser(dark=dark) as browser:
        browser.open((tmp_path / "screen.svg").as_uri())
        for frame, time in list(zip(frames, middles))[:: len(frames) // 12] + [(frames[-1], middles[-1])]:
            browser.value(f"document.getAnimations().forEach(a => {{ a.pause(); a.currentTime = {1000 * time} }})")
            seen = browser.value("""
                Object.values([...document.querySelectorAll('text')]
                  .filter(text => getComputedStyle(text).visibility == 'visible')
                  .sort((a, b) => a.getAttribute('x') - b.getAttribute('x'))
                  .reduce((rows, text) => {
                    const top = text.getAttribute('y')
                    rows[top] = (rows[top] ?? '') + text.textContent
                    return rows
                  }, {}))""")
            assert sorted("".join(row.split()) for row in seen) == lines(frame), time
        ground = browser.value("getComputedStyle(document.querySelector('.frame')).fill")
        assert ground == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
        assert [address for address in browser.requests if not address.startswith("file:")] == []


@pytest.mark.parametrize("editor", EDITORS)
def test_the_pictures_in_this_repository(editor):
    svg = (REPOSITORY / f"clients/{editor}/screen.svg").read_text()
    assert len(svg.encode()) < 60_000
    assert not list(XML.fromstring(svg).iter(f"{SVG}script"))
    assert any("a red fox" in text for text in texts(svg))
    assert "@import" not in svg and "url(" not in svg and "/tmp" not in svg
