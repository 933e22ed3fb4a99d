"""Outputs that are not images: the model gets links to them, the words of texts, and no image block that a host cannot show."""

import base64

import pytest
from program import KEY
from wavespeed import LoopbackWaveSpeed

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1\x00\x00\x00\x08free"
FILES = [("heic", "image", HEIC), ("mp4", "video", HEIC.replace(b"heic", b"isom")), ("txt", "text", b"a poem")]


@pytest.mark.parametrize("suffix, kind, content", FILES)
def test_a_file_that_hosts_cannot_show_is_only_linked(spawn, suffix, kind, content):
    with LoopbackWaveSpeed() as wavespeed:
        wavespeed.script(
            polls=0, outputs=["{output}/output/{id}." + suffix],
            download=[{"do": "reply", "base64": base64.b64encode(content).decode()}],
        )
        with spawn("mcp", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url) as program:
            program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"})
            result = program.call("tools/call", name="generate_image", arguments={"prompt": "a fox"})
    assert not result["isError"]
    *texts, link = result["content"]
    assert link["type"] == "resource_link" and {block["type"] for block in texts} == {"text"}
    assert len(texts) == (2 if kind == "text" else 1)
    [file] = result["structuredContent"]["files"]
    assert file["kind"] == kind and file["path"].endswith("." + suffix)
    assert link["mimeType"] == file["media_type"]
