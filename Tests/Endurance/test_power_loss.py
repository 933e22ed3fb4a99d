"""Power loss at any moment, in three models: nothing acknowledged is lost, nothing is sent twice, no terminal status that
was told changes, no file is broken.

Each life below is lived once by the real program under the recorder. Then the directory is made as a power loss would have
left it after each of its operations, the provider is put back into the state that it had at that moment, and a new process
opens what is there. Each state is judged once, however many moments leave it. `POWER_LOSS_SEEDS` (1) says how many torn
states there are for each moment; `make power-loss` has 8, and stops at every write.
"""

import copy
import itertools
import json
import os
import random
import re
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from openai import LoopbackOpenAI
from program import KEY, Program, RPCError
from promise import assert_files_are_whole, everything
from recording import Disk, Recorder, build, build_recorder, digest, found, only_linux
from wavespeed import LoopbackWaveSpeed, png

#: Places to work in side by side. A state costs little processor time and much waiting.
WORKERS = int(os.environ.get("POWER_LOSS_WORKERS", 6))
SEEDS = int(os.environ.get("POWER_LOSS_SEEDS", 1))
SEED = 20261128
PAID = re.compile(rb"POST /(v1/images/|api/v3/(?!model/price|predictions|media))")
TERMINAL = ("completed", "failed", "cancelled")


# -- where a life is lived -------------------------------------------------------------------------------------------


class Place:
    """A home with a provider of its own."""

    def __init__(self, folder, library, server):
        self.home, self.library, self.server = folder / "home", library, server
        self.home.mkdir(parents=True)
        self.recorder = Recorder(library, self.home, folder / "record")
        self.keys, self.deleted = {}, set()
        if isinstance(server, LoopbackOpenAI):
            self.variables = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "IMAGEWIRE_PROVIDER": "openai"}
        else:
            self.variables = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": server.url}

    def spawn(self, **variables):
        return Program(self.home, "--max-concurrency", 8, **self.variables, **variables)

    def spawn_recorded(self):
        return self.spawn(**self.recorder.variables)

    def start(self, program, **members):
        """Submits under a key, and does not wait for the reply."""
        key = f"key {len(self.keys) + 1}"
        self.keys[key] = {**members, "input": {**members.get("input", {}), "prompt": f"picture of {key}."}}
        return program.start("submit", idempotency_key=key, **self.keys[key])

    def submit(self, program, **members):
        return program.reply(self.start(program, **members))["id"]

    # -- the provider at a moment of the past --------------------------------------------------------------------------

    def remember(self):
        """The records of the provider now."""
        with self.server.lock if isinstance(self.server, LoopbackOpenAI) else self.server.changed:
            posts = [request for request in self.server.requests if PAID.match(f"{request['method']} {request['path']}".encode())]
            self.known = copy.deepcopy((posts, getattr(self.server, "predictions", {}), getattr(self.server, "tickets", {})))

    def put_back(self, prompts):
        """The provider as it was when it had these prompts."""
        posts, predictions, tickets = copy.deepcopy(self.known)
        posts = [request for request in posts if prompt_of(request) in prompts]
        if isinstance(self.server, LoopbackOpenAI):
            self.server.script()
            with self.server.lock:
                self.server.requests[:] = posts
            return
        self.server.reset()
        self.server.script(polls=0)
        with self.server.changed:
            self.server.requests[:] = posts
            self.server.predictions = {id: p for id, p in predictions.items() if p["input"]["prompt"] in prompts}
            self.server.tickets = tickets

    def posts(self):
        """How many POSTs each prompt has brought."""
        return Counter(prompt_of(request) for request in self.server.posts())


def prompt_of(request):
    return request["fields"]["prompt"] if "fields" in request else json.loads(request["body"])["prompt"]


# -- lives -----------------------------------------------------------------------------------------------------------


class First:
    """The table is made, and a prediction in it."""

    def prepare(self, place):
        """Returns what clients were told before the record begins."""
        return {}

    def live(self, place):
        with place.spawn_recorded() as program:
            program.call("result", id=place.submit(program))
            assert program.finish() == 0


class Several(First):
    """Three at once: one whose reply is lost, one whose link has expired; then one is cancelled and one deleted."""

    def prepare(self, place):
        with place.spawn() as program:
            old = program.call("result", id=place.submit(program))
            assert program.finish() == 0
        place.deleted.add(old["id"])
        return {old["id"]: old}

    def live(self, place):
        place.server.script(submit=["lost_reply"], poll=["expired_link"], download=["short"], polls=1)
        with place.spawn_recorded() as program:
            ids = [program.reply(number)["id"] for number in [place.start(program, tags=["a"]) for _ in range(3)]]
            program.call("wait", ids=ids)
            place.server.script(poll=[{"do": "running", "times": "forever"}])
            polls = len(place.server.polls())
            id = place.submit(program)
            place.server.wait_until(lambda _: len(place.server.polls()) > polls)
            program.call("cancel", id=id, delete_remote=True)
            program.call("result", id=id)
            place.deleted.add(ids[0])
            program.call("delete", ids=sorted(place.deleted), files=True)
            assert program.finish() == 0


