"""SIGKILL at every step of a prediction's life, and at two hundred random moments: nothing paid is lost or paid twice."""

import random
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from interruption import Interruption, at_every_step, build_interrupt, only_linux
from program import KEY, MODEL, Program
from promise import GONE, assert_promise, everything, listed, post_counts, settled
from s3 import LoopbackS3
from wavespeed import LoopbackWaveSpeed, png

#: Places to work in side by side: a life is mostly waiting.
WORKERS = 8


class Place:
    """A home, a server, and the predictions that were acknowledged there."""

    def __init__(self, folder, server):
        self.home = folder
        self.home.mkdir()
        self.server = server
        self.acknowledged = []
        self.prompts = 0
        #: Where the outputs are put, if not only on the disk.
        self.s3 = None

    def spawn(self, interruption=None):
        bucket = {
            "IMAGEWIRE_OUTPUT_DIR": "s3://pictures/album", "S3_ENDPOINT_URL": self.s3.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "s3-secret",
        } if self.s3 else {}
        return Program(
            self.home, "--max-concurrency", 8, **bucket, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=self.server.url, IMAGEWIRE_MODEL=MODEL,
            wrapper=interruption.wrapper if interruption else (),
        )

    def submit(self, program, **members):
        self.prompts += 1
        members = members if "input" in members else {"prompt": f"picture {self.prompts}", **members}
        prediction = program.call("submit", **members)
        self.acknowledged.append(prediction["id"])
        return prediction["id"]

    @property
    def outputs(self):
        return self.home / ".local/state/imagewire" / ("objects/pictures/album" if self.s3 else "outputs")

    def forget(self):
        """An empty home again."""
        shutil.rmtree(self.home / ".local", ignore_errors=True)
        self.acknowledged.clear()


# -- lives: the calls before the process is killed, and during the wait for it ---------------------------------------


class Plain:
    """Submit, wait, end of input."""

    def prepare(self, place):
        pass

    def live(self, place, program):
        program.call("result", id=place.submit(program), timeout_ms=30000)
        program.finish()

    def after(self, place, predictions):
        pass


class First(Plain):
    """The same on an empty home: the table is made on the way."""

    def prepare(self, place):
        place.forget()


class LostReply(Plain):
    """The provider took it and its reply never came: the history is looked at."""

    def prepare(self, place):
        place.server.clear()
        place.server.script(submit=["lost_reply"])


class ExpiredLink(Plain):
    """The first link is no longer good, and the second download comes short."""

    def prepare(self, place):
        place.server.clear()
        place.server.script(polls=0, poll=["running", "expired_link"], download=["normal", "short"])


class OneComesLate(Plain):
    """Three outputs under one name: two are saved and committed, and the third one comes with the second round."""

    NAMES = ["{output}/output/{id}-%d.png" % n for n in range(3)]

    def prepare(self, place):
        place.server.clear()
        place.server.script(outputs=self.NAMES, polls=0, download=[{"do": "503", "at": "-1.png"}])

    def live(self, place, program):
        folder = place.home / f"album {place.prompts}"
        program.call("result", id=place.submit(program, output_dir=str(folder), output_name="boat"), timeout_ms=30000)
        program.finish()

    def after(self, place, predictions):
        # Killed during the POST it may be unknown.
        for prediction in [predictions[id] for id in place.acknowledged if predictions[id]["status"] == "completed"]:
            files = prediction["files"]
            assert [(file["index"], Path(file["path"]).name) for file in files] == [(n, f"boat-{n}.png") for n in (1, 2, 3)], files


class Cancelled(Plain):
    """Cancelled while it is made, and deleted there."""

    def prepare(self, place):
        place.server.clear()
        place.server.script(poll=[{"do": "running", "times": 3}])

    def live(self, place, program):
        id = place.submit(program)
        sent = len(place.server.polls())
        place.server.log(at_least=sent + 1)
        program.call("cancel", id=id, delete_remote=True)
        program.call("result", id=id, timeout_ms=30000)
        program.finish()


