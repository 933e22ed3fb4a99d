"""clients/behaviours.json: what the clients for Python and Node do alike, and that each of it has a test here."""

import ast
import json
from pathlib import Path

from conftest import ROOT

IDS = json.loads((ROOT / "clients/behaviours.json").read_text())["behaviours"]


def marked():
    """The ids that tests name by `@pytest.mark.behaviour`, with the tests."""
    found = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for test in ast.walk(ast.parse(path.read_text())):
            if not isinstance(test, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for mark in test.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.behaviour":
                    assert test.name.startswith("test_"), test.name
                    found.setdefault(ast.literal_eval(mark.args[0]), []).append(test.name)
    return found


def test_every_behaviour_has_a_test():
    assert sorted(set(IDS) - set(marked())) == []


def test_no_test_names_an_unknown_behaviour():
    assert sorted(set(marked()) - set(IDS)) == []
