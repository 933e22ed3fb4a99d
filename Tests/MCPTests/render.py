"""Writes schemas/mcp/tools-REVISION.json, the list of tools as it is served, and the tools and the version into the manifest of
the bundle and the record for the registry. `make schemas` runs it.

    render.py PROGRAM SCHEMAS MANIFESTS
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def tools(program, revision):
    """What `tools/list` answers in a revision."""
    hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "render", "version": "1"}}
    meta = {
        "io.modelcontextprotocol/protocolVersion": revision,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    messages = [{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}] if revision < "2026" else []
    params = {"params": {"_meta": meta}} if revision >= "2026" else {}
    messages.append({"jsonrpc": "2.0", "id": 2, "method": "tools/list", **params})
    with tempfile.TemporaryDirectory() as home:
        run = subprocess.run(
            [program], input="".join(json.dumps(message) + "\n" for message in messages), capture_output=True,
            text=True, check=True, timeout=60, env={"HOME": home},
        )
    return json.loads(run.stdout.splitlines()[-1])["result"]["tools"]


def version(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def manifests(folder, number, listed):
    """The files manifest.json and server.json as they must be: what they hold, with this version and these tools."""
    manifest, server = (json.loads(Path(folder, name).read_text()) for name in ("manifest.json", "server.json"))
    manifest["version"] = server["version"] = number
    manifest["tools"] = [{"name": one["name"], "description": one["description"]} for one in listed]
    for package in server["packages"]:
        package["version"] = number
    return {"manifest.json": manifest, "server.json": server}


if __name__ == "__main__":
    program, folder, kept = sys.argv[1:]
    for revision in REVISIONS:
        text = json.dumps(tools(program, revision), indent=2, ensure_ascii=False)
        Path(folder, f"tools-{revision}.json").write_text(text + "\n")
    for name, value in manifests(kept, version(program), tools(program, "2025-11-25")).items():
        Path(kept, name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
