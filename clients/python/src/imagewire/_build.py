"""Images that a notebook describes, each made once: `%%imagewire fox.png`, by the program's `imagewire build`."""

import base64
import mimetypes
import re
import signal
import subprocess
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ._progress import shell
from ._program import find_program
from .errors import ImagewireError

#: An image up to this many bytes is part of the notebook; a larger one is linked.
EMBEDDED = 1 << 20
#: Options of the program, not of the image.
_OF_THE_PROGRAM = {"provider": "--provider", "max_cost": "--max-cost"}


@dataclass(frozen=True)
class BuiltImage:
    """An image that a cell describes."""

    #: As the cell names it, relative to the working directory.
    path: Path
    #: Its prompt.
    prompt: str

    def __repr__(self) -> str:
        return f"<image {self.path}>"

    def _repr_mimebundle_(self, **_: object) -> Dict[str, str]:
        bundle = {"text/plain": repr(self)}
        running = shell()
        if running is not None and not hasattr(running, "kernel"):
            return bundle  # IPython on a terminal.
        kind = mimetypes.guess_type(self.path.name)[0] or ""
        source = quote(self.path.as_posix())
        if kind.startswith("image/") and self.path.stat().st_size <= EMBEDDED:
            encoded = base64.b64encode(self.path.read_bytes()).decode()
            source = f"data:{kind};base64,{encoded}"
            if kind in ("image/png", "image/jpeg"):
                bundle[kind] = encoded
        if kind.startswith("image/"):
            shown = f'<img src="{source}" alt="{escape(self.prompt)}" style="max-width:100%">'
        else:
            shown = f'<a href="{source}">{escape(str(self.path))}</a>'
        bundle["text/html"] = f'<figure style="margin:0">{shown}</figure>'
        return bundle


def build(file: str, prompt: str, options: Mapping[str, str], binary: Optional[str] = None) -> BuiltImage:
    """Makes the image, unless the lock file beside it says that it is made.

    Raises `ImagewireError`, which says why it could not be made and whether that cost anything.
    """
    command = [find_program(binary), "build", "-", "--quiet"]
    command += [f"{_OF_THE_PROGRAM[name]}={value}" for name, value in options.items() if name in _OF_THE_PROGRAM]
    attributes = [("file", file), *((name, value) for name, value in options.items() if name not in _OF_THE_PROGRAM)]
    status, out, err = _run(command, _block(attributes, prompt))
    if status != 0:
        reason = err.strip().replace("imagewire: ", "", 1) or f"imagewire build ended with the status {status}."
        raise ImagewireError(reason)
    if not Path(file).exists():
        raise ImagewireError(f"imagewire made no image {file}. {err.strip()}")
    # What was made may have cost something, or may be a drawing of the sandbox; an image that is unchanged is no news.
    news = [line for line in out.splitlines() if not line.startswith("unchanged ")] + err.splitlines()
    if news:
        print("\n".join(news))
    return BuiltImage(Path(file), prompt)


def _block(attributes: List[Tuple[str, str]], prompt: str) -> str:
    """The block of a document that describes the image."""
    marks = "`" * max([2, *map(len, re.findall("`+", prompt))]) + "`"
    pairs = "".join(
        ' {}="{}"'.format(name, re.sub(r'[\\"]', r"\\\g<0>", re.sub(r"\s", " ", value))) for name, value in attributes)
    return f"{marks}{{.imagewire{pairs}}}\n{prompt}\n{marks}\n"


def _run(command: List[str], text: str) -> Tuple[int, str, str]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        out, err = process.communicate(text)
    except KeyboardInterrupt:
        # It withdraws what is not sent; the next run takes what is.
        process.send_signal(signal.SIGINT)
        print(process.communicate()[1], end="")
        raise
    return process.returncode, out, err
