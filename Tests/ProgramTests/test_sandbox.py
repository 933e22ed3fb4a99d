"""The sandbox is named as such to people and to agents, and costs nothing."""

import sqlite3
import subprocess
from pathlib import Path

import pytest
from program import BINARY, PATIENCE, environment, wait_for
from terminal import Terminal

NOTE = "Drawn offline by the sandbox. For real images: imagewire setup"
LABEL = "Sandbox drawing (no image model was asked, nothing was billed)"


def order(program, **script):
    return program.call("submit", input={"prompt": "a boat", "size": "64x64", "sandbox": script}, wait_ms=30_000)


@pytest.mark.parametrize("script, status", [
    ({}, "completed"), ({"fail": "remote_error"}, "failed"), ({"fail": "submission_unknown"}, "unknown"),
    ({"fail": "download_failed"}, "completed"), ({"nsfw": True}, "completed"),
])
def test_however_it_ends_nothing_was_billed(spawn, script, status):
    with spawn() as program:
        done = order(program, **script)
        assert (done["status"], done["provider"], done["billing"]) == (status, "sandbox", "none")
        words = str(done["failure"] or "")
        assert "bill it" not in words and "paid" not in words and "check the bill" not in words


def test_cancelling_at_any_moment_spends_nothing(spawn):
    with spawn() as program:
        slow = program.call("submit", input={"prompt": "x", "sandbox": {"never": True}})
        assert slow["billing"] == "none"
        wait_for(lambda: program.call("status", id=slow["id"])["remote_id"], "it is not in progress")
        assert program.call("status", id=slow["id"])["billing"] == "none"
        ended = program.call("cancel", id=slow["id"])
        assert ended["billing"] == "none" and "Nothing was spent" in ended["error"]


def test_a_row_of_an_older_version_that_says_charged_was_free_too(spawn, home):
    with spawn() as program:
        made = order(program)["id"]
        assert program.finish() == 0
    table = sqlite3.connect(home / ".local/state/imagewire/predictions.db")
    assert table.execute("UPDATE predictions SET billing = 'charged'").rowcount == 1
    table.commit()
    table.close()
    with spawn() as program:
        assert program.call("status", id=made)["billing"] == "none"
        assert [row["billing"] for row in program.call("list")["predictions"]] == ["none"]


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--json"], ["-p", "sandbox"]])
def test_a_person_is_told_on_a_pipe(home, options):
    done = subprocess.run(
        [BINARY, "generate", "a boat", *options], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home))
    assert done.stderr == f"{NOTE}\n" and NOTE not in done.stdout


def test_a_person_is_told_on_a_terminal_which_names_no_model(home):
    with Terminal(home, "generate", "a boat") as terminal:
        assert terminal.end()[0] == 0
        assert NOTE in terminal.text and "gpt-image" not in terminal.text


def test_the_gallery_names_the_provider(home):
    def run(*arguments):
        return subprocess.run(
            [BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=home, env=environment(home)).stdout

    run("generate", "a boat")
    page = Path(run("gallery").strip()).read_text()
    assert "<dt>provider<dd>sandbox" in page and "<dt>billing<dd>none" in page


def test_an_agent_is_told_before_and_with_every_answer(spawn):
    with spawn("mcp") as program:
        hello = program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "0"})
        assert hello["instructions"].startswith("Sandbox: no image model is configured")

        def tool(name, **arguments):
            result = program.call("tools/call", name=name, arguments=arguments)
            assert result["content"][0]["text"].startswith(LABEL), result
            return result.get("structuredContent")

        made = tool("generate_image", prompt="a boat", size="64x64")
        assert LABEL in made["about"] and (made["provider"], made["cost"]) == ("sandbox", "nothing")
        slow = tool("generate_image", prompt="a boat", parameters='{"sandbox":{"never":true}}', wait_seconds=0)
        for name in ("get_image", "view_image", "get_prediction"):
            tool(name, id=made["id"])
        tool("edit_image", prompt="make it blue", images=[made["id"]], size="64x64")
        tool("cancel_image", id=slow["id"])
        tool("list_images")
        tool("list_predictions")
        failed = program.call("tools/call", name="generate_image", arguments={"prompt": "x", "input": {"sandbox": {"fail": "remote_error"}}})
        assert failed["isError"] and failed["content"][0]["text"].startswith(LABEL)


def test_a_real_provider_is_not_called_a_sandbox(paid):
    with paid("mcp") as program:
        hello = program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "0"})
        assert "andbox" not in hello["instructions"]
        made = program.call("tools/call", name="generate_image", arguments={"prompt": "a boat", "input": {"size": "64x64"}})
        assert "andbox" not in str(made)
