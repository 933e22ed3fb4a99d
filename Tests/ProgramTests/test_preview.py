"""Partial images of a stream as previews: seen while the image is in progress, removed when it is finished, without effect on billing."""

import signal
from pathlib import Path

import pytest
from program import wait_for
from test_subscribe import is_status, told
from wavespeed import png

INPUT = {"prompt": "a boat", "stream": True, "partial_images": 3}


def begin(program, openai, *steps, bytes=False, input=INPUT):
    """Subscribes, submits, and waits until the stream is in progress; returns the prediction's id."""
    openai.script({"steps": steps, "bytes": bytes})
    program.call("subscribe")
    found = program.call("submit", input=input)["id"]
    openai.posts(at_least=1)
    return found


def shows(id, index):
    """Whether an update is of this preview."""

    def holds(method, params):
        preview = params.get("prediction", {}).get("preview")
        return method == "prediction/updated" and params["prediction"]["id"] == id and preview and preview["index"] == index

    return holds


def previews(home):
    folder = home / ".local/state/imagewire/previews"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("bytes", [False, True])
@pytest.mark.parametrize("edit", [False, True])
def test_each_partial_image_is_seen_before_the_picture(ask, openai, home, bytes, edit):
    input = {**INPUT, "image": "data:image/png;base64,iVBORw0KGgo="} if edit else INPUT
    with ask() as program:
        found = begin(program, openai, "partial", "partial", "partial", "completed", "done", bytes=bytes, input=input)
        revisions = []
        for index in range(3):
            openai.step()
            told_of = told(program, shows(found, index))[-1][1]["prediction"]
            picture = png(16 + index, 16)
            path = told_of["preview"]["path"]
            assert told_of["preview"] == {
                "path": str(home / f".local/state/imagewire/previews/{found}.png"), "media_type": "image/png",
                "bytes": len(picture), "width": 16 + index, "height": 16, "index": index,
            }
            assert told_of["status"] == "processing" and told_of["files"] == [] and told_of["outputs"] == []
            # The server waits for us, so nothing can have taken its place.
            assert Path(path).read_bytes() == picture
            assert previews(home) == [f"{found}.png"]
            seen = program.call("status", id=found)
            assert (seen["preview"], seen["revision"]) == (told_of["preview"], told_of["revision"])
            assert program.call("list")["predictions"][0]["preview"] == told_of["preview"]
            revisions.append(told_of["revision"])
        assert revisions == sorted(set(revisions))
        openai.step(2)
        done = told(program, is_status(found, "completed"))[-1][1]["prediction"]
        assert "preview" not in done and done["revision"] > revisions[-1]
        assert previews(home) == []
        assert (done["billing"], done["files"][0]["width"]) == ("charged", 19)
        assert "preview" not in program.call("status", id=found)
    assert len(openai.posts()) == 1


def test_another_process_sees_it_and_its_waiting_calls_are_answered(ask, openai, home):
    with ask() as program, ask() as other:
        found = begin(program, openai, "partial", "completed", "done")
        other.call("subscribe")
        waiting = program.start("result", id=found, workDoneToken="t")
        openai.step()
        seen = told(other, shows(found, 0))[-1][1]["prediction"]["preview"]
        assert Path(seen["path"]).read_bytes() == png(16, 16)
        # A process that starts now does not take it for the work of a process that has exited.
        with ask() as third:
            assert third.call("status", id=found)["preview"] == seen
        assert previews(home) == [f"{found}.png"]
        told(program, lambda method, params: method == "$/progress" and "processing, preview 1, " in str(params["value"]))
        openai.step(2)
        assert program.reply(waiting)["status"] == "completed"
        assert previews(home) == []


@pytest.mark.parametrize("ending, status, billing", [("error", "failed", "unknown"), ("cut", "unknown", "unknown")])
def test_a_stream_that_fails_leaves_none(ask, openai, home, ending, status, billing):
    with ask() as program:
        found = begin(program, openai, "partial", ending)
        openai.step()
        told(program, shows(found, 0))
        openai.step()
        done = program.call("result", id=found)
        assert (done["status"], done["billing"]) == (status, billing)
        assert "preview" not in done and done["files"] == [] and previews(home) == []
        if ending == "cut":
            assert "Partial images came (1), but not the final image." in done["error"]
    assert len(openai.posts()) == 1


