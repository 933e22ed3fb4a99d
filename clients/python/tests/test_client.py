"""`Client` against the real binary: the main job, every call, and what interrupts them."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import BINARY, PATIENCE, small

import imagewire
from imagewire import Client


def wait_until(condition):
    """Looks again until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def pid_of(client):
    return client._connection._process.pid


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        os.kill(pid, 0)
        return True


# -- the main job ---------------------------------------------------------------------------------------------------


def test_a_prompt_goes_in_and_an_image_is_on_disk(client, tmp_path):
    seen = []
    prediction = client.generate("a red fox in snow", on_progress=seen.append, output_dir=tmp_path, output_name="fox")
    assert prediction.status == "completed" and prediction.done
    assert prediction.path == tmp_path / "fox.png"
    file = prediction.files[0]
    assert file.read().startswith(b"\x89PNG")
    assert (file.bytes, file.sha256) == (len(file.read()), hashlib.sha256(file.read()).hexdigest())
    assert (file.width, file.height, file.media_type) == (1024, 1024, "image/png")
    assert prediction.input == {"prompt": "a red fox in snow"}
    assert abs((datetime.now(timezone.utc) - prediction.created_at).total_seconds()) < 3600
    assert [one.status for one in seen][-1] == "completed" and seen[0].id == prediction.id
    assert hash(prediction) == hash(client.status(prediction.id))
    with pytest.raises(AttributeError):
        prediction.status = "failed"


@pytest.mark.parametrize("prompt", ['a "quoted" \\ fox', "two\nlines\ttab", "🦊 ゆき é\u0000", "long " * 6000, "\ud83e lone"])
def test_any_prompt_arrives_as_it_is(client, prompt):
    prediction = client.generate(prompt, input={"size": "64x64"})
    assert prediction.input["prompt"] == prompt.replace("\ud83e", "\ufffd")


def test_progress_is_told_while_it_works(client):
    seen = []
    client.generate(input=small("slow", delay_ms=1500), on_progress=seen.append)
    assert len(seen) >= 3 and {one.status for one in seen} >= {"processing", "completed"}


def test_a_message_longer_than_64_kib(client):
    prediction = client.generate("a lighthouse in a storm, with every wave")
    inline = client.result(prediction.id, inline=True).files[0]
    assert len(inline.base64) > 65_536
    assert hashlib.sha256(inline.read()).hexdigest() == inline.sha256
    long = client.submit("x" * 200_000, input={"size": "64x64"})
    assert long.omitted == ("input",) and long.input is None
    assert client.status(long.id, full=True).input["prompt"] == "x" * 200_000


def test_a_preview_is_read_where_there_is_one(client):
    value = {"path": "/p/x.png", "media_type": "image/png", "bytes": 9, "width": 2, "height": None, "index": 1}
    assert imagewire.Preview.from_json(value) == imagewire.Preview(Path("/p/x.png"), "image/png", 9, 2, None, 1)
    assert client.generate(input=small("none")).preview is None


def test_every_call(client):
    one = client.submit(input=small("one"), tags=["boats"], metadata={"page": 7}, idempotency_key="k")
    assert client.submit(input=small("one"), idempotency_key="k").id == one.id
    two = client.submit(input=small("two"), tags=("boats",))
    waited = client.wait([one.id, two.id])
    assert waited.done and [it.id for it in waited.predictions] == [one.id, two.id] and waited.more == ()
    assert client.result(one.id).metadata == {"page": 7}
    page = client.list(tag="boats", limit=1)
    assert [it.id for it in page] == [two.id] and len(page) == 1
    assert [it.id for it in client.predictions(tag="boats", limit=1)] == [two.id, one.id]
    never = client.submit(input=small("never", never=True))
    assert not client.wait([never.id], timeout=0).done
    assert client.cancel(never.id).status == "cancelled"
    assert client.delete([one.id, two.id], files=True) == imagewire.Deletion((one.id, two.id), (), True)
    assert client.call("ping") == {}


def test_what_it_costs(client):
    price = client.quote("a boat", input={"n": 2})
    assert (price.amount, price.currency, price.exact) == (0, "USD", True)
    with pytest.raises(imagewire.ProviderNotConfigured):
        client.balance("wavespeed")


