"""imagewire setup: questions on a real terminal, and the same by flags; a failure writes nothing."""

import json
import os
import socket
import stat
import subprocess

import pytest
from openai import LoopbackOpenAI
from program import BINARY, KEY, PATIENCE, environment
from terminal import Terminal


@pytest.fixture
def setup(home):
    """Runs it without a terminal."""

    def start(*arguments, key="", **variables):
        return subprocess.run(
            [BINARY, "setup", *map(str, arguments)], input=key, capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, **variables),
        )

    return start


def settings(home):
    return home / ".config/imagewire/config.json"


def names(home):
    folder = home / ".config/imagewire"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_with_questions_and_a_hidden_key(home, wavespeed):
    wavespeed.script(expect_key=KEY)
    with Terminal(home, "setup", WAVESPEED_BASE_URL=wavespeed.url, PATH="/nowhere") as terminal:
        terminal.see("Which provider? [1]")
        terminal.type("\n")
        terminal.see("(not shown):")
        terminal.type("wrong-key\n")
        terminal.see("does not accept the key.\r\nKey of wavespeed (not shown):")
        assert "wrong-key" not in terminal.text
        assert names(home) == []
        terminal.type(f"{KEY}\n")
        terminal.see("Balance: $5.00. An image of openai/gpt-image-1-high-fidelity costs about $0.05.")
        terminal.see('Make a first image, "a red fox in snow"? It costs about $0.05. [y/N]')
        terminal.type("y\n")
        status, out = terminal.end()
        assert KEY not in terminal.text
    assert status == 0 and out.endswith(".png\n")
    assert len(wavespeed.posts()) == 1
    assert names(home) == ["config.json", "wavespeed.key"]
    assert (home / ".config/imagewire/wavespeed.key").read_text() == f"{KEY}\n"
    assert mode(home / ".config/imagewire/wavespeed.key") == 0o600 and mode(settings(home)) == 0o600
    assert json.loads(settings(home).read_text())["wavespeed_api_key_file"] == f"{home}/.config/imagewire/wavespeed.key"


def test_no_to_the_first_image_spends_nothing(home, wavespeed):
    with Terminal(home, "setup", "-p", "wavespeed", WAVESPEED_BASE_URL=wavespeed.url, PATH="/nowhere") as terminal:
        terminal.see("(not shown):")
        terminal.type(f"{KEY}\n")
        terminal.see("[y/N]")
        terminal.type("\n")
        assert terminal.end() == (0, "")
    assert wavespeed.posts() == []


def test_ctrl_c_at_the_key_leaves_nothing_and_gives_the_terminal_back(home, wavespeed):
    with Terminal(home, "setup", "-p", "wavespeed", WAVESPEED_BASE_URL=wavespeed.url) as terminal:
        terminal.see("(not shown):")
        terminal.type("half\x03")
        status, _ = terminal.end()
        assert status == 1 and "Nothing was written" in terminal.text
    assert names(home) == []


def test_by_flags_it_keeps_what_was_there(home, setup, wavespeed):
    settings(home).parent.mkdir(parents=True)
    real = home / "dotfiles.json"
    real.write_text(json.dumps({"model": "a/b", "colour": 7, "wavespeed_api_key": "old", "provider": "sandbox"}))
    real.chmod(0o640)
    settings(home).symlink_to(real)
    done = setup("-p", "wavespeed", key=f"{KEY}\n", WAVESPEED_BASE_URL=wavespeed.url)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert KEY not in done.stderr
    assert settings(home).is_symlink() and mode(real) == 0o640
    assert json.loads(real.read_text()) == {
        "model": "a/b", "colour": 7, "provider": "wavespeed", "wavespeed_base_url": wavespeed.url,
        "wavespeed_api_key_file": f"{home}/.config/imagewire/wavespeed.key",
    }
    assert wavespeed.posts() == []


