"""Predictions in PostgreSQL: submits by several processes, beside what pgbench inserts into the same server; how soon another
process knows; and what a call costs that needs no server, beside the same with SQLite. With the server on this machine, and behind
a proxy that adds 1 ms each way."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from child import HERE, Child, drive, one_cpu
from durable import fdatasync_p50
from filling import Copies
from report import Row

sys.path.insert(0, str(HERE.parent / "Fixtures"))

SUBMIT = '{"jsonrpc":"2.0","id":@ID@,"method":"submit","params":{"prompt":"a red fox in snow"}}'
DELAY = 0.001
ROWS = 1_000_000


class Proxy:
    """Passes bytes to a server, each piece 1 ms late in both directions."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            for source, sink in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                time.sleep(DELAY)
                sink.sendall(piece)
        except OSError:
            # The other direction has ended.
            pass
        sink.close()


class Client:
    """One process, asked by hand."""

    def __init__(self, program: Path, folder: Path, environment: dict[str, str]) -> None:
        command = [str(program), "--state-dir", str(folder), "--max-concurrency", "1"]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.number = 0

    def call(self, method: str, **params: object) -> dict:
        self.number += 1
        self.child.stdin.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode() + b"\n")
        self.child.stdin.flush()
        while True:
            message = json.loads(self.child.stdout.readline())
            if message.get("id") == self.number:
                return message["result"]

    def end(self) -> None:
        self.child.kill()
        self.child.wait()


