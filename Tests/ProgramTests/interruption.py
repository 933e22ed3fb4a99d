"""Processes that are interrupted at a step chosen in advance (Tests/Fixtures/interrupt.c)."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program import PATIENCE, ROOT, wait_for

only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel interface that counts steps is Linux's; the random moments apply here"
)


def build_interrupt(folder):
    """The tool; fails where it cannot be built or may not trace, for then nothing would be proven."""
    compiler = shutil.which("clang") or shutil.which("cc")
    assert compiler, "no C compiler: the steps cannot be counted (Swift's toolchain brings clang)"
    tool = Path(folder) / "interrupt"
    source = ROOT / "Tests/Fixtures/interrupt.c"
    subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", tool, source], check=True)
    traced = subprocess.run([tool, "-o", tool.with_suffix(".log"), "--", "/bin/true"], capture_output=True, timeout=60)
    assert traced.returncode == 0, f"this machine does not let us trace: {traced.stderr.decode()}"
    return tool


class Interruption:
    """Where a process is to be interrupted, as the wrapper that `Program` takes."""

    numbers = itertools.count(1)

    def __init__(self, tool, folder, at=0, action="kill", only=None, first=None):
        self.notes = Path(folder) / f"steps-{os.getpid()}-{next(self.numbers)}"
        choice = [*(["-c", only] if only else []), *(["-f", first] if first else [])]
        self.wrapper = [str(tool), "-n", str(at), "-a", action, *choice, "-o", str(self.notes), "--"]

    @property
    def steps(self):
        """The names of the steps so far, then `killed`, `held` or `ended`."""
        return self.notes.read_text().split() if self.notes.exists() else []

    def wait_until_held(self, patience=PATIENCE):
        """Returns when every thread is stopped."""
        wait_for(lambda: "held" in self.steps, "it never came to that step", patience)

    @staticmethod
    def release(program):
        """Lets a held process go on, no longer watched."""
        program.process.send_signal(signal.SIGUSR1)


def at_every_step(run, workers):
    """Calls `run(worker, n)` for n = 1, 2, 3, … until one says that the process came to its end; returns how many
    points there were. Each worker has a thread; a failure ends everything."""
    numbers = itertools.count(1)
    is_over = threading.Event()
    killed = []

    def work(worker):
        while not is_over.is_set():
            n = next(numbers)
            try:
                if run(worker, n):
                    killed.append(n)
                else:
                    is_over.set()
            except BaseException as error:
                is_over.set()
                error.add_note(f"at step {n}")
                raise

    with ThreadPoolExecutor(len(workers)) as pool:
        for result in [pool.submit(work, worker) for worker in workers]:
            result.result()
    return len(killed)
