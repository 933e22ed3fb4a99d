"""The end of the process (schemas/README.md, "Process"): by the client, a pipe, a signal."""

import fcntl
import json
import os
import pty
import resource
import select
import signal
import subprocess
import threading
import time

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, Ended, RPCError, environment, frame, small, wait_for

NEVER = {"prompt": "never", "sandbox": {"never": True}}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
PONG = b'{"jsonrpc":"2.0","id":1,"result":{}}\n'
#: The first call that needs the table opens it; where that fails it is said on stderr, too.
LIST = {"jsonrpc": "2.0", "id": 1, "method": "list"}
#: What "at once" may take on a busy machine.
SOON = 5


@pytest.fixture
def start(home):
    """Starts a process with whatever descriptors and settings a test wants it to inherit."""
    processes = []

    def started(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, variables=None, **options):
        process = subprocess.Popen(
            [BINARY, *map(str, arguments)], stdin=stdin, stdout=stdout, stderr=stderr,
            env=environment(home, **(variables or {})), cwd=str(home), **options
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            try:
                stream and stream.close()
            except BrokenPipeError:
                pass


def ask(process, message=PING):
    """One request and its reply, by plain pipes."""
    process.stdin.write(frame(message))
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def seconds(body):
    begun = time.monotonic()
    body()
    return time.monotonic() - begun


# -- end of input --------------------------------------------------------------------------------------------------


def test_end_of_input_lets_each_waiting_call_run_to_its_own_limit(spawn):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        begun = time.monotonic()
        result = program.start("result", id=id, timeout_ms=900)
        wait = program.start("wait", ids=[id], timeout_ms=1300)
        soon = program.call("submit", input=small("soon", sandbox={"delay_ms": 600}))["id"]
        settled = program.start("result", id=soon)
        submitted = program.start("submit", input=NEVER, wait_ms=1100)
        program.close()
        assert program.reply(settled)["status"] == "completed"
        assert program.reply(result)["status"] == "processing"
        assert time.monotonic() - begun >= 0.85
        assert program.reply(submitted)["status"] == "processing"
        assert program.reply(wait)["done"] is False
        assert time.monotonic() - begun >= 1.25
        assert program.wait() == 0


def test_end_of_input_without_waiting_calls_ends_at_once_and_keeps_the_predictions(spawn):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        assert seconds(lambda: program.finish()) < SOON
        assert program.process.returncode == 0
    with spawn() as program:
        assert program.call("status", id=id)["status"] in ("created", "processing")


def test_what_was_accepted_is_still_handed_over_at_end_of_input(paid, wavespeed):
    with paid() as program:
        program.start("submit", prompt="a fox")
        assert program.finish() == 0
    assert len(wavespeed.posts()) == 1


def test_a_post_in_flight_is_waited_for_and_its_reply_is_on_disk(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as program:
        id = program.call("submit", prompt="a fox")["id"]
        wavespeed.log(at_least=1)
        program.close()
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(1)
        wavespeed.release()
        assert program.wait() == 0
        assert program.messages.get()[1] is None, "it was silent"
    with paid() as program:
        assert program.call("result", id=id)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_a_post_in_flight_outlives_the_reader_of_stdout(paid, wavespeed, start):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    process = start(variables={"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL})
    id = ask(process, {**PING, "method": "submit", "params": ["a fox"]})["result"]["id"]
    wavespeed.log(at_least=1)
    process.stdout.close()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    wavespeed.release()
    assert process.wait(PATIENCE) == 0
    with paid() as program:
        assert program.call("result", id=id)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


NO_JSON = (
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error","data":{"type":"parse_error","retryable":false,'
    b'"hint":"The message is not JSON, or its frame is broken."}}}'
)


@pytest.mark.parametrize("data, answer", [
    (frame(PING)[:-1], PONG), (b"\xef\xbb\xbf" + frame(PING), PONG), (frame(PING)[:-1] + b"\r\n", PONG), (b"", b""), (b"\n \r\n", b""),
    (b"\xef\xbb\xbf", b""), (b"\xef", NO_JSON + b"\n"),
    (b"Content-Length: 5", b"Content-Length: %d\r\n\r\n%s" % (len(NO_JSON), NO_JSON)),
], ids=["no LF", "byte order mark", "CRLF", "nothing", "blank", "only a mark", "half a mark", "half a header"])
def test_a_whole_life_in_one_read(start, data, answer):
    process = start()
    out, errors = process.communicate(data, PATIENCE)
    assert (process.returncode, out, errors) == (0, answer, b"")


# -- signals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_answers_every_wait_and_ends_within_two_seconds(spawn, number):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        waiting = [program.start("result", id=id), program.start("wait", ids=[id]), program.start("submit", input=NEVER, wait_ms=60000)]
        program.call("ping")
        begun = time.monotonic()
        assert program.kill(number) == 0
        assert time.monotonic() - begun < 2 + SOON
        assert program.reply(waiting[0])["status"] in ("created", "processing")
        assert program.reply(waiting[1])["done"] is False
        assert program.reply(waiting[2])["status"] in ("created", "processing")
    with spawn() as program:
        assert program.call("status", id=id)["status"] in ("created", "processing")


def test_a_signal_does_not_wait_for_a_post_and_the_next_process_settles_it(paid, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    with paid() as program:
        id = program.call("submit", prompt="a fox")["id"]
        wavespeed.log(at_least=1)
        begun = time.monotonic()
        assert program.kill(signal.SIGTERM) == 0
        assert 1 < time.monotonic() - begun < 2 + SOON
    wavespeed.release()
    with paid() as program:
        # Never sent again; found in the history, or not known.
        assert program.call("result", id=id, timeout_ms=60000)["status"] in ("completed", "unknown")
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_ends_it_at_once(paid, wavespeed, second):
    wavespeed.script(submit=[{"do": "hang", "times": "forever"}])

    def seconds():
        before = len(wavespeed.posts())
        with paid() as program:
            program.call("submit", prompt="a fox")
            wait_for(lambda: len(wavespeed.posts()) > before, "it is not sent")
            begun = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            # Once the first was taken: waiting calls are answered then, and a new request is refused.
            while True:
                try:
                    program.call("ping")
                except RPCError as refused:
                    assert refused.data["type"] == "shutting_down"
                    break
                except Ended:
                    return float("inf")
            program.process.send_signal(second)
            assert program.process.wait(PATIENCE) == 0
            return time.monotonic() - begun

    # One signal alone waits a second and a half for the POST. A busy machine may pause for that long, but not each time.
    assert any(seconds() < 1.4 for _ in range(3))


def test_other_signals_that_a_terminal_sends_are_left_alone(spawn):
    with spawn() as program:
        program.call("ping")
        for number in (signal.SIGWINCH, signal.SIGCONT, signal.SIGPIPE, signal.SIGURG, signal.SIGCHLD):
            program.process.send_signal(number)
        assert program.call("ping") == {}


def test_it_continues_after_stop_and_continue(spawn):
    with spawn() as program:
        id = program.call("submit", input=small("soon", sandbox={"delay_ms": 300}))["id"]
        number = program.start("result", id=id)
        program.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, program.process.pid, os.WSTOPPED | os.WNOWAIT)
        program.send(PING)
        program.process.send_signal(signal.SIGCONT)
        assert program.reply(number)["status"] == "completed"


def test_a_blocked_signal_mask_is_not_kept(start):
    numbers = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD}
    process = start(preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, numbers))
    assert ask(process)["result"] == {}
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("restore", [False, True], ids=["SIGPIPE ignored by the parent", "SIGPIPE not ignored by the parent"])
def test_sigpipe_never_ends_it(start, restore):
    process = start(restore_signals=restore, preexec_fn=None if restore else lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    assert ask(process)["result"] == {}
    process.stdout.close()
    try:
        for _ in range(100):
            process.stdin.write(frame(PING))
            process.stdin.flush()
    except BrokenPipeError:
        pass
    assert process.wait(PATIENCE) == 0


def test_signals_that_the_parent_ignored_still_end_it(start):
    # As `nohup` and shells in the background do.
    def ignore():
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    process = start(preexec_fn=ignore)
    assert ask(process)["result"] == {}
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_many_signals_while_it_reads_and_writes_interrupt_nothing(start):
    # SIGCONT does nothing but interrupt system calls.
    process = start()
    count = 3_000
    answers = []
    reader = threading.Thread(target=lambda: answers.extend(json.loads(process.stdout.readline())["id"] for _ in range(count)))
    reader.start()
    for number in range(count):
        process.stdin.write(frame({**PING, "id": number}))
        process.stdin.flush()
        process.send_signal(signal.SIGSTOP if number % 100 == 50 else signal.SIGCONT)
        if number % 100 == 50:
            process.send_signal(signal.SIGCONT)
    reader.join(PATIENCE)
    assert answers == list(range(count))
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


# -- the parent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["initialize", "option"])
def test_it_ends_when_the_client_process_does(spawn, how):
    client = subprocess.Popen(["sleep", "600"])
    try:
        with spawn(*([f"--clientProcessId={client.pid}"] if how == "option" else [])) as program:
            if how == "initialize":
                program.call("initialize", processId=client.pid)
            id = program.call("submit", input=NEVER)["id"]
            waiting = program.start("result", id=id)
            program.call("ping")
            client.kill()
            client.wait()
            assert program.wait() == 0
            assert program.reply(waiting)["status"] in ("created", "processing")
    finally:
        client.kill()
        client.wait()


def test_a_client_process_that_never_was_means_nothing(spawn):
    gone = subprocess.Popen(["true"])
    gone.wait()
    programs = []
    for process in (gone.pid, None, 0, -1, 1, 99999999999, "7", 1.5):
        program = spawn()
        program.call("initialize", processId=process)
        programs.append(program)
    # Longer than the two seconds after which a process that is watched is looked at.
    with pytest.raises(subprocess.TimeoutExpired):
        programs[0].process.wait(3)
    for program in programs:
        assert program.call("ping") == {}


# -- stdout and stderr ---------------------------------------------------------------------------------------------


def test_the_reader_of_stdout_going_away_is_noticed_without_a_write(start):
    process = start()
    assert ask(process)["result"] == {}
    process.stdout.close()
    assert process.wait(SOON) == 0


def test_a_socket_for_stdout_that_is_closed_is_noticed_too(start):
    import socket

    ours, theirs = socket.socketpair()
    process = start(stdin=theirs, stdout=theirs)
    theirs.close()
    ours.sendall(frame(PING))
    assert ours.recv(1000) == PONG
    ours.close()
    assert process.wait(SOON) == 0


def test_nothing_is_sent_once_standard_output_has_no_reader(paid, wavespeed, start):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    process = start("--max-concurrency", "1", variables={"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL})
    for number in range(3):
        ask(process, {**PING, "id": number, "method": "submit", "params": ["a fox"]})
    wavespeed.log(at_least=1)
    process.stdout.close()
    time.sleep(2)  # So that the end was noticed; it has no visible effect.
    wavespeed.release()
    assert process.wait(PATIENCE) == 0
    assert len(wavespeed.posts()) == 1


def test_a_full_stderr_blocks_nothing(start, home):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writing, True)
    # Something is said: the table is none.
    state = home / "state"
    state.mkdir()
    (state / "predictions.db").write_bytes(b"\xff" * 8192)
    process = start("--state-dir", state, stderr=writing)
    os.close(writing)
    assert ask(process, LIST)["error"]["code"] == 1007
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    os.close(reading)


@pytest.mark.parametrize("how", ["closed", "without a reader"])
def test_a_stderr_that_is_gone_blocks_and_ends_nothing(start, home, how):
    state = home / "state"
    state.mkdir()
    (state / "predictions.db").write_bytes(b"\xff" * 8192)
    process = start("--state-dir", state, preexec_fn=(lambda: os.close(2)) if how == "closed" else None)
    if how != "closed":
        process.stderr.close()
    assert ask(process, LIST)["error"]["code"] == 1007
    process.stdin.close()
    assert process.stdout.read() == b""
    assert process.wait(PATIENCE) == 0


def test_what_is_said_goes_to_stderr_and_never_to_stdout(start, home):
    state = home / "state"
    state.mkdir()
    (state / "predictions.db").write_bytes(b"\xff" * 8192)
    process = start("--state-dir", state)
    out, errors = process.communicate(frame(PING) + frame({**LIST, "id": 2}), PATIENCE)
    pong, refusal = out.splitlines(keepends=True)
    assert pong == PONG and json.loads(refusal)["error"]["code"] == 1007
    assert errors.startswith(b"imagewire: error: ") and errors.endswith(b"\n")


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]])
def test_closed_standard_streams_end_it_cleanly(start, home, closed):
    def close():
        for descriptor in closed:
            os.close(descriptor)

    process = start(preexec_fn=close)
    if 0 not in closed:
        try:
            process.stdin.write(frame(PING))
            process.stdin.close()
        except BrokenPipeError:
            pass
    assert process.wait(PATIENCE) == 0
    if 1 not in closed:
        assert process.stdout.read() == (b"" if 0 in closed else PONG)


# -- inheritance ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["stdin", "stdout", "both"])
def test_descriptors_that_came_non_blocking_work_and_stay_as_they_were(start, ends):
    process_in, ours_out = os.pipe()
    ours_in, process_out = os.pipe()
    if ends != "stdout":
        os.set_blocking(process_in, False)
    if ends != "stdin":
        os.set_blocking(process_out, False)
    flags = [fcntl.fcntl(descriptor, fcntl.F_GETFL) for descriptor in (process_in, process_out)]
    process = start(stdin=process_in, stdout=process_out)
    count = 20_000
    data = b"".join(frame({**PING, "id": number}) for number in range(count))
    writer = threading.Thread(target=lambda: (os.fdopen(ours_out, "wb").write(data)))
    writer.start()
    # Until its pipe is full and it has to wait.
    wait_for(lambda: select.select([], [process_out], [], 0)[1] == [], "its pipe does not fill")
    with os.fdopen(ours_in, "rb") as stream:
        assert [json.loads(stream.readline())["id"] for _ in range(count)] == list(range(count))
        assert [fcntl.fcntl(descriptor, fcntl.F_GETFL) for descriptor in (process_in, process_out)] == flags
        writer.join(PATIENCE)
        os.close(process_in)
        os.close(process_out)
        assert process.wait(PATIENCE) == 0
        assert stream.read() == b""


def test_blocking_descriptors_stay_blocking(start):
    process_in, ours_out = os.pipe()
    ours_in, process_out = os.pipe()
    process = start(stdin=process_in, stdout=process_out)
    os.write(ours_out, frame(PING))
    assert os.read(ours_in, 1000) == PONG
    assert os.get_blocking(process_in) and os.get_blocking(process_out)
    for descriptor in (process_in, process_out, ours_out):
        os.close(descriptor)
    assert process.wait(PATIENCE) == 0
    os.close(ours_in)


@pytest.mark.parametrize("size", [4096, 65536])
def test_short_writes_are_completed(start, size):
    # A pipe of one page, read a few bytes at a time.
    process_in, ours_out = os.pipe()
    ours_in, process_out = os.pipe()
    fcntl.fcntl(process_out, fcntl.F_SETPIPE_SZ, size)
    process = start(stdin=process_in, stdout=process_out)
    os.close(process_in)
    os.close(process_out)
    request = {**PING, "method": "submit", "params": ["x" * 50_000, {"tags": ["a"]}]}
    os.write(ours_out, frame(request)[:30_000])
    os.write(ours_out, frame(request)[30_000:])
    answer = b""
    while not answer.endswith(b"\n"):
        answer += os.read(ours_in, 777)
    assert json.loads(answer)["result"]["input"] == {"prompt": "x" * 50_000}
    os.close(ours_out)
    assert process.wait(PATIENCE) == 0
    os.close(ours_in)


def test_extra_descriptors_are_left_alone_and_few_are_enough(start):
    reading, writing = os.pipe()

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    process = start(pass_fds=[writing], preexec_fn=few)
    os.close(writing)
    assert ask(process, {**PING, "method": "submit", "params": {"input": small("a fox"), "wait_ms": 10000}})["result"]["status"] == "completed"
    # Still open on its side, and not a byte was written to it.
    assert select.select([reading], [], [], 0)[0] == []
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_a_shared_stdin_that_is_a_file_is_served(start, home):
    (home / "script").write_bytes(frame(PING) * 3)
    with open(home / "script", "rb") as script, open(home / "answers", "wb") as answers:
        process = start(stdin=script, stdout=answers)
        assert process.wait(PATIENCE) == 0
    assert (home / "answers").read_bytes() == PONG * 3


# -- shutdown and exit ---------------------------------------------------------------------------------------------

EXIT = {"jsonrpc": "2.0", "method": "exit"}
SHUTDOWN = {"jsonrpc": "2.0", "id": "s", "method": "shutdown"}


@pytest.mark.parametrize("messages, answers, code", [
    ([SHUTDOWN, EXIT], [None], 0),
    ([SHUTDOWN], [None], 0),
    ([EXIT], [], 1),
    ([PING, EXIT], [{}], 1),
    ([EXIT, PING], [], 1),
    ([SHUTDOWN, PING, EXIT], [None, -32600], 0),
    ([SHUTDOWN, SHUTDOWN, EXIT], [None, -32600], 0),
    ([[SHUTDOWN, PING], EXIT], [[None, -32600]], 0),
    ([[SHUTDOWN, EXIT]], [[None]], 0),
    ([{"jsonrpc": "2.0", "method": "shutdown"}, EXIT], [], 1),
    ([{**EXIT, "id": 5}, PING], [-32601, {}], 0),
])
@pytest.mark.parametrize("framing", ["line", "header"])
def test_every_order_of_shutdown_and_exit(start, messages, answers, code, framing):
    process = start("--framing", framing)
    # Input stays open: `exit` is what ends it.
    process.stdin.write(b"".join(frame(message, framing) for message in messages))
    process.stdin.flush()
    if '"exit"' not in json.dumps([one for one in messages if "id" not in one]):
        process.stdin.close()
    assert process.wait(PATIENCE) == code
    out = process.stdout.read()
    if framing == "header":
        parts = out.split(b"Content-Length: ")[1:]
        found = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in parts]
    else:
        found = [json.loads(line) for line in out.splitlines()]

    def shown(answer):
        if isinstance(answer, list):
            return [shown(one) for one in answer]
        if "error" in answer:
            if answer["error"]["code"] == -32600:
                assert answer["error"]["data"]["type"] == "shutting_down"
            return answer["error"]["code"]
        return answer["result"]

    assert [shown(answer) for answer in found] == answers


