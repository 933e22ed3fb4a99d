"""The hosts: which environment below .build-tools/hosts and which adapter each uses, and how it is run."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from pictures import size
from program import BINARY, ROOT, Program, wait_for
from scenarios import environment_of
from scripted_model import ScriptedModel

FOLDER = Path(__file__).resolve().parent
#: Name: the environment and the adapter. `make test-hosts` runs those of DEFAULT.
HOSTS = {
    "claude": ("claude", "claude"),
    "codex": ("codex", "codex"),
    "codex-functions": ("codex", "codex"),
    "openai-agents": ("openai-agents", "openai_agents"),
    "langchain": ("langchain", "langchain"),
    "langchain-openai": ("langchain", "langchain"),
    "vibe": ("vibe", "vibe"),
    "adk": ("adk", "adk"),
    "pydantic-ai": ("pydantic-ai", "pydantic_ai"),
    "strands": ("strands", "strands"),
    "smolagents": ("smolagents", "smolagents"),
    "agno": ("agno", "agno"),
    "mcp-use": ("mcp-use", "mcp_use"),
    "fast-agent": ("fast-agent", "fast_agent"),
    "llm": ("llm", "llm"),
}
DEFAULT = ["claude", "codex", "codex-functions", "openai-agents", "langchain"]
#: Hosts that list no tools at first and rank them by words. The model of Codex filters them in JavaScript; its ranking is there
#: too, behind a feature that is off by default.
SEARCHING = ["claude", "codex"]
#: A host that has not ended after so many seconds is killed.
PATIENCE = 180
#: No host finds the internet, and none is to look for it.
OFFLINE = {
    **{name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")},
    **{name: "127.0.0.1,localhost" for name in ("NO_PROXY", "no_proxy")},
    "DO_NOT_TRACK": "1", "OTEL_SDK_DISABLED": "true", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "OPENAI_AGENTS_DISABLE_TRACING": "1", "AGNO_TELEMETRY": "false", "MCP_USE_ANONYMIZED_TELEMETRY": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYDANTIC_DISABLE_PLUGINS": "1",
}
#: Our tools, whatever a host writes before their names.
OURS = re.compile(r"(generate|edit|view|get|cancel|list|submit)_(image|prediction|model)s?$|estimate_cost$")


class World:
    """Everything around one conversation: a home, the program that the host starts, the provider on loopback."""

    def __init__(self, home, wavespeed):
        self.home, self.wavespeed = home, wavespeed
        self.pids = home / "pids"
        #: Set when the host has ended.
        self.ended = threading.Event()
        self.folder = home / "project"
        self.folder.mkdir()

    def server(self, variables, options=()):
        """How the host starts the program; each start leaves its process id."""
        note = 'echo $$ >>"$0" && exec "$@"'
        return {
            "command": "/bin/sh", "args": ["-c", note, str(self.pids), BINARY, "mcp", *options],
            "env": {"HOME": str(self.home), "PATH": os.environ["PATH"], **variables},
        }

    def starts(self):
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []

    def kill_server(self):
        os.kill(self.starts()[-1], signal.SIGKILL)

    def settle(self):
        """Waits until every prediction is finished, as the program tells."""
        env = {"HOME": str(self.home), "PATH": os.environ["PATH"]}

        def finished():
            rows = subprocess.run([BINARY, "list"], env=env, capture_output=True, text=True, check=True).stdout
            return rows and not re.search(r"\b(created|processing)\b", rows)

        wait_for(finished, "it is never finished")


def talk(host, scenario, world):
    """Lets a host hold the conversation of a scenario, and returns the model and how the host ended."""
    environment, adapter = HOSTS[host]
    python = ROOT / f".build-tools/hosts/{environment}/bin/python"
    with ScriptedModel(scenario.calls, world) as model:
        if scenario.begin:
            scenario.begin(world)
        spec = {
            "host": host, "model": model.url, "server": world.server(environment_of(scenario, world), scenario.options),
            "patience": scenario.patience, "prompt": "Make the image.", "folder": str(world.folder),
            "ranked": any(hasattr(step, "words") for step in scenario.calls),
        }
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
        process = subprocess.Popen(
            [str(python), str(FOLDER / f"adapters/host_{adapter}.py")], cwd=world.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**kept, **OFFLINE, "HOME": str(world.home), "HOST_SPEC": json.dumps(spec)},
        )
        beside = threading.Thread(target=scenario.meanwhile or (lambda _: None), args=(world,), daemon=True)
        beside.start()
        try:
            out, log = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, log = process.communicate()
            log += "\nKilled, since it did not end."
        world.ended.set()
        beside.join()
        (world.home / "host.log").write_text(f"{out}\n{log}")
        (world.home / "requests.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in model.requests))
        return model, {"code": process.returncode, "said": out.strip(), "log": log}


# -- what the model saw ----------------------------------------------------------------------------------------------


def laid_out(line):
    """A line as it is, or the object that it is the JSON of."""
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return value if isinstance(value, (dict, list)) else line


class Plain:
    """Replaces in texts what differs from run to run."""

    def __init__(self, world):
        self.world, self.ids = world, {}

    def id(self, match):
        return self.ids.setdefault(match[0], f"ID{len(self.ids) + 1}")

    def text(self, text):
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", self.id, text)
        text = text.replace(str(self.world.home), "HOME").replace(str(ROOT), "ROOT")
        # Where Claude Code keeps images.
        text = re.sub(r"(\.claude/projects/)[^/]+/[^/]+/(tool-results/mcp-imagewire-blob-)[\w-]+", r"\1…/\2…", text)
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", text)
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME", text)
        text = re.sub(r"\bsandbox-[0-9a-z]+-[0-9a-f]+", "REMOTE", text)
        text = re.sub(r"[A-Za-z0-9+/]{300,}=*", lambda m: f"BASE64 of {len(m[0]) // 1000} kB", text)
        text = re.sub(r"\b\d+\.\d+( ?)(s|seconds|ms)\b", r"N\1\2", text)
        text = re.sub(r"\bmade \d+ (s|min) ago", "made N s ago", text)
        text = re.sub(r'("age\\*": ?\\*")[^"\\]*', r"\1N s", text)
        return re.sub(r'("(?:inference|queued|total|saved|seconds|revision|[a-z_]*_ms)\\*": ?)[\d.]+', r"\g<1>0", text)

    def block(self, block):
        """A block as the golden file has it: JSON is laid out."""
        if "as user" in block:
            return {"as user": self.block(block["as user"])}
        if "base64" in block:
            content = base64.b64decode(block["base64"])
            below = next(size for size in (1, 10, 100, 1_000, 10_000) if len(content) < size * 1_000)
            width, height = size(content) if content else (0, 0)
            refused = {"refused": block["refused"]} if "refused" in block else {}
            return {"image": self.text(block["image"]), "size": f"{width}x{height}, under {below} kB", **refused}
        if "text" not in block:
            return json.loads(self.text(json.dumps(block)))
        lines = [laid_out(line) for line in self.text(block["text"]).split("\n")]
        if all(isinstance(line, str) for line in lines):
            return {"text": "\n".join(lines)}
        return {"text": lines if len(lines) > 1 else lines[0]}

    def result(self, blocks):
        text = [self.text(b["text"]) for b in blocks if "text" in b]
        return {"characters": sum(map(len, text)), "blocks": [self.block(b) for b in blocks]}


def seen(model, ended, world):
    """What the model saw, as the golden file of a scenario has it."""
    plain = Plain(world)
    done = [blocks for id, blocks in model.heard.results if id not in model.searches]
    results = [{"of": call.tool, **plain.result(blocks)} for call, blocks in zip(model.script, done)]
    found = {
        "results": results,
        "said": plain.text((ended["said"].splitlines() or [""])[-1]),
        "submits": len(world.wavespeed.posts()),
        "starts": len(world.starts()),
    }
    if files := sorted(path.name for path in world.folder.iterdir()):
        found["files in the project"] = files
    if model.missing:
        found["not offered"] = model.missing
    if refusal := model.heard.refusal():
        found["refused by the model's service"] = plain.text(refusal)
    if ended["code"] != 0:
        # The first exception of a traceback, whose lines a group of exceptions sets off.
        lines = [line.lstrip(" |+-") for line in ended["log"].splitlines()]
        errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Timeout)\b", line)]
        found["failed"] = plain.text((errors or lines[-1:] or [""])[0])
    return found


def offered(model, world):
    """Our tools as the model sees them: those of the first list, what a search for them finds, and the server's instructions."""
    plain, heard = Plain(world), model.heard
    begin = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    with Program(world.home, "mcp") as program:
        words = program.call("initialize", begin)["instructions"][:60]
    ours = [t for t in heard.tools if OURS.search(t["name"])]
    # Codex has a view_image of its own.
    named = [t for t in ours if "imagewire" in t.get("namespace", t["name"])]
    found = {"instructions": words in json.dumps(model.requests, ensure_ascii=False), "tools": named or ours}
    searches = [plain.result(blocks) for id, blocks in heard.results if id in model.searches]
    return {**found, "found": searches} if searches else found
