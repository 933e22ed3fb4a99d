"""llm, the program, and its plugin llm-tools-mcp. It has no time-out for tools."""

import json
import os
import subprocess
import sys
from pathlib import Path

from spec import MODEL, PROMPT, SERVER

home = Path(os.environ["HOME"])
(home / ".llm-tools-mcp").mkdir()
(home / ".llm-tools-mcp/mcp.json").write_text(json.dumps({"mcpServers": {"imagewire": SERVER}}))
(home / "llm").mkdir()
model = {"model_id": "scripted", "model_name": "scripted", "api_base": f"{MODEL}/v1", "supports_tools": True}
(home / "llm/extra-openai-models.yaml").write_text(json.dumps([model]))
command = [Path(sys.executable).parent / "llm", "prompt", "-m", "scripted", "-T", "MCP", "--key", "none", "--cl", "12", PROMPT]
environment = {**os.environ, "LLM_USER_PATH": str(home / "llm")}
sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, env=environment).returncode)