def pgbench(server, database: str, clients: int) -> float:
    """Single-row inserts a second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as script:
        script.write("INSERT INTO bench(text) VALUES (repeat('x', 500));\n")
    os.chmod(script.name, 0o644)
    server.sql("CREATE TABLE IF NOT EXISTS bench(id bigserial PRIMARY KEY, text text)", database)
    out = server.run("pgbench", "-n", "-f", script.name, "-c", clients, "-j", 2, "-T", 5, server.address(database))
    os.unlink(script.name)
    return float(next(line.split("=")[1].split()[0] for line in out.splitlines() if line.startswith("tps")))


def submits(program: Path, driver: Path, folder: Path, environment: dict[str, str], processes: int, window: int, count: int) -> float:
    """Acknowledged submits a second of all processes together."""

    def one(number: int) -> float:
        command = [str(program), "--state-dir", str(folder / f"host-{number}"), "--max-concurrency", "1"]
        return drive(driver, command, SUBMIT, count=count, window=window, environment=environment)["rate"]

    with ThreadPoolExecutor(processes) as pool:
        return sum(pool.map(one, range(processes)))


def measure(program: Path, driver: Path, folder: Path, runs: int) -> list[Row]:
    if os.getuid() != 0 or not shutil.which("psql"):
        return []
    from postgres import Postgres

    rows = []
    with tempfile.TemporaryDirectory(prefix="imagewire-bench-", ignore_cleanup_errors=True) as data:
        os.chmod(data, 0o755)
        with Postgres(Path(data) / "server") as server, socket.create_server(("127.0.0.1", 0)) as silent:
            quiet = {
                **os.environ, "WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            }
            proxy = Proxy(server.host, server.port)
            for name, port in (("server on this machine", server.port), ("round trip + 2 ms", proxy.port)):
                disk = f"fdatasync p50 {fdatasync_p50(folder):.2f} ms"
                beside = ""
                if port == server.port:
                    server.create("bench")
                    beside = f"pgbench, one row: {pgbench(server, 'bench', 1):,.0f}/s by 1 client, {pgbench(server, 'bench', 16):,.0f}/s by 16; {disk}"
                shown = []
                for processes, window, count in ((1, 1, 200), (4, 1, 100), (16, 1, 40), (1, 64, 3_000)):
                    database = f"b{processes}_{window}_{port}"
                    server.create(database)
                    environment = {**quiet, "IMAGEWIRE_STORE": f"postgresql://postgres@{server.host}:{port}/{database}"}
                    rate = submits(program, driver, folder / database, environment, processes, window, count)
                    shown.append(f"{rate:,.0f}/s by {processes}" + (" with 64 in the pipe" if window > 1 else ""))
                rows.append(Row(f"durable submits into PostgreSQL, one by one, {name}", ", ".join(shown), beside, ""))
                rows.append(Row(f"another process knows, {name}", knowledge(program, folder / f"k{port}", {
                    **quiet, "IMAGEWIRE_STORE": f"postgresql://postgres@{server.host}:{port}/{database}"}), "", "≤ 20 ms + round trip"))
            for name in ("status", "million"):
                server.create(name)
            rows.append(status(program, driver, folder, runs, server.address("status")))
            rows.append(million(program, driver, folder, server))
    return rows


def status(program: Path, driver: Path, folder: Path, runs: int, store: str) -> Row:
    """The round trip of a `status` with both stores, in turn."""
    commands, templates = {}, {}
    for name, variables in (("PostgreSQL", {"IMAGEWIRE_STORE": store}), ("SQLite", {})):
        command = [str(program), "--provider", "sandbox", "--state-dir", str(folder / f"status-{name}")]
        with Child(command, **variables) as child:
            made = child.call("submit", prompt="a red fox in snow", wait_ms=60_000)
        commands[name] = (command, {**os.environ, **variables})
        templates[name] = '{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}' % made["id"]
    seen: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, (command, environment) in commands.items():
            found = drive(driver, command, templates[name], count=20_000, window=1, where=one_cpu(), environment=environment)
            seen.setdefault(name, []).append(found["p50"])
    ours, beside = (statistics.median(seen[name]) for name in ("PostgreSQL", "SQLite"))
    return Row(
        "`status` round trip p50, one CPU, predictions in PostgreSQL", f"{ours:.2f} µs = {ours / beside:.2f}x SQLite",
        f"SQLite {beside:.2f} µs", "≤ 1.03x")


def million(program: Path, driver: Path, folder: Path, server) -> Row:
    """`status` of predictions of others, by chance out of a million, beside the round trip of a `SELECT 1`."""
    command = [str(program), "--provider", "sandbox", "--state-dir", str(folder / "million")]
    environment = {**os.environ, "IMAGEWIRE_STORE": server.address("million")}
    with Child(command, IMAGEWIRE_STORE=server.address("million")) as child:
        child.call("submit", prompt="a red fox in snow", wait_ms=60_000)
    newest = int(server.sql("SELECT max(seq) FROM imagewire.predictions", "million")[0][0])
    copies = Copies(newest, ROWS - 1, step_ms=60_000)
    other = {"seq": f"{newest} - n::bigint * {60_000 << 12}", "low": "n::bigint * 2654435761"}
    for table in ("predictions", "inputs", "words"):
        names = [name for (name,) in server.sql(
            f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'imagewire' AND table_name = '{table}'", "million")]
        server.sql(
            f"INSERT INTO imagewire.{table}({', '.join(names)}) SELECT {', '.join(other.get(name, name) for name in names)}"
            f" FROM imagewire.{table}, generate_series({ROWS - 1}, 1, -1) n WHERE seq = {newest}", "million")
    server.sql("ANALYZE", "million")
    templates = folder / "foreign"
    ids = map(copies.id, random.Random(7).sample(range(1, ROWS), 5_000))
    templates.write_text("".join('{"jsonrpc":"2.0","id":@ID@,"method":"status","params":{"id":"%s"}}\n' % id for id in ids))
    found = drive(driver, command, templates, count=5_000, window=1, environment=environment)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("SELECT 1;\n")
        script.flush()
        os.chmod(script.name, 0o644)
        out = server.run("pgbench", "-n", "-f", script.name, "-c", 1, "-T", 3, server.address("million"))
    trip = 1e3 / float(next(line.split("=")[1].split()[0] for line in out.splitlines() if line.startswith("tps")))
    return Row(
        f"`status` of others' predictions by chance, {ROWS:,} in PostgreSQL", f"p50 {found['p50'] / 1_000:.2f} ms",
        f"round trip {trip:.2f} ms", "≤ round trip + 0.5 ms")


def knowledge(program: Path, folder: Path, environment: dict[str, str]) -> str:
    """How long a `status` of another process's prediction takes, and a notification after its submit."""
    one, two = Client(program, folder / "one", environment), Client(program, folder / "two", environment)
    ids, times, lags = [one.call("submit", prompt=f"a fox {number}")["id"] for number in range(200)], [], []
    for id in ids:
        begun = time.perf_counter()
        two.call("status", id=id)
        times.append((time.perf_counter() - begun) * 1_000)
    two.call("subscribe")
    for number in range(60):
        submitted = one.call("submit", prompt=f"a boat {number}")["id"]
        begun = time.perf_counter()
        while True:
            message = json.loads(two.child.stdout.readline())
            if message.get("method") == "prediction/updated" and message["params"]["prediction"]["id"] == submitted:
                break
        lags.append((time.perf_counter() - begun) * 1_000)
        # Updates of one moment are sent together.
        time.sleep(0.12)
    one.end()
    two.end()
    return f"`status` p50 {statistics.median(times):.2f} ms; notified p50 {statistics.median(lags):.0f} ms after the submit"
