"""Clients of WaveSpeed's API that this project did not write, against the fixture that plays it (Tests/Fixtures/wavespeed.py).

The fixture agrees with our program by nature, since the same people wrote both. Here WaveSpeed's own clients for Python,
LangChain and LlamaIndex complete against it, and a command line that others wrote. What only WaveSpeed's command line of npm
asks for (history, bills, deletion) is asked for as its source does: github.com/WaveSpeedAI/wavespeed-cli, src/lib/api.ts.

Run by `make test-foreign`, which installs the clients into an environment of their own.
"""

import base64
import hashlib
import importlib.util
import io
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests
from langchain_core.tools import ToolException
from langchain_wavespeed import WaveSpeedImageGeneration, WaveSpeedRunModel, WaveSpeedVideoGeneration
from llama_index.tools.wavespeed import WaveSpeedToolSpec
from wavespeed import Client

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/ProgramTests"))

from program import BINARY, KEY, environment  # noqa: E402

# By its path: the service's package has the same name.
spec = importlib.util.spec_from_file_location("loopback", ROOT / "Tests/Fixtures/wavespeed.py")
loopback = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loopback)

MODEL = "wavespeed-ai/z-image/turbo"
#: The command line of wavespeedai-skills.
COMMAND = Path(sys.executable).parent / "wavespeed-cli"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with loopback.LoopbackWaveSpeed() as server:
        server.script(expect_key=KEY)
        yield server


@pytest.fixture
def client(server):
    return Client(api_key=KEY, base_url=server.url, retry_interval=0.01)


def run(client, input=None, **options):
    return client.run(MODEL, {"prompt": "a boat", **(input or {})}, poll_interval=0.01, **options)["outputs"]


def endpoints(server):
    return [request["endpoint"] for request in server.log()]


def ask(server, path, body=None):
    """What the service answers to its command line of npm."""
    headers = {"Authorization": f"Bearer {KEY}", "X-Client-Name": "wavespeed-cli", "X-Client-OS": "linux"}
    method = "GET" if body is None else "POST"
    reply = requests.request(method, f"{server.url}/api/v3/{path}", json=body, headers=headers, timeout=30)
    assert reply.status_code == 200, reply.text
    assert reply.json()["code"] == 200
    return reply.json()["data"]


def history(server, **filters):
    """The newest page, with the window that the command line always sends: the last day."""
    now = datetime.now(timezone.utc)
    window = {"created_after": iso(now - timedelta(days=1)), "created_before": iso(now)}
    return ask(server, "predictions", {"page": 1, "page_size": 20, **window, **filters})["items"]


