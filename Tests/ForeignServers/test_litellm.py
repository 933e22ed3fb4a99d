"""The provider `openai` against a server that this project did not write: LiteLLM's proxy, with a mocked image model.

Run by `make test-openai`, which installs the proxy into an environment of its own.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/ProgramTests"), str(ROOT / "Tests/Fixtures")]

from program import BINARY, environment  # noqa: E402
from wavespeed import png  # noqa: E402

LITELLM = ROOT / ".build-tools/litellm/bin/litellm"
KEY = "sk-litellm-0123456789"
PICTURE = png(20, 10)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """Its base URL, once it answers."""
    folder = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(json.dumps({
        "model_list": [{
            "model_name": "painter",
            "litellm_params": {
                "model": "openai/painter", "api_key": "none",
                "mock_response": "data:image/png;base64," + base64.b64encode(PICTURE).decode(),
            },
        }, {
            "model_name": "nowhere",
            "litellm_params": {
                "model": "openai/nowhere", "api_key": "none", "api_base": "http://127.0.0.1:9/v1", "num_retries": 0,
            },
        }],
    }))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [LITELLM, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", port, "--telemetry", "False"]
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_MASTER_KEY": KEY, "LITELLM_LOG": "ERROR"},
        )
    try:
        deadline = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def run(proxy, tmp_path):
    def start(*arguments, **variables):
        variables = {"OPENAI_BASE_URL": proxy, "OPENAI_API_KEY": KEY, **variables}
        return subprocess.run(
            [BINARY, *arguments], capture_output=True, text=True, timeout=120, env=environment(tmp_path, **variables)
        )

    return start


def test_a_picture(run):
    done = run("generate", "a boat", "-p", "openai", "-m", "painter")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == PICTURE


def test_a_picture_with_v1_and_members_of_the_input(run, proxy):
    done = run(
        "generate", "a boat", "-p", "openai", "-m", "painter", "-s", "size=1024x1024", "-s", "n=1", "--json",
        OPENAI_BASE_URL=f"{proxy}/v1",
    )
    assert json.loads(done.stdout)["status"] == "completed", done.stderr


def test_a_model_that_it_does_not_have(run):
    done = run("generate", "a boat", "-p", "openai", "-m", "nobody", "--json")
    prediction = json.loads(done.stdout)
    assert (done.returncode, prediction["billing"]) == (1, "none")
    assert prediction["failure"]["type"] == "model_unavailable"


def test_a_wrong_key(run):
    done = run("generate", "a boat", "-p", "openai", "-m", "painter", "--json", OPENAI_API_KEY="sk-wrong")
    assert (done.returncode, json.loads(done.stdout)["billing"]) == (1, "none")
    assert "sk-wrong" not in done.stdout + done.stderr


def test_its_list_of_models_tells_what_it_is(proxy):
    request = urllib.request.Request(f"{proxy}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        models = json.load(answer)["data"]
    assert len(models) == 2 and {model["created"] for model in models} == {1677610602}


def test_it_is_not_taken_to_be_free(run):
    """It hands requests on to services that cost money, so its address says nothing."""
    done = run("generate", "a boat", "-p", "openai", "-m", "nowhere", "--json")
    prediction = json.loads(done.stdout)
    assert (prediction["status"], prediction["billing"]) == ("unknown", "unknown"), prediction
    assert "HTTP 5" in prediction["error"]


def test_the_doctor_finds_it(run):
    done = run("doctor", "-p", "openai")
    assert done.returncode == 0, done.stdout
    assert "accepts the key" in done.stdout
