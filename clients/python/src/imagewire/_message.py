"""A message as the program reads it: JSON on one line, within its limit."""

import json
import os
from typing import Any, Mapping

#: The longest message that the program reads, in bytes. It refuses a longer one without the id of the call.
MAXIMUM_BYTES = 64 << 20


def encoded(message: Mapping[str, Any]) -> bytes:
    """A message as a line. Raises `ValueError` or `TypeError` if JSON cannot hold it, before anything is sent."""
    try:
        # ensure_ascii keeps lone surrogates of Python strings readable for every parser; NaN and Infinity are not JSON.
        text = json.dumps(message, separators=(",", ":"), default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{message['method']} cannot be sent as JSON: {error}. Nothing was sent.") from error
    if len(text) > MAXIMUM_BYTES:
        raise ValueError(
            f"{message['method']} would be a message of {len(text):,} bytes, and imagewire reads none over {MAXIMUM_BYTES:,}."
            " Nothing was sent. A large file can be given as a path."
        )
    return text.encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"a value in it is of the type {type(value).__name__}")
