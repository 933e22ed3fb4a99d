"""serve --listen and --connect: one process for many clients."""

import json
import os
import signal
import socket
import stat
import subprocess

import pytest
from program import BINARY, KEY, PATIENCE, Ended, RPCError, environment, resident_kilobytes, small, wait_for

NEVER = {"prompt": "never", "sandbox": {"never": True}}


@pytest.fixture
def address(tmp_path_factory):
    # A socket's path must be short.
    folder = tmp_path_factory.mktemp("s")
    return f"unix:{folder}/iw"


@pytest.fixture
def listen(spawn, address):
    def start(*arguments, **options):
        server = spawn("serve", "--listen", address, *arguments, **options)
        wait_for(lambda: can_connect(address) or server.process.poll() is not None, "nobody listens")
        return server

    return start


@pytest.fixture
def join(spawn, address):
    """Clients of the shared process."""

    def start(*arguments, **options):
        return spawn("--connect", address, *arguments, **options)

    return start


def path(address):
    return address.removeprefix("unix:")


def can_connect(address):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path(address)) == 0


def started(client):
    """The id of a prediction that never ends by itself, once its provider works on it."""
    id = client.call("submit", input=NEVER)["id"]
    wait_for(lambda: client.call("status", id=id)["status"] == "processing", "it does not start")
    return id


def run(home, *arguments, **more):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, env=environment(home), stdin=subprocess.DEVNULL, **more)


# -- many clients ----------------------------------------------------------------------------------------------------


def test_clients_see_each_others_predictions_and_changes(listen, join):
    listen()
    first, second = join(), join(framing="header")
    second.call("subscribe")
    made = first.call("submit", input=small("a fox"), wait_ms=20000)
    assert made["status"] == "completed"
    assert second.call("status", id=made["id"]) == first.call("status", id=made["id"])
    while not any(note["params"]["prediction"]["status"] == "completed" for note in second.notifications):
        second.notifications.append(second.receive())
    assert first.finish() == 0
    assert second.call("ping") == {}


def test_two_hundred_clients_at_once(listen, join, home):
    server = listen()
    clients = [join() for _ in range(200)]
    numbers = [client.start("submit", input=small(f"fox {index}"), wait_ms=50000) for index, client in enumerate(clients)]
    ids = {client.reply(number)["id"] for client, number in zip(clients, numbers)}
    assert len(ids) == 200
    assert [client.finish() for client in clients] == [0] * 200
    threads = lambda: len(os.listdir(f"/proc/{server.process.pid}/task"))
    wait_for(lambda: threads() < 50, "threads of clients that are gone")


def test_what_a_client_leaves_behind_does_not_add_up(listen, join, address):
    server = listen()
    # A thread reads images into replies; it must end with its client.
    made = join().call("submit", input=small("a fox"), wait_ms=20000)["id"]
    descriptors = lambda: len(os.listdir(f"/proc/{server.process.pid}/fd"))

    def visit():
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path(address))
            requests = [("subscribe", {}), ("submit", {"input": small("a fox")}), ("result", {"id": made, "inline": True})]
            for number, (method, params) in enumerate(requests):
                client.sendall(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n")
            stream = client.makefile()
            while '"id":2' not in stream.readline():
                pass

    for _ in range(50):
        visit()
    wait_for(lambda: descriptors() < 30, "descriptors of clients that are gone")
    before = resident_kilobytes(server.process), descriptors()
    for _ in range(400):
        visit()
    wait_for(lambda: descriptors() <= before[1] + 2, "descriptors of clients that are gone")
    wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/task")) < 50, "threads of clients that are gone")
    assert resident_kilobytes(server.process) < before[0] + 8_000


def test_a_client_that_does_not_read_holds_up_no_other(listen, join, address):
    listen()
    with socket.socket(socket.AF_UNIX) as idle:
        idle.connect(path(address))
        idle.settimeout(2)
        discover = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}).encode() + b"\n"
        with pytest.raises(TimeoutError):
            while True:
                idle.sendall(discover * 100)
        other = join()
        assert other.call("submit", input=small("a fox"), wait_ms=20000)["status"] == "completed"


# -- each client is by itself ------------------------------------------------------------------------------------------


def test_each_client_has_settings_of_its_own(listen, join, home):
    listen()
    first, second = join(), join()
    (home / "first").mkdir()
    told = first.call("initialize", configuration={"output_dir": str(home / "first"), "model": "a/b"})
    assert told["capabilities"]["experimental"]["imagewire"]["model"] == "a/b"
    second.call("initialize", configuration={"provider": "sandbox"})
    made = [client.call("submit", input=small("a fox"), wait_ms=20000) for client in (first, second)]
    assert made[0]["files"][0]["path"].startswith(f"{home}/first/") and made[0]["model"] == "a/b"
    assert "/first/" not in made[1]["files"][0]["path"] and made[1]["model"] != "a/b"


