"""imagewire mcp-config: the files of hosts, real ones in a home of its own. Nothing in them is lost."""

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib

import pytest
from program import BINARY, KEY, PATIENCE, environment

#: The file of each host below the home directory, on Linux.
FILES = {
    "claude-code": ".claude.json",
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "codex": ".codex/config.toml",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
    "zed": ".config/zed/settings.json",
    "vibe": ".vibe/config.toml",
    "gemini": ".gemini/settings.json",
    "goose": ".config/goose/config.yaml",
    "opencode": ".config/opencode/opencode.json",
    "windsurf": ".codeium/windsurf/mcp_config.json",
}


@pytest.fixture
def configure(home):
    def run(*arguments, program=BINARY, before=(), **variables):
        return subprocess.run(
            [*before, program, "mcp-config", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            stdin=subprocess.DEVNULL, env=environment(home, **variables),
        )

    return run


def place(home, host, text=None):
    file = home / FILES[host]
    if text is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return file


def servers(host, text):
    """The servers that a host would find, as it reads its file; each with its command, arguments and time-out in seconds."""
    if host in ("codex", "vibe"):
        found = tomllib.loads(text)["mcp_servers"]
        found = found if host == "codex" else {server.pop("name"): server for server in found}
        return {name: ([server["command"], *server["args"]], server.get("tool_timeout_sec")) for name, server in found.items()}
    if host == "goose":
        names = re.findall(r"^  ([\w-]+):$", text, re.M)
        command, arguments = re.search(r'^    cmd: (".*")$', text, re.M)[1], re.search(r"^    args: (.*)$", text, re.M)[1]
        seconds = int(re.search(r"^    timeout: (\d+)$", text, re.M)[1])
        return {name: ([json.loads(command), *json.loads(arguments)], seconds) for name in names}
    members = {"vscode": "servers", "zed": "context_servers", "opencode": "mcp"}
    found = json.loads(text)[members.get(host, "mcpServers")]
    if host == "opencode":
        return {name: (server["command"], server.get("timeout", 0) / 1000) for name, server in found.items()}
    scale = 1 if host == "zed" else 1000
    return {
        name: ([server["command"], *server["args"]], server["timeout"] / scale if "timeout" in server else None)
        for name, server in found.items()
    }


def backups(file):
    return sorted(path.name for path in file.parent.iterdir() if path.name.endswith(".bak"))


@pytest.mark.parametrize("host", FILES)
def test_it_prints_and_writes_what_starts_this_program(home, configure, host):
    printed = configure(host)
    assert printed.returncode == 0, printed.stderr
    assert not (home / FILES[host]).exists() and str(home / FILES[host]) in printed.stderr
    (command, seconds) = servers(host, printed.stdout)["imagewire"]
    # These start their servers in the folder of the project.
    project = ["--allow-output", "."] if host in ("claude-code", "codex") else []
    assert command == [os.path.realpath(BINARY), "mcp", *project]
    assert seconds == {"codex": 600, "zed": 600, "vibe": 600, "gemini": 600, "goose": 600, "opencode": 600}.get(host)
    # It starts: a handshake is answered.
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}},
    }
    reply = subprocess.run(command, input=json.dumps(hello), capture_output=True, text=True, timeout=PATIENCE, env=environment(home))
    assert json.loads(reply.stdout)["result"]["serverInfo"]["name"] == "imagewire"

    written = configure(host, "--write")
    assert written.returncode == 0 and written.stdout == "", written.stderr
    assert place(home, host).read_text() == printed.stdout
    assert backups(place(home, host)) == [] and not [path for path in home.rglob("*.new")]
    assert stat.S_IMODE(place(home, host).stat().st_mode) == 0o600


@pytest.mark.parametrize("host", FILES)
def test_twice_changes_nothing(home, configure, host):
    configure(host, "--write")
    file = place(home, host)
    before = file.stat()
    again = configure(host, "--write")
    assert again.returncode == 0 and "lists this server already; nothing was written." in again.stderr
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert backups(file) == []


OTHERS = {
    "codex": 'model = "x" # mine\n\n[mcp_servers.other]\ncommand = "a"\nargs = []\n',
    "vibe": 'active_model = "x" # mine\n\n[[mcp_servers]]\nname = "other"\ntransport = "stdio"\ncommand = "a"\nargs = []\n',
    "goose": 'GOOSE_MODE: "auto" # mine\nextensions:\n  other:\n    type: builtin\n',
    "vscode": '{"inputs": [], "servers": {"other": {"command": "a", "args": []}}}',
    "zed": '{"theme": "One", "context_servers": {"other": {"command": "a", "args": []}}}',
    "opencode": '{"theme": "x", "mcp": {"other": {"type": "local", "command": ["a"]}}}',
}


