"""The guarantees about money as assertions on a database, a server and a directory, after any sequence of events."""

import hashlib
import json
import time
import zlib
from collections import Counter
from pathlib import Path

from program import Ended

#: The exceptions of a call to a process that has ended.
GONE = (Ended, BrokenPipeError, ConnectionError)


def listed(program, **filters):
    """Every prediction that a list shows, page by page."""
    found, cursor = [], None
    while True:
        page = program.call("list", limit=500, **filters, **({"cursor": cursor} if cursor else {}))
        found += page["predictions"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def everything(program):
    """Every prediction of the table, whole, by id."""
    return {p["id"]: program.call("status", id=p["id"], full=True) for p in listed(program)}


def settled(program, ids, patience=120):
    """Waits until all of these are over, and returns them."""
    ids = list(ids)
    for start in range(0, len(ids), 200):
        deadline, done = time.monotonic() + patience, False
        while not done and time.monotonic() < deadline:
            # Less than the patience of a call.
            done = program.call("wait", ids=ids[start : start + 200], timeout_ms=20000)["done"]
        if not done:
            late = [p for p in (program.call("status", id=i) for i in ids) if not p["finished_at"] or p["status"] == "cancelled"]
            raise AssertionError(f"{len(late)} are not over; the first: {late[:2]}")
    return {id: program.call("status", id=id, full=True) for id in ids}


def assert_whole_png(content):
    """Every chunk of it is there, with its checksum, up to the last one."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    place, kind = 8, b""
    while kind != b"IEND":
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        body = content[place + 4 : place + 8 + length]
        assert len(body) == length + 4, "a picture was cut"
        assert zlib.crc32(body) == int.from_bytes(content[place + 8 + length : place + 12 + length], "big")
        place += 12 + length
    assert place == len(content)


def assert_files_are_whole(prediction):
    """Each file of a completed prediction is an image, and the one that the record describes."""
    assert prediction["files"], prediction
    for file in prediction["files"]:
        content = Path(file["path"]).read_bytes()
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert_whole_png(content)


def post_counts(server):
    """How many POSTs each prompt brought."""
    return Counter(json.loads(request["body"])["prompt"] for request in server.posts())


def assert_promise(predictions, server, acknowledged=(), folder=None):
    """Checks the promise against the present state.

    - predictions: everything in the table, by id, settled.
    - acknowledged: the ids that a client was told.
    - folder: where all the files are; there must be none that belongs to no prediction.
    """
    missing = set(acknowledged) - set(predictions)
    assert not missing, f"acknowledged and lost: {missing}"
    posts = post_counts(server)
    twice = {prompt: count for prompt, count in posts.items() if count > 1}
    assert not twice, f"paid twice: {twice}"
    for prediction in predictions.values():
        sent = posts[prediction["input"]["prompt"]]
        told = (prediction["id"], prediction["status"], prediction["billing"], prediction["error"])
        if prediction["status"] == "completed":
            assert sent == 1 and prediction["billing"] == "charged", told
            assert prediction["failure"] is None, told
            assert_files_are_whole(prediction)
        elif prediction["status"] == "unknown":
            # Claimed and then killed: it may have been sent, so it never is again.
            assert prediction["billing"] == "unknown" and prediction["failure"]["hint"], told
            assert sent == 0, f"the provider has it and it was not found: {told}"
        elif prediction["status"] == "cancelled":
            assert prediction["billing"] in (("none", "unknown") if sent == 0 else ("unknown", "charged")), told
        elif prediction["status"] == "failed" and prediction["failure"]["type"] == "dependency_failed":
            # The prediction whose output it names did not come to its end.
            assert sent == 0 and prediction["billing"] == "none", told
        else:
            raise AssertionError(f"it should not have ended like this: {told}")
    if folder and Path(folder).exists():
        ours = {file["path"] for prediction in predictions.values() for file in prediction["files"]}
        there = {str(path) for path in Path(folder).iterdir()}
        assert there == ours, f"files of no prediction: {there - ours}; missing files: {ours - there}"


def assert_polls_do_not_overlap(server, interval=0.035, takeovers=0):
    """No two GETs of one prediction at a time, and none sooner than the pace allows (50 ms less a fifth for jitter).

    - takeovers: how often a process may have died under a prediction; the next owner asks at once.
    """
    polls = {}
    for request in server.polls():
        polls.setdefault(request["path"], []).append(request)
    early = 0
    for path, requests in polls.items():
        requests.sort(key=lambda request: request["seconds"])
        for before, after in zip(requests, requests[1:]):
            assert before["ended"] is not None and before["ended"] <= after["seconds"], f"overlapping polls of {path}"
            early += after["seconds"] - before["seconds"] < interval
    assert early <= takeovers, f"{early} polls came too early"
