"""Whatever a paid model returns is kept: files of any format, texts and JSON, each downloaded once."""

import base64
import hashlib
import json
import random
from pathlib import Path

import pytest
from program import RPCError, wait_for
from wavespeed import PICTURE, png


def box(brand):
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00isom\x00\x00\x00\x08free"


FILES = {
    "mp4": ("video", "video/mp4", box(b"isom")),
    "mov": ("video", "video/quicktime", box(b"qt  ")),
    "webm": ("video", "video/webm", b"\x1aE\xdf\xa3\x9fB\x82\x84webm"),
    "mp3": ("audio", "audio/mpeg", b"ID3\x04\x00\x00\x00\x00\x00\x00"),
    "wav": ("audio", "audio/wav", b"RIFF\x24\x00\x00\x00WAVEfmt "),
    "glb": ("model", "model/gltf-binary", b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00"),
    "obj": ("model", "model/obj", b"v 0 0 0\nv 1 0 0\n"),
    "svg": ("vector", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    "heic": ("image", "image/heic", box(b"heic")),
    "zip": ("archive", "application/zip", b"PK\x03\x04" + bytes(26)),
    "html": ("text", "text/html", b"<!doctype html><title>A page that a model wrote</title>"),
    "json": ("json", "application/json", b'{"score": 0.5}'),
    "bin": ("other", "application/octet-stream", bytes(range(32))),
}


@pytest.mark.parametrize("suffix", FILES)
def test_a_file_of_any_format_is_saved_once(paid, wavespeed, suffix):
    kind, media_type, content = FILES[suffix]
    wavespeed.script(
        polls=0, outputs=["{output}/output/{id}." + suffix + "?Signature=a.png"],
        download=[{"do": "reply", "base64": base64.b64encode(content).decode(), "headers": {"Content-Type": "binary/octet-stream"}}],
    )
    with paid() as program:
        prediction = program.call("submit", prompt="a fox that runs", wait_ms=30000)
    [file] = prediction["files"]
    assert (file["kind"], file["media_type"]) == (kind, media_type) and file["path"].endswith("." + suffix)
    assert (file["width"], file["height"]) == (None, None)
    assert prediction["billing"] == "charged" and prediction["failure"] is None
    assert Path(file["path"]).read_bytes() == content
    assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert len(wavespeed.downloads()) == 1 and len(wavespeed.posts()) == 1


def test_outputs_of_several_kinds_stand_side_by_side(paid, wavespeed):
    video = base64.b64encode(FILES["mp4"][2]).decode()
    wavespeed.script(
        polls=0, outputs=["{output}/output/{id}.png", {"video": {"url": "{output}/output/{id}.mp4"}}, "a caption", 7],
        download=[{"do": "reply", "base64": video, "at": ".mp4"}],
    )
    with paid() as program:
        prediction = program.call("submit", prompt="a fox that runs", wait_ms=30000)
        assert [file["kind"] for file in prediction["files"]] == ["image", "video", "text", "json"]
        assert [Path(file["path"]).suffix for file in prediction["files"]] == [".png", ".mp4", ".txt", ".json"]
        assert Path(prediction["files"][0]["path"]).read_bytes() == PICTURE
        assert Path(prediction["files"][2]["path"]).read_text() == "a caption"
        assert json.loads(Path(prediction["files"][3]["path"]).read_text()) == 7
        assert program.call("status", id=prediction["id"])["files"] == prediction["files"]


@pytest.mark.parametrize("address, headers", [
    ("{output}/output/{id}.png", {}), ("{output}/output/{id}", {}), ("{output}/output/{id}", {"Content-Type": "image/png"}),
])
def test_a_login_page_is_not_the_image(paid, wavespeed, address, headers):
    """Also behind a redirect to an address without an extension."""
    page = {"do": "reply", "body": "<html>Please log in</html>", "headers": headers, "times": "forever"}
    wavespeed.script(polls=0, outputs=[address], download=[{"do": "redirect", "to": "/output/login"}, page])
    with paid() as program:
        prediction = program.call("submit", prompt="a fox", wait_ms=30000)
        assert (prediction["status"], prediction["failure"]["type"]) == ("completed", "download_failed")
        assert prediction["files"] == []
        wavespeed.clear()
        [file] = program.call("result", id=prediction["id"])["files"]
    assert Path(file["path"]).read_bytes() == PICTURE
    assert len(wavespeed.posts()) == 1


def test_each_output_stands_for_itself(paid, wavespeed):
    """Of [png, png, mp4] with one bad link the other two are saved; `result` asks for the missing one and no other."""
    bad = {"do": "503", "at": "-2.png", "times": "forever"}
    wavespeed.script(
        polls=0, outputs=["{output}/output/{id}-1.png", "{output}/output/{id}-2.png", "{output}/output/{id}-3.mp4"],
        download=[bad],
    )
    with paid() as program:
        prediction = program.call("submit", prompt="a fox", output_name="fox", wait_ms=30000)
        assert (prediction["status"], prediction["billing"]) == ("completed", "charged")
        assert [(file["index"], Path(file["path"]).name) for file in prediction["files"]] == [(1, "fox-1.png"), (3, "fox-3.mp4")]
        failure = prediction["failure"]
        assert (failure["type"], failure["missing"], failure["retryable"]) == ("download_failed", [2], False)
        assert "1 of its 3 files could not be saved" in failure["message"] and "result" in failure["hint"]
        assert len(prediction["outputs"]) == 3
        wavespeed.clear()
        before = len(wavespeed.downloads())
        whole = program.call("result", id=prediction["id"])
        assert len(wavespeed.downloads()) == before + 1
    assert [Path(file["path"]).name for file in whole["files"]] == ["fox-1.png", "fox-2.png", "fox-3.mp4"]
    assert (whole["failure"], whole["error"], len(wavespeed.posts())) == (None, "", 1)


def test_a_resource_is_an_output_also_while_others_are_missing(paid, wavespeed):
    """Hosts keep what they have read from an address of MCP, so it must not become another file's."""
    pictures = [png(32, 32 + number) for number in range(3)]
    files = [served(picture, at=f"-{number}.png", times="forever") for number, picture in enumerate(pictures, 1)]
    outputs = [f"{{output}}/output/{{id}}-{number}.png" for number in (1, 2, 3)]
    wavespeed.script(polls=0, outputs=outputs, download=[files[0], {"do": "503", "at": "-2.png", "times": "forever"}, files[2]])

    def read(number):
        [contents] = program.call("resources/read", uri=f"imagewire://predictions/{made['id']}/{number}")["contents"]
        return base64.b64decode(contents["blob"])

    with paid() as program:
        program.call("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}})
        answer = program.call("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
        made = answer["structuredContent"]
        assert [file.get("output") for file in made["files"]] == [None, 3]
        assert [read(1), read(3)] == [pictures[0], pictures[2]]
        with pytest.raises(RPCError):
            read(2)
        wavespeed.clear()
        wavespeed.script(download=files)
        again = {"name": "get_image", "arguments": {"id": made["id"]}}
        wait_for(lambda: len(program.call("tools/call", again)["structuredContent"]["files"]) == 3, "the missing file")
        assert [read(number) for number in (1, 2, 3)] == pictures


# -- Transfers that end early, and slow hosts ----------------------------------------------------------------------

NOISE = png(64, 64, noise=random.Random(1).randbytes)


def served(content=NOISE, **how):
    return {"do": "file", "base64": base64.b64encode(content).decode(), "headers": {"Content-Type": "image/png"}, **how}


def ranges(wavespeed):
    return [request["headers"].get("range") for request in wavespeed.downloads()]


def saved(program, **params):
    prediction = program.call("submit", prompt="a fox", wait_ms=60000, **params)
    assert prediction["failure"] is None, prediction["failure"]
    return [Path(file["path"]).read_bytes() for file in prediction["files"]]


def test_a_cut_download_goes_on_where_it_was_cut(paid, wavespeed):
    wavespeed.script(polls=0, download=[
        served(cut=100, etag='"a"', ranges=True), served(cut=1000, etag='"a"', ranges=True), served(etag='"a"', ranges=True),
    ])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert ranges(wavespeed) == [None, "bytes=100-", "bytes=1000-"]
    assert [r["headers"].get("if-range") for r in wavespeed.downloads()] == [None, '"a"', '"a"']


@pytest.mark.parametrize("rest", [
    pytest.param(served(etag='"b"', ranges=True), id="another version"), pytest.param(served(etag='"a"'), id="no parts"),
    pytest.param({"do": "reply", "status": 416}, id="416"),
    pytest.param({"do": "reply", "status": 206, "base64": "AAAA", "headers": {"Content-Range": "bytes 7-9/10"}}, id="another part"),
])
def test_a_rest_that_does_not_fit_is_not_joined(paid, wavespeed, rest):
    wavespeed.script(polls=0, download=[served(cut=100, etag='"a"'), rest, served(etag='"b"')])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert ranges(wavespeed) == [None, "bytes=100-", None]


def part(first, last, total, content, **how):
    headers = {"Content-Range": f"bytes {first}-{last}/{total}"}
    return {"do": "reply", "status": 206, "base64": base64.b64encode(content).decode(), "headers": headers, **how}


def test_a_host_may_send_less_than_it_was_asked_for(paid, wavespeed):
    size = len(NOISE)
    wavespeed.script(polls=0, download=[
        served(cut=100, etag='"a"'), part(100, 599, size, NOISE[100:600]), part(600, size - 1, size, NOISE[600:]),
    ])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert ranges(wavespeed) == [None, "bytes=100-", "bytes=600-"]


def test_another_part_that_is_cut_is_not_joined(paid, wavespeed):
    wrong = served(cut=500, headers={"Content-Range": f"bytes 0-{len(NOISE) - 1}/{len(NOISE)}"}, status=206)
    wavespeed.script(polls=0, download=[served(cut=100, etag='"a"'), wrong, served(etag='"a"')])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert ranges(wavespeed) == [None, "bytes=100-", None]


def test_fewer_fresh_links_than_outputs_are_not_taken(paid, wavespeed):
    """The second output's link has expired, and the provider names two outputs then: which are they?"""
    outputs = ["{output}/output/{id}-%d.png" % n for n in (1, 2, 3)]
    wavespeed.script(polls=0, outputs=outputs, download=[{"do": "403", "at": "-2.png", "times": "forever"}], poll=["normal", {
        "do": "state", "status": "completed", "outputs": [f"{wavespeed.output_url}/output/{n}.png" for n in (1, 3)], "times": "forever"}])
    with paid() as program:
        prediction = program.call("submit", prompt="a fox", wait_ms=60000)
    assert [file["index"] for file in prediction["files"]] == [1, 3] and prediction["failure"]["missing"] == [2]


@pytest.mark.parametrize("how", [{"etag": 'W/"a"'}, {}, {"etag": '"a\tb"'}, {"etag": '"a"', "encoding": "gzip"}],
                         ids=["weak", "none", "odd", "encoded"])
def test_without_a_version_a_cut_download_begins_again(paid, wavespeed, how):
    wavespeed.script(polls=0, download=[served(cut=100, **how), served(**how)])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert ranges(wavespeed) == [None, None]


def test_an_encoding_is_undone_and_none_is_asked_for(paid, wavespeed):
    wavespeed.script(polls=0, download=[served(encoding="gzip")])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert wavespeed.downloads()[0]["headers"]["accept-encoding"] == "identity"


def test_a_picture_that_is_cut_without_a_word_is_asked_for_again(paid, wavespeed):
    """Its host gives no length, and its end is missing."""
    wavespeed.script(polls=0, download=[served(length=False, cut=120), served(length=False)])
    with paid() as program:
        assert saved(program) == [NOISE]
    assert len(wavespeed.downloads()) == 2


def test_bytes_that_come_twice_are_the_file(paid, wavespeed):
    """A JPEG without its last mark, from a host that gives no length."""
    jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(2000)
    wavespeed.script(polls=0, download=[served(jpeg, length=False, times="forever")])
    with paid() as program:
        assert saved(program) == [jpeg]
    assert len(wavespeed.downloads()) == 2


def test_a_file_that_arrived_whole_is_not_judged_by_its_content(paid, wavespeed):
    wavespeed.script(polls=0, download=[served(NOISE[:120])])
    with paid() as program:
        assert saved(program) == [NOISE[:120]]
    assert len(wavespeed.downloads()) == 1


# -- What came of a download that broke off ------------------------------------------------------------------------

def test_what_came_of_an_output_is_kept_until_it_is_whole(paid, wavespeed):
    cut = [served(cut=count, at="-2.png") for count in (300, 900, 500)]
    wavespeed.script(polls=0, outputs=["{output}/output/{id}-1.png", "{output}/output/{id}-2.png"], download=cut)
    with paid() as program:
        prediction = program.call("submit", prompt="a fox", output_name="fox", wait_ms=60000)
        assert [file["index"] for file in prediction["files"]] == [1]
        failure = prediction["failure"]
        [part] = failure["partial"]
        path = Path(part["path"])
        assert (failure["type"], failure["missing"], part["index"], part["bytes"]) == ("download_failed", [2], 2, 900)
        assert path.name == "fox-2.png.partial" and path.name in failure["hint"]
        assert path.read_bytes() == NOISE[:900] and part["sha256"] == hashlib.sha256(NOISE[:900]).hexdigest()
        assert program.call("status", id=prediction["id"])["failure"] == failure
    with paid() as program:
        whole = program.call("result", id=prediction["id"])
        assert [Path(file["path"]).name for file in whole["files"]] == ["fox-1.png", "fox-2.png"]
        assert whole["failure"] is None
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["fox-1.png", "fox-2.png"]


@pytest.mark.parametrize("files", [True, False])
def test_parts_go_with_the_files_of_a_prediction(paid, wavespeed, files):
    wavespeed.script(polls=0, download=[served(cut=100, times="forever")])
    with paid() as program:
        prediction = program.call("submit", prompt="a fox", wait_ms=60000)
        [part] = prediction["failure"]["partial"]
        assert Path(part["path"]).read_bytes() == NOISE[:100]
        assert "kept" not in program.call("delete", ids=[prediction["id"]], files=files)
    assert Path(part["path"]).exists() != files


# -- How long it lasts ---------------------------------------------------------------------------------------------

def test_a_sound_says_how_long_it_lasts(paid, wavespeed):
    sound = b"RIFF\x24\x10\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + b"\x40\x1f\x00\x00" * 2 + b"\x01\x00\x08\x00data\xa0\x0f\x00\x00" + bytes(4000)
    wavespeed.script(polls=0, outputs=["{output}/output/{id}.wav", "{output}/output/{id}.png"], download=[
        {"do": "file", "base64": base64.b64encode(sound).decode(), "at": ".wav"}])
    with paid() as program:
        made = program.call("submit", prompt="a fox that barks", wait_ms=30000)
    assert [file.get("duration_ms") for file in made["files"]] == [500, None]
    with paid() as program:
        assert program.call("status", id=made["id"])["files"] == made["files"]


def test_a_slow_host_holds_up_no_other(paid, wavespeed):
    """Five outputs of a host that sends a byte and no more; another prediction's output comes from another host."""
    slow = wavespeed.output_url.replace("127.0.0.1", "localhost")
    wavespeed.script(polls=0, outputs=[slow + "/output/{id}-%d.png" % n for n in range(5)], download=[
        {"do": "trickle", "at": f"-{n}.png", "times": "forever"} for n in range(5)])
    with paid() as program:
        program.call("submit", prompt="slow")
        wait_for(lambda: len(wavespeed.downloads()) == 4, "the slow downloads")
        wavespeed.script(outputs=["{output}/output/{id}.png"])
        assert saved(program) == [PICTURE]
        assert len(wavespeed.downloads()) == 5, "four of the slow host, and the good one"
        program.kill()
