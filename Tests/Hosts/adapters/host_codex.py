"""Codex, the program that openai-codex brings along."""

import json
import os
import subprocess
import sys
from pathlib import Path

from codex_cli_bin import bundled_codex_path
from spec import FOLDER, HOST, MODEL, PATIENCE, PROMPT, RANKED, SERVER

server = {**SERVER, "default_tools_approval_mode": "approve", **({"tool_timeout_sec": PATIENCE} if PATIENCE else {})}
# Its default model calls tools in JavaScript, older ones as functions.
model = ["-m", "gpt-5.1-codex"] if HOST == "codex-functions" else []
ranked = ["-c", "features.code_mode_tool_search=true"] if RANKED else []
provider = {"name": "scripted", "base_url": f"{MODEL}/v1", "wire_api": "responses", "env_key": "SCRIPTED_KEY"}


def settings(name, table):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from settings(f"{name}.{key}", value)
        else:
            yield from ("-c", f"{name}.{key}={json.dumps(value)}")


last = Path(FOLDER).parent / "last"
done = subprocess.run(
    [
        bundled_codex_path(), "exec", "--skip-git-repo-check", "--ephemeral", *model, *ranked, "-o", str(last),
        "-c", 'model_provider="scripted"', *settings("model_providers.scripted", provider),
        *settings("mcp_servers.imagewire", server), PROMPT,
    ],
    stdin=subprocess.DEVNULL, stdout=sys.stderr, env={**os.environ, "SCRIPTED_KEY": "none"},
)
print(last.read_text() if last.exists() else "")
sys.exit(done.returncode)
