"""What the tests of pages share: a host with a server, calls of tools, and pictures of what is shown.

    IMAGEWIRE_PICTURES=FOLDER pytest Tests/MCPTests/test_app_image.py       writes what the pages look like into a folder
"""

import json
import os
from pathlib import Path

import pytest
from program import KEY
from wavespeed import LoopbackWaveSpeed, model

from apps.host import Host

#: A prompt that would run where it was taken for HTML.
HOSTILE = '<script>document.title="broken"</script><img src=x onerror="document.title=1"> שלום & "quoted"'

EDITOR = [
    model("acme/painter", size={"type": "string", "default": "64*64"}),
    model("acme/painter/edit", ("prompt", "images"), {"type": "image-to-image"}, images={"type": "array", "items": {"type": "string"}}),
    model("acme/upscaler", ("image",), {"type": "image-to-image", "description": "Upscales photos"}, image={"type": "string"}),
]


@pytest.fixture
def start(spawn):
    """Begins a host with a server of its own."""
    hosts = []

    def begin(*arguments, variables=None, **options):
        host = Host(spawn("mcp", *arguments, **(variables or {})), **options)
        hosts.append(host)
        return host

    yield begin
    for host in hosts:
        complaints = host.browser.complaints
        requests = [url for url in host.browser.requests if not url.startswith(("data:", "file:", "about:"))]
        host.__exit__()
        assert complaints == [] and requests == []


def picture(host, name):
    if folder := os.environ.get("IMAGEWIRE_PICTURES"):
        host.picture(Path(folder, f"{name}.png"))


def image(size="640x480", **fields):
    return {"prompt": "a red fox in snow", "size": size, "wait_seconds": 54, **fields}


def made(host, what="the new image"):
    """Waits until a call has made an image and it is shown; its id."""
    before = len(host.contexts)
    host.until(lambda: len(host.contexts) > before, what)
    id = host.contexts[-1].split("made image ")[1].split(" ")[0]
    host.until_inside(f"now?.id==={json.dumps(id)}&&now.status==='completed'")
    host.until_picture()
    return id


@pytest.fixture
def paid(start):
    """A host whose server has a provider that costs money."""
    with LoopbackWaveSpeed() as server:
        server.script(catalogue=EDITOR, polls=0)
        host = start(variables={"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": server.url, "IMAGEWIRE_MODEL": "acme/painter"})
        yield host, server
