"""imagewire call: one request of the protocol from the command line."""

import json
import os
import pty
import signal
import subprocess

import pytest
from program import BINARY, PATIENCE, environment


@pytest.fixture
def call(home):
    def run(*arguments, **more):
        done = subprocess.run([BINARY, "call", *arguments], capture_output=True, text=True, timeout=PATIENCE, env=environment(home), **more)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run


def test_it_sends_one_request_and_prints_what_comes_back(call):
    status, [answer], errors = call("submit", "prompt=a red fox", "input.size=64x64", "tags=book", "tags=night", "wait_ms=20000")
    assert status == 0 and answer["id"] == 1
    assert answer["result"]["status"] == "completed" and answer["result"]["tags"] == ["book", "night"]
    assert answer["result"]["input"] == {"prompt": "a red fox", "size": "64x64"}
    assert errors.startswith("> ") and json.loads(errors[2:])["method"] == "submit"
    status, [page], errors = call("list", "-q")
    assert (status, errors) == (0, "")
    assert [one["id"] for one in page["result"]["predictions"]] == [answer["result"]["id"]]


def test_notifications_are_printed_before_the_answer(call):
    _, [submitted], _ = call("submit", 'input={"prompt":"slow","sandbox":{"delay_ms":300}}')
    status, messages, _ = call("result", f"id={submitted['result']['id']}", "workDoneToken=t")
    assert status == 0
    kinds = [message["params"]["value"]["kind"] for message in messages[:-1]]
    assert kinds[0] == "begin" and kinds[-1] == "end" and messages[-1]["result"]["status"] == "completed"


def test_an_error_is_printed_and_is_the_exit_status(call):
    for arguments, kind in [(["status", "id=x"], "prediction_not_found"), (["submti"], "method_not_found"), (["submit", "promt=a"], "invalid_params")]:
        status, [answer], _ = call(*arguments)
        assert (status, answer["error"]["data"]["type"]) == (1, kind)


def test_a_notification_has_no_answer(call):
    assert call("initialized")[:2] == (0, [])


@pytest.mark.parametrize("arguments, words", [
    (["submit", "prompt"], "NAME=VALUE"), (["submit", "=x"], "NAME=VALUE"), (["submit", '{"prompt":'], "not JSON"), ([], "METHOD is missing"),
    (["submit", "prompt=a", "--bogus"], "no option --bogus"), (["ping", "--framing", "header"], "no option --framing"),
    (["initialize", "configuration.wavespeed_api_key=wsk_x"], "Others can see a key"),
    (["initialize", '{"configuration":{"wavespeed_api_key":"wsk_x"}}'], "Others can see a key"),
])
def test_words_that_are_no_request_are_refused_and_nothing_is_sent(call, arguments, words):
    status, messages, errors = call(*arguments)
    assert (status, messages) == (2, []) and words in errors and "wsk_x" not in errors


def test_follow_prints_notifications_until_ctrl_c(call, home):
    process = subprocess.Popen(
        [BINARY, "call", "subscribe", "--follow", "-q"], stdout=subprocess.PIPE, text=True, env=environment(home))
    try:
        assert "cursor" in json.loads(process.stdout.readline())["result"]
        _, [submitted], _ = call("submit", "prompt=fox", "wait_ms=20000")
        while True:
            told = json.loads(process.stdout.readline())
            if told["params"]["prediction"]["status"] == "completed":
                break
        assert told["params"]["prediction"]["id"] == submitted["result"]["id"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_it_ends_when_nobody_reads_what_it_prints(home):
    process = subprocess.Popen(
        [BINARY, "call", "subscribe", "--follow", "-q"], stdout=subprocess.PIPE, text=True, env=environment(home))
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(PATIENCE) == 0


def test_on_a_terminal_the_answer_is_indented_and_harmless(home):
    reading, writing = pty.openpty()
    done = subprocess.run([BINARY, "call", "submit", "prompt=a \x1b]52;c;evil\x07 fox", "-q"], stdout=writing, timeout=PATIENCE, env=environment(home))
    os.close(writing)
    shown = b""
    try:
        while chunk := os.read(reading, 65_536):
            shown += chunk
    except OSError:
        pass
    os.close(reading)
    assert done.returncode == 0 and b"\x1b" not in shown and b"\n  " in shown.replace(b"\r", b"")
    assert json.loads(shown)["result"]["input"]["prompt"] == "a \x1b]52;c;evil\x07 fox"
