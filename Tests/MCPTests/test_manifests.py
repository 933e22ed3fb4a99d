"""The record for the MCP registry and the manifest of the bundle (.mcpb) say what the program says, and it starts as they say."""

import json
import os
import re
import subprocess
from urllib.parse import urlsplit

import pytest
from program import BINARY, KEY, ROOT, environment
from render import manifests, tools, version

FOLDER = ROOT / "clients/mcp"
SERVER, MANIFEST = (json.loads((FOLDER / name).read_text()) for name in ("server.json", "manifest.json"))
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}},
}


def test_they_have_the_version_and_the_tools_of_the_program():
    expected = manifests(FOLDER, version(BINARY), tools(BINARY, "2025-11-25"))
    assert {"manifest.json": MANIFEST, "server.json": SERVER} == expected, "run `make schemas`"


def test_the_record_is_as_the_registry_wants_it():
    assert SERVER["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert len(SERVER["description"]) <= 100 and len(SERVER["title"]) <= 100
    bases = {"pypi": ("https://pypi.org", "uvx"), "npm": ("https://registry.npmjs.org", "npx")}
    for package in SERVER["packages"]:
        assert (package["registryBaseUrl"], package["runtimeHint"]) == bases[package["registryType"]]
        assert package["transport"] == {"type": "stdio"}
        assert package["packageArguments"] == [{"type": "positional", "value": "mcp"}]
    # The registry reads in the packages themselves that they are ours.
    assert f"mcp-name: {SERVER['name']}" in (ROOT / "clients/python/README.md").read_text()
    assert json.loads((ROOT / "clients/node/package.json").read_text())["mcpName"] == SERVER["name"]


def test_their_variables_are_those_of_the_program(home):
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True, env=environment(home)).stdout
    for package in SERVER["packages"]:
        for variable in package["environmentVariables"]:
            assert re.search(rf"\b{variable['name']}\b", usage)
            assert variable.get("isSecret", False) == variable["name"].endswith("_KEY")
    named = set(MANIFEST["server"]["mcp_config"]["env"]) - {"IMAGEWIRE_BUNDLE"}
    assert named and all(re.search(rf"\b{name}\b", usage) for name in named)


def test_the_manifest_has_the_fields_that_its_format_wants():
    assert MANIFEST["manifest_version"] == "0.3"
    needed = {"manifest_version", "name", "version", "description", "author", "server"}
    known = needed | {
        "display_name", "long_description", "license", "keywords", "privacy_policies", "compatibility", "user_config", "tools",
    }
    assert needed <= set(MANIFEST) <= known
    assert all(urlsplit(url).scheme == "https" for url in MANIFEST["privacy_policies"])
    server = MANIFEST["server"]
    assert server["type"] == "binary" and server["mcp_config"]["command"] == "${__dirname}/" + server["entry_point"]
    used = set(re.findall(r"\$\{user_config\.(\w+)\}", json.dumps(server)))
    assert used == set(MANIFEST["user_config"])
    for name, field in MANIFEST["user_config"].items():
        assert field["type"] in ("string", "number", "boolean", "directory", "file") and field["title"] and field["description"]
        assert field.get("sensitive", False) == name.endswith("_key")


@pytest.mark.parametrize("filled", [
    # What a host gives for a field that the user left empty is not said: nothing, or the field as it stands.
    {}, {"wavespeed_api_key": "", "output_dir": ""}, {"wavespeed_api_key": KEY, "output_dir": "pictures", "max_spend": "3"},
])
def test_the_program_starts_as_the_manifest_says(home, tmp_path, filled):
    bundle = tmp_path / "bundle"
    (bundle / "server").mkdir(parents=True)
    os.symlink(BINARY, bundle / "server/imagewire")
    values = {"max_spend": str(MANIFEST["user_config"]["max_spend"]["default"]), **filled}
    if values.get("output_dir"):
        values["output_dir"] = str(tmp_path / values["output_dir"])

    def put(text):
        text = text.replace("${__dirname}", str(bundle))
        return re.sub(r"\$\{user_config\.(\w+)\}", lambda match: values.get(match[1], match[0]), text)

    config = MANIFEST["server"]["mcp_config"]
    variables = {name: put(value) for name, value in config["env"].items()}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "generate_image", "arguments": {"prompt": "a fox", "size": "64x64", "wait_seconds": 0},
    }}
    run = subprocess.run(
        [put(config["command"]), *config["args"]], input=f"{json.dumps(HELLO)}\n{json.dumps(call)}\n", capture_output=True,
        text=True, timeout=60, env=environment(home, **variables, WAVESPEED_BASE_URL="http://127.0.0.1:9"))
    hello, answer = (json.loads(line)["result"] for line in run.stdout.splitlines())
    assert ("Sandbox" in hello["instructions"]) == (not filled.get("wavespeed_api_key")), hello["instructions"]
    assert "${" not in run.stdout + run.stderr and "is set and empty" not in run.stdout
    assert not (home / "${user_config.output_dir}").exists()
    assert filled.get("wavespeed_api_key") or not answer["isError"], answer
