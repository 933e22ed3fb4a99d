"""Bounds of what a provider sends: the largest file, the space on the disk, the longest answer."""

import base64
import json
from pathlib import Path

import pytest
from wavespeed import PICTURE, png

MEGABYTE = 1 << 20


def served(content, **how):
    return {"do": "file", "base64": base64.b64encode(content).decode(), "headers": {"Content-Type": "application/zip"}, **how}


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# -- Files ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("how", ["option", "variable", "file"])
def test_the_largest_file_to_save_can_be_set(paid, wavespeed, home, tmp_path, how, stated):
    wavespeed.script(polls=0, outputs=["{output}/output/{id}.zip"], download=[served(bytes(70_000), length=stated, times="forever")])
    arguments, variables, out = [], {}, tmp_path / "out"
    if how == "option":
        arguments = ["--max-output-bytes", 65_536]
    elif how == "variable":
        variables = {"IMAGEWIRE_MAX_OUTPUT_BYTES": 65_536}
    else:
        (home / ".config/imagewire").mkdir(parents=True)
        (home / ".config/imagewire/config.json").write_text('{"max_output_bytes": 65536}')
    with paid("--output-dir", out, *arguments, **variables) as program:
        prediction = program.call("submit", prompt="a fox", wait_ms=60000)
        failure = prediction["failure"]
        assert (prediction["status"], prediction["billing"], failure["type"]) == ("completed", "charged", "download_failed")
        assert "larger than 65536 bytes; --max-output-bytes raises the limit" in failure["message"]
        assert "paid for" in failure["message"] and "result" in failure["hint"] and "partial" not in failure
        assert names(out) == [] and len(wavespeed.downloads()) == 1
    if how == "file":
        (home / ".config/imagewire/config.json").unlink()
    with paid("--output-dir", out) as program:
        [file] = program.call("result", id=prediction["id"])["files"]
        assert file["bytes"] == 70_000
    assert len(wavespeed.posts()) == 1


def test_a_limit_that_cannot_be_read_is_a_problem_and_changes_nothing(paid, wavespeed, spawn):
    wavespeed.script(polls=0, outputs=["{output}/output/{id}.zip"], download=[served(bytes(70_000))])
    with paid(IMAGEWIRE_MAX_OUTPUT_BYTES="lots") as program:
        assert program.call("submit", prompt="a fox", wait_ms=60000)["files"][0]["bytes"] == 70_000
    with spawn("doctor", "--offline", "--json", IMAGEWIRE_MAX_OUTPUT_BYTES="lots", stdin=None) as doctor:
        findings = {finding["subject"]: finding for finding in doctor.receive()["findings"]}
        assert findings["output limit"]["level"] == "problem" and "lots" in findings["output limit"]["message"]


def test_a_file_of_three_gigabytes_is_refused_at_its_first_byte(paid, wavespeed, tmp_path):
    wavespeed.script(polls=0, download=[{"do": "huge", "times": "forever"}])
    with paid("--output-dir", tmp_path / "out") as program:
        failure = program.call("submit", prompt="a fox", wait_ms=60000)["failure"]
    assert "larger than 2147483648 bytes" in failure["message"]
    assert len(wavespeed.downloads()) == 1 and names(tmp_path / "out") == []


def test_a_file_that_does_not_fit_on_the_disk_is_not_begun(paid, wavespeed, tmp_path):
    """No disk has a petabyte. What to do is said, and `result` does it."""
    long = {"do": "reply", "body": "x" * 1000, "headers": {"Content-Length": str(1 << 50)}, "close": True, "at": "-2.png"}
    wavespeed.script(polls=0, outputs=["{output}/output/{id}-1.png", "{output}/output/{id}-2.png"], download=[long])
    with paid("--output-dir", tmp_path / "out", "--max-output-bytes", 1 << 50) as program:
        prediction = program.call("submit", prompt="a fox", output_name="fox", wait_ms=60000)
        failure = prediction["failure"]
        assert "has 1125899906 MB, and the disk of" in failure["message"] and "free some space first" in failure["message"]
        assert "paid for" in failure["message"] and "The provider keeps it" in failure["message"] and "result" in failure["hint"]
        assert (failure["missing"], names(tmp_path / "out")) == ([2], ["fox-1.png"])
        assert len(wavespeed.downloads()) == 2
        assert len(program.call("result", id=prediction["id"])["files"]) == 2
    assert names(tmp_path / "out") == ["fox-1.png", "fox-2.png"] and len(wavespeed.posts()) == 1


# -- Many outputs --------------------------------------------------------------------------------------------------

def test_of_ten_thousand_outputs_64_are_saved_and_the_rest_stay_as_urls(paid, wavespeed, tmp_path):
    wavespeed.script(polls=0, outputs=[f"{{output}}/output/{{id}}-{number}.png" for number in range(1, 10_001)])
    with paid("--output-dir", tmp_path / "out") as program:
        id = program.call("submit", prompt="a fox", output_name="fox", wait_ms=60000)["id"]
        made = program.call("status", id=id, full=True)
    assert (made["status"], made["failure"], len(made["outputs"])) == ("completed", None, 10_000)
    assert [file["index"] for file in made["files"]] == list(range(1, 65))
    assert made["outputs"][9_999].endswith("-10000.png") and made["outputs"][0].startswith("http")
    assert len(names(tmp_path / "out")) == 64 == len(wavespeed.downloads()) and len(wavespeed.posts()) == 1


