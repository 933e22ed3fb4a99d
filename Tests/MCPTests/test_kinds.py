"""Outputs that are not images: the model gets their paths, the words of texts, and no image block that a host cannot show."""

import base64
import json

import pytest
from program import KEY
from wavespeed import LoopbackWaveSpeed

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1\x00\x00\x00\x08free"
FILES = [("heic", "image", HEIC), ("mp4", "video", HEIC.replace(b"heic", b"isom")), ("txt", "text", b"a poem")]


@pytest.mark.parametrize("suffix, kind, content", FILES)
def test_a_file_that_hosts_cannot_show_is_only_named(spawn, suffix, kind, content):
    with LoopbackWaveSpeed() as wavespeed:
        wavespeed.script(
            polls=0, outputs=["{output}/output/{id}." + suffix],
            download=[{"do": "reply", "base64": base64.b64encode(content).decode()}],
        )
        with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url) as program:
            program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"})
            result = program.call("tools/call", name="generate_image", arguments={"prompt": "a fox"})
    assert not result["isError"]
    assert {block["type"] for block in result["content"]} == {"text"} and len(result["content"]) == (2 if kind == "text" else 1)
    [file] = json.loads(result["content"][0]["text"])["files"]
    assert file["path"].endswith("." + suffix) and file.get("kind", "image") == kind


def test_links_are_written_where_the_user_wants_them(spawn):
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    for arguments, types in ((), ["text"]), (("--resource-links",), ["text", "resource_link"]):
        with spawn("mcp", *arguments) as program:
            program.call("initialize", **hello)
            call = {"name": "generate_image", "arguments": {"prompt": "a fox", "size": "64x64"}}
            assert [block["type"] for block in program.call("tools/call", **call)["content"]] == types
