"""What a user would start instead: the official SDK of WaveSpeed, its MCP server, fal's client. Time from their start to their
first reply, and their memory then, each against a service on loopback that answers at once."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from child import HERE, Child
from report import Bar, Row

TOOLS = HERE.parent.parent / ".build-tools"
STATUS = '{"jsonrpc":"2.0","id":1,"method":"status","params":{"id":"%s"}}\n'
BALANCE = '{"jsonrpc":"2.0","id":1,"method":"balance"}\n'
INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    '"clientInfo":{"name":"bench","version":"1"}}}\n')
# They print an object after their first call and stay, so that their memory can be read.
SDK = "import sys, wavespeed; wavespeed.config.api.base_url = sys.argv[1]; wavespeed.get_result('p'); print('{}', flush=True); input()"
FAL = (
    "import sys, fal_client, fal_client.client as c; c.QUEUE_URL_FORMAT = sys.argv[1] + '/'; "
    "fal_client.status('fal-ai/flux', 'p'); print('{}', flush=True); input()")


class Service(BaseHTTPRequestHandler):
    """Answers everything with what each of the clients takes for a good reply."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({
            "code": 200, "message": "success", "data": {"id": "p", "status": "completed", "outputs": [], "balance": 5},
            "status": "COMPLETED", "logs": [], "metrics": {},
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def first_reply(command: list[str], line: str, **variables: str) -> tuple[float, float]:
    """Milliseconds from the start of a program to its first object on a line, and its megabytes then."""
    begun = time.perf_counter()
    with Child(command, **variables) as child:
        child.process.stdin.write(line.encode())
        child.process.stdin.flush()
        while not (told := child.process.stdout.readline()).startswith(b"{"):
            if not told:
                raise RuntimeError(f"{command[0]} ended without a reply")
        return (time.perf_counter() - begun) * 1_000, child.megabytes()


def measure(program: Path, folder: Path, runs: int):
    """The rows, and the groups of the plot."""
    subprocess.run([HERE.parent.parent / ".ci" / "bench-clients"], check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as service:
        Thread(target=service.serve_forever, daemon=True).start()
        try:
            return _measure(program, folder, runs, f"http://127.0.0.1:{service.server_address[1]}")
        finally:
            service.shutdown()


def _measure(program: Path, folder: Path, runs: int, url: str):
    sandbox = [str(program), "--provider", "sandbox", "--state-dir", str(folder / "peers")]
    with Child(sandbox) as child:
        made = child.call("submit", prompt="a red fox in snow", wait_ms=60_000)["id"]
    ours = sandbox[:1] + sandbox[3:]
    service = {
        "WAVESPEED_API_KEY": "none", "WAVESPEED_BASE_URL": url, "WAVESPEED_API_HOST": url, "FAL_KEY": "none:none", "HOME": str(folder),
        "WAVESPEED_MCP_BASE_PATH": str(folder),
    }

    def python(name: str) -> str:
        return str(TOOLS / f"bench-{name}" / "bin" / "python")

    turns = {
        "status": (sandbox, STATUS % made),
        "balance": (ours, BALANCE),
        "WaveSpeed SDK": ([python("wavespeed"), "-c", SDK, url], ""),
        "fal client": ([python("fal-client"), "-c", FAL, url], ""),
        "initialize": (ours, INITIALIZE),
        "WaveSpeed MCP": ([str(TOOLS / "bench-wavespeed-mcp" / "bin" / "wavespeed-mcp")], INITIALIZE),
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
    for run in range(runs + 1):
        for name, (command, line) in turns.items():
            found = first_reply(command, line, **service)
            # The first one reads the files from the disk.
            if run:
                seen[name].append(found)

    def took(name: str) -> float:
        return statistics.median(each[0] for each in seen[name])

    def memory(name: str) -> float:
        return statistics.median(each[1] for each in seen[name])

    peers = ("WaveSpeed SDK", "fal client")
    rows = [
        Row("spawn to the first answer of the service, on loopback", f"{took('balance'):.0f} ms, {memory('balance'):.1f} MB",
            ", ".join(f"{name} {took(name):.0f} ms, {memory(name):.1f} MB" for name in peers), ""),
        Row("MCP: spawn to the reply to `initialize`", f"{took('initialize'):.1f} ms, {memory('initialize'):.1f} MB",
            f"WaveSpeed MCP {took('WaveSpeed MCP'):.0f} ms, {memory('WaveSpeed MCP'):.1f} MB", ""),
    ]
    groups = [
        ("Start, and the first answer of a service on loopback (shorter is better)", "ms",
            [Bar("imagewire", took("balance")), *(Bar(name, took(name)) for name in peers)]),
        ("Start, and the reply to initialize of MCP (shorter is better)", "ms",
            [Bar("imagewire", took("initialize")), Bar("WaveSpeed MCP", took("WaveSpeed MCP"))]),
        ("Memory after that answer or reply (shorter is better)", "MB",
            [Bar("imagewire", memory("balance")), *(Bar(name, memory(name)) for name in (*peers, "WaveSpeed MCP"))]),
    ]
    return rows, groups
