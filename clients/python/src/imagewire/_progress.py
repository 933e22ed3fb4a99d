"""Progress for people: a line on a terminal, a bar in a notebook, and nothing elsewhere."""

import importlib
import sys
import time
from typing import Any, Optional

from .prediction import Prediction


class Progress:
    """Shows how far a prediction is: `client.generate("a fox", on_progress=Progress())`.

    In Jupyter a bar below the cell; on a terminal one line on standard error; nothing where neither is. Both go away at the end.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        notebook = _notebook()
        self._surface: Any = _Bar(notebook) if notebook is not None else _Line() if sys.stderr.isatty() else None

    def __call__(self, prediction: Prediction) -> None:
        if self._surface is None:
            return
        if prediction.done:
            self.clear()
        else:
            self._surface.show(prediction, words(prediction, time.monotonic() - self._begun))

    def clear(self) -> None:
        """Takes it away; a finished prediction does so by itself."""
        if self._surface is not None:
            self._surface.clear()


def words(prediction: Prediction, seconds: float) -> str:
    """The share that is done and the time left, or without an estimate the status and the seconds since the start."""
    if prediction.progress is None:
        return f"{prediction.status}, {int(seconds)} s"
    left = "longer than usual" if prediction.eta_ms is None else f"about {duration(prediction.eta_ms)} left"
    return f"{int(prediction.progress * 100)}% · {left}"


def duration(milliseconds: int) -> str:
    """Seconds rounded up; from two minutes on the nearest minute, from two hours on the nearest hour."""
    seconds = max(1, -(-milliseconds // 1_000))
    if seconds < 120:
        return f"{seconds} s"
    minutes = (milliseconds + 30_000) // 60_000
    return f"{minutes} min" if milliseconds < 7_200_000 else f"{(milliseconds + 1_800_000) // 3_600_000} h"


class _Line:
    """One line of a terminal, overwritten."""

    def show(self, prediction: Prediction, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{prediction.provider} {prediction.model}: {text}")
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class _Bar:
    """A bar below the cell of a notebook, updated in place."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, prediction: Prediction, text: str) -> None:
        from html import escape

        value = "" if prediction.progress is None else f' value="{prediction.progress:.2f}"'
        title = escape(f"{prediction.provider} {prediction.model}")
        self._update(f'<progress max="1"{value} title="{title}"></progress> {escape(text)}', text)

    def clear(self) -> None:
        if self._handle is not None:
            self._update("", "")

    def _update(self, html: str, text: str) -> None:
        bundle = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = self._display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def shell() -> Any:
    """IPython's shell where one runs, else `None`. Only that of a notebook has a `kernel`. IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _notebook() -> Optional[Any]:
    """IPython's `display` where a notebook runs."""
    return importlib.import_module("IPython.display").display if hasattr(shell(), "kernel") else None
