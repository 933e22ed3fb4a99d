"""Every kind of output in every way a provider sends one: the name it gets, its media type and kind, and what `list` says.

`pytest -s Tests/ProgramTests/test_kinds.py` prints the table of each way."""

import base64
import json
import re
import zlib
from pathlib import Path

import pytest
from openai import LoopbackOpenAI
from program import KEY
from terminal import Terminal
from wavespeed import png


def box(brand):
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00isom" + b"\x00\x00\x00\x08free"


def archive(name):
    return b"PK\x03\x04" + bytes(22) + len(name).to_bytes(2, "little") + b"\0\0" + name


#: By extension: kind, media type, content.
KINDS = {
    "png": ("image", "image/png", png(5, 4)),
    "jpg": ("image", "image/jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(20) + b"\xff\xd9"),
    "webp": ("image", "image/webp", b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\0" + bytes(13)),
    "gif": ("image", "image/gif", b"GIF89a\x05\0\x04\0\0\0\0;"),
    "avif": ("image", "image/avif", box(b"avif")),
    "heic": ("image", "image/heic", box(b"heic")),
    "jxl": ("image", "image/jxl", b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a" + bytes(20)),
    "bmp": ("image", "image/bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0" + bytes(52)),
    "tiff": ("image", "image/tiff", b"II*\0\x08\0\0\0" + bytes(20)),
    "svg": ("vector", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    "mp4": ("video", "video/mp4", box(b"isom")),
    "mov": ("video", "video/quicktime", box(b"qt  ")),
    "webm": ("video", "video/webm", b"\x1aE\xdf\xa3\x9fB\x82\x84webm" + bytes(20)),
    "mp3": ("audio", "audio/mpeg", b"ID3\x04\0\0\0\0\0\0" + bytes(20)),
    "wav": ("audio", "audio/wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)),
    "flac": ("audio", "audio/flac", b"fLaC\0\0\0\x22" + bytes(34)),
    "ogg": ("audio", "audio/ogg", b"OggS\0\x02" + bytes(22)),
    "m4a": ("audio", "audio/mp4", box(b"M4A ")),
    "glb": ("model", "model/gltf-binary", b"glTF\x02\0\0\0\x0c\0\0\0" + bytes(12)),
    "gltf": ("model", "model/gltf+json", b'{"asset": {"version": "2.0"}}'),
    "obj": ("model", "model/obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
    "stl": ("model", "model/stl", b"solid a\nfacet normal 0 0 1\nendsolid a\n"),
    "ply": ("model", "model/ply", b"ply\nformat ascii 1.0\nend_header\n"),
    "fbx": ("model", "model/vnd.fbx", b"Kaydara FBX Binary  \0\x1a\0" + bytes(20)),
    "usdz": ("model", "model/vnd.usdz+zip", archive(b"scene.usdc") + bytes(20)),
    "zip": ("archive", "application/zip", archive(b"a.txt") + bytes(20)),
    "txt": ("text", "text/plain", b"A fox that runs over the hill.\n"),
    "html": ("text", "text/html", b"<!doctype html><title>A page that a model wrote</title>"),
    "json": ("json", "application/json", b'{"score": 0.5, "label": "a fox"}'),
    "pdf": ("other", "application/pdf", b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n" + bytes(20)),
    "bin": ("other", "application/octet-stream", zlib.compress(bytes(64)) + bytes(range(32))),
}
TEXT = ("txt", "text", "text/plain")
#: Where a way of sending says less than the name: the extension, kind and media type that the bytes alone tell. A text without
#: a signature is a text.
ELSE = {
    # Base64 without a word about its format, of a text: it could be any text, and is saved as it came.
    "wavespeed, base64": {name: TEXT for name in ("svg", "gltf", "obj", "stl", "txt", "html", "json", "bin")},
    "wavespeed, data URI": {},
    "wavespeed, URL": {},
    "openai, b64_json": {name: TEXT for name in ("gltf", "obj", "json")},
    "openai, data URI": {},
    "openai, URL": {},
    # The file in the place of the answer. A text is no file but an answer that is not understood, and is kept as such.
    "openai, file": {name: None for name in ("gltf", "obj", "txt", "html", "json")},
}


@pytest.fixture
def openai():
    with LoopbackOpenAI() as server:
        yield server


@pytest.fixture
def make(paid, spawn, wavespeed, openai):
    """Makes a prediction of each kind in one way, and returns their ids with the first file of each."""

    def scripted(way, name, content, media_type):
        text = base64.b64encode(content).decode()
        uri = f"data:{media_type};base64,{text}"
        file = {"name": f"a.{name}", "bytes": content, "type": "application/octet-stream"}
        match way:
            case "wavespeed, URL":
                wavespeed.script(outputs=["{output}/output/{id}." + name], download=[
                    {"do": "reply", "base64": text, "headers": {"Content-Type": "binary/octet-stream"}}])
            case "wavespeed, base64":
                wavespeed.script(outputs=[text])
            case "wavespeed, data URI":
                wavespeed.script(outputs=[uri])
            case "openai, URL":
                openai.script({"files": [file], "as": "url"})
            case "openai, b64_json":
                openai.script({"files": [file], "as": "b64"})
            case "openai, data URI":
                openai.script({"files": [{**file, "type": media_type}], "as": "data_uri"})
            case "openai, file":
                openai.script({"bytes": content, "type": media_type})

    def run(way, home):
        wavespeed.script(polls=0)
        settings = {"OPENAI_BASE_URL": openai.url, "OPENAI_API_KEY": KEY}
        made = {}
        with paid(**settings) as program:
            for name, (_, media_type, content) in KINDS.items():
                scripted(way, name, content, media_type)
                made[name] = program.call("submit", prompt=f"a {name}", provider=way.split(",")[0], model="a/b", wait_ms=30000)
            program.finish()
        with Terminal(home, "list", "--all", columns=200, stdout_too=True, NO_COLOR="1") as terminal:
            assert terminal.end()[0] == 0
            lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.text).splitlines()
        heading = next(line for line in lines if "KIND" in line)
        start = heading.index("KIND")
        listed = {line[:36]: line[start : start + 8].strip() for line in lines}
        return made, {name: listed[prediction["id"]] for name, prediction in made.items()}

    return run


@pytest.mark.parametrize("way", ELSE)
def test_every_kind_of_output_is_saved_as_what_it_is(make, home, way):
    made, listed = make(way, home)
    table, wrong = [f"| {way} | saved as | media type | kind | list |", "|---|---|---|---|---|"], []
    for name, (kind, media_type, content) in KINDS.items():
        wanted = ELSE[way].get(name, (name, kind, media_type))
        files = made[name]["files"]
        file = files[0] if files else {"path": f"({made[name]['status']})", "kind": "", "media_type": ""}
        suffix = Path(file["path"]).suffix[1:]
        got = (suffix, file["kind"], file["media_type"]) if files else None
        table.append(f"| {name} | {Path(file['path']).name[-12:]} | {file['media_type']} | {file['kind']} | {listed[name]} |")
        if got != wanted or listed[name] != (wanted[1] if wanted else ""):
            wrong.append((name, got, wanted, listed[name]))
        if files and not (way == "wavespeed, base64" and wanted == TEXT):
            assert Path(file["path"]).read_bytes() == content, name
        if not files:
            assert made[name]["status"] == "unknown" and "reread" in made[name]["failure"]["hint"]
    print("\n" + "\n".join(table))
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("media_type", ["image/png", "text/html"])
@pytest.mark.parametrize("name", ["a.png", "a"])
def test_a_page_in_the_place_of_an_image_is_not_the_image(spawn, openai, name, media_type):
    """Behind a URL. `result` asks again, and gets the image then."""
    page = {"name": name, "bytes": b"<html>Please log in</html>", "type": media_type}
    openai.script({"files": [page], "as": "url"})
    with spawn(OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai") as program:
        made = program.call("submit", prompt="a fox", wait_ms=30000)
        assert (made["status"], made["failure"]["type"], made["files"]) == ("completed", "download_failed", [])
        assert "partial" not in made["failure"]
        page["bytes"], page["type"] = png(), "image/png"
        assert program.call("result", id=made["id"])["files"][0]["media_type"] == "image/png"
    assert len(openai.posts()) == 1


def test_outputs_of_openai_stand_each_for_itself(spawn, openai):
    files = [{"name": f"{n}.png", "bytes": png(4 + n, 4), "type": "image/png"} for n in range(3)]
    files[1]["length"] = len(files[1]["bytes"]) + 100
    openai.script({"files": files, "as": "url"})
    with spawn(OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai") as program:
        made = program.call("submit", prompt="a fox", wait_ms=30000)
        assert [file["index"] for file in made["files"]] == [1, 3] and made["failure"]["missing"] == [2]
        [part] = made["failure"]["partial"]
        assert Path(part["path"]).read_bytes() == files[1]["bytes"]
        del files[1]["length"]
        assert [file["index"] for file in program.call("result", id=made["id"])["files"]] == [1, 2, 3]
    assert len(openai.posts()) == 1
