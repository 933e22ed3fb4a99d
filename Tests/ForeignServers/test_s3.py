"""Outputs in a bucket of a server that this project did not write: SeaweedFS, which checks signatures and hashes.

Run by `make test-s3`, which installs it into an environment of its own.
"""

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/ProgramTests"), str(ROOT / "Tests/Fixtures")]

from program import KEY, MODEL, Program, RPCError, small, wait_for  # noqa: E402
from wavespeed import LoopbackWaveSpeed  # noqa: E402

WEED = ROOT / ".build-tools/seaweedfs/bin/weed"
PAINTER = {"AWS_ACCESS_KEY_ID": "AKIDPAINTER", "AWS_SECRET_ACCESS_KEY": "painter/SECRET+0123456789"}
READER = {"AWS_ACCESS_KEY_ID": "AKIDREADER", "AWS_SECRET_ACCESS_KEY": "reader/SECRET+0123456789"}


def free_ports(count):
    """Ports below 55,536, because SeaweedFS adds 10,000 for each second one."""
    found = []
    while len(found) < count:
        with socket.socket() as probe, socket.socket() as second:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            port -= 10_000 if port > 55_000 else 0
            try:
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            found.append(port)
    return found


class SeaweedFS:
    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        (folder / "s3.json").write_text(json.dumps({"identities": [
            {"name": "painter", "credentials": [self.pair(PAINTER)], "actions": ["Admin", "Read", "Write", "List"]},
            {"name": "reader", "credentials": [self.pair(READER)], "actions": ["Read:pictures", "List:pictures"]},
        ]}))
        self.master, self.volume, self.filer, self.s3 = free_ports(4)
        self.url = f"http://127.0.0.1:{self.s3}"

    @staticmethod
    def pair(key):
        return {"accessKey": key["AWS_ACCESS_KEY_ID"], "secretKey": key["AWS_SECRET_ACCESS_KEY"]}

    def start(self):
        command = [
            WEED, "server", "-dir", self.data, "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-master.port", self.master,
            "-master.volumeSizeLimitMB", "64", "-volume.port", self.volume, "-volume.max", "4", "-filer", "-filer.port", self.filer,
            "-s3", "-s3.port", self.s3, "-s3.config", self.folder / "s3.json",
        ]
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log, cwd=self.folder)
        deadline = time.monotonic() + 120
        while self.shell_status("/pictures") not in (200, 404):
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()[-4000:]
            time.sleep(0.2)

    def shell_status(self, path):
        """What the filer says, behind S3: the buckets are its folder /buckets. Only once S3 listens too."""
        try:
            with socket.create_connection(("127.0.0.1", self.s3), 1):
                pass
            with urllib.request.urlopen(f"http://127.0.0.1:{self.filer}/buckets{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def make_bucket(self, name):
        request = urllib.request.Request(f"http://127.0.0.1:{self.filer}/buckets/{name}/", method="POST")
        urllib.request.urlopen(request, timeout=30)

    def names(self, folder="pictures/album"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.filer}/buckets/{folder}/?limit=1000", headers={"Accept": "application/json"})
        try:
            entries = json.load(urllib.request.urlopen(request, timeout=30))["Entries"] or []
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return []
        return sorted(entry["FullPath"].split("/")[-1] for entry in entries if not entry["FullPath"].endswith("/.imagewire"))

    def read(self, location):
        path = location.removeprefix("s3://")
        return urllib.request.urlopen(f"http://127.0.0.1:{self.filer}/buckets/{urllib.parse.quote(path)}", timeout=30).read()

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(60)
        self.log.close()


@pytest.fixture(scope="module")
def weed(tmp_path_factory):
    server = SeaweedFS(tmp_path_factory.mktemp("seaweedfs"))
    server.start()
    server.make_bucket("pictures")
    try:
        yield server
    finally:
        server.end()


@pytest.fixture(autouse=True)
def an_empty_album(weed):
    for name in weed.names():
        url = f"http://127.0.0.1:{weed.filer}/buckets/pictures/album/{urllib.parse.quote(name)}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=30)


def start(home, endpoint, *arguments, output="s3://pictures/album", key=PAINTER, **more):
    return Program(home, "--output-dir", output, *arguments, S3_ENDPOINT_URL=endpoint, **{**key, **more})


def draw(program, prompt="a boat", **members):
    id = program.call("submit", input=small(prompt), **members)["id"]
    return program.call("result", id=id, timeout_ms=60000)


def assert_saved(weed, prediction):
    assert prediction["status"] == "completed" and prediction["failure"] is None, prediction
    [file] = prediction["files"]
    assert hashlib.sha256(weed.read(file["location"])).hexdigest() == file["sha256"]
    assert weed.names() == [Path(file["path"]).name]


class Between:
    """Carries connections to a port; from then on that `cuts` is set, what the server answers to a PUT of an output is not
    carried back, and the connection is cut."""

    def __init__(self, port):
        self.port = port
        self.cuts = False
        self.cut = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            isPut = threading.Event()

            def forward():
                try:
                    while data := client.recv(65536):
                        if data.startswith(b"PUT ") and b".imagewire" not in data.split(b"\r\n")[0]:
                            isPut.set()
                        server.sendall(data)
                except OSError:
                    pass

            threading.Thread(target=forward, daemon=True).start()
            try:
                while data := server.recv(65536):
                    if self.cuts and isPut.is_set():
                        self.cut += 1
                        return
                    client.sendall(data)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_put_thumbnail_and_delete(weed, tmp_path):
    with start(tmp_path, weed.url) as program:
        # Every byte of a name that must be encoded is signed as the server signs it.
        prediction = draw(program, output_name="ein Füchslein + 'zwei' (3) = @&:;,~ 100%")
        assert_saved(weed, prediction)
        assert program.call("thumbnail", id=prediction["id"])["bytes"] > 0
        assert program.call("delete", ids=[prediction["id"]], files=True).get("kept", []) == []
        program.finish()
    assert weed.names() == []


def test_a_mistyped_bucket_is_not_made(weed, tmp_path):
    with start(tmp_path, weed.url, output="s3://picturse/album") as program:
        with pytest.raises(RPCError, match="the bucket picturse does not exist"):
            program.call("submit", prompt="a boat")
        program.finish()
    assert weed.shell_status("/picturse") == 404


@pytest.mark.parametrize("key, reason", [
    (READER, r"refuses access to the bucket pictures \(AccessDenied\)"),
    ({**PAINTER, "AWS_SECRET_ACCESS_KEY": "wrong"}, "does not accept the key|refuses access"),
])
def test_a_key_that_may_not_write_is_refused_before_anything_is_paid(weed, tmp_path, key, reason):
    with LoopbackWaveSpeed() as wavespeed:
        paid = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        with start(tmp_path, weed.url, key=key, **paid) as program:
            with pytest.raises(RPCError, match=reason):
                program.call("submit", prompt="a boat")
            program.finish()
        assert not wavespeed.posts()


def test_a_lost_reply_puts_one_object(weed, tmp_path):
    with Between(weed.s3) as between, start(tmp_path, between.url) as program:
        program.call("result", id=program.call("submit", input=small("first"))["id"], timeout_ms=60000)
        [first] = weed.names()
        between.cuts = True
        id = program.call("submit", input=small("second"))["id"]
        wait_for(lambda: between.cut >= 1, "nothing was cut")
        between.cuts = False
        prediction = program.call("result", id=id, timeout_ms=60000)
        assert prediction["failure"] is None and len(prediction["files"]) == 1
        assert sorted([first, Path(prediction["files"][0]["path"]).name]) == weed.names()
        program.finish()


@contextmanager
def without_server(weed, home, pattern):
    """A program whose output came while the server was away, with the id of its prediction, as soon as a copy of this pattern is on the
    disk."""
    with LoopbackWaveSpeed() as wavespeed:
        paid = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        wavespeed.script(download=[{"do": "normal", "hold": True}])
        with start(home, weed.url, **paid) as program:
            id = program.call("submit", prompt="a boat")["id"]
            wait_for(lambda: wavespeed.downloads(), "no download came")
            weed.end()
            wavespeed.release()
            copies = home / ".local/state/imagewire/objects/pictures/album"
            wait_for(lambda: list(copies.glob(pattern)), "no copy is on the disk")
            yield program, id, wavespeed, paid
        assert len(wavespeed.posts()) == 1


def test_a_server_killed_in_the_put_gets_the_output_when_it_is_back(weed, tmp_path):
    with without_server(weed, tmp_path, "*.png") as (program, id, wavespeed, _):
        weed.start()
        assert_saved(weed, program.call("result", id=id, timeout_ms=120000))
        program.finish()
        assert len(wavespeed.downloads()) == 1


def test_a_process_killed_while_the_server_is_away_loses_nothing(weed, tmp_path):
    with without_server(weed, tmp_path, ".*.whole") as (program, id, wavespeed, paid):
        program.kill()
        weed.start()
        # The provider's link has expired meanwhile: what came once is enough.
        wavespeed.script(download=[{"do": "410", "times": "forever"}])
        with start(tmp_path, weed.url, **paid) as later:
            assert_saved(weed, later.call("result", id=id, timeout_ms=120000))
            later.finish()
