"""Files and other values in the input: how they are written, and what is refused before anything is sent."""

import base64
import io
import json
import os
import sys
from pathlib import Path

import pytest
from conftest import ROOT, small

import imagewire

sys.path.insert(0, str(ROOT / "Tests/Fixtures"))
from wavespeed import LoopbackWaveSpeed, png  # noqa: E402

PNG = png()
URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Picture:
    """An image of PIL, as far as this package uses one."""

    def __init__(self, mode="RGB"):
        self.mode = mode

    def save(self, fp, format):
        assert format == "PNG"
        if self.mode != "RGB":
            raise OSError(f"cannot write mode {self.mode} as PNG")
        fp.write(PNG)


@pytest.fixture
def fox(tmp_path):
    path = tmp_path / "my images/fox.png"
    path.parent.mkdir()
    path.write_bytes(PNG)
    return path


@pytest.fixture
def paid(options, monkeypatch):
    """A service on this machine that takes uploads."""
    with LoopbackWaveSpeed() as server:
        monkeypatch.setenv("WAVESPEED_API_KEY", "wsk_SECRETsecret0123456789")
        monkeypatch.setenv("WAVESPEED_BASE_URL", server.url)
        server.script(polls=0, catalogue=[])
        yield server


@pytest.mark.behaviour("file-path")
def test_a_path_at_any_depth_is_uploaded(client, paid, fox, monkeypatch):
    monkeypatch.chdir(fox.parent)
    input = {"image": fox, "deep": {"images": [Path("fox.png"), "plain"]}, "mask": ("x", fox)}
    made = client.generate("add snow", input=input, model="acme/edit")
    reference = f"@{fox}"
    assert made.input == {
        "prompt": "add snow", "image": reference, "deep": {"images": [reference, "plain"]}, "mask": ["x", reference],
    }
    [post] = paid.posts()
    sent = json.loads(post["body"])
    assert len(paid.puts()) == 1 and sent["image"].startswith("https://media.example/1-")
    assert sent["deep"] == {"images": [sent["image"], "plain"]} and sent["mask"] == ["x", sent["image"]]


@pytest.mark.behaviour("file-bytes")
@pytest.mark.parametrize(
    "value", [PNG, bytearray(PNG), memoryview(PNG), io.BytesIO(PNG), Picture()], ids=lambda value: type(value).__name__)
def test_bytes_are_sent_as_a_file(client, value):
    made = client.submit(input={**small("add snow"), "images": [{"image": value}]})
    assert client.status(made.id, full=True).input["images"] == [{"image": URI}]


@pytest.mark.behaviour("file-bytes")
def test_an_open_file_is_read_from_where_it_stands(client, tmp_path):
    (tmp_path / "two").write_bytes(b"header" + PNG)
    with open(tmp_path / "two", "rb") as file:
        file.seek(6)
        made = client.submit("add snow", input={"image": file})
    assert client.status(made.id, full=True).input["image"] == URI


def test_a_saved_file_is_a_path(client):
    """Of `open` and of every other function that takes paths, too."""
    file = client.generate("a fox", size="64x64").files[0]
    with open(file, "rb") as content:
        assert content.read() == file.read()
    assert client.submit("add snow", image=file, size="64x64").input["image"] == f"@{file.path}"


def test_quote_and_validate_take_the_same_files(client, fox):
    assert client.quote("add snow", input={"image": fox}).amount == 0
    assert client.validate("add snow", input={"image": PNG}).valid
    with pytest.raises(FileNotFoundError, match="input.image"):
        client.validate("add snow", input={"image": Path("/no/such.png")})


def test_the_async_client_takes_the_same_files(options, fox):
    import asyncio

    async def main():
        async with imagewire.AsyncClient(**options) as client:
            made = await client.submit("add snow", input={"image": fox, "mask": PNG})
            assert (await client.status(made.id, full=True)).input == {"prompt": "add snow", "image": f"@{fox}", "mask": URI}

    asyncio.run(main())


@pytest.mark.behaviour("file-missing")
@pytest.mark.parametrize(
    "path, error, words",
    [
        ("/no/such/fox.png", FileNotFoundError, r"input.images\[1\] cannot be read: No such file.*Nothing was sent.*/no/such/fox.png"),
        ("/tmp", IsADirectoryError, "Is a directory.*Nothing was sent.*/tmp"),
        ("/dev/zero", OSError, "Not a regular file.*Nothing was sent"),
    ],
)
def test_a_path_that_cannot_be_read_is_named(client, path, error, words):
    refused(client, error, words, {"images": ["https://x.example/a.png", Path(path)]})


