"""`%%imagewire` in IPython and Jupyter: the cell is the prompt, and its line has options, `size=1024x1024 n=2 max_cost=0.5`."""

import json
import shlex
from typing import Any, Dict

from ._progress import Progress
from ._shared import generate
from .prediction import Prediction


def imagewire(line: str, cell: str) -> Prediction:
    """Generates an image of the prompt in the cell, and shows it.

    The line has the options of `imagewire.generate` as `name=value`. A value is JSON, or else text; in quotes it may have spaces.
    """
    progress = Progress()
    try:
        return generate(cell.strip(), on_progress=progress, **options(line))
    finally:
        progress.clear()


def options(line: str) -> Dict[str, Any]:
    """The options of a line. Raises `TypeError` for a word that is none."""
    given: Dict[str, Any] = {}
    for word in shlex.split(line):
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise TypeError(f"{word!r} is no option: write name=value, such as size=1024x1024. Nothing was sent.")
        given[name] = _value(value)
    return given


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
