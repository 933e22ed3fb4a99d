"""The processes that are measured, and the figures of the kernel about them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")


def compile_c(source: str, folder: Path) -> Path:
    """Builds one of the C programs beside this file."""
    program = folder / source.removesuffix(".c")
    compiler = shutil.which("clang") or shutil.which("cc") or "cc"
    subprocess.run([compiler, "-O2", "-w", str(HERE / source), "-o", str(program)], check=True)
    return program


def cpus() -> list[int]:
    """The CPUs that may be used; none where processes cannot be pinned."""
    if not shutil.which("taskset") or not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))


def one_cpu() -> tuple[int, int] | None:
    """Driver and child on one CPU: a round trip on two mostly measures how long the other one takes to wake."""
    return (cpus()[0],) * 2 if cpus() else None


def two_cpus() -> tuple[int, int] | None:
    """A CPU each, as a pipeline needs it."""
    return tuple(cpus()[:2]) if len(cpus()) > 1 else None


def drive(
    driver: Path, command: list[str], template: str | Path, *, count: int, window: int,
    where: tuple[int, int] | None = None, environment: dict[str, str] | None = None,
) -> dict[str, float]:
    """Runs rpcbench.c. Milliseconds (`first`), microseconds (`p50`, `p99`), requests a second (`rate`), CPU seconds
    (`cpu`), and kilobytes at the end (`rss`) and at most (`peak`)."""
    ours, theirs = (["taskset", "-c", str(cpu)] for cpu in where) if where else ([], [])
    spelled = f"@{template}" if isinstance(template, Path) else template
    call = [*ours, str(driver), "nl", str(count), str(window), spelled, "--", *theirs, *command]
    printed = subprocess.run(call, check=True, capture_output=True, text=True, env=environment).stdout
    patterns = {
        "first": r"first ([\d.]+) ms", "p50": r"p50 ([\d.]+) us", "p99": r"p99 ([\d.]+) us", "max": r"max ([\d.]+) us", "rate": r"([\d.]+) req/s",
        "cpu": r"childcpu ([\d.]+)s", "rss": r"rss (\d+) KB", "peak": r"hwm (\d+) KB",
    }
    found = {name: re.search(pattern, printed) for name, pattern in patterns.items()}
    return {name: float(match.group(1)) for name, match in found.items() if match}


class Child:
    """One process and a conversation with it, a line at a time."""

    def __init__(self, command: list[str], **variables: str) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **variables},
        )
        self.last = 0

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, *requests: tuple[str, dict]) -> None:
        """Writes requests, all at once."""
        lines = []
        for method, params in requests:
            self.last += 1
            lines.append(json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}))
        self.process.stdin.write(("\n".join(lines) + "\n").encode())
        self.process.stdin.flush()

    def read(self) -> dict:
        """The next message."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the program ended")
        return json.loads(line)

    def call(self, method: str, **params: object) -> dict:
        """One request and its result."""
        self.send((method, params))
        reply = self.read()
        if "result" not in reply:
            raise RuntimeError(f"{method}: {reply}")
        return reply["result"]

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self, what: str = "VmRSS") -> float:
        """Memory in use now, or at most (`VmHWM`)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+)", status, re.M).group(1)) / 1024

    def own_megabytes(self) -> float:
        """Memory in use that is not a page of a file: pages of libraries are shared, and the kernel maps more or fewer of them."""
        return self.megabytes("RssAnon")