@pytest.mark.behaviour("file-missing")
def test_a_path_without_permission_is_named(client, fox, monkeypatch):
    def forbid(name, *_):
        raise PermissionError(13, "Permission denied", name)

    # chmod forbids root nothing.
    monkeypatch.setattr("imagewire._files.open", forbid, raising=False)
    refused(client, PermissionError, "input.image.*fox.png", {"image": fox})


@pytest.mark.behaviour("file-bytes")
@pytest.mark.parametrize(
    "value, error, words",
    [
        (b"", ValueError, "input.image is no image, video or sound"), (b"hello", ValueError, "no image"),
        (b"BMW builds cars", ValueError, "no image"), (b"\xff", ValueError, "no image"), (io.BytesIO(b"x"), ValueError, "no image"),
        (io.StringIO("text"), TypeError, 'input.image is a file that was opened as text.*"rb"'),
        (Picture("CMYK"), OSError, "input.image cannot be read: cannot write mode CMYK.*convert"),
    ],
)
def test_bytes_that_are_no_image_are_refused(client, value, error, words):
    refused(client, error, words, {"image": value})


def test_a_closed_file_is_refused(client, fox):
    with open(fox, "rb") as file:
        pass
    refused(client, ValueError, "input.image cannot be read: .*closed file.*Nothing was sent", {"image": file})


def test_a_prompt_is_no_file(client, fox):
    refused(client, TypeError, "input.prompt is a file, and a prompt is a text", {"prompt": fox}, prompt=None)
    refused(client, TypeError, "input.shots.prompt is a file", {"shots": {"prompt": PNG}})


def test_an_input_that_contains_itself_is_refused(client):
    whole = {}
    whole["whole"] = whole
    refused(client, ValueError, "contains itself", whole)


def refused(client, error, words, input, prompt="add snow", count=0):
    with pytest.raises(error, match=words) as caught:
        client.generate(prompt, input=input)
    assert not isinstance(caught.value, imagewire.ImagewireError)
    assert len(client.list()) == count


def test_a_text_is_never_uploaded_unless_the_caller_says_so(client, paid, fox):
    made = client.generate("add snow", input={"image": f"@{fox}"}, model="acme/edit")
    assert made.input["image"] == f"@{fox}" and paid.puts() == []
    made = client.generate("add snow", input={"image": f"@{fox}"}, model="acme/edit", upload=True)
    assert len(paid.puts()) == 1


def test_a_text_is_not_uploaded_because_a_path_is(client, fox):
    both = {"image": fox, "other": "@/etc/passwd", "prompt": "@/x is text"}
    refused(client, ValueError, 'input.other is a text that begins with "@/".*Path', both, prompt=None)


@pytest.mark.behaviour("file-path")
def test_what_is_not_uploaded_is_in_the_input(client, fox, tmp_path):
    """Videos and sounds, which the program does not upload; with `upload=False` images too; and names that JSON does not hold."""
    film = tmp_path / "fox.mp4"
    film.write_bytes(b"\0\0\0\x18ftypisom" + bytes(5_000))
    sent = client.submit("add sound", size="64x64", video=film, image=fox).prediction.input
    assert sent["image"] == f"@{fox}" and base64.b64decode(sent["video"].removeprefix("data:video/mp4;base64,")) == film.read_bytes()
    assert client.submit("add snow", size="64x64", image=fox, upload=False).input["image"] == URI
    odd = fox.rename(fox.with_name(os.fsdecode(b"\xff.png")))
    assert client.submit("add snow", size="64x64", image=odd).input["image"] == URI
    (tmp_path / "fox.txt").write_text("a fox")
    refused(client, ValueError, "input.image: .*/fox.txt is no image, video or sound", {"image": tmp_path / "fox.txt"}, count=3)


def test_fields_that_the_model_may_not_know_are_warned_of(options, monkeypatch, caplog):
    with LoopbackWaveSpeed() as server:
        monkeypatch.setenv("WAVESPEED_API_KEY", "wsk_SECRETsecret0123456789")
        monkeypatch.setenv("WAVESPEED_BASE_URL", server.url)
        server.script(polls=0)
        with imagewire.Client(**options) as client:
            client.models()
            with pytest.raises(imagewire.InvalidParams, match="input.siez.*Nothing was sent"):
                client.generate("a boat", model="acme/painter", siez="1024*1536")
            handle = client.submit("a boat", model="acme/painter", lighting="soft")
    assert list(handle.warnings) == ["input.lighting"]
    assert caplog.messages == list(handle.warnings.values()) and caplog.records[0].levelname == "WARNING"