class Resumed(Plain):
    """The work of a killed process in three phases: being sent, being made, being downloaded."""

    def prepare(self, place):
        server = place.server
        server.clear()
        with place.spawn() as program:
            for script, endpoint in (
                ({"download": [{"do": "normal", "hold": True}]}, "download"),
                ({"poll": [{"do": "running", "times": "forever"}]}, "poll"),
                ({"submit": [{"do": "normal", "hold": True}]}, "submit"),
            ):
                server.script(**script)
                def count(requests, endpoint=endpoint):
                    return sum(request["endpoint"] == endpoint for request in requests)

                seen = count(server.log())
                place.submit(program)
                server.wait_until(lambda requests: count(requests) > seen)
            program.kill()
        server.clear()
        server.release()

    def live(self, place, program):
        program.call("wait", ids=place.acknowledged[-3:], timeout_ms=30000)
        program.finish()

    def after(self, place, predictions):
        # All three were sent, so all three are there in the end.
        assert [predictions[id]["status"] for id in place.acknowledged[-3:]] == ["completed"] * 3


class Uploaded(Plain):
    """An image goes along: its file is sent before the prediction is."""

    def live(self, place, program):
        picture = place.home / "picture.png"
        # Another one each time: the same bytes would not be uploaded again.
        number = sum(map(ord, str(place.home))) * 1000 + place.prompts
        picture.write_bytes(png(colour=(number >> 16 & 255, number >> 8 & 255, number & 255)))
        id = place.submit(program, input={"prompt": f"with {place.prompts + 1}", "image": f"@{picture}"}, upload=True)
        program.call("result", id=id, timeout_ms=30000)
        program.finish()

    def after(self, place, predictions):
        # The requests have the image's address, and never its path; each image was uploaded before.
        assert len(place.server.posts()) <= len(place.server.puts())
        for post in place.server.posts():
            assert "@/" not in post["body"], post["body"]


class Chained(Plain):
    """An image is edited before it is made, and the edit is edited."""

    def live(self, place, program):
        id = place.submit(program)
        for number in (1, 2):
            image = f"imagewire://predictions/{id}/1"
            id = place.submit(program, input={"prompt": f"edit {number} of {place.prompts + 1}", "image": image})
        program.call("result", id=id, timeout_ms=30000)
        program.finish()

    def after(self, place, predictions):
        # The model gets an address and never a name, and an edit is made of everything that was made.
        for post in place.server.posts():
            assert "imagewire:" not in post["body"], post["body"]
        for prediction in predictions.values():
            target = prediction["input"].get("image", "").split("/")[-2:-1]
            if target and prediction["status"] != "unknown":
                made = predictions[target[0]]["status"] == "completed"
                assert prediction["status"] == ("completed" if made else "failed"), prediction


class Deleted(Plain):
    """A finished one goes, with its file."""

    def prepare(self, place):
        with place.spawn() as program:
            program.call("result", id=place.submit(program), timeout_ms=30000)
            program.finish()

    def live(self, place, program):
        # It may still be there afterwards: no client was told of its deletion before the reply.
        id = place.acknowledged.pop()
        program.call("delete", ids=[id], files=True)
        program.finish()

    def after(self, place, predictions):
        # The row goes first: a crash may leave a file without a row, never a row without its file.
        for path in set(place.outputs.iterdir()) - {Path(f["path"]) for p in predictions.values() for f in p["files"]}:
            path.unlink()


class InABucket(Plain):
    """Its output is put into a bucket before it is committed."""

    def prepare(self, place):
        if place.s3 is None:
            place.s3 = LoopbackS3()
            place.s3.__enter__()

    def after(self, place, predictions):
        # Each is there under one key, and nothing else is.
        keys = [file["location"].removeprefix("s3://pictures/") for p in predictions.values() for file in p["files"]]
        assert sorted(keys) == sorted(place.s3.outputs), [p["failure"] for p in predictions.values() if not p["files"] and p["status"] == "completed"]
        # Killed between the commit and the end, a process leaves a link; it goes with delete.
        for path in place.outputs.glob(".*.whole"):
            path.unlink()


@only_linux
@pytest.mark.parametrize("life", [First(), Plain(), LostReply(), ExpiredLink(), OneComesLate(), Cancelled(), Resumed(), Uploaded(), Chained(), Deleted(), InABucket()],
                         ids=lambda life: type(life).__name__)
