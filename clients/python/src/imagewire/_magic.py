"""`%%imagewire` in IPython and Jupyter: the cell is the prompt, and its line has options, `size=1024x1024 n=2 max_cost=0.5`.

With the name of a file first, `%%imagewire fox.png size=1024x1024`, the image is made once and kept in that file.
"""

import json
import shlex
from typing import Any, Dict, List, Union

from ._build import BuiltImage, build
from ._progress import Progress
from ._shared import generate
from .prediction import Prediction


def imagewire(line: str, cell: str) -> Union[Prediction, BuiltImage]:
    """Generates an image of the prompt in the cell, and shows it.

    The line has the options of `imagewire.generate` as `name=value`. A value is JSON, or else text; in quotes it may have spaces.

    A line that begins with the name of a file makes the image once, as `imagewire build` does for documents: it is saved there,
    and made anew only when the cell or its options change. Its options are `model`, `provider`, `max_cost` and the fields of the
    model's input.
    """
    words = shlex.split(line)
    if words and "=" not in words[0] and not words[0].startswith("-"):
        return build(words[0], cell, _texts(words[1:]))
    progress = Progress()
    try:
        return generate(cell.strip(), on_progress=progress, **options(line))
    finally:
        progress.clear()


def options(line: str) -> Dict[str, Any]:
    """The options of a line. Raises `TypeError` for a word that is none."""
    return {name: _value(value) for name, value in _texts(shlex.split(line)).items()}


def _texts(words: List[str]) -> Dict[str, str]:
    """The options as they are written."""
    given: Dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise TypeError(f"{word!r} is no option: write name=value, such as size=1024x1024. Nothing was sent.")
        given[name] = value
    return given


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