class Named(First):
    """Four outputs a prediction, under one name in a folder of their own; one of them comes with the second round."""

    def live(self, place):
        late = [{"do": "503", "at": "-2.png"}]
        place.server.script(outputs=["{output}/output/{id}-%d.png" % n for n in range(4)], polls=0, download=late)
        with place.spawn_recorded() as program:
            numbers = [
                place.start(program, output_dir=str(place.home / "album"), output_name="boat", metadata={"n": n}) for n in range(2)
            ]
            for id in [program.reply(number)["id"] for number in numbers]:
                program.call("result", id=id)
            assert program.finish() == 0


class TakenOver(First):
    """A process is killed while it polls, and another one goes on; the log is carried into the table between them."""

    def live(self, place):
        with place.spawn_recorded() as program:
            program.call("result", id=place.submit(program))
            assert program.finish() == 0
        place.server.script(poll=[{"do": "running", "times": "forever"}])
        polls = len(place.server.polls())
        with place.spawn_recorded() as one, place.spawn_recorded() as other:
            ids = [place.submit(one), place.submit(other)]
            while len(place.server.polls()) < polls + 2:
                place.server.log(at_least=len(place.server.log()) + 1)
            one.kill()
            place.server.clear()
            other.call("wait", ids=ids)
            assert other.finish() == 0


class Uploaded(First):
    """Images go along."""

    def live(self, place):
        picture = place.home.parent / "picture.png"
        picture.write_bytes(png(colour=(1, 2, 3)))
        with place.spawn_recorded() as program:
            for _ in range(2):
                program.call("result", id=place.submit(program, input={"image": f"@{picture}"}, upload=True))
            assert program.finish() == 0


class Answered(First):
    """The provider `openai`: the image is in the answer, with partial images before it."""

    def live(self, place):
        with place.spawn_recorded() as program:
            program.call("result", id=place.submit(program, input={"n": 2}))
            program.call("result", id=place.submit(program, input={"stream": True, "partial_images": 2}))
            assert program.finish() == 0


# -- the states ------------------------------------------------------------------------------------------------------


class Knowledge:
    """The effects of a record up to a moment: replies to clients, and requests that were sent."""

    def __init__(self, prompts, told):
        self.wanted = {prompt: json.dumps(prompt).encode() for prompt in prompts}
        self.sent, self.told, self.lines = set(), dict(told), {}

    def add(self, entry):
        if entry.kind == "sent" and PAID.match(entry.data):
            self.sent |= {prompt for prompt, text in self.wanted.items() if text in entry.data or prompt.encode() in entry.data}
        if entry.kind == "told":
            *whole, rest = (self.lines.get(entry.inode, b"") + entry.data).split(b"\n")
            self.lines[entry.inode] = rest
            for line in whole:
                self._find(json.loads(line))

    def _find(self, value):
        """Every prediction in a message: its status, and its key where it is shown."""
        if isinstance(value, dict) and {"id", "status", "billing"} <= set(value):
            self.told[value["id"]] = value
        for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self._find(member)


def moments(entries):
    """Where the power is lost: after every operation on names and every sync, after every reply and request, and after the
    last and one other of the writes between them."""
    if SEEDS > 1:
        yield from range(1, len(entries) + 1)
    chance = random.Random(SEED)
    writes = []
    for number, entry in enumerate(entries, 1):
        if entry.kind == "write":
            writes.append(number)
        else:
            yield from [chance.choice(writes[:-1])] if len(writes) > 1 else []
            yield from writes[-1:]
            yield number
            writes = []


def states(disk, entries, knowledge, seeds=SEEDS):
    """Every different directory that may be left, with the effects up to then."""
    chance = random.Random(SEED)
    chosen, seen, turn = set(moments(entries)), set(), 0
    for number, entry in enumerate(entries, 1):
        disk.apply(entry)
        knowledge.add(entry)
        if number not in chosen:
            continue
        turn += 1
        for index, (model, count) in enumerate((("synced", 1), ("names_without_data", 1), ("torn", seeds))):
            # Two of the three models at each moment, in turn; `make power-loss` has all of them.
            if seeds == 1 and index == turn % 3:
                continue
            for _ in range(count):
                tree = getattr(disk, model)(chance)
                what = (digest(tree), len(knowledge.sent), len(knowledge.told), json.dumps(knowledge.told, sort_keys=True))
                if what not in seen:
                    seen.add(what)
                    yield f"{model} after operation {number} of {len(entries)}", tree, set(knowledge.sent), dict(knowledge.told)