def test_a_key_file_stays_where_it_is(home, setup, wavespeed):
    (home / "my-key").write_text(KEY)
    done = setup("-p", "wavespeed", "--key-file", "my-key", "--yes", WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 0, done.stderr
    assert names(home) == ["config.json"]
    assert json.loads(settings(home).read_text())["wavespeed_api_key_file"] == f"{home}/my-key"
    made = subprocess.run(
        [BINARY, "generate", "a boat", "--json"], capture_output=True, text=True, timeout=PATIENCE, cwd=home, env=environment(home))
    assert json.loads(made.stdout)["provider"] == "wavespeed"


def test_a_server_of_ones_own(home, setup):
    with LoopbackOpenAI() as server:
        done = setup("-p", "openai", "--base-url", server.root, key=KEY)
        assert done.returncode == 0, done.stderr
        assert [request["path"] for request in server.requests] == ["/v1/models"]
    assert json.loads(settings(home).read_text())["openai_base_url"] == server.root


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("arguments, key, variables, words, status", [
    (["-p", "wavespeed"], "wrong", {}, "does not accept the key", 1),
    (["-p", "wavespeed"], "", {}, "is empty", 2),
    (["-p", "wavespeed"], "two words", {}, "contains invalid characters", 2),
    ([], KEY, {}, "--provider is missing", 2),
    (["-p", "wavespeed", "--key-file", "nope"], "", {}, "does not exist", 2),
    (["-p", "wavespeed", "--base-url", "127.0.0.1"], KEY, {}, "must begin with https://", 2),
    (["-p", "wavespeed", "--base-url", "http://10.1.2.3"], KEY, {}, "not encrypted", 1),
    (["-p", "wavespeed", "--base-url", f"http://127.0.0.1:{closed_port()}"], KEY, {}, "cannot be reached", 1),
    (["-p", "wavespeed", "--store", "security"], KEY, {}, "security is not installed", 2),
])
def test_what_fails_says_what_happened_and_writes_nothing(home, setup, wavespeed, arguments, key, variables, words, status):
    wavespeed.script(expect_key=KEY)
    done = setup(*arguments, key=key, **{"WAVESPEED_BASE_URL": wavespeed.url, **variables})
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert words in done.stderr and "Nothing was written, and nothing was spent." in done.stderr
    assert KEY not in done.stderr
    assert names(home) == []


def test_a_broken_config_file_is_left_to_its_owner(home, setup, wavespeed):
    settings(home).parent.mkdir(parents=True)
    settings(home).write_text('{"model": ')
    done = setup("-p", "wavespeed", key=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 2 and "is not a JSON object" in done.stderr
    assert settings(home).read_text() == '{"model": ' and names(home) == ["config.json"]


def test_a_folder_that_cannot_be_written_leaves_no_partial_file(home, setup, wavespeed):
    (home / ".config").write_text("a file")
    done = setup("-p", "wavespeed", key=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 1 and "could not be written" in done.stderr and "Nothing was written" in done.stderr
    assert (home / ".config").read_text() == "a file"


def keyring(home):
    """A stand-in for libsecret's program, which stores its input."""
    (home / "bin").mkdir()
    tool = home / "bin/secret-tool"
    tool.write_text(
        '#!/bin/sh\ncase "$1" in\nstore) shift 2; printf "%s\\n" "$*" >"$HOME/attributes"; cat >"$HOME/secret";;\n'
        'lookup) [ -s "$HOME/secret" ] && cat "$HOME/secret";;\nesac\n')
    tool.chmod(0o755)
    return f"{home}/bin:{os.environ['PATH']}"


def test_the_keyring_keeps_the_key_where_the_user_says_so(home, setup, wavespeed):
    wavespeed.script(expect_key=KEY)
    path = keyring(home)
    done = setup("-p", "wavespeed", "--store", "secret-tool", key=KEY, WAVESPEED_BASE_URL=wavespeed.url, PATH=path)
    assert done.returncode == 0, done.stderr
    assert (home / "secret").read_text() == KEY and KEY not in (home / "attributes").read_text()
    assert names(home) == ["config.json"] and KEY not in settings(home).read_text()

    def generate():
        return subprocess.run(
            [BINARY, "generate", "a boat"], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, PATH=path))

    assert generate().returncode == 0
    (home / "secret").write_text("")
    locked = generate()
    assert locked.returncode == 2 and "secret-tool has no wavespeed key" in locked.stderr


def test_overrides_of_the_file_are_reported(home, setup, wavespeed):
    done = setup("-p", "wavespeed", key=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_PROVIDER="sandbox")
    assert "IMAGEWIRE_PROVIDER is set in the environment, and wins over the file." in done.stderr
