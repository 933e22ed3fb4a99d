"""A paused account is reported with each prediction that waits for it, and a top-up ends the pause."""

import re
import subprocess

from program import BINARY, KEY, PATIENCE, environment, wait_for
from terminal import Terminal

def balances(wavespeed):
    return [request for request in wavespeed.log() if request["endpoint"] == "balance"]


def empty(program, wavespeed):
    """The provider refuses one for lack of credit. An image costs $0.05 whatever the balance is, and that is nothing."""
    price = {"do": "reply", "times": "forever", "json": {"code": 200, "data": {"price": 0.05}}}
    wavespeed.script(submit=["402"], price=[price], usd=0)
    refused = program.call("submit", prompt="too dear", wait_ms=20000)
    assert refused["failure"]["type"] == "insufficient_credit"


def test_a_created_prediction_says_why_and_until_when_it_waits(paid, wavespeed, home):
    with paid() as program:
        empty(program, wavespeed)
        created = program.call("submit", prompt="a boat")
        assert created["status"] == "created"
        assert created["waiting"]["reason"] == "insufficient_credit"
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created["waiting"]["until"])
        for answer in (
            program.call("status", id=created["id"]), program.call("result", id=created["id"], timeout_ms=10),
            program.call("wait", ids=[created["id"]], timeout_ms=10)["predictions"][0],
            program.call("list", status="created")["predictions"][0],
        ):
            assert answer["waiting"] == created["waiting"]
        # Another process, by its first call.
        with paid() as other:
            assert other.call("status", id=created["id"])["waiting"] == created["waiting"]
        cancelled = program.call("cancel", id=created["id"])
        assert cancelled["status"] == "cancelled" and "waiting" not in cancelled
    assert len(wavespeed.posts()) == 1


def test_a_top_up_is_noticed_before_the_pause_ends(paid, wavespeed):
    with paid() as program:
        empty(program, wavespeed)
        created = program.call("submit", prompt="a boat")
        wait_for(lambda: len(balances(wavespeed)) == 2, "it asks again")
        assert program.call("status", id=created["id"])["status"] == "created"
        wavespeed.script(usd=0.05)
        done = program.call("result", id=created["id"], timeout_ms=20000)
    assert done["status"] == "completed" and "waiting" not in done


def test_a_balance_that_is_still_too_small_ends_nothing(paid, wavespeed):
    with paid() as program:
        empty(program, wavespeed)
        wavespeed.script(usd=0.0004)
        created = program.call("submit", prompt="a boat")
        wait_for(lambda: len(balances(wavespeed)) == 3, "it asks again")
        assert program.call("status", id=created["id"])["status"] == "created"
    assert len(wavespeed.posts()) == 1


def test_a_process_started_after_the_top_up_sends_at_once(paid, wavespeed):
    with paid() as program:
        empty(program, wavespeed)
    wavespeed.script(usd=0.05)
    with paid() as program:
        assert program.call("submit", prompt="a boat", wait_ms=20000)["status"] == "completed"


def test_a_pause_for_another_reason_asks_for_no_balance(paid, wavespeed):
    wavespeed.script(submit=["401"])
    with paid() as program:
        program.call("submit", prompt="no key", wait_ms=20000)
        created = program.call("submit", prompt="a boat")
        assert created["waiting"]["reason"] == "authentication"
        program.call("result", id=created["id"], timeout_ms=1000)
    assert balances(wavespeed) == []


def test_people_see_it(paid, wavespeed, home):
    with paid() as program:
        empty(program, wavespeed)
    variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url}

    def run(*arguments):
        return subprocess.run(
            [BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, **variables))

    doctor = run("doctor")
    assert re.search(r"warning +account +the account has not enough credit; nothing is sent before", doctor.stdout)
    assert "All is well" not in doctor.stdout
    piped = run("generate", "a boat", "--timeout", "1")
    assert re.search(r"Nothing is sent before .*: the account has not enough credit\.", piped.stderr)
    found = re.search(r"imagewire result (\S+) waits", piped.stderr).group(1)
    assert re.search(r"^waiting +until .*: the account has not enough credit$", run("status", found).stdout, re.M)
    with Terminal(home, "generate", "a ship", columns=120, **variables) as terminal:
        terminal.see("waiting until ")
        terminal.see("not enough credit")
        terminal.type("\x03")
        assert terminal.end()[0] == 3


def test_an_agent_is_told(paid, wavespeed):
    with paid() as program:
        empty(program, wavespeed)
        program.call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}})
        answer = program.call("tools/call", {"name": "submit_prediction", "arguments": {"prompt": "a boat"}})
    assert answer["structuredContent"]["waiting"]["reason"] == "insufficient_credit"
    assert "It waits: the account has not enough credit. Nothing is sent before" in answer["content"][0]["text"]