def judge(place, tree, sent, told):
    """Opens the state after the power loss, and names all its faults."""
    build(tree, place.home)
    place.put_back(sent)
    wrong = []
    with place.spawn() as program:
        # As a script would that is run again.
        for key, members in place.keys.items():
            known = {id for id, prediction in told.items() if prediction.get("idempotency_key") == key}
            try:
                again = program.call("submit", idempotency_key=key, **members)["id"]
            except RPCError as error:
                again = error.data.get("id")
                if again not in place.deleted:
                    raise
            if known and again not in known:
                wrong.append(("lost", f"{key} was {known} and is {again}"))
        there = everything(program)
        wrong += [("lost", f"{id} was acknowledged") for id in set(told) - set(there) - place.deleted]
        if there:
            program.call("wait", ids=list(there), timeout_ms=30000)
        there = everything(program)
        for id, prediction in there.items():
            before = told.get(id, {}).get("status")
            if before in TERMINAL and prediction["status"] != before:
                wrong.append(("changed", f"{id} was {before} and is {prediction['status']}"))
            if prediction["status"] not in (*TERMINAL, "unknown"):
                wrong.append(("unfinished", f"{id} stays {prediction['status']}"))
            if prediction["status"] == "completed":
                try:
                    assert_files_are_whole(prediction)
                except (AssertionError, OSError) as error:
                    wrong.append(("broken", f"{id}: {error}"))
        wrong += [("sent twice", prompt) for prompt, count in place.posts().items() if count > 1]
        saved = {Path(file["path"]).parent for prediction in there.values() for file in prediction["files"]}
        wrong += [("left over", str(path)) for folder in saved for path in folder.glob(".*.part") if path.name[1:37] in there]
        if program.finish() != 0:
            wrong.append(("unfinished", "the process"))
    with closing(sqlite3.connect(place.home / ".local/state/imagewire/predictions.db")) as table:
        if table.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            wrong.append(("broken", "the table"))
    return wrong


def without_syncs(entries, of):
    """The record of a program that does not sync the files, or the directories, whose path ends so."""
    names = {}
    for entry in entries:
        if entry.kind == "make":
            names[entry.inode] = entry.path
        path = entry.path if entry.kind == "syncdir" else names.get(entry.inode, "") if entry.kind == "sync" else ""
        if not path.endswith(of):
            yield entry


def survive(life, library, folder, make_server, change=list):
    """Runs it in several places, and judges every state; returns their number and the faults."""

    def work(worker):
        with make_server() as server:
            place = Place(folder / str(worker), library, server)
            told = life.prepare(place)
            disk = Disk(place.home)
            life.live(place)
            entries = place.recorder.entries()
            # The record is complete only if it makes the very directory that the program left.
            assert disk.copy().apply(*entries).whole() == found(place.home), "the record does not make what is there"
            place.remember()
            prompts = {members["input"]["prompt"] for members in place.keys.values()}
            count, wrong = 0, []
            left = states(disk, list(change(entries)), Knowledge(prompts, told))
            for moment, tree, sent, told in itertools.islice(left, worker, None, WORKERS):
                count += 1
                wrong += [(moment, *what) for what in judge(place, tree, sent, told)]
            return count, wrong

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(work, range(WORKERS)))
    return sum(count for count, _ in results), [what for _, wrong in results for what in wrong]


#: Each with its provider, and with how many states it has at least.
LIVES = [
    (First(), LoopbackWaveSpeed, 45), (Several(), LoopbackWaveSpeed, 110), (Named(), LoopbackWaveSpeed, 90),
    (TakenOver(), LoopbackWaveSpeed, 110), (Uploaded(), LoopbackWaveSpeed, 65), (Answered(), LoopbackOpenAI, 90),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_recorder(tmp_path_factory.mktemp("recorder"))


@only_linux
@pytest.mark.parametrize("life, server, least", LIVES, ids=[type(life).__name__ for life, _, _ in LIVES])
def test_power_loss(life, server, least, library, tmp_path, record_property):
    count, wrong = survive(life, library, tmp_path, server)
    kinds = Counter(kind for _, kind, _ in wrong)
    told = ", ".join(f"{kinds.get(kind, 0)} {kind}" for kind in ("lost", "sent twice", "changed", "broken", "left over"))
    assert not wrong, f"{count} states: {told}\n" + "\n".join(map(str, wrong[:8]))
    assert count >= least, "too few states: are its operations recorded?"
    record_property("figures", f"{count} states: {told}")
    record_property("states", count)


@only_linux
@pytest.mark.parametrize("unsynced, noticed", [
    ("-wal", {"lost", "sent twice"}), (".part", {"broken"}), ("/outputs", {"broken"}),
])
def test_a_missing_sync_is_noticed(unsynced, noticed, library, tmp_path):
    """The same programs, as if they did not sync the log, the images, or the folder of the images."""
    _, wrong = survive(First(), library, tmp_path, LoopbackWaveSpeed, lambda entries: without_syncs(entries, unsynced))
    assert noticed <= {kind for _, kind, _ in wrong}, wrong
