"""Few descriptors, little memory: paid images are saved all the same, and paid for once."""

import base64
import subprocess

import pytest
from openai import LoopbackOpenAI
from program import BINARY, KEY, PATIENCE, RPCError, environment, resident_kilobytes
from promise import assert_files_are_whole, assert_promise, settled

#: Fewer files than this are refused.
LEAST = 32


def limited(limit):
    """A wrapper that sets a limit of open files: `-S 20` for one that a process may raise itself, `20` for one that it may not."""
    return ("sh", "-c", f'ulimit -n {limit} && exec "$0" "$@"')


def peak_kilobytes(process):
    """The most memory that a process has had in use so far."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


@pytest.mark.parametrize("limit", ["-S 20", LEAST, 64])
def test_with_few_descriptors_all_of_60_are_saved(paid, wavespeed, home, limit):
    wavespeed.script(polls=0)
    with paid("--max-concurrency", 60, wrapper=limited(limit)) as program:
        numbers = [program.start("submit", prompt=f"number {number}") for number in range(60)]
        ids = [program.reply(number)["id"] for number in numbers]
        predictions = settled(program, ids)
        assert program.finish() == 0
    assert {prediction["status"] for prediction in predictions.values()} == {"completed"}
    assert len(wavespeed.posts()) == 60
    assert_promise(predictions, wavespeed, ids, home / ".local/state/imagewire/outputs")


def test_with_few_descriptors_all_drawings_are_saved(spawn):
    """Each has its file open until it is drawn; 60 wait for that."""
    with spawn(wrapper=limited(LEAST)) as program:
        numbers = [program.start("submit", input={"prompt": f"number {number}", "size": "64x64"}) for number in range(60)]
        for prediction in settled(program, [program.reply(number)["id"] for number in numbers]).values():
            assert_files_are_whole(prediction)


def test_with_too_few_descriptors_nothing_is_sent(paid, wavespeed, home):
    with paid(wrapper=limited(LEAST - 1)) as program:
        with pytest.raises(RPCError, match="may open only 31 files, and needs 32: raise the limit") as error:
            program.call("submit", prompt="a boat")
        assert error.value.code == 1005 and error.value.data["retryable"] is False
        assert program.call("list")["predictions"] == []
    assert wavespeed.posts() == []
    doctor = [*limited(LEAST - 1), BINARY, "doctor", "--offline"]
    done = subprocess.run(doctor, capture_output=True, text=True, timeout=PATIENCE, cwd=home, env=environment(home))
    assert done.returncode == 1 and "raise the limit (ulimit -n)" in done.stdout


def test_thirty_large_answers_at_once_share_the_memory(spawn, record_property):
    """180 MB of answers: 64 MB of them are in memory at once, and as much of images that are not files yet."""
    with LoopbackOpenAI() as server:
        server.script(*[{"do": "large", "megabytes": 6, "hold": True}] * 30)
        with spawn("--max-concurrency", 30, IMAGEWIRE_PROVIDER="openai", OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY) as program:
            program.call("ping")
            before = resident_kilobytes(program.process)
            ids = [program.call("submit", prompt=f"number {number}")["id"] for number in range(30)]
            server.posts(at_least=30)
            server.release()
            predictions = settled(program, ids)
            peak = peak_kilobytes(program.process) - before
            assert program.finish() == 0
        for prediction in predictions.values():
            assert (prediction["status"], prediction["billing"]) == ("completed", "charged"), prediction["error"]
            assert_files_are_whole(prediction)
        assert len(server.posts()) == 30
        record_property("figures", f"{peak >> 10} MB")
        assert peak < 175 << 10


def test_an_answer_of_very_many_values_is_not_built(paid, wavespeed, record_property):
    """60 MB of zeros would take a gigabyte as values. The next poll gives the image."""
    zeros = b'{"code":200,"data":{"id":"%032x","status":"completed","outputs":[%s0]}}' % (1, b"0," * (30 << 20))
    wavespeed.script(polls=0, poll=[{"do": "reply", "base64": base64.b64encode(zeros).decode()}])
    with paid() as program:
        program.call("ping")
        before = resident_kilobytes(program.process)
        prediction = program.call("submit", prompt="a fox", wait_ms=60_000)
        peak = peak_kilobytes(program.process) - before
    assert prediction["status"] == "completed"
    assert_files_are_whole(prediction)
    assert len(wavespeed.polls()) == 2 and len(wavespeed.posts()) == 1
    record_property("figures", f"{peak >> 10} MB")
    assert peak < 260 << 10