def test_what_there_is_and_what_it_takes(client):
    (listed,) = client.models()
    assert (listed.provider, listed.default, listed.input_schema) == ("sandbox", True, None)
    (model,) = client.models(listed.id)
    assert model.input_schema["properties"]["n"]["maximum"] == 10
    assert client.validate("a boat", input={"n": 2}).valid
    answer = client.validate("a boat", input={"n": 11})
    assert not answer.valid and list(answer.problems) == ["input.n"]
    with pytest.raises(imagewire.ProviderNotConfigured):
        client.models(provider="wavespeed")


# -- what fails -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, error",
    [
        ("content_refused", imagewire.ContentRefused), ("insufficient_credit", imagewire.InsufficientCredit),
        ("rate_limited", imagewire.RateLimited), ("authentication", imagewire.AuthenticationFailed),
        ("model_unavailable", imagewire.ModelUnavailable), ("remote_error", imagewire.RemoteFailed),
        ("remote_timeout", imagewire.RemoteTimedOut), ("network", imagewire.NetworkFailed),
        ("invalid_input", imagewire.InvalidInput), ("internal", imagewire.InternalFailure),
    ],
)
def test_work_that_fails_is_an_exception_of_its_own(client, kind, error):
    with pytest.raises(error) as failed:
        client.generate(input=small("a failure", fail=kind))
    assert failed.value.failure.type == kind
    assert failed.value.prediction.status == "failed"
    assert failed.value.failure.message in str(failed.value)
    assert client.result(failed.value.prediction.id).status == "failed"


def test_every_failure_of_the_schema_has_an_exception():
    import json

    from conftest import ROOT
    from imagewire.errors import _CALLS, _FAILURES

    schema = json.loads((ROOT / "schemas/prediction.json").read_text())
    assert set(_FAILURES) == set(schema["properties"]["failure"]["properties"]["type"]["enum"])
    codes = {kind["properties"]["code"]["const"] for kind in json.loads((ROOT / "schemas/error.json").read_text())["oneOf"]}
    assert set(_CALLS) == codes - {-32700, -32600, -32601, -32603}


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda client: client.generate(""), imagewire.InvalidParams),
        (lambda client: client.generate(), imagewire.InvalidParams),
        (lambda client: client.generate("a boat", output_dir="relative"), imagewire.InvalidParams),
        (lambda client: client.generate("a boat", provider="wavespeed"), imagewire.ProviderNotConfigured),
        (lambda client: client.status("nothing"), imagewire.PredictionNotFound),
        (lambda client: client.delete([client.submit(input=small("n", never=True)).id]), imagewire.PredictionNotFinished),
        (lambda client: [client.submit(p, idempotency_key="k") for p in "ab"], imagewire.IdempotencyConflict),
        (lambda client: client.call("no_such_method"), imagewire.CallError),
    ],
)
def test_calls_that_fail(client, call, error):
    with pytest.raises(error) as failed:
        call(client)
    assert failed.value.code and failed.value.message in str(failed.value)
    assert client.call("ping") == {}


def test_a_path_is_named(client):
    with pytest.raises(ValueError) as failed:
        client.generate("a boat", tags=[""])
    assert failed.value.path == "tags[0]"


def test_a_time_limit_leaves_the_prediction_alone(client):
    with pytest.raises(TimeoutError) as late:
        client.generate(input=small("never", never=True), timeout=0.2)
    assert isinstance(late.value, imagewire.WaitTimeout)
    assert not client.status(late.value.prediction.id).done


# -- the process ----------------------------------------------------------------------------------------------------


def test_all_that_is_pending_fails_at_once_when_the_process_is_killed_and_the_next_call_starts_it(client):
    never = client.submit(input=small("never", never=True))
    first = pid_of(client)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(client.result, never.id) for _ in range(8)]
        wait_until(lambda: len(client._connection._pending) == 8)
        begun = time.monotonic()
        os.kill(first, signal.SIGKILL)
        for one in waiting:
            with pytest.raises(imagewire.ConnectionLost, match="signal 9.*starts"):
                one.result(PATIENCE)
        assert time.monotonic() - begun < 10
    assert client.status(never.id).status in ("created", "processing")
    assert pid_of(client) != first


def test_threads_share_a_client(client):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: client.generate(input=small(f"boat {number}")), range(24)))
    assert sorted(one.input["prompt"] for one in made) == sorted(f"boat {number}" for number in range(24))


