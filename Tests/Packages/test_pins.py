"""The build names what it could not fetch: a mirror may no longer hold a version that is pinned."""

import http.server
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from packages import REPOSITORY

CI = REPOSITORY / ".ci"
PINS = REPOSITORY / ".build-tools/pins"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The scripts, in a directory of their own, where pip always fails."""
    shutil.copytree(CI, tmp_path / ".ci")
    (tmp_path / ".build-tools/pins").mkdir(parents=True)
    for name in ("pip", "tools"):
        (tmp_path / ".ci" / name).write_text(f"#!/bin/sh\ntest {name} = tools\n")
    return tmp_path


@pytest.fixture
def mirror():
    """The address of a mirror that holds one file, whatever its name, with other bytes."""

    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/other"):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"other bytes")
            else:
                self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def gather(clone: Path, mirror: str) -> str:
    """What .ci/libraries says, which must fail."""
    ended = subprocess.run(
        [clone / ".ci/libraries"], env={**os.environ, "DEBIAN_MIRROR": mirror, "no_proxy": "127.0.0.1"}, capture_output=True, text=True,
        timeout=60)
    assert ended.returncode == 1, ended.stdout
    assert not (clone / ".build-libraries/.made").exists()
    return ended.stderr


def pin(name: str) -> str:
    """A file that .ci/libraries names."""
    return re.search(rf"^{name}=(.*)$", (CI / "libraries").read_text(), re.MULTILINE)[1]


@pytest.mark.parametrize("mirror_of", ["{0}", "http://127.0.0.1:1"], ids=["404", "unreachable"])
def test_a_source_that_the_mirror_does_not_hold_is_named(clone, mirror, mirror_of):
    source = pin("curl")
    address = f"{mirror_of.format(mirror)}/pool/main/c/curl/{source}"
    assert gather(clone, mirror_of.format(mirror)).splitlines()[-1] == (
        f"{source}, which .ci/libraries names, could not be fetched: {address} does not hold it, or cannot be reached.")


def test_other_bytes_than_those_that_are_pinned_are_refused(clone, mirror):
    assert f"/other/pool/main/c/curl/{pin('curl')} is not what .ci/libraries expects: SHA-256 " in gather(clone, f"{mirror}/other")


def test_a_list_of_certificates_that_pypi_does_not_hold_is_named(clone, mirror):
    """The source of libcurl is there from an earlier build: no mirror is asked."""
    shutil.copy(PINS / pin("curl"), clone / ".build-tools/pins")
    assert gather(clone, mirror).splitlines()[-1] == (
        f"{pin('wheel')}, which .ci/libraries names, could not be fetched: PyPI ({pin('certificates')}) does not hold it, or cannot be reached.")


def test_a_package_of_debian_that_the_mirror_does_not_hold_is_named(clone):
    """A stand-in for apt-get fails at one of two packages, as where the mirror lists a file that it no longer has."""
    programs = clone / "bin"
    programs.mkdir()
    (programs / "apt-get").write_text('#!/bin/sh\ncase "$*" in *libgone-dev*) exit 100;; esac\n')
    (programs / "apt-get").chmod(0o755)
    ended = subprocess.run(
        [clone / ".ci/packages", "libhere-dev", "libgone-dev"], env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr == "The mirror does not hold the package libgone-dev, or one that it needs, or cannot be reached.\n"
