"""The types: rendered from the schema, and what type checkers say of the package, its READMEs and a few mistakes."""

import dataclasses
import json
import re
import subprocess
import sys
import typing

import pytest
from conftest import ROOT

import imagewire
from imagewire import errors, prediction, results

PACKAGE = ROOT / "clients/python"
TOOLS = ROOT / ".build-tools/types/bin"
OPENRPC = json.loads((ROOT / "schemas/openrpc.json").read_text())
PREDICTION = OPENRPC["components"]["schemas"]["Prediction"]["properties"]

sys.path.insert(0, str(PACKAGE))
import render_types  # noqa: E402


def result_of(name):
    [method] = [one for one in OPENRPC["methods"] if one["name"] == name]
    return method["result"]["schema"]["properties"]


def test_the_committed_types_are_those_of_the_schema():
    assert render_types.RENDERED.read_text() == render_types.rendered(), "run `make schemas`"


@pytest.mark.behaviour("words")
@pytest.mark.parametrize(
    "words, schema",
    [
        (imagewire.Status, PREDICTION["status"]), (imagewire.Billing, PREDICTION["billing"]),
        (imagewire.FileKind, PREDICTION["files"]["items"]["properties"]["kind"]),
        (imagewire.FailureType, PREDICTION["failure"]["properties"]["type"]),
        (imagewire.FailureType, PREDICTION["waiting"]["properties"]["reason"]),
        (imagewire.CostSource, PREDICTION["cost"]["properties"]["source"]),
        (imagewire.ModelKind, result_of("models")["models"]["items"]["properties"]["kind"]),
        (imagewire.ErrorType, {"enum": list(OPENRPC["components"]["errors"])}),
    ],
)
def test_the_words_are_those_of_the_schema(words, schema):
    assert list(typing.get_args(words)) == [word for word in schema["enum"] if word is not None]


#: Each class with the object of the schema that it reads; the fields of both are the same but for these.
CLASSES = [
    (prediction.Prediction, PREDICTION, {}),
    (prediction.File, PREDICTION["files"]["items"]["properties"], {}),
    (prediction.Preview, PREDICTION["preview"]["properties"], {}),
    (prediction.Cost, PREDICTION["cost"]["properties"], {}),
    (prediction.Failure, PREDICTION["failure"]["properties"], {}),
    (prediction.PartialFile, PREDICTION["failure"]["properties"]["partial"]["items"]["properties"], {}),
    (prediction.Waiting, PREDICTION["waiting"]["properties"], {}),
    (prediction.Timings, PREDICTION["timings"]["properties"], {}),
    (results.Thumbnail, result_of("thumbnail"), {}),
    (results.Page, result_of("list"), {}),
    (results.Waited, result_of("wait"), {}),
    (results.Price, result_of("quote"), {}),
    # Without its schema where that is too long: `models(id)` always has it.
    (results.Model, result_of("models")["models"]["items"]["properties"], {"omitted": None}),
    (results.Validation, result_of("validate"), {"valid": None}),
    (results.Deletion, result_of("delete"), {"deleted": "ids"}),
]


@pytest.mark.parametrize("kind, schema, others", CLASSES, ids=[kind.__name__ for kind, _, _ in CLASSES])
def test_the_fields_of_each_class_are_those_of_the_schema(kind, schema, others):
    expected = {others.get(name, name) for name in schema} - {None}
    assert {field.name for field in dataclasses.fields(kind)} == expected
    hints = typing.get_type_hints(kind)
    for name, one in schema.items():
        if "enum" in one:
            words = [word for word in one["enum"] if word is not None]
            hint = hints[others.get(name, name)]
            assert list(typing.get_args(hint)) in (words, [typing.Literal[tuple(words)], type(None)]), name


def test_every_class_of_the_package_is_compared():
    every = {kind for module in (prediction, results) for kind in vars(module).values() if dataclasses.is_dataclass(kind)}
    assert every - {kind for kind, _, _ in CLASSES} == {results.Update}


def test_the_type_of_an_error_is_a_word():
    assert typing.get_args(imagewire.ErrorType) and errors.call_error(
        {"code": 1003, "message": "", "data": {"type": "queue_full"}}).type in typing.get_args(imagewire.ErrorType)


