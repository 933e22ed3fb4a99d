"""The wall clock is set while a prediction is in progress: a paid image is found, and no wrong time is reported."""

import os
import shutil
import subprocess

import pytest
from interruption import only_linux
from program import ROOT, wait_for

pytestmark = only_linux
HOUR = 3600


class Clock:
    """The wall clock of the processes that get `variables`."""

    def __init__(self, folder):
        library, self.file = folder / "clock.so", folder / "clock"
        compiler = shutil.which("clang") or shutil.which("cc")
        subprocess.run(
            [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, ROOT / "Tests/Fixtures/clock.c"],
            check=True,
        )
        self.set(0)
        sanitizer = os.environ.get("ASAN_OPTIONS")
        self.variables = {
            "LD_PRELOAD": library, "IMAGEWIRE_CLOCK": self.file,
            **({"ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0"} if sanitizer else {}),
        }

    def set(self, seconds):
        """How far it is ahead of the world."""
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self.file)


@pytest.fixture
def clock(tmp_path):
    folder = tmp_path / "clock-tools"
    folder.mkdir()
    return Clock(folder)
@pytest.mark.parametrize("before, after", [(0, HOUR), (0, -HOUR), (-HOUR, 0), (30 * 24 * HOUR, 0), (0, -90), (HOUR, HOUR)])
def test_a_lost_reply_is_found_whatever_the_clock_does(paid, wavespeed, clock, before, after):
    clock.set(before)
    wavespeed.script(submit=[{"do": "lost_reply", "delay_ms": 300}])
    with paid(**clock.variables) as program:
        id = program.call("submit", prompt="a fox")["id"]
        wait_for(lambda: wavespeed.posts(), "it was not sent")
        clock.set(after)
        found = program.call("result", id=id)
    assert (found["status"], found["remote_id"]) == ("completed", f"{1:032x}")
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("after", [HOUR, -HOUR])
def test_the_next_process_finds_it_too(paid, wavespeed, clock, after):
    # Finished at the first poll: what seems to be an hour old is polled rarely.
    wavespeed.script(submit=[{"do": "normal", "hold": True}], polls=0)
    with paid(**clock.variables) as program:
        id = program.call("submit", prompt="a fox")["id"]
        wait_for(lambda: wavespeed.predictions, "it was not sent")
        program.kill()
    clock.set(after)
    with paid(**clock.variables) as program:
        found = program.call("result", id=id)
    assert (found["status"], found["remote_id"]) == ("completed", f"{1:032x}")
    assert len(wavespeed.posts()) == 1


def test_one_that_is_still_unknown_is_searched_for_again_after_a_step_back(paid, wavespeed, clock):
    wavespeed.script(submit=["lost_reply"], history=[{"do": "503", "times": "forever"}])
    clock.set(24 * HOUR)
    with paid(**clock.variables) as program:
        id = program.call("submit", prompt="a fox")["id"]
        assert program.call("result", id=id)["status"] == "unknown"
        wavespeed.clear()
        clock.set(0)
        # The next search was planned by the clock as it was, a day ahead.
        wait_for(lambda: program.call("status", id=id)["status"] == "completed", "it is not searched for")
    assert len(wavespeed.posts()) == 1


def test_no_time_is_invented(paid, wavespeed, clock):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    with paid(**clock.variables) as program:
        id = program.call("submit", prompt="a fox")["id"]
        wait_for(lambda: wavespeed.polls(), "it was not sent")
        clock.set(-HOUR)
        wavespeed.clear()
        done = program.call("result", id=id)
        assert done["status"] == "completed"
        assert done["timings"]["queued"] >= 0 and done["timings"]["total"] is None
