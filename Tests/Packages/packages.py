"""Packages, and directory trees that a program sees as the whole system. `make test-dist` makes packages and Debians first."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FIXTURES = REPOSITORY / "Tests/Fixtures"
DIST = REPOSITORY / ".build-dist"
PACKAGES = DIST / "packages"
PNG = b"\x89PNG\r\n\x1a\n"
SEARCHED = "/opt/imagewire/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def the_one(pattern: str) -> Path:
    """The only package of that name."""
    [found] = PACKAGES.glob(pattern)
    return found


@dataclass
class Root:
    """A directory tree, with the program at /opt/imagewire/bin/imagewire."""

    path: Path

    def run(self, *command: str, before: str = "", user: int = 0, stdin: str = "", home: "str | None" = "/tmp/home", **variables: str):
        """Runs a command with these variables alone. `before` is a command for the shell, to which the tree is `$0`; its mounts go with
        the command. Returns the process that has ended, with its texts."""
        script = f'{before or ":"} && mount -t proc proc "$0/proc" && exec /usr/sbin/chroot --userspec={user}:{user} "$0" "$@"'
        environment = {"PATH": SEARCHED, **({} if home is None else {"HOME": home}), **variables}
        return subprocess.run(
            ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, self.path, *command], input=stdin, capture_output=True, text=True,
            timeout=60, env=environment)

    def imagewire(self, *arguments: str, **options):
        """Runs the program."""
        return self.run("/opt/imagewire/bin/imagewire", *arguments, **options)

    def asks(self, url: str, **options) -> str:
        """What the program says when it asks a server for the balance."""
        ended = self.imagewire("balance", WAVESPEED_API_KEY="none", WAVESPEED_BASE_URL=url, **options)
        return ended.stdout + ended.stderr

    def write(self, name: str, content: bytes) -> None:
        """Writes a file of the tree."""
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def unpack(tarball: Path, folder: Path) -> None:
    """Unpacks a tarball of the program into a folder, which then holds nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", tarball, "-C", folder, "--strip-components=1"], check=True)


@dataclass
class Server:
    """A server on loopback, and the file with its certificate."""

    port: int
    certificate: Path

    def url(self, host: str) -> str:
        return f"https://{host}:{self.port}"