def test_shutdown_ends_waits_and_stays(spawn):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        waiting = program.start("result", id=id)
        assert program.call("shutdown") is None
        assert program.reply(waiting)["status"] in ("created", "processing")
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(0.5)
        program.send(EXIT)
        assert program.wait() == 0


def test_exit_in_the_middle_of_waits_answers_them(spawn):
    with spawn() as program:
        id = program.call("submit", input=NEVER)["id"]
        waiting = program.start("result", id=id)
        program.send(EXIT)
        assert program.wait() == 1
        assert program.reply(waiting)["status"] in ("created", "processing")


# -- people --------------------------------------------------------------------------------------------------------


def test_a_terminal_gets_a_hint_and_still_works(start):
    master, slave = pty.openpty()
    process = start(stdin=slave)
    os.close(slave)
    hint = process.stderr.readline()
    assert b"--help" in hint and b"JSON-RPC" in hint
    os.write(master, frame(PING))
    assert process.stdout.readline() == PONG
    os.write(master, b"\x04")
    assert process.wait(PATIENCE) == 0
    os.close(master)


def test_a_terminal_that_goes_away_ends_it(start):
    master, slave = pty.openpty()
    process = start(stdin=slave)
    os.close(slave)
    process.stderr.readline()
    os.close(master)
    assert process.wait(PATIENCE) == 0


def test_a_pipe_gets_no_hint(start):
    process = start()
    assert process.communicate(frame(PING), PATIENCE) == (PONG, b"")


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["--framing", "xml"], ["--max-message-bytes", "5"]])
def test_a_wrong_command_line_says_so_and_speaks_no_protocol(start, arguments):
    process = start(*arguments)
    out, errors = process.communicate(frame(PING), PATIENCE)
    assert process.returncode == 2
    assert out == b"" and errors


@pytest.mark.parametrize("arguments", [["--stdio"], ["serve"], ["mcp"], ["serve", "--stdio", "--clientProcessId=1"], ["--clientProcessId", "1"]])
def test_what_editors_and_hosts_put_on_the_command_line(start, arguments):
    process = start(*arguments)
    assert process.communicate(frame(PING), PATIENCE) == (PONG, b"")
    assert process.returncode == 0
