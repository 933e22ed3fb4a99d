"""Files of every kind, from a service on this machine."""

import base64
import json
import subprocess
import sys

import pytest
from conftest import BINARY, PATIENCE, ROOT

import imagewire

sys.path.insert(0, str(ROOT / "Tests/Fixtures"))
from wavespeed import LoopbackWaveSpeed  # noqa: E402

FILM = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x08free"
LOST = {"do": "404", "at": ".png", "times": "forever"}


@pytest.fixture
def serve(options, monkeypatch):
    """Makes the service answer with these outputs, for clients that are started after that."""
    with LoopbackWaveSpeed() as server:
        monkeypatch.setenv("WAVESPEED_API_KEY", "wsk_SECRETsecret0123456789")
        monkeypatch.setenv("WAVESPEED_BASE_URL", server.url)
        film = {"do": "reply", "base64": base64.b64encode(FILM).decode(), "at": ".mp4", "times": "forever"}
        yield lambda *outputs: server.script(polls=0, catalogue=[], outputs=list(outputs), download=[film, LOST])


def test_a_film_a_text_and_a_value(client, serve):
    serve("{output}/output/{id}.mp4", "a caption \u72d0", {"score": 0.5})
    made = client.generate("a fox that runs", model="acme/film")
    assert [(file.index, file.kind, file.media_type) for file in made.files] == [
        (1, "video", "video/mp4"), (2, "text", "text/plain"), (3, "json", "application/json"),
    ]
    film, text, value = made.files
    assert film.read() == FILM and (film.width, film.height) == (None, None) and made.path == film.path
    assert text.text() == "a caption \u72d0" and json.loads(value.text()) == {"score": 0.5}
    inline = client.call("result", {"id": made.id, "inline": True})
    assert imagewire.File.from_json(inline["files"][1]).text() == "a caption \u72d0"
    assert made.failure is None and made.billing == "charged"


@pytest.mark.behaviour("generate-missing-output")
def test_what_is_saved_is_there_when_another_output_is_missing(client, serve, tmp_path):
    serve("{output}/output/{id}.mp4", "{output}/output/{id}.png")
    with pytest.raises(imagewire.DownloadFailed) as failed:
        client.generate("a fox that runs", model="acme/film")
    assert failed.value.failure.missing == (2,)
    assert [file.index for file in failed.value.prediction.files] == [1]
    done = subprocess.run(
        [sys.executable, "-m", "imagewire", "--binary", BINARY, "--model", "acme/film", "--output-dir", str(tmp_path),
         "--output-name", "fox", "a fox"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, f"{tmp_path}/fox-1.mp4\n")


def test_every_kind_of_the_schema_is_typed():
    from typing import get_args

    schema = json.loads((ROOT / "schemas/prediction.json").read_text())
    kinds = schema["properties"]["files"]["items"]["properties"]["kind"]["enum"]
    assert list(get_args(imagewire.FileKind)) == kinds