def test_closing_ends_the_process_and_the_waiting_calls(options):
    client = Client(**options)
    never = client.submit(input=small("never", never=True))
    pid = pid_of(client)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.result, never.id)
        wait_until(lambda: client._connection._pending)
        client.close()
        with pytest.raises(imagewire.ImagewireError):
            waiting.result(PATIENCE)
    assert not is_alive(pid)
    assert client.status(never.id).id == never.id
    client.close()
    client.close()


def test_a_client_that_is_let_go_takes_its_process_with_it(options):
    client = Client(**options)
    client.call("ping")
    connection = client._connection
    del client
    assert connection.ended.wait(PATIENCE)


def script(tmp_path, text):
    path = tmp_path / "script.py"
    # A process that was started in the background ignores Ctrl-C, and hands that on.
    start = "import sys, time, os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nimport imagewire\n"
    path.write_text(start + text)
    environment = {**os.environ, "IMAGEWIRE": BINARY, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "sys.exit()", "raise ValueError"])
def test_the_child_never_outlives_the_parent(options, tmp_path, end):
    process = script(tmp_path, f"client = imagewire.Client()\nclient.call('ping')\nprint(client._connection._process.pid)\n{end}\n")
    pid = int(process.stdout.readline())
    process.communicate(timeout=PATIENCE)
    wait_until(lambda: not is_alive(pid))


def test_ctrl_c_cancels_the_prediction_and_nothing_else_breaks(options, tmp_path):
    process = script(
        tmp_path,
        """
client = imagewire.Client()
other = client.submit(input={"prompt": "other", "sandbox": {"never": True}})
try:
    client.generate(input={"prompt": "never", "sandbox": {"never": True}}, on_progress=lambda it: print(it.id, it.status))
except KeyboardInterrupt:
    print("interrupted")
    mine = client.list(text="never").predictions[0]
    print(mine.status, client.status(other.id).status, flush=True)
client.close()
""",
    )
    while "processing" not in process.stdout.readline():
        pass
    # As a terminal does it: to everybody in the foreground.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert out.splitlines()[-2:] == ["interrupted", "cancelled processing"], err
    assert process.returncode == 0


def test_an_exception_of_the_callback_cancels_the_prediction(client):
    def refuse(prediction):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        client.generate(input=small("never", never=True), on_progress=refuse)
    assert client.list(text="never").predictions[0].status == "cancelled"