def test_of_ten_thousand_images_in_an_answer_64_are_saved(ask, openai, tmp_path):
    picture = base64.b64encode(png(4, 4)).decode()
    openai.script({"bytes": json.dumps({"data": [{"b64_json": picture}] * 10_000}).encode()})
    with ask("--output-dir", tmp_path / "out") as program:
        made = program.call("submit", prompt="a fox", output_name="fox", wait_ms=60000)
    assert (made["status"], made["failure"], len(made["files"])) == ("completed", None, 64)
    assert len(names(tmp_path / "out")) == 64


# -- Answers -------------------------------------------------------------------------------------------------------

def test_an_answer_without_media_is_cut_at_16_megabytes_and_kept(ask, openai, home):
    whole = b'{"data":[' + b"0," * (12 * MEGABYTE) + b"0]}"
    openai.script({"bytes": whole})
    with ask() as program:
        done = program.call("submit", prompt="a boat", wait_ms=60000)
        assert (done["status"], done["billing"]) == ("unknown", "unknown")
        [name] = names(home / ".local/state/imagewire/replies")
        kept = (home / ".local/state/imagewire/replies" / name).read_bytes()
        assert name.endswith(".cut") and name in done["failure"]["hint"]
        assert 16 * MEGABYTE <= len(kept) <= 17 * MEGABYTE and whole.startswith(kept)
    assert len(openai.posts()) == 1


def test_an_answer_with_media_may_be_longer(ask, openai):
    openai.script({"do": "large", "megabytes": 24})
    with ask() as program:
        [file] = program.call("submit", prompt="a boat", wait_ms=60000)["files"]
        assert file["bytes"] > 16 * MEGABYTE


def test_wavespeed_may_answer_with_media_and_not_with_anything_else(paid, wavespeed):
    """Its reply to the POST is kept, and the history has what was paid for; a poll is asked again."""
    film = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom" + bytes(13 * MEGABYTE)
    outputs = ["data:video/mp4;base64," + base64.b64encode(film).decode()]
    long = {"do": "reply", "body": '{"data":{"status":"completed","outputs":[' + "0," * (9 * MEGABYTE) + "0]}}"}
    wavespeed.script(polls=0, poll=[long], outputs=outputs)
    with paid() as program:
        [file] = program.call("submit", prompt="a fox", wait_ms=60000)["files"]
        assert (file["kind"], file["bytes"]) == ("video", len(film))
    assert len(wavespeed.polls()) >= 2


def test_a_reply_of_wavespeed_over_the_bound_is_cut_and_kept(paid, wavespeed, home):
    wavespeed.script(submit=[{"do": "reply", "body": '{"data":{"notes":[' + "0," * (9 * MEGABYTE) + "0]}}"}])
    with paid() as program:
        done = program.call("submit", prompt="a fox", wait_ms=60000)
        assert (done["status"], done["billing"]) == ("unknown", "unknown")
        [name] = names(home / ".local/state/imagewire/replies")
        assert name.endswith(".cut") and name in done["failure"]["hint"]
        assert 16 * MEGABYTE <= (home / ".local/state/imagewire/replies" / name).stat().st_size <= 17 * MEGABYTE
    assert len(wavespeed.posts()) == 1


# -- What a provider says beside the outputs -----------------------------------------------------------------------

USAGE = {"total_tokens": 4175, "input_tokens": 15, "input_tokens_details": {"text_tokens": 15, "image_tokens": 0}}


def answer(**more):
    return {"bytes": json.dumps({"created": 1, "data": [
        {"b64_json": base64.b64encode(PICTURE).decode(), "revised_prompt": "A red fox"}, {"b64_json": base64.b64encode(png(2, 2)).decode()},
    ], **more}).encode()}


def test_usage_and_revised_prompt_are_kept(ask, openai):
    openai.script(answer(usage=USAGE))
    with ask() as program:
        done = program.call("submit", prompt="a fox", wait_ms=60000)
        assert done["provider_data"] == {"usage": USAGE, "revised_prompt": "A red fox"}
        assert "provider_data" not in program.call("list")["predictions"][0]
        program.finish()
    with ask() as program:
        # Also where it is in memory as the list has it.
        program.call("list")
        assert program.call("status", id=done["id"])["provider_data"] == done["provider_data"]
        assert program.call("result", id=done["id"])["provider_data"] == done["provider_data"]


def test_what_is_too_long_is_left_out(ask, openai):
    openai.script(answer(usage={"notes": "x" * 20_000}), answer(usage=USAGE | {"notes": "x" * 16_000}), {"do": "normal"})
    with ask() as program:
        assert program.call("submit", prompt="a fox", wait_ms=60000)["provider_data"] == {"revised_prompt": "A red fox"}
        kept = program.call("submit", prompt="a fox", wait_ms=60000)["provider_data"]
        assert set(kept) == {"usage", "revised_prompt"} and len(json.dumps(kept)) <= 16 << 10
        assert "provider_data" not in program.call("submit", prompt="a fox", wait_ms=60000)


def test_a_stream_ends_with_its_usage(ask, openai):
    done = {"type": "image_generation.completed", "b64_json": base64.b64encode(PICTURE).decode(), "usage": USAGE}
    openai.script({"bytes": f"event: {done['type']}\ndata: {json.dumps(done)}\n\n".encode(), "type": "text/event-stream"})
    with ask() as program:
        made = program.call("submit", prompt="a fox", input={"stream": True}, wait_ms=60000)
        assert made["provider_data"] == {"usage": USAGE}