# -- type checkers -----------------------------------------------------------------------------------------------------


def check(tool, *paths):
    """The messages of a type checker, `path:line: text`."""
    assert (TOOLS / tool).exists(), "run .ci/types"
    arguments = [TOOLS / tool, *paths]
    if tool == "mypy":
        arguments[1:1] = ["--strict", "--no-error-summary", "--hide-error-context", "--cache-dir", ROOT / ".build-tools/types/mypy"]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=PACKAGE, timeout=300)
    return [line for line in done.stdout.splitlines() if re.search(r"error:| - error| - warning", line)]


def blocks(page):
    """The Python blocks of a README; `py` ones are parts of a program."""
    return re.findall(r"```(python|py)\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


PAGES = ["README.md", "clients/python/README.md"]


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """The examples of the READMEs as modules; those that are parts of a program in a function that has their names."""
    folder = tmp_path_factory.mktemp("examples")
    for page in PAGES:
        for number, (kind, text) in enumerate(blocks(page)):
            if kind == "py":
                body = "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
                text = (
                    "import asyncio\nfrom datetime import datetime, timedelta\nfrom pathlib import Path\nfrom typing import List\n"
                    "import imagewire\nfrom imagewire import AsyncClient, Client\n\n\n"
                    f"async def example(client: Client, prompts: List[str]) -> None:\n{body}"
                )
            (folder / f"{page.replace('/', '_').replace('.', '_')}_{number}.py").write_text(text)
    assert len(list(folder.iterdir())) >= 4
    return folder


@pytest.mark.parametrize("tool", ["mypy", "basedpyright"])
def test_the_package_and_the_examples_of_the_readmes_are_typed(tool, examples):
    paths = ["src/imagewire", "render_types.py", *sorted(examples.iterdir())] if tool == "mypy" else ["src/imagewire", "render_types.py"]
    if tool == "basedpyright":
        settings = {"typeCheckingMode": "standard", "extraPaths": [str(PACKAGE / "src")], "include": [str(examples)]}
        (examples / "pyrightconfig.json").write_text(json.dumps(settings))
        assert check(tool, "--project", examples / "pyrightconfig.json") == []
    assert check(tool, *paths) == []


MISTAKES = '''
import imagewire
from imagewire import Client, Prediction


def use(client: Client, prediction: Prediction) -> None:
    prediction.status == "complete"  # 6
    prediction.billing == "free"  # 7
    prediction.files[0].kind == "picture"  # 8
    prediction.failure is not None and prediction.failure.type == "nsfw"  # 9
    client.list(status="done")  # 10
    client.wait([], mode="some")  # 11
    client.models(kind="film")  # 12
    prediction.status = "failed"  # 13
    client.predictions(sort="asc")  # 14
    for place, made in client.map(["a"]):  # 15
        pass
    client.submit("a").pth  # 17
    client.generate("a", max_cost="1")  # 18
    client.generate(1)  # 19


def right(client: Client, prediction: Prediction) -> None:
    assert prediction.status == "completed" and prediction.billing == "none"
    size: int = prediction.path.stat().st_size + client.submit("a", size="64x64", n=2, tags="b").path.stat().st_size
    for place, made in client.map(["a"], as_completed=True):
        print(place + 1, made.path.name, size)
    for one in client.map(["a"]):
        print(one.path.name)
    for update in client.submit("a"):
        print(update.status, update.eta_ms)
    for shared in imagewire.map(["a"]):
        print(shared.path, imagewire.generate("a").path, imagewire.submit("a").wait())
'''


@pytest.mark.behaviour("words")
@pytest.mark.parametrize("tool", ["mypy", "basedpyright"])
def test_mistakes_are_errors_of_the_type_checker(tool, tmp_path):
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    if tool == "mypy":
        found = check(tool, "src/imagewire", tmp_path / "mistakes.py")
    else:
        (tmp_path / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(PACKAGE / "src")]}))
        found = check(tool, "--project", tmp_path / "pyrightconfig.json")
    lines = {int(re.search(r"mistakes\.py:(\d+)", line)[1]) - 1 for line in found if "mistakes.py" in line}
    assert lines == {int(number) for number in re.findall(r"# (\d+)$", MISTAKES, re.MULTILINE)}, found