def test_shutdown_ends_one_conversation(listen, join):
    listen()
    first, second = join(), join()
    id = started(first)
    waiting = {client: client.start("result", id=id, timeout_ms=60_000) for client in (first, second)}
    second.call("ping")
    first.call("shutdown")
    with pytest.raises(RPCError) as error:
        first.reply(waiting[first])
    assert error.value.code == -32800
    first.send({"jsonrpc": "2.0", "method": "exit"})
    # The process that listens goes on.
    assert first.wait() == 0 and first.log == b""
    second.call("cancel", id=id)
    assert second.reply(waiting[second])["status"] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_client_that_is_killed_takes_nothing_with_it(listen, join, number):
    server = listen()
    first, second = join(), join()
    id = started(first)
    first.start("result", id=id, timeout_ms=600_000)
    first.call("ping")
    first.kill(number)
    assert second.call("status", id=id)["status"] == "processing"
    # Its waiting call ended with it.
    wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < 40, "it still has its connection")
    assert second.call("cancel", id=id)["status"] == "cancelled"


def test_the_end_of_input_answers_what_was_asked(listen, join):
    listen()
    client = join()
    number = client.start("submit", input={"prompt": "slow", "size": "64x64", "sandbox": {"delay_ms": 500}}, wait_ms=20000)
    client.close()
    assert client.reply(number)["status"] == "completed"
    assert client.wait() == 0


# -- money and keys ----------------------------------------------------------------------------------------------------


def test_the_key_stays_with_the_process_that_listens(listen, join, wavespeed):
    listen(WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    client = join(WAVESPEED_API_KEY="another")
    made = client.call("submit", prompt="a boat", wait_ms=20000)
    assert (made["status"], made["provider"]) == ("completed", "wavespeed")
    assert {post["headers"]["authorization"] for post in wavespeed.posts()} == {f"Bearer {KEY}"}
    with pytest.raises(RPCError) as error:
        client.call("initialize", configuration={"wavespeed_api_key": "another"})
    assert error.value.code == -32602 and error.value.data["path"] == "configuration.wavespeed_api_key"
    assert "Leave out the key" in error.value.data["hint"]
    client.call("initialize", configuration={"wavespeed_api_key": KEY})


def test_clients_share_one_budget_and_the_same_keys(listen, join, wavespeed):
    listen("--max-spend", "0.5", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    clients = [join() for _ in range(4)]
    numbers = [client.start("submit", prompt="a boat", idempotency_key="one", wait_ms=20000) for client in clients]
    assert len({client.reply(number)["id"] for client, number in zip(clients, numbers)}) == 1
    assert len(wavespeed.posts()) == 1


def test_a_server_that_is_killed_loses_and_pays_nothing_twice(listen, join, wavespeed, address):
    paid = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url}
    # None ends before the server does, so that two are accepted and the third is queued; none is being sent.
    wavespeed.script(polls=1_000_000)
    server = listen(**paid)
    client = join()
    ids = [client.call("submit", prompt=f"boat {number}")["id"] for number in range(3)]
    accepted = lambda: [id for id in ids if client.call("status", id=id)["remote_id"]]
    wait_for(lambda: accepted() == ids[:2], "the provider's ids")
    # Also one that has said all that it wants.
    last = join()
    last.start("result", id=last.call("submit", input={**NEVER}, provider="sandbox")["id"], timeout_ms=60_000)
    last.close()
    server.kill()
    with pytest.raises((Ended, BrokenPipeError)):
        client.call("result", id=ids[0])
    assert client.wait() == 1 and b"What it accepted is kept" in client.log
    assert last.wait() == 1
    # The socket that it left behind is replaced.
    wavespeed.script(polls=1)
    listen(**paid)
    client = join()
    assert [client.call("result", id=id)["status"] for id in ids] == ["completed"] * 3
    assert len(wavespeed.posts()) == 3


def test_a_signal_answers_every_wait_and_removes_the_socket(listen, join, address):
    server = listen()
    clients = [join() for _ in range(3)]
    id = started(clients[0])
    numbers = [client.start("result", id=id, timeout_ms=600_000) for client in clients]
    for client in clients:
        client.call("ping")
    assert server.kill(signal.SIGTERM) == 0
    assert [client.reply(number)["status"] for client, number in zip(clients, numbers)] == ["processing"] * 3
    assert not os.path.exists(path(address))


def test_a_signal_that_was_ignored_for_it_does_not_end_it(spawn, address):
    server = spawn("serve", "--listen", address, wrapper=["nohup"])
    wait_for(lambda: can_connect(address), "nobody listens")
    server.process.send_signal(signal.SIGHUP)
    server.process.send_signal(signal.SIGHUP)
    assert can_connect(address) and server.process.poll() is None


def test_clients_beyond_the_limit_are_refused_and_hurt_nobody(listen, join, address):
    """Descriptors for 36 clients: those that follow are refused, and the work of the others goes on."""
    server = listen(wrapper=["prlimit", "--nofile=100:100"])
    client = join()
    client.call("ping")
    idle = [socket.socket(socket.AF_UNIX) for _ in range(150)]
    for one in idle:
        one.connect(path(address))
    wait_for(lambda: b"too many are connected" in server.log, "nobody is refused")
    assert client.call("submit", input=small("a fox"), wait_ms=20000)["status"] == "completed"
    for one in idle:
        one.close()
    wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < 40, "the others are still there")
    assert join().call("ping") == {}


