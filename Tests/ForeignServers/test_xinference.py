"""The provider `openai` against Xinference, which this project did not write, with a tiny diffusers model that is made here.

Without `response_format` it answers a path of its disk; the dialect asks for `b64_json`. Run by `make test-xinference`, which installs
it into an environment of its own.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/ProgramTests")]

from program import BINARY, environment  # noqa: E402

XINFERENCE = ROOT / ".build-tools/xinference/bin"
#: How it writes a size, and further arguments: JSON in a text. Few steps, because the default takes long on a busy machine.
KWARGS = json.dumps({"num_inference_steps": 2})
INPUT = ["-s", "size=64*64", "-s", f"kwargs={json.dumps(KWARGS)}"]


class Xinference:
    def __init__(self, folder):
        self.folder, self.log = folder, folder / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": f"{XINFERENCE}:{os.environ['PATH']}", "HOME": str(folder), "XINFERENCE_HOME": str(folder), "TMPDIR": str(folder),
            # Without a password, and with the packages of its own environment.
            "XINFERENCE_AUTH_ADVANCED": "0", "XINFERENCE_ENABLE_VIRTUAL_ENV": "0", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1",
        }

    def start(self):
        writer = [XINFERENCE / "python", ROOT / "Tests/ForeignServers/tiny_diffusers.py", self.folder / "tiny"]
        subprocess.run(writer, env=self.environment, check=True, capture_output=True, timeout=300)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [XINFERENCE / "xinference-local", "--host", "127.0.0.1", "--port", str(self.port)],
                stdout=output, stderr=output, cwd=self.folder, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/v1/models", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()[-4000:]
                time.sleep(0.5)
        # 4.1.0 removes this directory when it starts, and links the model into it.
        (self.folder / "cache/v2").mkdir(parents=True, exist_ok=True)
        self.post("/v1/model_registrations/image", persist=False, model=json.dumps({
            "version": 2, "model_family": "stable_diffusion", "model_name": "tiny", "model_id": "none/tiny", "model_revision": "none",
            "model_uri": str(self.folder / "tiny"), "model_ability": ["text2image"], "controlnet": [],
        }))
        self.post("/v1/models", model_name="tiny", model_uid="tiny", model_type="image", model_engine="diffusers")

    def post(self, path, **body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            return json.load(urllib.request.urlopen(request, timeout=300))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} {error.read()[:1000]}\n{self.log.read_text()[-3000:]}") from error

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def xinference():
    folder = Path(tempfile.mkdtemp(prefix="xinference-"))
    server = Xinference(folder)
    try:
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(xinference, tmp_path):
    def start(*arguments, **variables):
        variables = {"OPENAI_BASE_URL": xinference.url, "IMAGEWIRE_PROVIDER": "openai", "IMAGEWIRE_MODEL": "tiny", **variables}
        return subprocess.run(
            [BINARY, *arguments], capture_output=True, text=True, timeout=300, env=environment(tmp_path, **variables))

    return start


def test_without_a_format_it_answers_a_path_of_its_disk(xinference):
    [image] = xinference.post("/v1/images/generations", model="tiny", prompt="a fox", size="64*64", kwargs=KWARGS)["data"]
    assert image["b64_json"] is None and Path(image["url"]).is_relative_to(xinference.folder)


def test_an_image(run):
    done = run("generate", "a red fox, é 🦊", *INPUT, "--json")
    prediction = json.loads(done.stdout)
    assert (done.returncode, prediction["status"]) == (0, "completed"), done.stdout + done.stderr
    [file] = prediction["files"]
    assert (file["width"], file["height"], file["media_type"]) == (64, 64, "image/jpeg")
    assert Path(file["path"]).read_bytes().startswith(b"\xff\xd8\xff")


def test_an_image_that_stays_on_its_disk_is_copied(run, xinference):
    """As `response_format: url` answers, and `plain` would: the path is copied from this machine's disk, not moved."""
    done = run("generate", "a path", *INPUT, "-s", "response_format=url", "--json")
    [file] = json.loads(done.stdout)["files"]
    assert not Path(file["path"]).is_relative_to(xinference.folder) and Path(file["path"]).read_bytes().startswith(b"\xff\xd8\xff")


def test_two_images(run):
    done = run("generate", "two boats", *INPUT, "-s", "n=2")
    assert done.returncode == 0 and len(done.stdout.split()) == 2, done.stderr


def test_a_model_that_is_not_there(run):
    done = run("generate", "a boat", "-m", "nobody", "--json")
    prediction = json.loads(done.stdout)
    assert (done.returncode, prediction["status"], prediction["billing"]) == (1, "failed", "none"), prediction


def test_its_models_and_the_doctor(run):
    models = run("models", "--json")
    assert "tiny" in models.stdout, models.stdout + models.stderr
    doctor = run("doctor")
    assert doctor.returncode == 0, doctor.stdout
