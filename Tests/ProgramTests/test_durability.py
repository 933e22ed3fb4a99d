"""Races around the paid request (Sources/Predictions/README.md, "Money rules"), each under its own name, on the real program.

Races that cannot be provoked from outside are tested in Swift: the guard before the request without its other safeguards in
HTTPClientTests; slots that are given up after ten minutes, and the scheduler's one rule about POSTs, in SchedulerTests.
"""

import base64
import json
import os
import shutil
import signal
import socket
import sqlite3
import threading
import time

import pytest
from interruption import Interruption, build_interrupt, only_linux
from program import RPCError, wait_for
from promise import assert_files_are_whole, assert_promise, everything, post_counts, settled
from wavespeed import PICTURE

RUNNING = {"do": "running", "times": "forever"}


def page(status):
    return {"do": "reply", "status": status, "body": "<html>Who are you?</html>", "headers": {"Content-Type": "text/html"}}


def state(home):
    return home / ".local/state/imagewire"


def table(home):
    return sqlite3.connect(state(home) / "predictions.db", timeout=30)


# -- 1 and 2: one POST, whatever libcurl would do by itself ------------------------------------------------------------


class RawServer:
    """Answers GETs properly on a kept-alive connection, reads each POST whole, and then does what the test says."""

    def __init__(self, after_post):
        self.after_post = after_post
        self.posts = []
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                head = [line]
                while (line := stream.readline()) not in (b"\r\n", b""):
                    head.append(line)
                fields = {h.split(b":")[0].lower(): h.split(b":", 1)[1].strip() for h in head[1:]}
                self.heads.append(b"".join(head))
                body = stream.read(int(fields.get(b"content-length", 0)))
                if head[0].startswith(b"POST") and b"/predictions" not in head[0]:
                    self.posts.append(body)
                    if (answer := self.after_post(connection)) is None:
                        return
                    connection.sendall(answer)
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"data\":{\"items\":[]}}")

    def close(self):
        self.listener.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize("after_post, status", [
    (lambda connection: None, "unknown"),
    (reset, "unknown"),
    (lambda connection: b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", "failed"),
    (lambda connection: b"HTTP/1.1 307 T\r\nLocation: /api/v3/again\r\nContent-Length: 0\r\n\r\n", "failed"),
    (lambda connection: b"HTTP/1.1 308 T\r\nLocation: /api/v3/again\r\nContent-Length: 0\r\n\r\n", "failed"),
    (lambda connection: b"HTTP/1.1 401 U\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "failed"),
    (lambda connection: b"HTTP/1.1 407 P\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", "failed"),
    (lambda connection: b"HTTP/1.1 100 Continue\r\n\r\n", "unknown"),
    # SETTINGS, GOAWAY: the first frames of an HTTP/2 server.
    (lambda connection: b"\0\0\0\4\0\0\0\0\0\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\x07", "unknown"),
], ids=["close", "reset", "417", "307", "308", "401", "407", "100 and close", "HTTP 2 frames"])
def test_01_no_second_post_by_libcurl(paid, after_post, status):
    is_second = []

    def answer(connection):
        # The first one goes well, so that there is a connection to reuse.
        if not is_second:
            is_second.append(True)
            return b'HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n{"data":{"id":"one","status":"failed","x":123}}'[:-1]
        result = after_post(connection)
        if result is not None and (result.startswith(b"\0") or b" 100 " in result):
            connection.sendall(result)
            return None
        return result

    server = RawServer(answer)
    with paid(WAVESPEED_BASE_URL=server.url) as program:
        program.call("submit", prompt="the first", wait_ms=20000)
        # Over a megabyte: where libcurl would ask first whether it may send it.
        prediction = program.call("submit", input={"prompt": "the second", "image": "data:," + "x" * 1_100_000}, wait_ms=20000)
        assert prediction["status"] == status, prediction["error"]
        assert program.finish() == 0
    server.close()
    assert len(server.posts) == 2
    heads = [head for head in server.heads if head.startswith(b"POST") and b"predictions" not in head.split(b"\r\n")[0]]
    for head in heads:
        assert head.split(b"\r\n")[0].endswith(b" HTTP/1.1")
        assert b"\r\nexpect" not in head.lower() and b"\r\nupgrade" not in head.lower()


# -- 3: twins ----------------------------------------------------------------------------------------------------------


def test_03_a_twin_is_never_shared(paid, wavespeed):
    # A gets no answer and the provider did not accept it; B is accepted, and its reply held back.
    wavespeed.script(submit=["drop", {"do": "normal", "hold": True}])
    with paid() as program:
        a = program.call("submit", prompt="twins")["id"]
        wavespeed.log(at_least=1)
        b = program.call("submit", prompt="twins")["id"]
        wait_for(lambda: len(wavespeed.posts()) == 2, "B was never sent")
        # All of A's first looks see B's prediction, and it must not take it.
        prediction = program.call("result", id=a)
        assert (prediction["status"], prediction["remote_id"]) == ("unknown", None)
        assert program.call("status", id=b)["status"] == "processing"
        wavespeed.release()
        prediction = program.call("result", id=b)
        assert (prediction["status"], prediction["remote_id"]) == ("completed", f"{1:032x}")
        assert program.call("status", id=a)["status"] == "unknown"
    assert len(wavespeed.posts()) == 2


def test_03_the_lost_one_of_two_twins_is_found(paid, wavespeed):
    # Both are in the history; one of them has been answered, so the other one can only be the lost one's.
    wavespeed.script(submit=["normal", "lost_reply"])
    with paid() as program:
        first = program.call("submit", prompt="twins")["id"]
        answered = program.call("result", id=first)
        lost = program.call("result", id=program.call("submit", prompt="twins")["id"])
    assert (answered["status"], answered["remote_id"]) == ("completed", f"{1:032x}")
    assert (lost["status"], lost["remote_id"]) == ("completed", f"{2:032x}")
    assert len(wavespeed.posts()) == 2


def test_03_two_lost_twins_stay_apart(paid, wavespeed):
    wavespeed.script(submit=["lost_reply", "lost_reply"])
    with paid() as program:
        ids = [program.call("submit", prompt="twins")["id"] for _ in range(2)]
        predictions = settled(program, ids)
    taken = [p["remote_id"] for p in predictions.values() if p["remote_id"]]
    assert len(taken) == len(set(taken))
    assert all(p["billing"] == "unknown" for p in predictions.values() if p["status"] == "unknown")
    assert len(wavespeed.posts()) == 2


# -- 4 and 5: processes that are stopped -------------------------------------------------------------------------------


@only_linux
def test_04_stopped_between_commit_and_send(paid, wavespeed, tmp_path):
    held = Interruption(build_interrupt(tmp_path), tmp_path, at=1, action="hold", only="connect")
    owner, other = paid(wrapper=held.wrapper), paid()
    number = owner.start("submit", prompt="late")
    held.wait_until_held()
    begun = time.monotonic()
    id = other.call("list")["predictions"][0]["id"]
    waiting = other.start("result", id=id)
    # A claim is too old to be sent after 30 s of a clock that no test can set.
    while time.monotonic() - begun < 31:
        # No other process may decide about the POST of a living process, however long that is silent.
        prediction = other.call("status", id=id)
        assert (prediction["status"], prediction["billing"]) == ("processing", "unknown")
        time.sleep(0.5)  # Between two looks.
    held.release(owner)
    assert owner.reply(number)["id"] == id
    # Too late to send: another could have judged it meanwhile.
    for prediction in (other.reply(waiting), owner.call("result", id=id)):
        assert (prediction["status"], prediction["billing"]) == ("failed", "none")
        assert prediction["failure"]["type"] == "interrupted" and prediction["failure"]["retryable"]
    assert wavespeed.posts() == []


@only_linux
def test_04_stopped_for_a_moment_is_sent(paid, wavespeed, tmp_path):
    held = Interruption(build_interrupt(tmp_path), tmp_path, at=1, action="hold", only="connect")
    owner = paid(wrapper=held.wrapper)
    number = owner.start("submit", prompt="in time")
    held.wait_until_held()
    held.release(owner)
    assert owner.call("result", id=owner.reply(number)["id"])["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_05_stopped_while_polling(paid, wavespeed, home):
    wavespeed.script(poll=[RUNNING])
    owner, other = paid(), paid()
    id = owner.call("submit", prompt="stopped")["id"]
    wait_for(lambda: wavespeed.polls(), "it is not polled")
    owner.process.send_signal(signal.SIGSTOP)
    wavespeed.clear()
    waiting = other.start("result", id=id)
    # As if a minute had passed: it is told by the age of the lock file alone.
    past = time.time() - 61
    for lock in (state(home) / "owners").glob("*.lock"):
        os.utime(lock, (past, past))
    prediction = other.reply(waiting)
    assert prediction["status"] == "completed"
    assert_files_are_whole(prediction)
    owner.process.send_signal(signal.SIGCONT)
    time.sleep(0.5)  # It must change nothing, and nothing tells when it has not.
    for program in (owner, other):
        again = program.call("result", id=id)
        assert (again["status"], again["revision"], again["files"]) == ("completed", prediction["revision"], prediction["files"])
    assert len(wavespeed.posts()) == 1


# -- 6 and 7: other keys, other hosts, foreign pages ------------------------------------------------------------


def test_06_another_key_another_base_url_none(paid, spawn, wavespeed):
    wavespeed.script(poll=[RUNNING], expect_key="wsk_SECRETsecret0123456789")
    with paid("--max-concurrency", 1) as program:
        ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(2)]
        wait_for(lambda: wavespeed.polls(), "it is not polled")
        program.kill()
    wavespeed.wait_until_closed()
    seen = len(wavespeed.log())
    for others in (
        {"WAVESPEED_API_KEY": "another"}, {"WAVESPEED_BASE_URL": wavespeed.output_url}, {"WAVESPEED_API_KEY": None},
    ):
        with paid(**others) as program:
            assert [program.call("result", id=id, timeout_ms=300)["status"] for id in ids] == ["processing", "created"]
            assert program.finish() == 0
    assert len(wavespeed.log()) == seen, "a request went out with the wrong key, or to the wrong host"
    wavespeed.clear()
    with paid() as program:
        assert [p["status"] for p in settled(program, ids).values()] == ["completed"] * 2
    assert len(wavespeed.posts()) == 2


def test_07_a_key_that_is_rotated_and_a_portal_in_the_way(paid, wavespeed):
    wavespeed.script(poll=["401", page(403), page(407), "401", page(403), "407"])
    with paid() as program:
        prediction = program.call("submit", prompt="patience", wait_ms=1000)
        assert (prediction["status"], prediction["error"]) == ("processing", "")
        # Asking for it looks again, sooner than the growing pauses would.
        deadline = time.monotonic() + 40
        while prediction["status"] == "processing" and time.monotonic() < deadline:
            prediction = program.call("result", id=prediction["id"], timeout_ms=500)
        assert (prediction["status"], prediction["billing"]) == ("completed", "charged")
    assert len(wavespeed.posts()) == 1


# -- 8: the queue ------------------------------------------------------------------------------------------------------


def test_08_429_on_the_first_of_fifty(paid, wavespeed):
    wavespeed.script(submit=["429"], retry_after="2", polls=0)
    with paid("--max-concurrency", 1) as program, paid("--max-concurrency", 1) as other:
        numbers = [program.start("submit", prompt=f"number {number}") for number in range(50)]
        ids = [program.reply(number)["id"] for number in numbers]
        first = program.call("result", id=ids[0])
        assert (first["status"], first["failure"]["type"], first["billing"]) == ("failed", "rate_limited", "none")
        # The pause holds for all processes.
        assert len(other.call("list", status="created")["predictions"]) == 49
        assert len(wavespeed.posts()) == 1
        program.kill()
        rest = settled(other, ids[1:])
        assert {p["status"] for p in rest.values()} == {"completed"}
    posts = wavespeed.posts()
    assert posts[1]["seconds"] - posts[0]["seconds"] >= 1.9
    assert [json.loads(post["body"])["prompt"] for post in posts] == [f"number {number}" for number in range(50)]


def test_09_jobs_that_never_end_do_not_stop_the_queue(paid, wavespeed, home):
    wavespeed.script(poll=[RUNNING])
    with paid() as program:
        ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(3)]
        wait_for(lambda: len(wavespeed.posts()) == 2, "the first two were not sent")
        wavespeed.more(6)
        assert program.call("status", id=ids[2])["status"] == "created"
        # As if they had been sent eleven minutes ago.
        with table(home) as rows:
            rows.execute("UPDATE predictions SET started_ms = started_ms - 660000 WHERE phase = 'polling'")
        wait_for(lambda: len(wavespeed.posts()) == 3, "the third one is never sent")
        assert program.call("status", id=ids[0])["status"] == "processing"


# -- 10: names ---------------------------------------------------------------------------------------------------------


@only_linux
def test_10_killed_between_the_name_and_the_commit(paid, wavespeed, tmp_path, home):
    tool = build_interrupt(tmp_path)
    # Before it has its name, and at each of the next steps: the temporary name goes, the folder is synced, the row is
    # written.
    for step in range(1, 7):
        folder = home / f"album {step}"
        interruption = Interruption(tool, tmp_path, at=step, first="link")
        with paid(wrapper=interruption.wrapper) as program:
            id = program.call("submit", prompt=f"boat {step}", output_dir=str(folder), output_name="boat")["id"]
            program.wait()
        assert interruption.steps[-1] == "killed"
        assert sum(name.startswith("link") for name in interruption.steps) == 1
        assert [name for name in os.listdir(folder) if name[0] != "."] == (["boat.png"] if step > 1 else [])
        with paid() as program:
            prediction = program.call("result", id=id)
            assert prediction["status"] == "completed"
            assert_files_are_whole(prediction)
            program.finish()
        assert os.listdir(folder) == ["boat.png"]
        assert len(wavespeed.posts_of(f"boat {step}")) == 1


@only_linux
def test_10_killed_while_the_part_of_an_output_gets_its_name(paid, wavespeed, tmp_path, home):
    tool = build_interrupt(tmp_path)
    cut = {"do": "file", "base64": base64.b64encode(PICTURE).decode(), "cut": 60, "times": "forever"}
    wavespeed.script(polls=0, download=[cut])
    for step in range(1, 7):
        folder = home / f"parts {step}"
        interruption = Interruption(tool, tmp_path, at=step, first="link")
        with paid(wrapper=interruption.wrapper) as program:
            id = program.call("submit", prompt=f"part {step}", output_dir=str(folder), output_name="boat")["id"]
            program.wait()
        assert interruption.steps[-1] == "killed"
        assert [name for name in os.listdir(folder) if name[0] != "."] == (["boat.png.partial"] if step > 1 else [])
        with paid() as program:
            [part] = program.call("result", id=id)["failure"]["partial"]
            assert (part["path"], part["bytes"]) == (str(folder / "boat.png.partial"), 60)
            program.finish()
        assert os.listdir(folder) == ["boat.png.partial"] and (folder / "boat.png.partial").read_bytes() == PICTURE[:60]
        assert len(wavespeed.posts_of(f"part {step}")) == 1


# -- 11: the folder and the table --------------------------------------------------------------------------------------


def assert_refused(program, word):
    with pytest.raises(RPCError) as error:
        program.call("submit", prompt="into nothing")
    assert error.value.code == 1007
    assert error.value.data["type"] == "storage_failed" and error.value.data["hint"]
    assert word in error.value.message, error.value.message
    assert program.call("ping") == {}


def test_11_the_state_folder_is_deleted(paid, wavespeed, home):
    with paid() as program:
        assert program.call("submit", prompt="before", wait_ms=30000)["status"] == "completed"
        shutil.rmtree(state(home))
        for _ in range(3):
            assert_refused(program, "deleted")
        assert program.finish() == 0
    with paid() as program:
        assert program.call("submit", prompt="after", wait_ms=30000)["status"] == "completed"
        assert set(everything(program)) and len(everything(program)) == 1
    assert post_counts(wavespeed) == {"before": 1, "after": 1}


def test_11_the_table_is_renamed(paid, wavespeed, home):
    with paid() as program:
        before = program.call("submit", prompt="before", wait_ms=30000)
        (state(home) / "predictions.db").rename(state(home) / "elsewhere.db")
        assert_refused(program, "moved")
        (state(home) / "elsewhere.db").rename(state(home) / "predictions.db")
        # It is the same table again: nothing was written past it.
        assert program.call("submit", prompt="after", wait_ms=30000)["status"] == "completed"
        assert before["id"] in everything(program)
    assert post_counts(wavespeed) == {"before": 1, "after": 1}


def test_11_a_newer_version_migrates_while_an_older_runs(paid, wavespeed, home):
    with paid() as program:
        assert program.call("submit", prompt="before", wait_ms=30000)["status"] == "completed"
        with table(home) as rows:
            rows.execute("UPDATE meta SET value = 999 WHERE name IN ('min_writer', 'min_reader')")
            rows.execute("PRAGMA user_version = 999")
        assert_refused(program, "newer")
        assert len(everything(program)) == 1, "what it has it may still show"
        assert program.finish() == 0
    assert post_counts(wavespeed) == {"before": 1}


@pytest.mark.parametrize("rounds", [100])
def test_11_eight_first_starts_at_once(spawn, tmp_path, rounds):
    for number in range(rounds):
        folder = tmp_path / str(number)
        processes = [spawn("--state-dir", folder, "--provider", "sandbox") for _ in range(8)]
        numbers = [program.start("list") for program in processes]
        assert [program.reply(number) for program, number in zip(processes, numbers)] == [
            {"predictions": [], "next_cursor": None}
        ] * 8
        # They share one database: the last one sees the writes of the first.
        id = processes[0].call("submit", input={"prompt": "a boat", "sandbox": {"never": True}})["id"]
        assert processes[-1].call("status", id=id)["id"] == id
        for program in processes:
            program.process.kill()
        for program in processes:
            program.__exit__(None, None, None)
        with sqlite3.connect(folder / "predictions.db") as rows:
            assert rows.execute("SELECT count(*) FROM meta WHERE name = 'salt'").fetchone() == (1,)
        assert not list(folder.glob("broken-*"))


# -- 13: a host that only probes ----------------------------------------------------------------------------------------


def test_13_an_mcp_host_that_probes_and_kills_costs_nothing(paid, wavespeed):
    wavespeed.script(poll=[RUNNING])
    with paid("--max-concurrency", 1) as program:
        ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(11)]
        wait_for(lambda: wavespeed.polls(), "the first one is not polled")
        program.kill()
    wavespeed.wait_until_closed()
    before = len(wavespeed.log())
    discover = {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "prober", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }}
    for number in range(20):
        with paid("--max-concurrency", 20) as program:
            assert "tools" in program.call("server/discover", discover)["capabilities"]
            if number % 5 == 0:
                # Long enough for whatever a start would do by itself: nothing tells when that is over.
                time.sleep(0.1)
            program.kill()
    assert len(wavespeed.log()) == before, "a process that was only started did something"
    wavespeed.clear()
    # The queue was there all the time.
    with paid("--max-concurrency", 20) as program:
        predictions = settled(program, ids)
        assert_promise(predictions, wavespeed, ids)
        assert {p["status"] for p in predictions.values()} == {"completed"}