# -- the socket --------------------------------------------------------------------------------------------------------


def test_only_its_user_can_use_the_socket(listen, address, home):
    listen()
    assert stat.S_IMODE(os.stat(path(address)).st_mode) == 0o600
    if os.geteuid() != 0:
        return
    # Root can do that, and another user could if the mode were not kept by the file system: the process asks who is there.
    os.chmod(path(address), 0o666)
    folder = os.path.dirname(path(address))
    while folder != "/":
        os.chmod(folder, os.stat(folder).st_mode | 0o055)
        folder = os.path.dirname(folder)
    other = subprocess.run(
        ["setpriv", "--reuid=12345", "--clear-groups", "python3", "-c",
         "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\\n'); print(s.recv(100))",
         path(address)], capture_output=True, text=True, timeout=PATIENCE)
    assert "result" not in other.stdout, other


def test_a_second_process_is_refused(listen, address, home):
    listen()
    done = run(home, "serve", "--listen", address)
    assert done.returncode == 2 and "Another imagewire listens" in done.stderr
    assert can_connect(address)


def test_a_socket_of_another_process_is_not_removed(listen, address):
    first = listen()
    made = os.stat(path(address)).st_ino
    # As one that cleans /tmp does.
    os.unlink(f"{path(address)}.lock")
    listen()
    wait_for(lambda: os.path.exists(path(address)) and os.stat(path(address)).st_ino != made, "it does not take the place")
    assert first.kill(signal.SIGTERM) == 0
    assert can_connect(address)


def test_nothing_else_is_replaced(address, home):
    with open(path(address), "w") as file:
        file.write("mine")
    done = run(home, "serve", "--listen", address)
    assert done.returncode == 2 and "is not a socket" in done.stderr
    assert open(path(address)).read() == "mine"


@pytest.mark.parametrize("arguments, words", [
    (["serve", "--listen", "tcp:1"], "unix:"), (["serve", "--listen", "unix:"], "unix:"), (["serve", "--listen", "unix:/" + "x" * 200], "too long"),
    (["serve", "--listen", "unix:/no/such/folder/socket"], "No such file"), (["--connect", "unix:/no/such/socket"], "No imagewire listens"),
    (["--connect", "nowhere"], "unix:"), (["--connect", "unix:/x", "--provider", "sandbox"], "--provider belongs to"),
    (["mcp", "--connect", "unix:/x", "--max-spend", "1"], "--max-spend belongs to"),
])
def test_what_cannot_be_used_is_said(home, arguments, words):
    done = run(home, *arguments)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_the_variable_connects_every_client(listen, spawn, address):
    listen()
    client = spawn(IMAGEWIRE_CONNECT=address)
    assert client.call("submit", input=small("a fox"), wait_ms=20000)["status"] == "completed"
    unset = spawn(IMAGEWIRE_CONNECT="")
    assert unset.call("ping") == {}


def test_agents_use_it_too(listen, spawn, address):
    listen()
    client = spawn("mcp", "--connect", address)
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    assert client.call("initialize", about)["protocolVersion"] == "2025-11-25"
    answer = client.call("tools/call", name="generate_image", arguments={"prompt": "a fox", "size": "64x64"})
    assert not answer.get("isError"), answer


def test_it_ends_when_nobody_reads_it(listen, address, home):
    listen()
    client = subprocess.Popen([BINARY, "--connect", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(home))
    client.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    client.stdin.flush()
    assert b"result" in client.stdout.readline()
    client.stdout.close()
    assert client.wait(PATIENCE) == 0
    client.stdin.close()
