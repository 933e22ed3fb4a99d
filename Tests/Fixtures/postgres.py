"""A PostgreSQL server of the system, in a directory of its own, for tests: started, killed, promoted.

    with Postgres(folder, host="127.0.0.1") as server:
        server.address("imagewire")            what IMAGEWIRE_STORE takes
        standby = server.add_standby(folder)   confirms each commit
        server.kill(); standby.promote()

Root runs it as the user `postgres`, as the server demands.
"""

import glob
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))[-1])


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def is_running(process):
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Postgres:
    def __init__(self, folder, host="127.0.0.1", port=None, settings=""):
        self.folder, self.host, self.port = Path(folder), host, port or free_port(host)
        self.data = self.folder / "data"
        self.settings = settings

    # -- its life --------------------------------------------------------------------------------------------------

    def run(self, program, *arguments, check=True):
        """One of PostgreSQL's programs, as its own user."""
        words = [str(PROGRAMS / program), *map(str, arguments)]
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, timeout=120, **as_user)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}{self.log()[-2000:]}"
        return done.stdout

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def make(self):
        """A new, empty server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "--no-sync")
        self.configure()
        return self

    def configure(self):
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"\nport = {self.port}\nlisten_addresses = '{self.host}'\nunix_socket_directories = ''\nmax_connections = 300\n"
                f"wal_level = replica\nhot_standby = on\n{self.settings}\n")

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", 60, "start")
        return self

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    def kill(self):
        """All of its processes at once, as a power loss of the server would."""
        everyone = self._stop()
        self._tell(everyone, signal.SIGKILL)
        while any(is_running(process) for process in everyone):
            time.sleep(0.01)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    @contextmanager
    def silent(self):
        """It keeps its connections, and answers nothing."""
        everyone = self._stop()
        try:
            yield
        finally:
            self._tell(everyone, signal.SIGCONT)

    def _stop(self):
        """Stops all of its processes, and returns their numbers."""
        main = self.process
        # First, so that it starts no more of them.
        os.kill(main, signal.SIGSTOP)
        children = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True).stdout.split()
        everyone = [main, *map(int, children)]
        self._tell(everyone, signal.SIGSTOP)
        return everyone

    @staticmethod
    def _tell(processes, number):
        for process in processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    @property
    def process(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def __enter__(self):
        return self.make().start()

    def __exit__(self, *_):
        self.stop("immediate")

    # -- what it holds ---------------------------------------------------------------------------------------------

    def address(self, database="postgres"):
        return f"postgresql://postgres@{self.host}:{self.port}/{database}"

    def sql(self, statement, database="postgres"):
        """The answer to a statement, as lines of cells."""
        out = self.run("psql", "-X", "-q", "-A", "-t", "-d", self.address(database), "-c", statement)
        return [line.split("|") for line in out.splitlines() if line]

    def create(self, database):
        self.sql(f'CREATE DATABASE "{database}"')
        return self.address(database)

    # -- a standby -------------------------------------------------------------------------------------------------

    def add_standby(self, folder, port=None, synchronous=True):
        """A standby that follows this server; with `synchronous` each commit waits for it."""
        standby = Postgres(folder, self.host, port)
        standby.folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(standby.folder, "postgres", "postgres")
        source = f"host={self.host} port={self.port} user=postgres application_name=standby"
        self.run("pg_basebackup", "-D", standby.data, "-d", source, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
        standby.configure()
        standby.start()
        if synchronous:
            self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            self.sql("SELECT pg_reload_conf()")
        return standby

    def promote(self):
        """Makes this standby a server of its own, which waits for no other."""
        self.run("pg_ctl", "-D", self.data, "-w", "promote")
        self.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.sql("SELECT pg_reload_conf()")
