"""Outputs in a bucket: what is put there, once, and that no fault of the server or of a process loses it."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from program import BINARY, KEY, MODEL, Program, RPCError, environment, small
from s3 import LoopbackS3
from wavespeed import LoopbackWaveSpeed

SECRET = "s3-SECRETsecret/0123456789"
NAME = re.compile(r"album/(.+)_([0-9a-f]{12})_([0-9a-f]{12})\.png")


@pytest.fixture
def s3():
    with LoopbackS3() as server:
        yield server


def variables(server, **more):
    return {"S3_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, **more}


def start(home, server, *arguments, output="s3://pictures/album", **more):
    return Program(home, *arguments, "--output-dir", output, **variables(server, **more))


def draw(program, prompt="a boat", **members):
    id = program.call("submit", input=small(prompt), **members)["id"]
    return program.call("result", id=id, timeout_ms=60000)


def assert_in_bucket(server, prediction, count=1):
    """Each file of the prediction is an object, and there is no other."""
    assert prediction["status"] == "completed" and prediction["failure"] is None, prediction
    assert len(prediction["files"]) == count
    for file in prediction["files"]:
        key = file["location"].removeprefix(f"s3://{server.bucket}/")
        bytes, meta = server.objects[key]
        assert hashlib.sha256(bytes).hexdigest() == meta == file["sha256"]
        assert Path(file["path"]).read_bytes() == bytes and Path(file["path"]).name == key.split("/")[-1]
        _, id, digest = NAME.fullmatch(key).groups()
        assert prediction["id"].endswith(id) and meta.startswith(digest)
    assert len(server.outputs) == count, list(server.objects)


def test_an_output_is_put_once_with_its_hashes(tmp_path, s3):
    with start(tmp_path, s3) as program:
        prediction = draw(program, output_name="boat")
        assert_in_bucket(s3, prediction)
        assert prediction["files"][0]["location"].startswith("s3://pictures/album/boat_")
        assert prediction["files"][0]["path"].startswith(str(tmp_path / ".local/state/imagewire/objects/pictures/album/boat_"))
        assert program.call("thumbnail", id=prediction["id"])["path"]
        program.finish()
    [(path, headers)] = [(path, headers) for method, path, headers in s3.requests if method == "PUT" and "boat" in path]
    bytes = s3.objects[path.removeprefix("pictures/")][0]
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["if-none-match"] == "*" and headers["content-length"] == str(len(bytes))
    assert headers["x-amz-content-sha256"] == headers["x-amz-meta-sha256"] == hashlib.sha256(bytes).hexdigest()
    assert headers["content-type"] == "image/png" and "transfer-encoding" not in headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


def test_the_bucket_is_checked_before_anything_is_accepted(tmp_path, s3):
    with LoopbackWaveSpeed() as wavespeed:
        keys = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        for always, output, reason in (
            (None, "s3://picturse/album", "the bucket picturse does not exist"),
            ("403", "s3://pictures/album", "refuses access to the bucket pictures (AccessDenied)"),
            ("html", "s3://pictures/album", "answers with a web page"),
            ("redirect", "s3://pictures/album", "AWS_REGION"),
        ):
            s3.always = always
            with start(tmp_path, s3, output=output, **keys) as program:
                with pytest.raises(RPCError, match=re.escape(reason)):
                    program.call("submit", prompt="a boat")
                program.finish()
        assert not wavespeed.posts() and not s3.objects
        # The next call checks again: nobody has to start the process anew.
        s3.always = "503"
        with start(tmp_path, s3) as program:
            with pytest.raises(RPCError, match="status 503"):
                draw(program)
            s3.always = None
            assert_in_bucket(s3, draw(program))
            program.finish()


@pytest.mark.parametrize("fault", ["lost_reply", "drop", "no_etag", "no_condition", "503", "500", "409"])
def test_a_fault_that_passes_costs_no_second_object(tmp_path, s3, fault):
    # A server that knows no condition does not learn it.
    s3.script(*[fault] * (20 if fault == "no_condition" else 1))
    with LoopbackWaveSpeed() as wavespeed:
        keys = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        with start(tmp_path, s3, **keys) as program:
            id = program.call("submit", prompt="a boat")["id"]
            assert_in_bucket(s3, program.call("result", id=id, timeout_ms=60000))
            program.finish()
        # What has come is not fetched again.
        assert len(wavespeed.posts()) == 1 and len(wavespeed.downloads()) == 1
    assert not list(tmp_path.rglob(".*.whole")) and not list(tmp_path.rglob(".*.part"))


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_wrong_is_set_by_the_servers(tmp_path, s3, hours):
    s3.ahead = hours * 3600
    with start(tmp_path, s3) as program:
        assert_in_bucket(s3, draw(program))
        program.finish()


@pytest.mark.parametrize("fault, reason", [("403", "refuses access"), ("html", "answers with a web page")])
def test_what_cannot_be_put_stays_on_the_disk_and_is_put_by_result(tmp_path, s3, fault, reason):
    s3.script(fault)
    with start(tmp_path, s3) as program:
        prediction = draw(program)
        assert prediction["files"] == [] and reason in prediction["failure"]["message"], prediction
        [copy] = (tmp_path / ".local/state/imagewire/objects/pictures/album").glob("*.png")
        assert str(copy) in prediction["failure"]["message"]
        assert_in_bucket(s3, program.call("result", id=prediction["id"], timeout_ms=60000))
        program.finish()


def test_each_output_stands_for_itself(tmp_path, s3):
    s3.script("", "403")
    with LoopbackWaveSpeed() as wavespeed:
        wavespeed.script(outputs=["{output}/output/{id}-%d.png" % number for number in range(3)])
        keys = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        with start(tmp_path, s3, **keys) as program:
            id = program.call("submit", prompt="a boat", output_name="boat")["id"]
            prediction = program.call("result", id=id, timeout_ms=60000)
            assert prediction["failure"]["missing"] == [2] and [file["index"] for file in prediction["files"]] == [1, 3]
            assert_in_bucket(s3, program.call("result", id=id, timeout_ms=60000), count=3)
            program.finish()
        assert len(wavespeed.downloads()) == 3
    assert not list(tmp_path.rglob(".*.whole"))


def test_delete_takes_what_never_got_there(tmp_path, s3):
    s3.script("403")
    with start(tmp_path, s3) as program:
        prediction = draw(program)
        assert prediction["files"] == []
        program.call("delete", ids=[prediction["id"]], files=True)
        assert not list((tmp_path / ".local/state/imagewire/objects/pictures/album").iterdir())
        program.finish()


def test_a_kill_between_put_and_commit_loses_nothing_and_puts_nothing_twice(tmp_path, s3):
    s3.script("hold")
    with LoopbackWaveSpeed() as wavespeed:
        keys = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        with start(tmp_path, s3, **keys) as program:
            id = program.call("submit", prompt="a boat")["id"]
            s3.wait_for_put()
            program.kill()
        assert len(s3.outputs) == 1
        s3.release()
        with start(tmp_path, s3, **keys) as program:
            assert_in_bucket(s3, program.call("result", id=id, timeout_ms=60000))
            program.finish()
        assert len(wavespeed.posts()) == 1 and len(wavespeed.downloads()) == 1
    assert len(set(s3.puts())) == 1


def test_delete_removes_the_objects_that_are_still_ours(tmp_path, s3):
    with start(tmp_path, s3) as program:
        gone, changed = draw(program, "one", output_name="Füchslein"), draw(program, "two", output_name="Füchslein")
        key = changed["files"][0]["location"].removeprefix("s3://pictures/")
        s3.objects[key] = (bytes(len(s3.objects[key][0])), "0" * 64)
        answer = program.call("delete", ids=[gone["id"], changed["id"]], files=True)
        assert answer["kept"] == [changed["files"][0]["location"]], answer
        assert list(s3.outputs) == [key]
        assert not list((tmp_path / ".local/state/imagewire/objects").rglob("*.png"))
        program.finish()


def test_only_the_configured_bucket_is_written_to(tmp_path, s3):
    with start(tmp_path, s3) as program:
        assert draw(program, output_dir="s3://pictures/other")["files"][0]["location"].startswith("s3://pictures/other/")
        with pytest.raises(RPCError, match="writes to the bucket pictures only"):
            program.call("submit", prompt="a boat", output_dir="s3://elsewhere")
        # A directory of this disk works as ever.
        assert "location" not in draw(program, output_dir=str(tmp_path / "here"))["files"][0]
        program.finish()
    with Program(tmp_path, **variables(s3)) as program:
        with pytest.raises(RPCError, match="no bucket is configured"):
            program.call("submit", prompt="a boat", output_dir="s3://pictures/album")
    assert all(path.startswith("pictures") for _, path, _ in s3.requests)


def test_the_key_is_in_no_log_record_or_answer(tmp_path, s3):
    s3.script("403", "500")
    with start(tmp_path, s3, "--log-level", "debug") as program:
        answers = [draw(program), program.call("list")]
        program.finish()
        assert SECRET not in json.dumps(answers) and SECRET.encode() not in program.log
    for file in (tmp_path / ".local").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_the_command_line_and_a_key_from_the_shared_file(tmp_path, s3):
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "credentials").write_text(f"[work]\naws_access_key_id = AKIDFILE\naws_secret_access_key = {SECRET}\n")
    done = subprocess.run(
        [BINARY, "generate", "a boat", "--output-dir", "s3://pictures/album"], capture_output=True, text=True, timeout=60,
        env=environment(tmp_path, S3_ENDPOINT_URL=s3.url, AWS_PROFILE="work"),
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file() and len(s3.outputs) == 1
    assert all("Credential=AKIDFILE/" in headers["authorization"] for _, _, headers in s3.requests)


def test_a_slow_put_holds_up_nothing_else(tmp_path, s3):
    s3.script("hold")
    with start(tmp_path, s3) as program:
        slow = program.call("submit", input=small("slow"))["id"]
        s3.wait_for_put()
        assert draw(program, "here", output_dir=str(tmp_path / "here"))["files"]
        assert draw(program, "beside")["files"]
        assert program.call("status", id=slow)["status"] == "processing"
        s3.release()
        assert program.call("result", id=slow, timeout_ms=60000)["files"]
        program.finish()


def test_a_key_from_a_program_and_from_a_container(tmp_path, s3):
    key = {"Version": 1, "AccessKeyId": "AKIDMADE", "SecretAccessKey": SECRET, "SessionToken": "a-token",
           "Expiration": "2100-01-01T00:00:00Z"}
    aws = tmp_path / ".aws"
    aws.mkdir()
    printer = tmp_path / "a key"
    printer.write_text(f"#!/bin/sh\n[ \"$1\" = 'my pictures' ] && echo '{json.dumps(key)}'\n")
    printer.chmod(0o755)
    (aws / "config").write_text(f"[default]\ncredential_process = '{printer}' \"my pictures\"\n")
    s3.answers["role"] = (json.dumps(key).encode(), "agent-token")
    nothing = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    container = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{s3.url}/role", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "agent-token",
        "AWS_CONFIG_FILE": "/nowhere",
    }
    for more in ({}, container):
        before = len(s3.requests)
        with start(tmp_path, s3, **nothing, **more) as program:
            assert draw(program)["files"]
            program.finish()
        signed = [headers for _, path, headers in s3.requests[before:] if path.startswith("pictures")]
        assert signed and all("Credential=AKIDMADE/" in headers["authorization"] for headers in signed)
        assert all(headers["x-amz-security-token"] == "a-token" for headers in signed)
    assert s3.requests[before][:2] == ("GET", "role")


def test_result_brings_a_missing_copy_back(tmp_path, s3):
    with start(tmp_path, s3) as program:
        prediction = draw(program, output_name="Füchslein")
        [file] = prediction["files"]
        path = Path(file["path"])
        bytes = path.read_bytes()
        path.unlink()
        assert program.call("status", id=prediction["id"])["files"] == [file] and not path.exists()
        assert program.call("result", id=prediction["id"], inline=True)["files"][0]["base64"]
        assert path.read_bytes() == bytes
        # Other bytes than those that were saved are no copy of it.
        path.unlink()
        key = file["location"].removeprefix("s3://pictures/")
        s3.objects[key] = (bytes[:-1] + b"!", file["sha256"])
        program.call("result", id=prediction["id"])
        s3.objects[key] = (bytes + bytes, file["sha256"])
        program.call("result", id=prediction["id"])
        assert not list(path.parent.iterdir())
        program.finish()


def test_an_agent_gets_the_path_of_the_copy(tmp_path, s3):
    tmp_path = tmp_path / "Füchslein"
    tmp_path.mkdir()
    with start(tmp_path, s3, "mcp") as program:
        program.call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}})
        folder = tmp_path / ".local/state/imagewire/objects/pictures/album"
        for arguments in ({}, {"output_dir": str(folder / "mine")}):
            answer = program.call(
                "tools/call", {"name": "generate_image", "arguments": {"prompt": "a boat", "size": "64x64", **arguments}})
            assert not answer.get("isError"), answer
            assert str(folder) in json.dumps(answer, ensure_ascii=False)
        program.finish()
    assert len(s3.outputs) == 2 and sum(key.startswith("album/mine/") for key in s3.outputs) == 1, list(s3.outputs)


def test_doctor_checks_the_bucket(tmp_path, s3):
    def doctor(output, **more):
        done = subprocess.run(
            [BINARY, "doctor", "--output-dir", output], capture_output=True, text=True, timeout=60, cwd=tmp_path,
            env=environment(tmp_path, **variables(s3, **more)))
        assert SECRET not in done.stdout + done.stderr
        return done.stdout

    assert "s3://pictures/album can be written to" in doctor("s3://pictures/album")
    assert "the bucket picturse does not exist" in doctor("s3://picturse/album")
    assert "a bucket's name has 3 to 63" in doctor("s3://Pictures")
    assert not list(tmp_path.glob("s3*"))
    assert "AWS_SECRET_ACCESS_KEY is not" in doctor("s3://pictures/album", AWS_SECRET_ACCESS_KEY=None)