@pytest.fixture
def interrupted(fake, monkeypatch):
    """A client whose `generate` was interrupted while its submit was on the way, and its connection."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def make(kind):
        client = fake(kind)
        monkeypatch.setattr(Client, "_submitted", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.generate("a boat")
        return client, client._connection

    return make


def test_closing_waits_until_what_was_given_up_is_cancelled(interrupted, caplog):
    client, connection = interrupted("slow")
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(client.close, PATIENCE)
        wait_until(lambda: connection._closing)
        with pytest.raises(imagewire.ConnectionLost, match="Nothing was sent"):
            connection.start("submit", {"prompt": "too late"}).future.result(PATIENCE)
        os.kill(connection._process.pid, signal.SIGUSR1)
        closing.result(PATIENCE)
    assert not is_alive(connection._process.pid)
    assert caplog.messages == ["cancel p1"]


def test_closing_says_what_it_could_not_wait_for(interrupted, caplog):
    client, connection = interrupted("silent")
    client.close(0.1)
    assert connection.ended.wait(PATIENCE)
    assert [message for message in caplog.messages if "list() shows" in message]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_starts_its_own(client):
    client.call("ping")
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if client.call("ping") == {} else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.call("ping") == {}


# -- programs that are not as they should be ------------------------------------------------------------------------


def test_a_missing_binary_is_named(options, tmp_path, monkeypatch):
    with pytest.raises(imagewire.BinaryNotFound, match="/no/such/imagewire.*IMAGEWIRE"):
        Client("/no/such/imagewire").generate("a boat")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(imagewire.BinaryNotFound, match="no program imagewire"):
        Client().generate("a boat")
    (tmp_path / "imagewire").write_text("no program")
    (tmp_path / "imagewire").chmod(0o755)
    with pytest.raises(imagewire.BinaryNotFound, match="cannot be started"):
        Client().generate("a boat")


@pytest.mark.parametrize(
    "kind, error, words",
    [
        ("old", imagewire.BinaryTooOld, "version 0.0.9.*0.1.0 or newer"), ("ancient", imagewire.BinaryTooOld, "too old"),
        ("other", imagewire.BinaryTooOld, "not imagewire but cat"), ("babbles", imagewire.StartFailed, "Welcome"),
        ("quits", imagewire.StartFailed, "status 1.*no option quits"),
    ],
)
def test_a_wrong_program_is_said_to_be_wrong(fake, kind, error, words):
    with pytest.raises(error, match=words):
        fake(kind).generate("a boat")


def test_a_program_that_says_nothing(fake, monkeypatch):
    monkeypatch.setattr("imagewire._connection.START_PATIENCE", 0.5)
    with pytest.raises(imagewire.StartFailed, match="does not answer"):
        fake("mute").generate("a boat")


def test_a_process_that_dies_says_why(fake):
    client = fake("dies")
    for _ in range(2):
        with pytest.raises(imagewire.ConnectionLost, match="status 9.*something broke"):
            client.generate("a boat")


def test_a_call_that_is_not_answered_in_time(fake):
    with pytest.raises(imagewire.CallTimeout, match="ping.*0.2 s"):
        fake("silent", timeout=0.2).call("ping")


def test_an_answer_that_is_none(fake):
    with pytest.raises(imagewire.StartFailed, match="no proper answer"):
        fake("nonsense", timeout=PATIENCE).call("ping")


@pytest.mark.parametrize(
    "value, error, words",
    [
        (float("nan"), ValueError, "not JSON compliant"), (float("-inf"), ValueError, "not JSON compliant"),
        (object(), TypeError, "of the type object"), ({(1, 2): 3}, TypeError, "tuple"),
        ("x" * (64 << 20), ValueError, "67,108,864"),
    ],
    ids=["nan", "infinity", "object", "key", "long"],
)
def test_what_cannot_be_sent_is_said_at_once(client, value, error, words):
    with pytest.raises(error, match=f"submit .*{words}.* Nothing was sent"):
        client.generate("a boat", input={"seed": value})
    assert client._connection._pending == {}
    assert list(client.list()) == []


def test_an_error_that_names_no_call(fake, caplog):
    client = fake("unread", timeout=PATIENCE)
    with pytest.raises(imagewire.CallError, match="Invalid Request"):
        client.call("ping")
    # Of several it may be any: none of them is said to have failed.
    other = client._connection.start("result", {})
    assert client.call("ping") == {}
    assert not other.future.done()
    assert ["does not say which" in message for message in caplog.messages] == [True]


def test_answers_to_calls_that_were_never_made(fake):
    assert fake("odd", timeout=PATIENCE).call("ping") == {}


def test_whatever_ends_the_reading_ends_the_waiting(fake, monkeypatch):
    client = fake("chatty", timeout=PATIENCE)
    client.call("ping")
    begun = time.monotonic()
    monkeypatch.setattr(client._connection, "_take", lambda message: [][0])
    with pytest.raises(imagewire.ConnectionLost, match="IndexError.*starts it again"):
        client.call("ping")
    assert time.monotonic() - begun < PATIENCE / 2


def test_stderr_is_drained_and_lines_of_any_length_are_read(fake):
    assert len(fake("chatty").call("ping")["long"]) == 5_000_000


def test_two_clients_on_one_state_directory(options, client):
    with Client(**options) as other:
        made = client.submit(input=small("boat"))
        assert other.result(made.id, timeout=PATIENCE).status == "completed"


# -- subscriptions --------------------------------------------------------------------------------------------------


def test_a_subscription_tells_of_changes_and_goes_on_from_its_cursor(client):
    with client.subscribe(tag="boats") as updates:
        made = client.submit(input=small("boat"), tags=["boats"])
        for update in updates:
            assert update.prediction.id == made.id and update.prediction.input is None
            if update.prediction.done:
                break
        cursor = updates.cursor
    client.delete([made.id])
    with client.subscribe(since=cursor) as updates:
        assert next(updates).deleted == made.id
        assert updates.reset is False


def test_a_subscription_ends_with_close_and_with_the_process(client):
    updates = client.subscribe()
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(list, updates)
        updates.close()
        assert heard.result(PATIENCE) == []
    updates = client.subscribe()
    os.kill(pid_of(client), signal.SIGKILL)
    with pytest.raises(imagewire.ConnectionLost):
        next(updates)
    assert list(updates) == []


def test_threads_end_with_the_process(options):
    before = threading.active_count()
    for _ in range(3):
        with Client(**options) as client:
            client.call("ping")
    wait_until(lambda: threading.active_count() <= before)
