"""Polls use the connection of the POST. A POST has a new one: an answer that a server had sent before would be read as its own."""

import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from program import wait_for

ACCEPTED = b'{"code":200,"data":{"id":"%s","status":"created","outputs":[]}}'
DONE = b'{"code":200,"data":{"id":"%s","status":"failed","error":"no","outputs":[]}}'


def test_polls_use_the_connection_of_the_post_and_no_post_that_of_a_poll(paid, wavespeed):
    wavespeed.script(polls=2)
    with paid() as program:
        for number in range(2):
            assert program.call("submit", prompt=f"number {number}", wait_ms=30_000)["status"] == "completed"
    used = [(found["endpoint"], found["connection"]) for found in wavespeed.log() if found["endpoint"] in ("submit", "poll")]
    assert [endpoint for endpoint, _ in used] == ["submit", "poll", "poll", "poll"] * 2
    first, second = used[0][1], used[4][1]
    assert first != second
    assert {connection for _, connection in used[:4]} == {first}
    assert {connection for _, connection in used[4:]} <= {first, second}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_connections_do_not_add_up(paid, wavespeed):
    wavespeed.script(polls=1)
    with paid() as program:
        open_files = []
        for number in range(30):
            assert program.call("submit", prompt=f"number {number}", wait_ms=30_000)["status"] == "completed"
            open_files.append(len(list(Path(f"/proc/{program.process.pid}/fd").iterdir())))
    assert max(open_files[20:]) <= max(open_files[:10]) + 2


def answer(body):
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Forger:
    """A service that answers each poll twice: the second answer looks like one to a POST."""

    def __init__(self):
        self.posts = self.forged = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.answer_all(connection)
        except OSError:
            pass  # The program closed it.

    def answer_all(self, connection):
        stream = connection.makefile("rb")
        with connection, stream:
            while line := stream.readline():
                length = 0
                while (header := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                stream.read(length)
                method, path = line.split()[:2]
                if method == b"POST" and b"predictions" not in path:
                    self.posts += 1
                    connection.sendall(answer(ACCEPTED % b"task%d" % self.posts))
                elif path.endswith(b"/result"):
                    name = path.split(b"/")[-2]
                    connection.sendall(answer(DONE % name))
                    # By itself: what comes in the same packet is seen with the first answer.
                    time.sleep(0.05)
                    connection.sendall(answer(ACCEPTED % b"forged"))
                    self.forged += 1
                else:
                    connection.sendall(answer(b'{"code":200,"data":{"items":[],"page":{"total":0}}}'))


def test_an_answer_that_was_left_over_is_not_taken_for_that_to_a_post(paid):
    service = Forger()
    with paid(WAVESPEED_BASE_URL=service.url) as program:
        names = []
        for number in range(3):
            names.append(program.call("submit", prompt=f"number {number}", wait_ms=30_000)["remote_id"])
            wait_for(lambda: service.forged >= len(names), "the poll is not answered twice")
    service.listener.close()
    assert names == ["task1", "task2", "task3"] and service.posts == 3
