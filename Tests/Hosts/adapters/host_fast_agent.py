"""fast-agent, the program, with OpenAI's API."""

import json
import subprocess
import sys
from pathlib import Path

from spec import FOLDER, MODEL, PATIENCE, PROMPT, SERVER

patience = {"read_timeout_seconds": PATIENCE} if PATIENCE else {}
config = {
    "openai": {"api_key": "none", "base_url": f"{MODEL}/v1"},
    "logger": {"type": "none", "progress_display": False},
    "mcp": {"servers": {"imagewire": {**SERVER, **patience}}},
}
path = Path(FOLDER) / "fast-agent.yaml"
path.write_text(json.dumps(config))
command = [
    Path(sys.executable).parent / "fast-agent", "go", "--config-path", path, "--servers", "imagewire", "--model",
    "openai.gpt-4.1", "--message", PROMPT, "--quiet",
]
sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL).returncode)
