"""Clients of other projects drive the real program; its messages are recorded and judged.

The environments are made by .ci/mcp-clients. Each client asserts what it sees and names the steps it has done.
"""

import subprocess
import sys
from pathlib import Path

import conversation
import pytest
from program import BINARY, ROOT, environment

FOLDER = Path(__file__).resolve().parent
COMMON = [
    "initialise", "list", "picture", "inline", "refused", "bad argument", "unknown tool", "progress", "cancel",
    "submit then get", "resources", "completion", "closed",
]
#: Environment, script, its first arguments, revision, and its further steps.
CLIENTS = {
    "mcp 2.3.0 auto": ("2.3.0", "mcp2.py", ["auto"], []),
    "mcp 2.3.0 legacy": ("2.3.0", "mcp2.py", ["legacy"], []),
    "mcp 1.30.0": ("1.30.0", "mcp1.py", ["2025-11-25"], ["tasks"]),
    "mcp 1.12.4": ("1.12.4", "mcp1.py", ["2025-06-18"], []),
    "mcp 1.8.1": ("1.8.1", "mcp1.py", ["2024-11-05"], []),
    "mcp 1.1.3": ("1.1.3", "mcp1.py", ["2024-11-05"], []),
    "fastmcp 4.1.2": ("fastmcp", "fast.py", [], ["tasks"]),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_others_wrote(name, home, record_property):
    folder, script, arguments, more = CLIENTS[name]
    python = ROOT / f".build-tools/mcp-{folder}/bin/python"
    record = home / "record.jsonl"
    command = [python, FOLDER / "clients" / script, *arguments]
    recorder = [sys.executable, FOLDER / "recorder.py", record, BINARY, "mcp"]
    run = subprocess.run(
        list(map(str, command + recorder)), capture_output=True, text=True, timeout=120,
        env=environment(home, IMAGEWIRE_STATE_DIR=home / "state"),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    steps = run.stdout.split("\n")
    assert sorted(step for step in steps if step) == sorted(COMMON + more)

    judge = conversation.judge(record)
    assert judge.judged > 20
    assert {"tools/list", "tools/call", "resources/read"} <= judge.methods
    said = [message for side, message in conversation.read(record) if side == "server"]
    assert [message for message in said if message.get("method") == "notifications/progress"]
    # Cancelling was not answered: the judge saw to that, if there was something to see.
    if script != "fast.py":
        assert judge.cancelled
