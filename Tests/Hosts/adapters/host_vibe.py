"""Mistral Vibe, the program, without a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

from spec import MODEL, PATIENCE, PROMPT, SERVER

variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in SERVER["env"].items())
config = f"""
active_model = "scripted"
enable_telemetry = false
enable_update_checks = false
enable_auto_update = false

[[providers]]
name = "scripted"
api_base = "{MODEL}/v1"
api_key_env_var = "SCRIPTED_KEY"

[[models]]
name = "scripted"
provider = "scripted"
alias = "scripted"
supports_images = true

[[mcp_servers]]
name = "imagewire"
transport = "stdio"
command = {json.dumps(SERVER["command"])}
args = {json.dumps(SERVER["args"])}
env = {{ {variables} }}
{f"tool_timeout_sec = {PATIENCE}" if PATIENCE else ""}
"""
folder = Path(os.environ["HOME"]) / ".vibe"
folder.mkdir()
(folder / "config.toml").write_text(config)
command = [Path(sys.executable).parent / "vibe", "--prompt", PROMPT, "--auto-approve", "--trust", "--max-turns", "12"]
sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, env={**os.environ, "SCRIPTED_KEY": "none"}).returncode)