@pytest.mark.parametrize("host", FILES)
def test_other_servers_and_settings_stay(home, configure, host):
    old = OTHERS.get(host, '{\n    "big": 12345678901234567890.0,\n    "mcpServers": {\n        "other": {"command": "a", "args": []}\n    }\n}\n')
    file = place(home, host, old)
    file.chmod(0o640)
    done = configure(host, "--write")
    assert done.returncode == 0, done.stderr
    new = file.read_text()
    assert set(servers(host, new)) == {"other", "imagewire"}
    # What was there is still there, in its order: the new file without what was added is the old one.
    rest = iter(new)
    assert all(character in rest for character in old)
    assert (file.parent / f"{file.name}.bak").read_text() == old
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE((file.parent / f"{file.name}.bak").stat().st_mode) == 0o600


def test_a_large_file_of_claude_code_is_changed_in_one_place(home, configure):
    history = {f"/project/{number}": {"history": ["x" * 200] * 20} for number in range(200)}
    old = json.dumps({"numStartups": 7, "projects": history, "mcpServers": {}}, indent=2)
    assert len(old) > 500_000
    file = place(home, "claude-code", old)
    assert configure("claude-code", "--write").returncode == 0
    new = file.read_text()
    assert new.startswith(old[:-5]) and json.loads(new)["projects"] == history
    assert json.loads(new)["mcpServers"]["imagewire"]["type"] == "stdio"


@pytest.mark.parametrize("text", [
    '{\n  // mine\n  "a": 1\n}', '{"a": 1,}', '{"a": [', "[]", '{"context_servers": 1, "servers": 1, "mcpServers": 1}',
])
@pytest.mark.parametrize("host", ["zed", "vscode", "claude-desktop"])
def test_json_that_would_lose_something_is_not_changed(home, configure, host, text):
    file = place(home, host, text)
    done = configure(host, "--write")
    assert done.returncode == 1 and "Nothing was written." in done.stderr
    assert file.read_text() == text and backups(file) == []
    # What to add is printed.
    assert "imagewire" in servers(host, done.stdout)


@pytest.mark.parametrize("host, text, line", [
    ("codex", 'a = 1\nb = "x\n', 2), ("vibe", "a = 1\n[b\n", 2), ("goose", "a: 1\nb\n", 2), ("goose", "a: 1\n---\nb: 2\n", 2),
])
def test_a_broken_file_is_not_changed(home, configure, host, text, line):
    file = place(home, host, text)
    done = configure(host, "--write")
    assert done.returncode == 1 and f"(line {line})" in done.stderr and "Nothing was written." in done.stderr
    assert file.read_text() == text and backups(file) == []
    assert "imagewire" in servers(host, done.stdout)


@pytest.mark.parametrize("host", FILES)
def test_another_server_of_that_name_is_not_replaced(home, configure, host):
    old = subprocess.run(
        [BINARY, "mcp-config", host, "--output-dir", "/elsewhere"], capture_output=True, text=True, env=environment(home),
    ).stdout
    file = place(home, host, old)
    done = configure(host, "--write")
    assert done.returncode == 1 and "lists another server of this name" in done.stderr
    assert file.read_text() == old
    assert configure(host, "--write", "--name", "second").returncode == 0
    assert set(servers(host, file.read_text())) == {"imagewire", "second"}


def test_an_older_backup_is_kept(home, configure):
    file = place(home, "cursor", '{"a": 1}')
    older = file.parent / "mcp.json.bak"
    older.write_text("the user's own")
    assert configure("cursor", "--write").returncode == 0
    assert older.read_text() == "the user's own"
    (timed,) = [name for name in backups(file) if name != "mcp.json.bak"]
    assert re.fullmatch(r"mcp\.json\.\d{8}T\d{6}\.\d{3}Z\.bak", timed)
    assert (file.parent / timed).read_text() == '{"a": 1}'
    # The same contents are not kept twice.
    file.write_text('{"a": 1}')
    older.write_text('{"a": 1}')
    assert configure("cursor", "--write").returncode == 0
    assert backups(file) == sorted(["mcp.json.bak", timed])


