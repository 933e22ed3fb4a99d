"""A key, a file or a provider that is named is used, or is an error; the sandbox never replaces it."""

import json
import os
import subprocess

import pytest
from program import BINARY, KEY, PATIENCE, RPCError, environment, small


@pytest.fixture
def run(home):
    """Runs a command to its end, without a terminal."""

    def start(*arguments, **variables):
        return subprocess.run(
            [BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
            cwd=home, env=environment(home, **variables),
        )

    return start


@pytest.fixture
def config(home):
    """Writes the config file; text goes in as it is."""

    def write(content):
        path = home / ".config/imagewire/config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def key_file(home, content, name="key"):
    path = home / name
    path.write_text(content)
    return path


#: Faulty settings as variables, and the words of the message.
BROKEN = {
    "missing key file": (lambda home: {"WAVESPEED_API_KEY_FILE": home / "nope"}, "nope, which does not exist"),
    "empty key file": (lambda home: {"WAVESPEED_API_KEY_FILE": key_file(home, " \n")}, "is empty"),
    "key file without a name": (lambda home: {"WAVESPEED_API_KEY_FILE": ""}, "WAVESPEED_API_KEY_FILE is empty"),
    "folder as key file": (lambda home: {"WAVESPEED_API_KEY_FILE": home}, "not a regular file"),
    "key file without a key": (lambda home: {"WAVESPEED_API_KEY_FILE": key_file(home, "two words\n")}, "contains invalid characters"),
    "endless key file": (lambda home: {"WAVESPEED_API_KEY_FILE": "/dev/zero"}, "not a regular file"),
    "long key file": (lambda home: {"WAVESPEED_API_KEY_FILE": key_file(home, "k" * 100_000)}, "longer than"),
    "empty key": (lambda home: {"WAVESPEED_API_KEY": ""}, "WAVESPEED_API_KEY is set and empty"),
    "key that was not filled in": (lambda home: {"WAVESPEED_API_KEY": "${WAVESPEED_API_KEY}"}, "placeholder"),
    "misspelt provider": (lambda home: {"IMAGEWIRE_PROVIDER": "wavespeeed"}, 'is "wavespeeed"; it must be wavespeed'),
    "openai's key file": (lambda home: {"OPENAI_API_KEY_FILE": home / "nope"}, "OPENAI_API_KEY_FILE names"),
    "unknown dialect": (
        lambda home: {"IMAGEWIRE_PROVIDER": "openai", "OPENAI_API_KEY": KEY, "IMAGEWIRE_OPENAI_DIALECT": "OpenAI"},
        'The dialect from IMAGEWIRE_OPENAI_DIALECT is "OpenAI"; it must be plain, openai'),
    "neither free nor not": (
        lambda home: {"IMAGEWIRE_PROVIDER": "openai", "OPENAI_API_KEY": KEY, "IMAGEWIRE_OPENAI_FREE": "yes"},
        "it must be 1 or 0"),
    "address without a scheme": (
        lambda home: {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": "api.example"}, "must begin with https://"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_setting_never_falls_back_to_the_sandbox(case, run, spawn, home):
    make, words = BROKEN[case]
    variables = make(home)
    done = run("generate", "a boat", **variables)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words in done.stderr and "Nothing was sent" in done.stderr

    checked = run("doctor", "--offline", "--json", **variables)
    assert checked.returncode == 1
    assert any(finding["level"] == "problem" and words in finding["message"] for finding in json.loads(checked.stdout)["findings"])

    with spawn(**variables) as program:
        assert program.call("ping") == {}
        for method, params in (("submit", {"prompt": "a boat"}), ("quote", {"input": {"prompt": "a boat"}}), ("models", {})):
            with pytest.raises(RPCError) as refused:
                program.call(method, params)
            assert (refused.value.code, refused.value.data["type"]) == (1005, "provider_not_configured")
            assert words in refused.value.message and "doctor" in refused.value.data["hint"]
        assert program.call("list")["predictions"] == []


def test_an_agent_is_told_why_and_that_the_user_must_act(spawn, home):
    with spawn("mcp", WAVESPEED_API_KEY_FILE=home / "nope") as program:
        hello = program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "0"})
        assert "nope, which does not exist" in hello["instructions"]
        result = program.call("tools/call", name="generate_image", arguments={"prompt": "a boat"})
        assert result["isError"] is True
        text = result["content"][0]["text"]
        assert "nope, which does not exist" in text and "Tell the user" in text and "Nothing was sent" in text


def test_a_provider_named_in_the_request_is_that_provider(run, spawn, home):
    broken = {"WAVESPEED_API_KEY_FILE": home / "nope"}
    assert run("generate", "a boat", "-p", "sandbox", "-s", "size=64x64", **broken).returncode == 0
    assert run("generate", "a boat", "-p", "wavespeed", **broken).returncode == 2
    with spawn(**broken) as program:
        assert program.call("submit", input=small("a boat"), provider="sandbox")["provider"] == "sandbox"


def test_a_fifo_as_key_file_is_an_error_at_once(run, home):
    os.mkfifo(home / "fifo")
    done = run("generate", "a boat", WAVESPEED_API_KEY_FILE=home / "fifo")
    assert done.returncode == 2 and "not a regular file" in done.stderr


def test_a_key_file_may_be_a_link_and_a_key_may_have_spaces_around(run, home, wavespeed):
    wavespeed.script(expect_key=KEY)
    (home / "link").symlink_to(key_file(home, f" {KEY}\n"))
    done = run("generate", "a boat", WAVESPEED_API_KEY_FILE=home / "link", WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("content, words", [
    ("", "is empty"), ("{", "is not a JSON object"), ("[]", "is not a JSON object"),
    ({"providr": "wavespeed"}, '"provider" is probably meant'), ({"model": 5}, "model must be a string"),
    ({"retain": True}, "retain must be a number"), ({"openai_dialect": True}, "openai_dialect must be a string"),
    ({"openai_dialec": "xai"}, '"openai_dialect" is probably meant'),
    ({"wavespeed_api_key_file": "~/nope"}, "nope, which does not exist"),
    ({"wavespeed_api_key": ""}, "is empty"), ({"provider": "wavespeeed"}, "wavespeeed"),
    ({"wavespeed_api_key_store": "kwallet"}, "must be secret-tool or security"),
])
def test_a_config_file_that_cannot_be_used_stops_everything_that_needs_a_provider(content, words, run, spawn, config):
    config(content)
    done = run("generate", "a boat")
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr
    assert run("doctor", "--offline").returncode == 1
    with spawn() as program, pytest.raises(RPCError, match=words) as refused:
        program.call("submit", prompt="a boat")
    assert refused.value.code == 1005


def test_a_config_file_that_may_not_be_read_is_not_a_missing_one(run, config):
    path = config({})
    path.unlink()
    path.mkdir()
    for arguments in (["generate", "a boat"], ["generate", "a boat", "-p", "sandbox"], ["list"]):
        done = run(*arguments)
        assert done.returncode == 2 and "is not a regular file" in done.stderr


def test_a_field_of_another_version_is_only_a_warning(run, config):
    config({"colour_scheme": "dark"})
    done = run("generate", "a boat")
    assert done.returncode == 0 and "colour_scheme" in done.stderr


def test_a_wrong_log_level_changes_no_picture_and_is_a_warning(run):
    done = run("generate", "a boat", IMAGEWIRE_LOG="verbose")
    assert done.returncode == 0 and 'is "verbose"; it must be error, warning, info or debug' in done.stderr


def test_the_openai_key_alone_spends_nothing_and_names_the_option(run, spawn, home):
    done = run("generate", "a boat", "-s", "size=64x64", OPENAI_API_KEY=KEY)
    assert done.returncode == 0
    assert "OPENAI_API_KEY is set and not used: --provider openai would use it" in done.stderr
    findings = json.loads(run("doctor", "--json", OPENAI_API_KEY=KEY).stdout)["findings"]
    assert any(finding["level"] == "warning" and "--provider openai" in finding["message"] for finding in findings)
    with spawn("mcp", OPENAI_API_KEY=KEY) as program:
        hello = program.call("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "0"})
        assert "--provider openai would use it" in hello["instructions"]
    # A named file is expected and needs no notice.
    assert "not used" not in run("generate", "a boat", "-p", "sandbox", "-s", "size=64x64", OPENAI_API_KEY=KEY).stderr
