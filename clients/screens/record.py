#!/usr/bin/env python3
"""Records an editor while it makes images: record.py NAME [screen.svg], where NAME.py beside this file is the script.

A script has `TITLE`, `command(repository)` with the editor's arguments, and `play(terminal)`. It runs in a directory of its own,
with a note in Markdown and one in Org, below a home of its own. Its images come from the service on loopback that the tests use for
WaveSpeedAI's, because a remote service lets the time left be estimated; nothing is paid. `IMAGEWIRE` names the program.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "Tests/Fixtures")]

import animation  # noqa: E402
from service import MODEL, SlowWaveSpeed  # noqa: E402
from terminal import Terminal  # noqa: E402

#: The document of each kind, by its name.
NOTES = {
    f"note.{ending}": f"""{mark} Winter

The fox came at dawn.


The lake was frozen, and nobody
had crossed it yet.
""" for ending, mark in {"md": "#", "org": "*"}.items()
}
#: Made before the recording, oldest first: what the list shows, and what the time left is estimated from.
EARLIER = ["a paper boat on a canal", "a tram in the rain", "a lighthouse in a storm at night"]


def record(name, columns=80, rows=24):
    """The frames of a script's recording, and its title."""
    script = importlib.import_module(name)
    program = os.path.abspath(os.environ.get("IMAGEWIRE", REPOSITORY / ".build/debug/imagewire"))
    with tempfile.TemporaryDirectory(prefix="screen-", ignore_cleanup_errors=True) as folder, SlowWaveSpeed() as service:
        documents = Path(folder, "notes")
        documents.mkdir()
        for document, text in NOTES.items():
            (documents / document).write_text(text)
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "TERM": "xterm", "LANG": "C.UTF-8", "TZ": "UTC", "IMAGEWIRE": program,
            "WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": service.url, "IMAGEWIRE_MODEL": MODEL,
        }
        _make_earlier(program, environment, documents)
        terminal = Terminal(script.command(REPOSITORY), environment, documents, columns, rows)
        try:
            terminal.see("The fox came at dawn.")
            terminal.begin()
            script.play(terminal)
        finally:
            terminal.close()
    return terminal.frames, script.TITLE


def _make_earlier(program, environment, documents):
    """One after the other: so each takes as long as the one of the recording."""
    for prompt in EARLIER:
        subprocess.run(
            [program, "generate", prompt, "-o", documents / "images" / f"{prompt.replace(' ', '-')}.png", "--quiet"],
            env=environment, cwd=documents, check=True, timeout=60, stdout=subprocess.DEVNULL,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("output", nargs="?", type=Path)
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    given = parser.parse_args()
    output = given.output or HERE.parent / given.name / "screen.svg"
    frames, title = record(given.name, given.columns, given.rows)
    text = animation.render(frames, title)
    output.write_text(text)
    print(f"{output}: {len(frames)} pictures, {frames[-1].time:.0f} s, {len(text.encode()) / 1000:.1f} KB")


if __name__ == "__main__":
    main()
