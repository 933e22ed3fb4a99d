"""A disk that refuses one sync: each in turn, with EIO and with ENOSPC. Nothing acknowledged is lost, nothing is sent twice."""

import errno
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from program import KEY, Program, RPCError
from promise import GONE, assert_files_are_whole, everything, post_counts, settled
from recording import Recorder, only_linux
from wavespeed import LoopbackWaveSpeed

WORKERS = 6


def live(program, acknowledged):
    """Two predictions, one after the other, as a script would make them: it goes on where it is told that it may."""
    for number in range(2):
        try:
            id = program.call("submit", prompt=f"picture {number}", idempotency_key=f"key {number}")["id"]
            acknowledged.append(id)
            program.call("result", id=id, timeout_ms=20000)
        except RPCError as error:
            assert error.data["type"] == "storage_failed" and error.data["hint"], error
    assert program.call("ping") == {}
    assert program.finish() in (0, 1)


@only_linux
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_each_sync_fails_in_turn(error, library, tmp_path, record_property):
    numbers = itertools.count(1)
    reached = []

    def judge(place, number):
        """Whether there is such a sync."""
        home = place / "home"
        home.mkdir(parents=True)
        recorder = Recorder(library, home, place / "record")
        with LoopbackWaveSpeed() as server:
            variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": server.url}
            acknowledged = []
            with Program(home, **variables, **recorder.variables, RECORDER_FAIL_SYNC=number, RECORDER_ERROR=error) as program:
                try:
                    live(program, acknowledged)
                except GONE:
                    raise AssertionError(f"it ended: {program.log!r}") from None
            syncs = sum(entry.kind in ("sync", "syncdir") for entry in recorder.entries())
            if syncs < number - 1:
                return False
            with Program(home, **variables) as program:
                for key in range(2):
                    program.call("submit", prompt=f"picture {key}", idempotency_key=f"key {key}")
                predictions = settled(program, everything(program))
                assert set(acknowledged) <= set(predictions), "lost"
                for id, prediction in predictions.items():
                    if prediction["status"] == "completed" and prediction["failure"]:
                        prediction = program.call("result", id=id)
                    assert prediction["status"] in ("completed", "failed"), prediction
                    if prediction["status"] == "failed":
                        assert prediction["billing"] == "none" and prediction["failure"]["retryable"], prediction
                    else:
                        assert_files_are_whole(prediction)
                assert program.finish() == 0
            assert not [prompt for prompt, count in post_counts(server).items() if count > 1], "sent twice"
        return True

    def work(worker):
        while True:
            number = next(numbers)
            try:
                if not judge(tmp_path / str(number), number):
                    return
            except BaseException as problem:
                problem.add_note(f"at sync {number}")
                raise
            reached.append(number)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert len(reached) > 30
    record_property("figures", f"{len(reached)} syncs failed in turn")