def test_kill_at_every_step(life, tmp_path, record_property):
    tool = build_interrupt(tmp_path)
    with ExitStack() as stack:
        places = [
            Place(tmp_path / str(number), stack.enter_context(LoopbackWaveSpeed())) for number in range(WORKERS)
        ]

        def run(place, n):
            life.prepare(place)
            interruption = Interruption(tool, tmp_path, at=n)
            with place.spawn(interruption) as program:
                try:
                    life.live(place, program)
                except GONE:
                    pass
                program.wait()
            was_killed = interruption.steps[-1] == "killed"
            place.server.clear()
            with place.spawn() as program:
                predictions = settled(program, everything(program))
                life.after(place, predictions)
                assert_promise(predictions, place.server, place.acknowledged, place.outputs)
                assert program.finish() == 0
            return was_killed

        points = at_every_step(run, places)
        posts = sum(len(place.server.posts()) for place in places)
    assert points > 30
    record_property("figures", f"killed at each of {points} steps; {posts} POSTs, none twice")


# -- random moments --------------------------------------------------------------------------------------------------

KILLS = 200
SEED = 20261124


def test_two_hundred_kills_at_random_moments(tmp_path, record_property):
    with LoopbackWaveSpeed() as wavespeed:
        record_property("figures", two_hundred_kills(Place(tmp_path / "place", wavespeed), wavespeed))


def two_hundred_kills(place, wavespeed):
    chance = random.Random(SEED)
    kills = restarts_with_key = 0
    unanswered = {}
    while kills < KILLS:
        wavespeed.clear()
        wavespeed.script(
            submit=chance.choices(["normal", "lost_reply", "lost_reply_reset", "error_with_id"], [9, 1, 1, 1], k=3),
            poll=chance.choices(["normal", "running", "500", "html", "drop"], [8, 4, 1, 1, 1], k=6),
            download=chance.choices(["normal", "short", "drop"], [8, 1, 1], k=2),
        )
        with place.spawn() as program:
            end = time.monotonic() + chance.uniform(0.02, 0.25)
            try:
                # What got no answer is asked again under its key, as a script would.
                for key, prompt in list(unanswered.items())[:4]:
                    restarts_with_key += 1
                    place.acknowledged.append(program.call("submit", prompt=prompt, idempotency_key=key)["id"])
                    del unanswered[key]
                for _ in range(chance.randint(1, 4)):
                    place.prompts += 1
                    prompt = f"picture {place.prompts}"
                    members = {"idempotency_key": f"key {place.prompts}"} if chance.random() < 0.5 else {}
                    number = program.start("submit", prompt=prompt, **members)
                    if members:
                        unanswered[members["idempotency_key"]] = prompt
                    if chance.random() < 0.7:
                        place.acknowledged.append(program.reply(number)["id"])
                        unanswered.pop(members.get("idempotency_key"), None)
                time.sleep(max(0, end - time.monotonic()))
            except GONE:
                raise AssertionError(f"it ended by itself: {program.log!r}") from None
            if kills % 20 == 19:
                # Now and then one lives long enough to clear up: lost replies are searched for in a history of hundreds.
                wavespeed.clear()
                settled(program, [p["id"] for s in ("created", "processing") for p in listed(program, status=s)])
            program.kill()
            kills += 1
    wavespeed.clear()
    with place.spawn() as program:
        for key, prompt in unanswered.items():
            place.acknowledged.append(program.call("submit", prompt=prompt, idempotency_key=key)["id"])
        predictions = settled(program, everything(program))
        assert_promise(predictions, wavespeed, place.acknowledged, place.outputs)
        assert program.finish() == 0
    ended = {status: sum(p["status"] == status for p in predictions.values()) for status in ("completed", "unknown")}
    assert ended["completed"] > KILLS
    assert len(set(p["idempotency_key"] for p in predictions.values()) - {None}) == sum(
        p["idempotency_key"] is not None for p in predictions.values()
    )
    return (
        f"{kills} kills (seed {SEED}), {len(predictions)} predictions, {len(set(place.acknowledged))} acknowledged,"
        f" {sum(post_counts(wavespeed).values())} POSTs, none twice; {ended['completed']} completed,"
        f" {ended['unknown']} unknown; {restarts_with_key} submits repeated under their key"
    )
