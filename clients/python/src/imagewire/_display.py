"""How a notebook shows a prediction: a small image, the prompt and the cost."""

import base64
from concurrent.futures import TimeoutError as FutureTimeout
from html import escape
from typing import Dict, Optional, Tuple

from ._base import live_connections
from ._calls import thumbnail
from ._progress import shell
from .errors import CallError, ImagewireError
from .prediction import File, Prediction

#: The longest side of the image, in pixels.
SIZE = 320
#: The time limit for the image, in seconds.
PATIENCE = 5.0
#: A file up to this many bytes is shown itself where there is no thumbnail.
SMALL = 1 << 20
#: What browsers show.
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")


def mime_bundle(prediction: Prediction) -> Dict[str, str]:
    """By media type: `text/plain`, `text/html`, and the image where it is a PNG or JPEG."""
    bundle = {"text/plain": repr(prediction)}
    running = shell()
    if running is not None and not hasattr(running, "kernel"):
        return bundle  # IPython on a terminal.
    image = _image(prediction)
    prompt = str((prediction.input or {}).get("prompt") or "")
    parts = []
    if image is not None:
        kind, content = image
        encoded = base64.b64encode(content).decode()
        if kind in ("image/png", "image/jpeg"):
            bundle[kind] = encoded
        style = f"max-width:{SIZE}px;max-height:{SIZE}px"
        parts.append(f'<img src="data:{kind};base64,{encoded}" alt="{escape(prompt)}" style="{style}">')
    if prompt:
        parts.append(f"<figcaption>{escape(prompt)}</figcaption>")
    parts.append(f"<small>{escape(_facts(prediction))}</small>")
    bundle["text/html"] = f'<figure style="margin:0">{"".join(parts)}</figure>'
    return bundle


def _facts(prediction: Prediction) -> str:
    facts = [prediction.model, prediction.status]
    if prediction.cost is not None:
        facts.append(f"{prediction.cost.amount:g} {prediction.cost.currency}")
    if prediction.failure is not None:
        facts.append(prediction.failure.message)
    facts += [str(file.path) for file in prediction.files]
    return " · ".join(facts)


def _image(prediction: Prediction) -> Optional[Tuple[str, bytes]]:
    """Media type and bytes of a small image of the first file that has one."""
    for file in prediction.files:
        if file.kind == "image":
            return _thumbnail(prediction, file) or _file(file)
    return None


def _thumbnail(prediction: Prediction, file: File) -> Optional[Tuple[str, bytes]]:
    """From a process that runs and knows the prediction; where none runs, from that of the package."""
    from ._shared import CLIENT  # The client needs `Prediction`, which needs this module.

    call = thumbnail(prediction.id, file.index, SIZE, True)
    try:
        for connection in live_connections() or [CLIENT._connect()]:
            try:
                small = call.read(connection.start(call.method, call.params).future.result(PATIENCE))
            except (CallError, FutureTimeout):
                continue  # It does not know the prediction, or has no decoder.
            return small.media_type, small.read()
    except ImagewireError:
        pass  # The program is missing, or ended.
    return None


def _file(file: File) -> Optional[Tuple[str, bytes]]:
    try:
        return (file.media_type, file.read()) if file.media_type in _SHOWN and file.bytes <= SMALL else None
    except OSError:
        return None
