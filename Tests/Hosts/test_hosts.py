"""Hosts that others wrote use the program, and what their model sees is compared with golden files."""

import difflib
import json

from hosts import FOLDER, offered, seen, talk
from scenarios import SCENARIOS


def test_host(host, name, world, pytestconfig):
    model, ended = talk(host, SCENARIOS[name], world)
    found = {name: seen(model, ended, world)}
    if name == "plain":
        found["tools"] = offered(model, world)
    wrong = [compare(FOLDER / f"golden/{host}/{part}.json", value, pytestconfig) for part, value in found.items()]
    assert not any(wrong), "\n".join(filter(None, wrong))


def compare(path, value, config):
    """Compares with a golden file, or writes it; returns the difference."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    if config.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return None
    golden = path.read_text() if path.exists() else ""
    lines = difflib.unified_diff(golden.splitlines(), text.splitlines(), str(path), "now", lineterm="")
    return "\n".join(lines)
