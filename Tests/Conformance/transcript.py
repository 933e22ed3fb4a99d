"""Reads golden transcripts (schemas/README.md, "Transcripts") and compares messages with them. Needs nothing but Python."""

import json
import re
from pathlib import Path

KINDS = {
    "id": r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "sha256": r"[0-9a-f]{64}",
    "url": r"(https?|file)://.+",
    "string": r"(?s).+",
}
PLACEHOLDER = re.compile(r"<([a-z0-9|]+)(\?)?(?::([\w-]+))?>")
#: A name within a longer string.
WITHIN = re.compile(r"<[a-z]+:[\w-]+>")


def read(path):
    """The lines of a transcript: the first describes it."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def match(expected, actual, bound, path="message"):
    """Raises where a value is not the one in the transcript. `bound` has the values of the placeholders with a name."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), path
        names = set(expected) - {"..."}
        assert set(actual) == names or ("..." in expected and set(actual) > names), f"{path} has {sorted(set(actual) ^ names)}"
        for name in names:
            match(expected[name], actual[name], bound, f"{path}.{name}")
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(actual) == len(expected), path
        for index, element in enumerate(expected):
            match(element, actual[index], bound, f"{path}[{index}]")
    elif isinstance(expected, str) and (placeholder := PLACEHOLDER.fullmatch(expected)):
        kind, optional, name = placeholder.groups()
        if not (optional and actual is None):
            assert fits(kind, actual), f"{path} is {actual!r}, not {expected}"
        if name:
            assert bound.setdefault(expected, actual) == actual, f"{path} is {actual!r}, not {bound[expected]!r}"
    else:
        expected = fill(expected, bound)
        assert type(expected) is type(actual) and expected == actual, f"{path} is {actual!r}, not {expected!r}"


def fits(kind, value):
    """Whether a value is of the kind that a placeholder names."""
    if kind == "any":
        return True
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "path":
        return isinstance(value, str) and Path(value).is_absolute() and Path(value).stat().st_size > 0
    if "|" in kind:
        return value in kind.split("|")
    return isinstance(value, str) and re.fullmatch(KINDS[kind], value) is not None


def fill(message, bound):
    """The client's message with known values in place of the placeholders."""
    if isinstance(message, dict):
        return {name: fill(value, bound) for name, value in message.items()}
    if isinstance(message, list):
        return [fill(value, bound) for value in message]
    if isinstance(message, str):
        return bound.get(message) or WITHIN.sub(lambda name: bound.get(name[0], name[0]), message)
    return message
