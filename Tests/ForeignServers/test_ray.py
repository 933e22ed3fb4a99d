"""The provider `openai` against a cluster of image servers behind one URL: clients/examples/ray_serve.py, run by Ray Serve, with two
replicas of a tiny diffusers pipeline on the CPU. A replica is killed while it paints.

Run by `make test-ray`, which installs Ray Serve, PyTorch and diffusers into an environment of their own.
"""

import json
import os
import re
import shutil
import signal
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

from program import Program, small, wait_for  # noqa: E402

RAY = ROOT / ".build-tools/ray/bin"
#: Long enough to be killed in the middle, in steps of the pipeline.
LONG = 600


class Cluster:
    """What the users of the example run, `serve run`, with a port of its own."""

    def __init__(self, folder):
        self.folder, self.log, self.model = folder, folder / "log", folder / "model"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        # HOME and RAY_TMPDIR: another cluster of this user is neither found nor disturbed.
        self.environment = {
            "PATH": f"{RAY}:{os.environ['PATH']}", "HOME": str(folder), "RAY_TMPDIR": str(folder),
            "PYTHONPATH": str(ROOT / "clients/examples"),
            "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0",
            "RAY_COLOR_PREFIX": "0",
        }

    def start(self):
        writer = [RAY / "python", ROOT / "Tests/ForeignServers/tiny_diffusers.py", self.model]
        subprocess.run(writer, env=self.environment, check=True, capture_output=True, timeout=300)
        configuration = self.folder / "serve.yaml"
        configuration.write_text(json.dumps({
            "http_options": {"host": "127.0.0.1", "port": self.port},
            "applications": [{
                "name": "default", "route_prefix": "/", "import_path": "ray_serve:app",
                "args": {"model": str(self.model), "gpus": 0, "replicas": 2},
            }],
        }))
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [RAY / "serve", "run", configuration], stdout=output, stderr=output, cwd=self.folder, env=self.environment)
        deadline = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/v1/models", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()[-4000:]
                time.sleep(0.5)
        wait_for(lambda: len(self.painters()) == 2, "two replicas never came", 120)

    def painters(self):
        """The processes of the replicas."""
        return {pid for pid, name in self._processes() if name == "ray::ServeReplica:default:Painter"}

    def painted(self):
        """What was begun, in order: the replica's process and the prompt."""
        found = re.findall(r"Painter pid=(\d+)\).* painting '(.*)'$", self.log.read_text(errors="replace"), re.MULTILINE)
        return [(int(pid), prompt) for pid, prompt in found]

    def _processes(self):
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                if f"RAY_TMPDIR={self.folder}".encode() in (directory / "environ").read_bytes().split(b"\0"):
                    yield int(directory.name), (directory / "cmdline").read_bytes().partition(b"\0")[0].decode().strip()
            except OSError:
                pass

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            for pid, _ in self._processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


@pytest.fixture(scope="module")
def cluster():
    # A short path: a socket's may have no more than 107 bytes, and Ray adds 60.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    server = Cluster(folder)
    try:
        server.start()
        yield server
        server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(cluster, tmp_path):
    """Starts imagewire, again with the same state if it is called again."""

    def program(**variables):
        variables = {"OPENAI_BASE_URL": cluster.url, "IMAGEWIRE_PROVIDER": "openai", "IMAGEWIRE_MODEL": cluster.model, **variables}
        return Program(tmp_path, "--max-concurrency", "2", **variables)

    return program


def paint(prompt, steps=2):
    return small(prompt, num_inference_steps=steps)


def assert_is_saved(prediction):
    [file] = prediction["files"]
    assert Path(file["path"]).read_bytes().startswith(b"\x89PNG") and (file["width"], file["height"]) == (64, 64)


def test_one_url_and_two_replicas(cluster, start):
    with start() as program:
        ids = [program.call("submit", input=paint(f"both {number}", LONG))["id"] for number in range(2)]
        wait_for(lambda: len({pid for pid, prompt in cluster.painted() if prompt.startswith("both ")}) == 2, "one replica paints all", 60)
        for id in ids:
            prediction = program.call("result", id=id, timeout_ms=120_000)
            assert prediction["status"] == "completed", prediction
            assert_is_saved(prediction)
        program.finish()


def test_a_model_that_is_not_there(cluster, start):
    with start() as program:
        prediction = program.call("submit", input=paint("elsewhere"), model="acme/other", wait_ms=60_000)
        assert (prediction["status"], prediction["billing"]) == ("failed", "none"), prediction
        assert "the model acme/other is not here" in prediction["failure"]["message"] + prediction["error"]
        program.finish()
    assert not [prompt for _, prompt in cluster.painted() if prompt == "elsewhere"]


@pytest.mark.parametrize("free", ["1", "0"])
def test_a_replica_is_killed_while_it_paints(cluster, start, free):
    """Free, it failed, and may be sent again; where it may have cost something, only the bill knows. Either way no second POST."""
    wait_for(lambda: len(cluster.painters()) == 2, "Ray did not start the replica again", 120)
    prompts = [f"killed {free} {number}" for number in range(6)]
    with start(IMAGEWIRE_OPENAI_FREE=free) as program:
        ids = [
            program.call("submit", input=paint(prompt, LONG if number < 2 else 2), idempotency_key=prompt)["id"]
            for number, prompt in enumerate(prompts)
        ]
        wait_for(lambda: {prompt for _, prompt in cluster.painted()} >= set(prompts[:2]), "the first two never began", 60)
        [victim, lost] = next((pid, prompt) for pid, prompt in cluster.painted() if prompt in prompts)
        os.kill(victim, signal.SIGKILL)
        ended = [program.call("result", id=id, timeout_ms=120_000) for id in ids]
        # The key of one that is over finds it, and sends nothing.
        again = [program.call("submit", input=one["input"], idempotency_key=one["idempotency_key"])["id"] for one in ended]
        later = program.call("submit", input=paint(f"later {free}"), wait_ms=120_000)
        program.finish()
    assert again == ids
    for prompt, prediction in zip(prompts, ended):
        if prompt != lost:
            assert prediction["status"] == "completed", prediction
            assert_is_saved(prediction)
        elif free == "1":
            assert (prediction["status"], prediction["billing"]) == ("failed", "none"), prediction
            assert prediction["failure"]["retryable"] and "HTTP 500" in prediction["failure"]["message"] + prediction["error"]
        else:
            assert (prediction["status"], prediction["billing"]) == ("unknown", "unknown"), prediction
            assert "HTTP 500" in prediction["failure"]["message"] + prediction["error"]
    # The replica that lives serves alone until Ray has started the other one again.
    assert later["status"] == "completed", later
    wait_for(lambda: len(cluster.painters()) == 2, "Ray did not start the replica again", 120)
    assert sorted(prompt for _, prompt in cluster.painted() if prompt in prompts) == prompts


def test_imagewire_is_killed_while_a_replica_paints(cluster, start):
    """The reply went to the dead process: only the server's log knows that it was painted. The next process does not send it again."""
    with start() as program:
        id = program.call("submit", input=paint("orphan", LONG))["id"]
        wait_for(lambda: "orphan" in {prompt for _, prompt in cluster.painted()}, "it never began", 60)
        program.kill()
    with start() as program:
        prediction = program.call("result", id=id, timeout_ms=60_000)
        assert (prediction["status"], prediction["billing"]) == ("unknown", "unknown"), prediction
        later = program.call("submit", input=paint("after the orphan"), wait_ms=120_000)
        assert later["status"] == "completed", later
        program.finish()
    assert [prompt for _, prompt in cluster.painted()].count("orphan") == 1
