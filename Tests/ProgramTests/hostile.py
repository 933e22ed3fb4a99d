"""Tests/Fixtures/hostile-text.json, and the characters that must not remain where text is shown."""

import json
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures"
ENTRIES = json.loads((FIXTURES / "hostile-text.json").read_bytes())["strings"]
UNSAFE = [
    tuple(int(end, 16) for end in pair)
    for name in ("space", "unsafe")
    for pair in json.loads((FIXTURES / "link-escapes.json").read_bytes())[name]
    if pair != ["0020", "0020"]
]


def texts(surrogates=False):
    """The strings by name; with unpaired surrogates only on request, because Python cannot encode them."""
    found = {entry["name"]: json.loads(entry["json"]) if "json" in entry else entry["text"] * entry.get("times", 1) for entry in ENTRIES}
    return {name: text for name, text in found.items() if surrogates or not any("\ud800" <= c <= "\udfff" for c in text)}


def unsafe_characters(text, but=""):
    """The characters of a text that may do harm where it is shown, each once."""
    return sorted({c for c in text if c not in but and any(first <= ord(c) <= last for first, last in UNSAFE)})