def test_cancelled_in_the_middle_leaves_none(ask, openai, home):
    with ask() as program:
        found = begin(program, openai, "partial", "partial", "completed", "done")
        openai.step()
        told(program, shows(found, 0))
        cancelled = program.call("cancel", id=found)
        assert cancelled["status"] == "cancelled" and "preview" not in cancelled
        assert previews(home) == []
        openai.step(3)
        program.finish()
    with ask() as program:
        done = program.call("status", id=found)
        assert (done["status"], done["billing"], done["files"][0]["width"]) == ("cancelled", "charged", 18)
        assert "preview" not in done
    assert previews(home) == []
    assert len(openai.posts()) == 1


def test_cancelled_by_another_process_leaves_none(ask, openai, home):
    with ask() as program, ask() as other:
        found = begin(program, openai, "partial", "partial", "completed", "done")
        openai.step()
        told(program, shows(found, 0))
        assert "preview" not in other.call("cancel", id=found)
        assert previews(home) == []
        told(program, is_status(found, "cancelled"))
        openai.step(3)
        program.finish()
        assert previews(home) == []
    assert len(openai.posts()) == 1


def test_killed_in_the_middle_the_next_process_clears_up(ask, openai, home):
    with ask() as program:
        found = begin(program, openai, "partial", "completed", "done")
        openai.step()
        told(program, shows(found, 0))
        program.kill(signal.SIGKILL)
    openai.step(2)
    # Half a file, and one of a deleted prediction.
    folder = home / ".local/state/imagewire/previews"
    (folder / f"{found}.part").write_bytes(b"\x89PNG")
    (folder / "01a20d36-9e0c-79d7-a459-5b93fa391a92.webp").write_bytes(b"RIFF")
    (folder / "mine.txt").write_text("not ours to touch")
    with ask() as program:
        done = program.call("result", id=found)
        assert (done["status"], done["billing"]) == ("unknown", "unknown")
        assert "preview" not in done
        assert previews(home) == ["mine.txt"]
    assert len(openai.posts()) == 1


def test_the_preview_of_a_deleted_prediction_is_deleted(ask, openai, home):
    with ask() as program:
        found = begin(program, openai, "completed", "done")
        openai.step(2)
        assert program.call("result", id=found)["status"] == "completed"
        folder = home / ".local/state/imagewire/previews"
        folder.mkdir(exist_ok=True)
        (folder / f"{found}.png").write_bytes(png(1, 1))
        program.call("delete", ids=[found])
    assert previews(home) == []


@pytest.mark.parametrize("hostile, reason", [("junk", b"not base64"), ("text", b"not an image"), ("huge", b"longer than 16777216 bytes")])
def test_a_hostile_partial_is_left_out_and_the_picture_comes(ask, openai, home, hostile, reason):
    with ask() as program:
        found = begin(program, openai, hostile, "partial", "completed", "done")
        openai.step()
        wait_for(lambda: reason in program.log, "the log does not say why")
        openai.step()
        seen = told(program, shows(found, 1))
        assert not any(shows(found, 0)(*update) for update in seen)
        openai.step(2)
        done = program.call("result", id=found)
        assert (done["status"], done["files"][0]["width"]) == ("completed", 18)
        assert previews(home) == []
    assert len(openai.posts()) == 1


def test_a_disk_that_refuses_previews_does_no_harm(ask, openai, home):
    state = home / ".local/state/imagewire"
    state.mkdir(parents=True, mode=0o700)
    (state / "previews").write_text("in the way")
    with ask() as program:
        found = begin(program, openai, "partial", "completed", "done")
        openai.step()
        wait_for(lambda: b"A preview of" in program.log, "the log does not have it")
        openai.step(2)
        done = program.call("result", id=found)
        assert (done["status"], done["files"][0]["width"]) == ("completed", 17)


def test_without_a_stream_asked_for_there_is_none(ask, openai, home):
    with ask() as program:
        found = begin(program, openai, "partial", "completed", "done", input={"prompt": "a boat"})
        openai.step(3)
        told_of = told(program, is_status(found, "completed"))
        assert not any("preview" in params["prediction"] for _, params in told_of)
