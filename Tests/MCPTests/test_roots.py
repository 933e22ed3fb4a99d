"""The roots of a host become directories whose images agents may name, where the user lets them (`--allow-roots`)."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest
from conversation import Judge
from interruption import only_linux
from program import ROOT, Ended, wait_for
from wavespeed import png

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "fox", "version": "1"},
}
OLD, LAST, STATELESS = "2024-11-05", "2025-11-25", "2026-07-28"
DIALECTS = pytest.mark.parametrize("dialect", [OLD, LAST, STATELESS])


class Host:
    """A host with roots. `None` as its roots: it has no such capability."""

    def __init__(self, program, dialect, *roots):
        self.program, self.dialect, self.roots = program, dialect, list(roots)
        self.judge, self.asked = Judge(), 0
        self.capabilities = {} if roots == (None,) else {"roots": {}}
        if dialect != STATELESS:
            hello = {"protocolVersion": dialect, "capabilities": self.capabilities, "clientInfo": {"name": "fox", "version": "1"}}
            self.call("initialize", hello)
            self.tell("notifications/initialized")

    @property
    def answer(self):
        return {"roots": [{"uri": str(root) if ":" in str(root) else root.as_uri()} for root in self.roots]}

    def tell(self, method):
        """Sends a notification, and answers what the server asks because of it."""
        self.program.send({"jsonrpc": "2.0", "method": method})
        self.call("ping", {})

    def call(self, method, params):
        if self.dialect == STATELESS:
            params = {**params, "_meta": {**META, "io.modelcontextprotocol/clientCapabilities": self.capabilities}}
        self.program.number += 1
        number = self.program.number
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.judge.sent(message)
        self.program.send(message)
        while True:
            message = self.program.receive()
            self.judge.received(message)
            if message.get("id") == number:
                if "error" not in message:
                    return message["result"]
                # Up to 2025-06-18 bad arguments are an error of the protocol.
                text = f"{message['error']['message']} {message['error']['data']}"
                return {"isError": True, "content": [{"text": text}]}
            if message.get("method") == "roots/list":
                self.asked += 1
                self.program.send({"jsonrpc": "2.0", "id": message["id"], "result": self.answer})

    def edit(self, path, **more):
        """What the model is told of an edit of a file; `None` where it is made."""
        params = {"name": "edit_image", "arguments": {
            "prompt": "make it blue", "size": "64x64", "images": [str(path)], "again": True, **more}}
        result = self.call("tools/call", params)
        if result.get("resultType") == "input_required":
            assert result["inputRequests"] == {"roots": {"method": "roots/list"}}
            self.asked += 1
            result = self.call("tools/call", {**params, "inputResponses": {"roots": self.answer}})
        return result["content"][0]["text"] if result["isError"] else None


@pytest.fixture
def project(home):
    folder = home / "my project"
    folder.mkdir()
    (folder / "fox.png").write_bytes(png())
    return folder


@DIALECTS
def test_a_root_is_allowed_where_the_user_says_so(spawn, project, dialect):
    host = Host(spawn("mcp", "--allow-roots"), dialect, project)
    assert host.edit(project / "fox.png") is None and host.asked == 1
    # Once they are known, nobody is asked again.
    assert host.edit((project / "fox.png").as_uri()) is None and host.asked == 1
    assert "not inside" in host.edit(project.parent / "private.png")


@DIALECTS
def test_without_the_users_word_no_root_is_asked_for(spawn, project, dialect):
    for arguments, roots in ((("mcp",), project), (("mcp", "--allow-roots"), None)):
        host = Host(spawn(*arguments), dialect, roots)
        assert "is no image that these tools made" in host.edit(project / "fox.png") and host.asked == 0


@DIALECTS
def test_the_home_directory_and_what_holds_it_are_no_roots(spawn, home, project, dialect):
    program = spawn("mcp", "--allow-roots")
    host = Host(program, dialect, home, home.parent, "file:///", home / "nowhere", "https://example.com/", "file://elsewhere/tmp")
    assert "is no image that these tools made" in host.edit(project / "fox.png") and host.asked == 1
    wait_for(lambda: program.log.count(b"is not adopted") == 4, program.log)


@pytest.mark.parametrize("variables", [{}, {"HOME": ""}], ids=["elsewhere", "unset"])
def test_the_home_directory_of_the_account_is_no_root_whatever_HOME_says(spawn, home, project, variables):
    account = Path(pwd.getpwuid(os.getuid()).pw_dir)
    program = spawn("mcp", "--allow-roots", "--state-dir", home / "state", **variables)
    host = Host(program, LAST, account, project)
    assert host.edit(project / "fox.png") is None
    wait_for(lambda: f"The root {account} of the host is not adopted".encode() in program.log, program.log)


@DIALECTS
def test_what_is_in_the_state_directory_is_no_root(spawn, dialect):
    plain = spawn()
    path = Path(plain.call("submit", prompt="theirs", input={"size": "64x64"}, wait_ms=60000)["files"][0]["path"])
    for root in (path.parent, path.parents[1]):
        host = Host(spawn("mcp", "--allow-roots"), dialect, root)
        assert "is no image that these tools made" in host.edit(path)
        result = host.call("tools/call", {"name": "view_image", "arguments": {"id": str(path)}})
        assert result.get("isError") or result["resultType"] == "input_required"


@pytest.fixture
def dead(tmp_path):
    """A directory whose disk does not answer until somebody writes to the pipe, and the variables for that."""
    library, pipe, folder = tmp_path / "dead-disk.so", tmp_path / "pipe", tmp_path / "dead"
    compiler = shutil.which("clang") or shutil.which("cc")
    source = ROOT / "Tests/Fixtures/dead-disk.c"
    subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.mkfifo(pipe)
    folder.mkdir()
    (folder / "fox.png").write_bytes(png())
    return folder, pipe, {"LD_PRELOAD": library, "DEAD_DISK": folder, "DEAD_DISK_PIPE": pipe}


EDIT_OF_DEAD = {"prompt": "make it blue", "size": "64x64"}


@only_linux
def test_a_root_on_a_dead_disk_stops_only_calls_for_its_files(spawn, dead):
    folder, pipe, variables = dead
    host = Host(spawn("mcp", "--allow-roots", **variables), LAST, folder)
    program = host.program
    edit = program.start("tools/call", name="edit_image", arguments={**EDIT_OF_DEAD, "images": [str(folder / "fox.png")]})
    assert not program.call("tools/call", name="generate_image", arguments=EDIT_OF_DEAD)["isError"]
    assert edit not in program.replies
    pipe.write_bytes(b"")
    assert not program.reply(edit)["isError"]


@only_linux
def test_the_end_of_input_does_not_wait_for_a_dead_disk(spawn, dead):
    folder, _, variables = dead
    host = Host(spawn("mcp", "--allow-roots", **variables), LAST, folder)
    edit = host.program.start("tools/call", name="edit_image", arguments={**EDIT_OF_DEAD, "images": [str(folder / "fox.png")]})
    cancelled = host.program.start("tools/call", name="view_image", arguments={"id": str(folder / "fox.png")})
    host.program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": cancelled}})
    host.program.close()
    result = host.program.reply(edit)
    assert result["isError"] and "The input ended" in result["content"][0]["text"]
    assert host.program.wait() == 0 and cancelled not in host.program.replies
    with pytest.raises(Ended):
        host.program.receive()


@DIALECTS
def test_other_roots_replace_them_and_what_the_user_allowed_stays(spawn, home, project, dialect):
    allowed, other = home / "allowed", home / "other"
    for folder in (allowed, other):
        folder.mkdir()
        (folder / "owl.png").write_bytes(png())
    host = Host(spawn("mcp", "--allow-roots", "--allow-input", allowed), dialect, project)
    assert host.edit(project / "fox.png") is None
    host.roots = [other]
    if dialect != STATELESS:
        host.tell("notifications/roots/list_changed")
    assert host.edit(other / "owl.png") is None and host.edit(allowed / "owl.png") is None
    if dialect != STATELESS:
        assert "not inside" in host.edit(project / "fox.png")


def test_an_answer_that_was_not_asked_for_changes_nothing(spawn, project):
    program = spawn("mcp", "--allow-roots")
    host = Host(program, LAST, project.parent / "nowhere")
    for id in ("imagewire-roots-1", "imagewire-roots-2", 1, "roots", None):
        program.send({"jsonrpc": "2.0", "id": id, "result": {"roots": [{"uri": project.as_uri()}]}})
    assert host.edit(project / "fox.png") is not None


@pytest.mark.parametrize("variables, works", [
    ({"IMAGEWIRE_ALLOW_ROOTS": "true"}, True), ({"IMAGEWIRE_ALLOW_ROOTS": "1"}, True), ({"IMAGEWIRE_ALLOW_ROOTS": "0"}, False),
    ({"IMAGEWIRE_ALLOW_ROOTS": "yes"}, False),
])
def test_the_environment_says_it_too(spawn, project, variables, works):
    program = spawn("mcp", **variables)
    assert (Host(program, LAST, project).edit(project / "fox.png") is None) == works
    if "yes" in variables.values():
        assert b"allow_roots from IMAGEWIRE_ALLOW_ROOTS must be true or false" in program.log