def iso(time):
    """As JavaScript's toISOString."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


# -- WaveSpeed's client for Python -------------------------------------------------------------------------------------


def test_it_runs_a_model(client, server):
    (address,) = run(client, {"seed": 7})
    assert requests.get(address, timeout=30).content == loopback.PICTURE
    (post,) = server.posts()
    assert json.loads(post["body"]) == {"prompt": "a boat", "seed": 7}
    assert endpoints(server) == ["submit", "poll", "poll", "poll", "download"]


def test_it_runs_a_model_in_sync_mode(client, server):
    (address,) = run(client, enable_sync_mode=True)
    assert requests.get(address, timeout=30).content == loopback.PICTURE
    assert endpoints(server) == ["submit", "download"]


def test_a_model_without_sync_mode_ignores_it(client, server):
    """As the service does with fields that a model does not have; what has an answer is then still to be polled for."""
    told = client.run_no_throw("openai/gpt-image-1-high-fidelity", {"prompt": "a boat"}, enable_sync_mode=True)
    assert told["outputs"] is None and len(told["task_id"]) == 32


def test_sync_mode_may_time_out_and_the_picture_comes_later(client, server):
    server.script(submit=["sync_timeout"], polls=0)
    told = client.run_no_throw(MODEL, {"prompt": "a boat"}, enable_sync_mode=True)
    assert told["status"] == "processing" and told["outputs"] is None
    later = client.get_result(told["task_id"])["data"]
    assert later["status"] == "completed" and len(later["outputs"]) == 1


def test_base64_has_no_prefix(client):
    (text,) = run(client, {"enable_base64_output": True})
    assert base64.b64decode(text, validate=True) == loopback.PICTURE


@pytest.mark.parametrize("status", ["failed", "cancelled", "timeout", "deleted"])
def test_it_stops_at_each_last_status(client, server, status):
    server.script(poll=["running", {"do": "state", "status": status, "code": 1200, "error": "flagged as sensitive"}])
    with pytest.raises(RuntimeError, match=rf"Prediction {status} \(task_id: [0-9a-f]{{32}}\): flagged as sensitive"):
        run(client)


def test_polls_that_fail_end_nothing(client, server):
    server.script(poll=["429", "503", "502", "drop", {"do": "state", "status": "queued"}])
    assert len(run(client)) == 1
    assert len(server.posts()) == 1


def test_a_lost_reply_is_not_sent_again_and_the_history_has_it(client, server):
    server.script(submit=["lost_reply"])
    with pytest.raises(RuntimeError, match="The task may already have been created"):
        run(client)
    (found,) = history(server, model=MODEL)
    assert found["input"] == {"prompt": "a boat"}
    assert len(server.posts()) == 1
    assert client.get_result(found["id"])["data"]["status"] == "processing"


@pytest.mark.parametrize("behaviour, text", [
    ("402", "HTTP 402"), ("422", "HTTP 422"), ("502", "HTTP 502"), ("no_id", "No request ID in response"),
])
def test_refusals_reach_it(client, server, behaviour, text):
    server.script(submit=[behaviour])
    with pytest.raises(RuntimeError, match=text):
        run(client)
    assert len(server.posts()) == 1


def test_a_wrong_key_is_refused(server):
    with pytest.raises(RuntimeError, match="HTTP 401"):
        run(Client(api_key="wsk_wrong", base_url=server.url))


@pytest.mark.parametrize("name, kind", [("fox.png", "image/png"), ("a film.mp4", "video/mp4"), ("fox", None)])
def test_it_uploads_a_file(client, server, tmp_path, name, kind):
    (tmp_path / name).write_bytes(loopback.PICTURE)
    address = client.upload(str(tmp_path / name))
    assert address.startswith("http") and run(client, {"image": address})
    ticket, put = server.log()[:2]
    known = {"content_type": kind} if kind else {}
    assert json.loads(ticket["body"]) == {"filename": name, "size": len(loopback.PICTURE), **known}
    assert put["sha256"] == hashlib.sha256(loopback.PICTURE).hexdigest()
    assert put["headers"].get("content-type") == kind and "authorization" not in put["headers"]


def test_it_uploads_a_stream(client, server):
    assert client.upload(io.BytesIO(loopback.PICTURE)).startswith("http")
    assert endpoints(server) == ["ticket", "put"]


@pytest.mark.parametrize("change", [
    {"Content-Type": "text/html"}, {"If-None-Match": "no"}, {"Authorization": f"Bearer {KEY}"}, {"Content-Length": "5"},
], ids=lambda change: next(iter(change)))
def test_a_put_that_is_not_what_was_signed_is_refused(client, tmp_path, monkeypatch, change):
    """The fixture still refuses what a host of files would: another type, a changed header, a key, another length."""
    put = requests.put

    def altered(url, headers, data, timeout):
        content = data.read()[:5] if "Content-Length" in change else data
        return put(url, headers={**headers, **change}, data=content, timeout=timeout)

    monkeypatch.setattr(requests, "put", altered)
    (tmp_path / "fox.png").write_bytes(loopback.PICTURE)
    with pytest.raises(RuntimeError, match="Failed to upload file: HTTP 403"):
        client.upload(str(tmp_path / "fox.png"))


@pytest.mark.parametrize("model, input, ending, kind, begins", [
    (MODEL, {"output_format": "png"}, "png", "image/png", b"\x89PNG"),
    (MODEL, {"output_format": "jpeg"}, "jpeg", "image/jpeg", b"\xff\xd8\xff"),
    (MODEL, {"output_format": "webp"}, "webp", "image/webp", b"RIFF"),
    ("wavespeed-ai/minimax-h3/text-to-video", {"duration": 5}, "mp4", "video/mp4", b"\0\0\0\x18ftyp"),
])
def test_an_output_is_what_was_asked_for(client, model, input, ending, kind, begins):
    (address,) = client.run(model, {"prompt": "a boat", **input}, poll_interval=0.01)["outputs"]
    assert address.endswith(f".{ending}")
    file = requests.get(address, timeout=30)
    assert file.headers["Content-Type"] == kind and file.content.startswith(begins)


# -- its tools for LangChain and LlamaIndex ----------------------------------------------------------------------------


def test_langchain_makes_a_picture(client, server):
    tool = WaveSpeedImageGeneration(client=client, poll_interval=0.01)
    address = tool.invoke({"prompt": "a boat", "resolution": "1k", "aspect_ratio": "16:9"})
    assert requests.get(address, timeout=30).content == loopback.PICTURE
    (post,) = server.posts()
    assert post["path"] == f"/api/v3/{tool.model}"
    assert json.loads(post["body"]) == {"prompt": "a boat", "resolution": "1k", "aspect_ratio": "16:9"}


def test_langchain_makes_a_video(client):
    address = WaveSpeedVideoGeneration(client=client, poll_interval=0.01).invoke({"prompt": "a glacier", "duration": 5})
    assert requests.get(address, timeout=30).headers["Content-Type"] == "video/mp4"


def test_langchain_runs_any_model_and_reads_objects(client, server):
    server.script(poll=["running", "object_url"], polls=0)
    tool = WaveSpeedRunModel(client=client, poll_interval=0.01)
    address = tool.invoke({"model": MODEL, "input": '{"prompt": "a boat"}'})
    assert requests.get(address, timeout=30).content == loopback.PICTURE


def test_langchain_says_that_a_lost_reply_may_be_a_task(client, server):
    server.script(submit=["lost_reply"])
    with pytest.raises(ToolException, match="do not retry blindly; check your recent predictions first"):
        WaveSpeedImageGeneration(client=client).invoke({"prompt": "a boat"})
    assert len(history(server)) == len(server.posts()) == 1


def test_llama_index_makes_a_picture_and_a_video(client):
    tools = WaveSpeedToolSpec(client=client, poll_interval=0.01)
    assert requests.get(tools.generate_image("a boat"), timeout=30).content == loopback.PICTURE
    assert requests.get(tools.generate_video("a glacier", 5), timeout=30).headers["Content-Type"] == "video/mp4"
    assert requests.get(tools.run_model(MODEL, '{"prompt": "a boat"}'), timeout=30).content == loopback.PICTURE


def test_llama_index_finds_what_it_lost(client, server):
    server.script(submit=["lost_reply_504"], polls=1)
    tools = WaveSpeedToolSpec(client=client, poll_interval=0.01)
    assert "check your recent predictions first" in tools.generate_image("a boat")
    id = history(server)[0]["id"]
    assert f"Prediction {id} is not finished yet (status: processing)" in tools.get_prediction(id)
    assert requests.get(tools.get_prediction(id), timeout=30).content == loopback.PICTURE
    assert "HTTP 404" in tools.get_prediction("0" * 32)


# -- a command line of others ------------------------------------------------------------------------------------------


@pytest.fixture
def command(server, tmp_path):
    """Runs it; JSON, where it ends well."""

    def start(*arguments, fails=False):
        variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_API_BASE": f"{server.url}/api/v3", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [COMMAND, *arguments], capture_output=True, text=True, timeout=60, env=environment(tmp_path, **variables)
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    return start


def test_a_command_line_submits_waits_and_deletes(command, server):
    made = command("submit", MODEL, '{"prompt": "a boat"}')["data"]
    assert made["status"] == "created"
    done = command("result", made["id"], "--wait", "--poll-interval", "0.01")["data"]
    assert done["status"] == "completed" and len(done["outputs"]) == 1
    assert command("cancel", made["id"])["data"] == {"id": made["id"], "status": "deleted"}
    assert history(server) == []
    assert "404" in command("cancel", made["id"], fails=True)
    assert "404" in command("result", made["id"], fails=True)
    assert [r["endpoint"] for r in server.log() if r["method"] == "DELETE"] == ["delete", "delete"]


def test_a_command_line_reads_the_balance_and_the_catalogue(command):
    assert command("balance")["data"] == {"balance": 5.0}
    (painter,) = command("models", "--filter", "painter")["data"]
    assert painter["model_id"] == "acme/painter" and painter["base_price"] == 0.05


# -- what WaveSpeed's command line of npm asks for -----------------------------------------------------------------------


def test_the_history_tells_how_each_stands(client, server):
    server.script(polls=0, poll=["normal", {"do": "state", "status": "failed", "error": "sensitive"}, "running"])
    outputs = run(client)
    with pytest.raises(RuntimeError):
        run(client)
    waiting, new = (client._submit(MODEL, {"prompt": "a boat"})[0] for _ in range(2))
    client.get_result(waiting)
    newest, running, failed, done = history(server)
    assert [one["status"] for one in (newest, running, failed, done)] == ["created", "processing", "failed", "completed"]
    assert (newest["id"], running["id"]) == (new, waiting)
    assert (done["outputs"], failed["outputs"], failed["error"]) == (outputs, [], "sensitive")


def test_the_history_is_filtered_and_has_pages(client, server):
    run(client)
    first = history(server)[0]
    client.run("acme/painter", {"prompt": "a hill"}, poll_interval=0.01)
    client._submit("acme/painter", {"prompt": "a lake"})
    assert [one["input"]["prompt"] for one in history(server, model="acme/painter")] == ["a lake", "a hill"]
    assert [one["input"]["prompt"] for one in history(server, status="completed")] == ["a hill", "a boat"]
    assert history(server, status="cancelled") == []
    assert [one["id"] for one in history(server, created_before=first["created_at"])] == [first["id"]]
    later = iso(datetime.fromisoformat(first["created_at"].replace("Z", "+00:00")) + timedelta(hours=1))
    assert history(server, created_after=later, created_before="2099-01-01T00:00:00.000Z") == []
    assert [one["input"]["prompt"] for one in history(server, page=2, page_size=1)] == ["a hill"]


def test_the_history_wants_numbers(server):
    words, headers = {"page": "1", "page_size": "20"}, {"Authorization": f"Bearer {KEY}"}
    reply = requests.post(f"{server.url}/api/v3/predictions", json=words, headers=headers, timeout=30)
    assert (reply.status_code, reply.json()["message"]) == (400, 'Field "page" must be a number.')


def test_many_are_deleted_at_once(client, server):
    ids = [client._submit(MODEL, {"prompt": "a boat"})[0] for _ in range(3)]
    assert ask(server, "predictions/delete", {"ids": [ids[0], ids[2], "unknown"]}) == {"deleted_count": 2}
    assert [one["id"] for one in history(server)] == [ids[1]]


def test_the_bill_lists_charges_and_refunds(client, server):
    server.script(polls=0, billed=0.04, poll=["normal", {"do": "state", "status": "failed", "error": "internal"}])
    run(client)
    with pytest.raises(RuntimeError):
        client.run("acme/painter", {"prompt": "a hill"}, poll_interval=0.01)
    painted, made = (one["id"] for one in history(server))

    def bill(**filters):
        return ask(server, "billings/search", {"page": 1, "page_size": 20, **filters})

    def rows(items):
        return [(one["billing_type"], one["price"], one["prediction"]["uuid"]) for one in items]

    every = bill()
    assert (every["page"], every["has_more"]) == (1, False)
    assert rows(every["items"]) == [("deduct", 0.04, made), ("deduct", 0.04, painted), ("refund", 0.04, painted)]
    assert len({one["uuid"] for one in every["items"]}) == 3
    assert all(datetime.fromisoformat(one["created_at"].replace("Z", "+00:00")) for one in every["items"])
    assert rows(bill(billing_type="refund")["items"]) == [("refund", 0.04, painted)]
    assert rows(bill(model_uuid=MODEL)["items"]) == [("deduct", 0.04, made)]
    assert rows(bill(prediction_uuids=[made])["items"]) == [("deduct", 0.04, made)]
    assert bill(start_time="2099-01-01T00:00:00.000Z")["items"] == []
    page = bill(page_size=2)
    assert page["has_more"] and len(page["items"]) == 2
    assert rows(bill(page=2, page_size=2)["items"]) == [("refund", 0.04, painted)]


def test_the_price(server):
    assert ask(server, "model/price", {"model_id": MODEL, "inputs": {"prompt": "a boat"}})["discounted_price"] == 0.05


# -- our program beside them -------------------------------------------------------------------------------------------


def content(request):
    """JSON as a value, whose members have no order; anything else as it is."""
    is_json = request["headers"].get("content-type") == "application/json" and request["body"]
    return json.loads(request["body"]) if is_json else request["sha256"]


def test_the_program_asks_as_the_client_does(client, server, tmp_path):
    """Same paths, same bodies; the program's headers name the same facts of itself."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(loopback.PICTURE)
    client.run("acme/painter", {"prompt": "a boat", "image": client.upload(str(picture))}, poll_interval=0.01)
    theirs = server.log()
    server.reset()
    done = subprocess.run(
        [BINARY, "generate", "a boat", "-p", "wavespeed", "-m", "acme/painter", "-u", f"image={picture}"],
        capture_output=True, text=True, timeout=120,
        env=environment(tmp_path, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=server.url, NO_PROXY="127.0.0.1"),
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == loopback.PICTURE
    for endpoint in ("ticket", "put", "submit", "poll"):
        wanted, asked = (next(r for r in log if r["endpoint"] == endpoint) for log in (theirs, server.log()))
        assert (asked["method"], asked["path"]) == (wanted["method"], wanted["path"])
        assert content(asked) == content(wanted)
        facts = {name for name in wanted["headers"] if name in ("authorization", "content-type") or name.startswith("x-")}
        assert facts <= {*asked["headers"]}, endpoint
