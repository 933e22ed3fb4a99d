"""Hosts on one machine: network namespaces on a bridge, each with a state directory of its own and several processes of imagewire.

The bridge has the servers: PostgreSQL, WaveSpeed's fixture and S3's. A host is cut off by taking its cable down. Needs root and `ip`.
"""

import itertools
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from program import KEY, MODEL, Program, RPCError
from promise import GONE


def free_number():
    """Runs side by side have networks of their own."""
    taken = subprocess.run(["ip", "-o", "link", "show", "type", "bridge"], capture_output=True, text=True).stdout
    return next(number for number in random.sample(range(250), 250) if f"iwfleet{number}:" not in taken)


NUMBER = free_number()
BRIDGE, SUBNET = f"iwfleet{NUMBER}", f"10.77.{NUMBER}"
GATEWAY = f"{SUBNET}.1"


@contextmanager
def open_folder():
    """A folder that the user `postgres` may enter: pytest's own are closed again by each run beside this one."""
    with tempfile.TemporaryDirectory(prefix="imagewire-fleet-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def ip(*words, check=True):
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, text=True)
    assert not check or done.returncode == 0, f"ip {' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


def end(namespace):
    """Kills what runs in a namespace, and removes it."""
    for process in ip("netns", "pids", namespace, check=False).split():
        try:
            os.kill(int(process), signal.SIGKILL)
        except ProcessLookupError:
            pass
    ip("netns", "del", namespace, check=False)


class Network:
    """The bridge. Its address is that of all servers."""

    def __enter__(self):
        self.__exit__()
        # With an address of its own: otherwise it takes that of a host, and another one's when that is cut off.
        ip("link", "add", BRIDGE, "address", f"02:00:00:00:00:{NUMBER:02x}", "type", "bridge")
        ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        return self

    def __exit__(self, *_):
        for line in ip("netns", "list").splitlines():
            name = line.split()[0]
            if name.startswith(f"{BRIDGE}h"):
                end(name)
                ip("link", "del", f"iwo{NUMBER}h{name.rsplit('h', 1)[1]}", check=False)
        ip("link", "del", BRIDGE, check=False)


class Host:
    def __init__(self, number, folder, **variables):
        self.number, self.name = number, f"{BRIDGE}h{number}"
        self.home = folder / self.name
        self.home.mkdir(parents=True)
        self.variables = variables
        self.outside, inside = f"iwo{NUMBER}h{number}", f"iwi{NUMBER}h{number}"
        ip("netns", "add", self.name)
        ip("link", "add", self.outside, "type", "veth", "peer", "name", inside)
        ip("link", "set", inside, "netns", self.name)
        ip("link", "set", self.outside, "master", BRIDGE, "up")
        address = f"{SUBNET}.{10 + number}"
        for words in (("addr", "add", f"{address}/24", "dev", inside), ("link", "set", inside, "up"), ("link", "set", "lo", "up")):
            ip("-n", self.name, *words)
        # A cable that is down for a moment must not cost seconds of asking who has an address.
        own = ip("-n", self.name, "-o", "link", "show", inside).split("link/ether ")[1].split()[0]
        bridge = ip("-o", "link", "show", BRIDGE).split("link/ether ")[1].split()[0]
        ip("neigh", "replace", address, "lladdr", own, "dev", BRIDGE, "nud", "permanent")
        ip("-n", self.name, "neigh", "replace", GATEWAY, "lladdr", bridge, "dev", inside, "nud", "permanent")

    def remove(self):
        """Ends what runs on it."""
        end(self.name)
        ip("link", "del", self.outside, check=False)

    def start(self, *arguments):
        """A process on this host."""
        return Program(
            self.home, *arguments, wrapper=["ip", "netns", "exec", self.name], WAVESPEED_API_KEY=KEY, IMAGEWIRE_MODEL=MODEL,
            **self.variables)

    def cut(self):
        """Nothing goes in or out, and nobody is told."""
        ip("link", "set", self.outside, "nomaster")

    def heal(self):
        ip("link", "set", self.outside, "master", BRIDGE)


class Worker:
    """One process and a client that submits through it, again with the same key until it is answered, as clients should."""

    def __init__(self, host, arguments, work, acknowledged, lock):
        self.host, self.arguments = host, arguments
        self.work, self.acknowledged, self.lock = work, acknowledged, lock
        self.program = host.start(*arguments)
        self.refusals = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for prompt in self.work:
            while True:
                try:
                    id = self.program.call("submit", prompt=prompt, idempotency_key=f"key of {prompt}")["id"]
                except (RPCError, *GONE):
                    self.refusals += 1
                    time.sleep(0.2)
                    continue
                with self.lock:
                    self.acknowledged[prompt] = id
                break

    def kill(self):
        """kill -9, and a new process in its place."""
        old = self.program
        old.process.send_signal(signal.SIGKILL)
        self.program = self.host.start(*self.arguments)
        old.wait()

    def stop(self):
        self.program.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.program.process.send_signal(signal.SIGCONT)


class Work:
    """Prompts that threads take one by one."""

    def __init__(self, count):
        self.count = count
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            number = next(self._numbers)
        if number >= self.count:
            raise StopIteration
        return f"picture {number}"