def test_a_symbolic_link_stays_and_its_target_is_written(home, configure):
    target = home / "dotfiles/mcp.json"
    target.parent.mkdir()
    target.write_text('{"a": 1}')
    file = place(home, "cursor")
    file.parent.mkdir()
    file.symlink_to(target)
    assert configure("cursor", "--write").returncode == 0
    assert file.is_symlink() and "imagewire" in servers("cursor", target.read_text())
    file.unlink()
    file.symlink_to(home / "nowhere")
    done = configure("cursor", "--write")
    assert done.returncode == 1 and "is a symbolic link to nothing." in done.stderr and file.is_symlink()


def without_the_rights_of_root():
    """A wrapper under which modes count, as for a user."""
    if os.geteuid() != 0:
        return ()
    assert shutil.which("setpriv"), "root needs setpriv for this test"
    rights = "-dac_override,-dac_read_search,-fowner"
    return ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", "--")


def test_a_folder_that_cannot_be_written_is_reported(home, configure):
    file = place(home, "cursor", '{"a": 1}')
    file.parent.chmod(0o500)
    try:
        done = configure("cursor", "--write", before=without_the_rights_of_root())
        assert done.returncode == 1, done.stderr
        assert "could not be written: Permission denied. Nothing was written." in done.stderr
    finally:
        file.parent.chmod(0o700)
    assert file.read_text() == '{"a": 1}' and [path.name for path in file.parent.iterdir()] == ["mcp.json"]


def test_a_file_that_is_no_file_or_cannot_be_read_is_reported(home, configure):
    place(home, "cursor").mkdir(parents=True)
    done = configure("cursor", "--write")
    assert done.returncode == 1 and "is not a regular file. Nothing was written." in done.stderr


def test_no_key_is_written_and_the_note_says_where_it_belongs(home, configure):
    done = configure("claude-code", "--write", WAVESPEED_API_KEY=KEY)
    assert "imagewire setup" in done.stderr and "WAVESPEED_API_KEY_FILE" in done.stderr and "MCP_TOOL_TIMEOUT" in done.stderr
    assert KEY not in place(home, "claude-code").read_text() + done.stderr + done.stdout


def test_variables_of_the_hosts_and_a_file_of_a_project_are_followed(home, configure):
    configure("codex", "--write", CODEX_HOME=home / "c")
    configure("claude-code", "--write", CLAUDE_CONFIG_DIR=home / "d")
    configure("zed", "--write", XDG_CONFIG_HOME=home / "x")
    configure("vscode", "--write", "--file", ".vscode/mcp.json", "--output-dir", "images")
    assert (home / "c/config.toml").exists() and (home / "d/.claude.json").exists() and (home / "x/zed/settings.json").exists()
    project = json.loads((home / ".vscode/mcp.json").read_text())
    assert project["servers"]["imagewire"]["args"] == ["mcp", "--output-dir", str(home / "images")]
    (home / ".config/opencode").mkdir(parents=True)
    (home / ".config/opencode/opencode.jsonc").write_text("{}")
    configure("opencode", "--write")
    assert [path.name for path in (home / ".config/opencode").iterdir() if path.suffix != ".bak"] == ["opencode.jsonc"]


def test_the_path_is_whole_however_the_program_was_started(home, configure):
    folder = home / "b i n"
    folder.mkdir()
    (folder / "imagewire").symlink_to(BINARY)
    for program, variables in (("imagewire", {"PATH": f"{folder}:/usr/bin"}), ("./b i n/imagewire", {}), (f"{folder}/imagewire", {})):
        found = subprocess.run(
            [program, "mcp-config", "vibe"], capture_output=True, text=True, cwd=home, timeout=PATIENCE,
            env=environment(home, **variables), executable=str(folder / "imagewire"),
        ).stdout
        # The link stays, for updates; Vibe splits a string at its spaces.
        assert tomllib.loads(found)["mcp_servers"][0]["command"] == [f"{folder}/imagewire"]


@pytest.mark.parametrize("arguments, words", [
    (["nonsense"], "HOST must be"), ([], "HOST is missing"), (["codex", "--name", "a b"], "--name takes"),
    (["codex", "--output-dir", "a\nb"], "control character"),
])
def test_a_wrong_command_line_is_refused(home, configure, arguments, words):
    done = configure(*arguments)
    assert done.returncode == 2 and words in done.stderr and done.stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody")
def test_a_file_of_somebody_else_stays_theirs(home, configure):
    file = place(home, "cursor", "{}")
    os.chown(file, 1234, 4321)
    file.chmod(0o600)
    assert configure("cursor", "--write").returncode == 0
    written = file.stat()
    assert (written.st_uid, written.st_gid, stat.S_IMODE(written.st_mode)) == (1234, 4321, 0o600)
