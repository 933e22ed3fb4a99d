"""imagewire doctor: its findings and advice; it spends nothing and shows no key."""

import json
import os
import subprocess

import pytest
from openai import LoopbackOpenAI
from program import BINARY, KEY, PATIENCE, RPCError, environment


@pytest.fixture
def doctor(home):
    def start(*arguments, listed=False, **variables):
        done = subprocess.run(
            [BINARY, "doctor", *map(str, arguments), "--json"], capture_output=True, text=True, timeout=PATIENCE,
            cwd=home, env=environment(home, **variables),
        )
        assert KEY not in done.stdout + done.stderr
        answer = json.loads(done.stdout)
        assert answer["healthy"] == (done.returncode == 0)
        assert all(finding["advice"] for finding in answer["findings"] if finding["level"] != "ok")
        return answer["findings"] if listed else {finding["subject"]: finding for finding in answer["findings"]}

    return start


def test_a_fresh_machine_is_well(doctor, home):
    findings = doctor()
    assert {finding["level"] for finding in findings.values()} == {"ok"}
    assert "sandbox, by default" in findings["provider"]["message"]
    assert "imagewire setup" in findings["network"]["advice"]
    assert "0 predictions" in findings["table"]["message"]


def test_it_says_where_each_setting_came_from(doctor, home):
    (home / ".config/imagewire").mkdir(parents=True)
    (home / ".config/imagewire/config.json").write_text(json.dumps({"model": "a/b", "openai_api_key": KEY, "colour": "red"}))
    findings = doctor(
        "--output-dir", home / "album", IMAGEWIRE_PROVIDER="sandbox", IMAGEWIRE_STATE_DIR=home / "state",
        IMAGEWIRE_OPENAI_DIALECT="xai")
    assert findings["OpenAI dialect"]["message"] == "xai, from IMAGEWIRE_OPENAI_DIALECT"
    assert findings["provider"]["message"] == "sandbox, from IMAGEWIRE_PROVIDER"
    assert findings["model"]["message"] == f"a/b, from {home}/.config/imagewire/config.json"
    assert findings["output"]["message"] == f"{home}/album, from --output-dir"
    assert findings["OpenAI key"]["message"].startswith("is set, from ")
    assert findings["settings"]["level"] == "warning" and "colour" in findings["settings"]["message"]


def test_empty_settings_count_as_unset_and_a_tilde_is_the_home(doctor, home):
    (home / ".config/imagewire").mkdir(parents=True)
    (home / ".config/imagewire/config.json").write_text(
        json.dumps({"output_dir": "~/Pictures", "state_dir": ""}))
    findings = doctor()
    assert findings["provider"]["message"] == "sandbox, by default"
    assert findings["WaveSpeed key"]["message"] == "not set"
    assert findings["output"]["message"] == f"{home}/Pictures, from {home}/.config/imagewire/config.json"
    assert findings["state"]["message"] == f"{home}/.local/state/imagewire, by default"
    assert doctor("--output-dir=~")["output"]["message"] == f"{home}, from --output-dir"


def test_the_key_is_tried_where_it_costs_nothing(doctor, wavespeed):
    wavespeed.script(expect_key=KEY)
    good = doctor(WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    assert wavespeed.posts() == []
    assert good["DNS"]["level"] == "ok"
    assert good["answer"]["level"] in ("ok", "warning")


def test_a_server_of_ones_own(doctor):
    with LoopbackOpenAI() as server:
        findings = doctor("-p", "openai", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.root)
        assert findings["answer"]["message"] == "127.0.0.1 accepts the key"
        assert [request["path"] for request in server.requests] == ["/v1/models"]


def test_an_unreachable_provider(doctor):
    assert doctor("-p", "openai", OPENAI_BASE_URL="http://127.0.0.1:9")["network"]["level"] == "problem"
    assert doctor("-p", "openai", OPENAI_BASE_URL="http://no.such.host.invalid")["DNS"]["level"] == "problem"
    assert "--offline" in doctor("--offline", "-p", "openai", OPENAI_BASE_URL="http://127.0.0.1:9")["network"]["message"]


def test_a_proxy_is_named_without_its_password(doctor):
    findings = doctor(
        "-p", "openai", OPENAI_BASE_URL="http://10.1.2.3", http_proxy="http://user:hush@127.0.0.1:9"
    )
    assert findings["proxy"]["message"].startswith("127.0.0.1:9")
    assert "hush" not in json.dumps(findings)


def test_folders_that_cannot_be_used(doctor, home):
    (home / "file").write_text("")
    findings = doctor("--state-dir", home / "file/state", "--output-dir", home / "file/album")
    assert findings["table"]["level"] == findings["output folder"]["level"] == "problem"


def test_missing_keys_and_unknown_providers(doctor):
    assert doctor("-p", "wavespeed")["key"]["level"] == "problem"
    assert doctor("-p", "openai")["key"]["level"] == "problem"
    assert doctor(IMAGEWIRE_PROVIDER="nobody")["provider"]["level"] == "problem"


# -- who else can read a key or change what happens ----------------------------------------------------------------


def told(doctor, words, **variables):
    """The level of the findings that say this."""
    return [finding["level"] for finding in doctor("--offline", listed=True, **variables) if words in finding["message"]]


def test_a_key_file_that_others_can_read_and_one_that_they_can_change(doctor, home):
    key = home / "key"
    key.write_text(KEY)
    key.chmod(0o644)
    assert told(doctor, "other users can read it", WAVESPEED_API_KEY_FILE=key) == ["warning"]
    key.chmod(0o666)
    assert told(doctor, "can be changed by other users", WAVESPEED_API_KEY_FILE=key) == ["problem"]
    key.chmod(0o600)
    assert told(doctor, "other users", WAVESPEED_API_KEY_FILE=key) == []


def test_a_config_file_and_a_state_directory_that_others_can_change(doctor, home):
    config = home / ".config/imagewire/config.json"
    config.parent.mkdir(parents=True)
    config.write_text("{}")
    config.chmod(0o666)
    state = home / "state"
    state.mkdir()
    state.chmod(0o777)
    assert told(doctor, "config.json can be changed by other users") == ["problem"]
    assert told(doctor, "state can be changed by other users", IMAGEWIRE_STATE_DIR=state) == ["problem"]


def test_a_key_that_would_cross_a_network_in_clear(doctor):
    plain = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": "http://10.1.2.3"}
    assert told(doctor, "is sent unencrypted", **plain) == ["problem"]
    assert told(doctor, "is sent unencrypted", **{**plain, "WAVESPEED_BASE_URL": "http://127.0.0.1:1"}) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user needs root")
def test_a_state_directory_of_another_user_is_not_used(doctor, home, spawn):
    state = home / "theirs"
    state.mkdir()
    os.chown(state, 12_345, 12_345)
    assert "problem" in told(doctor, "belongs to another user (uid 12345)", IMAGEWIRE_STATE_DIR=state)
    with spawn(IMAGEWIRE_STATE_DIR=state) as program:
        with pytest.raises(RPCError, match="belongs to another user") as refused:
            program.call("submit", prompt="a boat")
        assert refused.value.code == 1007
    assert not (state / "predictions.db").exists()