@pytest.mark.behaviour("options-are-input")
def test_every_other_keyword_is_a_field_of_the_input(client, fox):
    made = client.generate("add snow", size="64x64", n=2, image=fox, seed=None, input={"deep": {"x": 1}})
    assert made.input == {"prompt": "add snow", "size": "64x64", "n": 2, "image": f"@{fox}", "deep": {"x": 1}}
    assert len(made.files) == 2
    assert client.submit("a boat", size="64x64").input == {"prompt": "a boat", "size": "64x64"}
    assert client.quote("a boat", n=2).amount == 0
    assert list(client.validate("a boat", n=11).problems) == ["input.n"]
    assert client.validate("a boat", method="x", self_="y", input={"self": "z"}).valid


@pytest.mark.behaviour("options-are-input")
@pytest.mark.parametrize("method", ["generate", "submit", "quote", "validate"])
@pytest.mark.parametrize(
    "given, words",
    [
        ({"size": "64x64", "input": {"size": "64x64"}}, r"size is given twice, as an argument of METHOD\(\) and in input\. Nothing was"),
        ({"input": {"prompt": "a cat"}}, "prompt is given twice"),
        # In the input it would limit nothing.
        ({"max_costs": 1}, r"METHOD\(\) takes no max_costs; did you mean max_cost\? .*input=\{\"max_costs\": …\}"),
        ({"tag": "book"}, "did you mean tags"),
        ({"concurrency": 3}, r"METHOD\(\) takes no concurrency\. "),
    ],
)
def test_a_keyword_that_is_given_twice_or_misspelt_is_refused(client, method, given, words):
    with pytest.raises(TypeError, match=words.replace("METHOD", method)):
        getattr(client, method)("a boat", **given)
    assert list(client.list()) == []


@pytest.mark.behaviour("options-are-input")
@pytest.mark.parametrize(
    "name, option",
    [
        *((name, "max_cost") for name in (
            "max_cost_usd", "maximum_cost", "max_price", "max_spend", "cost_limit", "cost_max", "cost", "budget", "maxCostUSD", "maxPrice")),
        *((name, "timeout") for name in ("time_limit", "request_timeout", "timeout_ms", "timeLimit")),
    ],
)
def test_a_keyword_that_sounds_like_a_limit_is_refused(client, name, option):
    for make in (client.generate, client.submit, client.validate, lambda prompt, **more: client.map([prompt], **more)):
        with pytest.raises(TypeError, match=rf'takes no {name}; did you mean {option}\? .*input={{"{name}": …}}\. Nothing was sent'):
            make("a boat", **{name: 0.01})
    assert list(client.list()) == []
    assert client.submit("a boat", input={name: 0.01}).input[name] == 0.01


def test_a_field_that_resembles_an_option_goes_into_input(client):
    assert client.submit("a boat", mode="std", input={"tag": "x"}).input == {"prompt": "a boat", "mode": "std", "tag": "x"}


@pytest.mark.behaviour("tags-text")
def test_a_text_is_one_tag(client):
    assert client.submit("a boat", size="64x64", tags="book").prediction.tags == ("book",)
    assert client.submit("a boat", size="64x64", tags=iter(["b", "c"])).prediction.tags == ("b", "c")


@pytest.mark.parametrize(
    "first, kind",
    [
        (PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"), (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0", "image/bmp"), (b"MM\0*", "image/tiff"), (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x18ftypheic", "image/heic"), (b"\0\0\0\x18ftypisom", "video/mp4"), (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1aE\xdf\xa3\0\0webm", "video/webm"),
        (b"\x1aE\xdf\xa3\0\0matroska", "video/x-matroska"), (b"\xff\xfea\0", None), (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"), (b"ID3\x04", "audio/mpeg"), (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/aac"), (b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"<svg", None), (b"%PDF-1.7", None), (b"\0" * 64, None),
    ],
)
def test_the_media_type_is_that_of_the_first_bytes(first, kind):
    from imagewire._files import media_type

    assert media_type(first) == kind
