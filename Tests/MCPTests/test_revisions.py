"""The golden transcripts of each revision, replayed against the real binary, every message judged by the schemas.

They are written as those of schemas/examples; the format is in schemas/README.md.
"""

import json
import re

import conversation
import jsonschema
import pytest
from program import BINARY, ROOT
from render import REVISIONS, tools
from test_transcripts import read, replay

FOLDER = ROOT / "schemas/mcp"
TRANSCRIPTS = sorted((FOLDER / "transcripts").glob("*.jsonl"))


class Contract:
    """What `replay` asks, answered by the judge of MCP."""

    def __init__(self):
        self.judge = conversation.Judge()

    def sent(self, message):
        for one in message if isinstance(message, list) else [message]:
            self.judge.sent(one)

    def received(self, message):
        for one in message if isinstance(message, list) else [message]:
            self.judge.received(one)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_program_says_what_the_transcript_says(path, spawn, home):
    contract = Contract()
    replay(path, "line", spawn, home, contract)
    assert contract.judge.judged > 10


def test_every_revision_has_a_transcript():
    assert [path.stem for path in TRANSCRIPTS] == REVISIONS


def test_a_transcript_that_is_not_so_would_be_noticed(spawn, home, tmp_path):
    lines = read(TRANSCRIPTS[0])
    lines[2]["server"]["result"]["protocolVersion"] = "2030-01-01"
    broken = tmp_path / "broken.jsonl"
    broken.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(AssertionError, match="protocolVersion"):
        replay(broken, "line", spawn, home, Contract())


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_list_of_tools_equals_the_folder(revision):
    served = tools(BINARY, revision)
    held = json.loads((FOLDER / f"tools-{revision}.json").read_text())
    assert served == held, "run `make schemas`"


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_host_can_take_the_tools(revision):
    for tool in tools(BINARY, revision):
        # Some hosts put `mcp__imagewire__` before it and allow 64 characters.
        assert re.fullmatch("[a-z_]{1,40}", tool["name"])
        assert len(tool["description"].encode()) < 2048
        for schema in (tool["inputSchema"], tool.get("outputSchema")):
            if schema is None:
                continue
            assert schema["type"] == "object"
            assert not {"oneOf", "anyOf", "allOf"} & set(schema) and "$ref" not in json.dumps(schema)
            jsonschema.Draft7Validator.check_schema(schema)
            jsonschema.Draft202012Validator.check_schema(schema)
