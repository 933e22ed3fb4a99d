"""Trees with the program, and servers on loopback."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packages import DIST, FIXTURES, Root, Server, the_one, unpack


@pytest.fixture
def empty(tmp_path: Path) -> Root:
    """A tree with the program that holds glibc, /tmp, /proc, and no other file."""
    for name in ("tmp", "proc", "opt/imagewire/bin"):
        (tmp_path / name).mkdir(parents=True)
    with tarfile.open(the_one("imagewire-*-static.tar.gz")) as archive:
        [member] = [each for each in archive if each.name.endswith("/bin/imagewire")]
        program = tmp_path / "opt/imagewire/bin/imagewire"
        program.write_bytes(archive.extractfile(member).read())
    program.chmod(0o755)
    return Root(tmp_path)


@pytest.fixture(scope="session", params=["debian", "debian-trixie"])
def installed(request: pytest.FixtureRequest) -> Root:
    """A Debian without libcurl, SQLite and certificates, with the program, and in /opt/imagewire-static the variant with glibc."""
    root = Root(DIST / request.param)
    unpack(the_one("imagewire-*x86_64.tar.gz"), root.path / "opt/imagewire")
    unpack(the_one("imagewire-*-static.tar.gz"), root.path / "opt/imagewire-static")
    return root


@pytest.fixture
def debian(installed: Root) -> Root:
    """A Debian whose /tmp holds nothing, as the homes in it."""
    temporary = installed.path / "tmp"
    shutil.rmtree(temporary)
    temporary.mkdir()
    temporary.chmod(0o1777)
    shutil.rmtree(installed.path / "root/.local", ignore_errors=True)
    return installed


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory):
    """A server over TLS that answers with HTTP 418; no authority signed its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    with subprocess.Popen([sys.executable, FIXTURES / "tls.py", folder], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(int(process.stdout.readline()), folder / "certificate.pem")
        finally:
            process.kill()


@pytest.fixture(scope="session")
def foreign_module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A module for nsswitch.conf."""
    library = tmp_path_factory.mktemp("nss") / "libnss_foreign.so.2"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, FIXTURES / "nss.c"], check=True)
    return library.read_bytes()
