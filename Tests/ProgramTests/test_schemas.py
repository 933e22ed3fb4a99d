"""The protocol as data: the program, `rpc.discover` and the files in schemas/ say the same."""

import json
import subprocess

import jsonschema
import pytest
import reference
from program import BINARY, ROOT, RPCError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

OPENRPC = json.loads((ROOT / "schemas/openrpc.json").read_text())
FILES = sorted(path.name for path in (ROOT / "schemas").glob("*.json"))


def printed(*arguments):
    return subprocess.run([BINARY, "schema", *arguments], capture_output=True, timeout=60)


def test_the_printed_schemas_equal_the_folder():
    names = printed("--names").stdout.decode().split()
    assert sorted(f"{name}.json" for name in names) == FILES
    for name in names:
        assert printed(name).stdout == (ROOT / f"schemas/{name}.json").read_bytes(), "run `make schemas`"
    assert printed().stdout == (ROOT / "schemas/openrpc.json").read_bytes()


def test_the_reference_is_rendered_from_the_program():
    page = reference.page(BINARY, ROOT / "schemas")
    assert page == (ROOT / "schemas/protocol.md").read_text(), "run `make schemas`"
    for method in OPENRPC["methods"]:
        section = page.split(f"\n## {method['name']}\n")[1].split("\n## ")[0]
        assert "```json" in section, f"no transcript has an example of {method['name']}"


def test_the_examples_are_rendered_from_the_transcripts():
    source = (ROOT / "Sources/Service/Schemas/MethodExamples.swift").read_text()
    assert reference.examples(ROOT / "schemas") == source, "run `make schemas`"


@pytest.mark.parametrize("method", OPENRPC["methods"], ids=lambda method: method["name"])
def test_the_example_of_a_method_is_valid(method):
    [example] = method["examples"]
    known = {part["name"]: part for part in method["params"]}
    whole = {"components": OPENRPC["components"]}
    for part in example["params"]:
        jsonschema.Draft202012Validator({**known[part["name"]]["schema"], **whole}).validate(part["value"])
    assert {name for name, part in known.items() if part["required"]} <= {part["name"] for part in example["params"]}
    # That of rpc.discover would be this document.
    if "result" in method and method["name"] != "rpc.discover":
        jsonschema.Draft202012Validator({**method["result"]["schema"], **whole}).validate(example["result"]["value"])


def undescribed(name, part):
    """The fields of a schema that say nothing about themselves. A reference says it where it leads."""
    if "description" not in part and "$ref" not in part:
        yield name
    for field, inner in {**part.get("properties", {}), **part.get("items", {}).get("properties", {})}.items():
        yield from undescribed(f"{name}.{field}", inner)


def test_every_parameter_and_every_field_says_what_it_is():
    found = []
    for method in OPENRPC["methods"]:
        for part in method["params"]:
            found += undescribed(f"{method['name']} {part['name']}", part["schema"])
        for name, part in method.get("result", {}).get("schema", {}).get("properties", {}).items():
            found += undescribed(f"{method['name']} -> {name}", part)
    for schema in [part["params"] for part in OPENRPC["x-notifications"]] + [OPENRPC["components"]["schemas"]["Prediction"]]:
        for name, part in schema["properties"].items():
            found += undescribed(name, part)
    assert found == []


def test_the_example_of_a_notification_is_valid():
    lacking = [part["name"] for part in OPENRPC["x-notifications"] if "examples" not in part]
    # Nothing is deleted from the change log within a minute, so no transcript can show a reset.
    assert lacking == ["prediction/reset"]
    for part in OPENRPC["x-notifications"]:
        for example in part.get("examples", []):
            jsonschema.Draft202012Validator({**part["params"], "components": OPENRPC["components"]}).validate(example)


def test_a_name_that_is_none_is_said_to_be_none():
    done = printed("promt")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--names" in done.stderr


def test_discover_answers_the_same_document_with_the_version_of_the_program(spawn):
    with spawn() as program:
        assert program.call("rpc.discover") == OPENRPC
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.split()[1]
    assert OPENRPC["info"]["version"] == version


def test_the_document_is_openrpc():
    meta = json.loads((ROOT / "Tests/Fixtures/openrpc-1.3.schema.json").read_text())
    # It names the meta-schema of JSON Schema by an address of its own; the address is that of draft-07.
    draft7 = Resource(contents=jsonschema.Draft7Validator.META_SCHEMA, specification=DRAFT7)
    registry = Registry().with_resource("https://meta.json-schema.tools", draft7)
    registry = registry.with_resource("https://meta.json-schema.tools/", draft7)
    meta["$schema"] = "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator(without_foreign_pointers(meta), registry=registry).validate(OPENRPC)
    broken = {**OPENRPC, "methods": [{**OPENRPC["methods"][0], "parameters": []}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(without_foreign_pointers(meta), registry=registry).validate(broken)


def without_foreign_pointers(schema):
    """References into the definitions of that other address, which draft-07 itself lacks, hold for any string."""
    if isinstance(schema, dict):
        if str(schema.get("$ref")).startswith("https://meta.json-schema.tools/#"):
            return {"type": "string"}
        return {name: without_foreign_pointers(value) for name, value in schema.items()}
    return [without_foreign_pointers(value) for value in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_a_schema(name):
    schema = json.loads((ROOT / "schemas" / name).read_text())
    if name == "openrpc.json":
        for part in schema["components"]["schemas"].values():
            jsonschema.Draft7Validator.check_schema(part)
            jsonschema.Draft202012Validator.check_schema(part)
    else:
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["description"] if name != "prediction.json" else schema["title"]


def test_exactly_the_described_methods_exist(spawn):
    described = [method["name"] for method in OPENRPC["methods"]]
    with spawn() as program:
        listed = program.call("initialize")["capabilities"]["experimental"]["imagewire"]["methods"]
        requests = [method["name"] for method in OPENRPC["methods"] if "result" in method]
        for name in (name for name in requests if name != "shutdown"):
            try:
                program.call(name)
            except RPCError as error:
                assert error.code == -32602, f"{name} {error}"
        for name in ("submti", "rpc.describe", "exit", "initialized"):
            with pytest.raises(RPCError) as error:
                program.call(name)
            assert error.value.code == -32601
    assert set(described) <= set(listed)
