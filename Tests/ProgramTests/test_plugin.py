"""What agents and their users are told: the plugin, its skill and the page of hosts name what there is."""

import json
import re
import subprocess

import pytest
from program import BINARY, ROOT, environment

PLUGIN = ROOT / "clients/plugin"
SKILL = PLUGIN / "skills/imagewire/SKILL.md"
TOOLS = {tool["name"] for tool in json.loads((ROOT / "schemas/mcp/tools-2025-11-25.json").read_text())}


def test_the_skill_has_the_format_of_agent_skills():
    front, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", SKILL.read_text(), re.S).groups()
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    assert fields["name"] == SKILL.parent.name and fields["license"] == "MIT"
    assert 1 <= len(fields["description"]) <= 1024 and ": " not in fields["description"]
    assert len(body) < 4_000


@pytest.mark.parametrize("page", [SKILL, ROOT / "clients/mcp/README.md", ROOT / "schemas/mcp/README.md"])
def test_the_texts_name_the_tools_that_there_are(page):
    named = set(re.findall(r"`((?:generate|edit|view|get|cancel|list|estimate)_\w+)`", page.read_text()))
    earlier = {"get_prediction", "cancel_prediction", "list_predictions"} if "schemas" in page.parts else set()
    assert named - earlier <= TOOLS and earlier <= named
    assert page == SKILL or named - earlier == TOOLS


@pytest.mark.parametrize("manifest", [".claude-plugin/plugin.json", ".codex-plugin/plugin.json"])
def test_a_manifest_has_the_version_of_the_program_and_names_what_is_there(manifest):
    fields = json.loads((PLUGIN / manifest).read_text())
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
    assert fields["name"] == "imagewire" and fields["version"] in version.split()
    for path in (fields.get("skills"), fields.get("mcpServers")):
        assert path is None or (PLUGIN / path).exists()


def test_the_plugin_starts_the_server():
    server = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"]["imagewire"]
    assert server == {"command": "imagewire", "args": ["mcp"]}
    listed = json.loads((ROOT / "clients/.claude-plugin/marketplace.json").read_text())["plugins"]
    assert [(ROOT / "clients" / plugin["source"]).resolve() for plugin in listed] == [PLUGIN]


def test_the_page_of_hosts_has_every_host(home):
    usage = subprocess.run(
        [BINARY, "mcp-config", "nonsense"], capture_output=True, text=True, env=environment(home),
    ).stderr
    hosts = set(re.findall(r"[a-z-]+", usage.split("HOST must be ")[1].split(", not ")[0])) - {"or"}
    assert hosts == set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "clients/mcp/README.md").read_text(), re.M))
    assert len(hosts) == 11
