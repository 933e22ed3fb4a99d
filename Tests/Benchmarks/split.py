"""Where the seconds of a job went: its requests at the provider, and its packets on the wire."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from drivers import Job
from network import DELAY, Wire

ONE_WAY = DELAY / 1_000


@dataclass
class Split:
    """Seconds of one job, and its polls. `send` and `turn` leave out the handshakes, which `fetch` has."""

    total: float
    #: What is not the job's own time.
    added: float
    #: From submit to when the POST leaves.
    send: float
    #: From when it was done to the poll that saw it.
    late: float
    #: From the answer to when the GET for the output leaves.
    turn: float
    #: From the answer to the last byte of the output.
    fetch: float
    #: From the last byte to the end: the file is synced, and ours is committed and told.
    save: float
    polls: int
    connections: int


class Log:
    """What a provider noted, by job."""

    def __init__(self, dumped: dict, wire: Wire) -> None:
        self.wire = wire
        self.jobs = {job["prompt"]: {**job, "id": name} for name, job in dumped["jobs"].items()}
        self.by_job: dict[str, list[dict]] = {}
        firsts: set[tuple[int, int, float]] = set()
        for request in dumped["requests"]:
            flow = wire.flow(request["host"], request["port"], request["at"])
            request["flow"] = flow
            mark = (request["host"], request["port"], flow.begun)
            request["first"] = mark not in firsts
            firsts.add(mark)
            if request["endpoint"] == "poll":
                self.by_job.setdefault(request["path"].split("/")[4], []).append(request)
            elif request["endpoint"] == "download":
                self.by_job.setdefault(request["path"].rpartition("/")[2].partition(".")[0], []).append(request)
        self.posts = {request["prompt"]: request for request in dumped["requests"] if request["endpoint"] == "submit"}

    def split(self, job: Job) -> Split | None:
        """None where the job failed."""
        known = self.jobs.get(job.prompt)
        if job.trouble or not known or not known["seen"]:
            return None
        post = self.posts[job.prompt]
        mine = self.by_job[known["id"]]
        polls = [request for request in mine if request["endpoint"] == "poll"]
        saw = next(poll for poll in polls if poll["ended"] >= known["seen"])
        gets = [request for request in mine if request["endpoint"] == "download"]
        left = post["flow"].sent_before(post["at"] - ONE_WAY + 0.0005)
        send = left - job.begun
        if post["first"]:
            send -= post["flow"].handshake(job.begun, left)
        answered = saw["flow"].received_after(saw["ended"] + ONE_WAY - 0.0005)
        get = gets[-1]
        whole = get["flow"].received_before(job.ended)
        asked = get["flow"].sent_before(get["at"] - ONE_WAY + 0.0005)
        turn = asked - answered
        if get["first"]:
            turn -= get["flow"].handshake(answered, asked)
        took = float(job.prompt.split()[0])
        return Split(
            total=job.ended - job.begun, added=job.ended - job.begun - took, send=send, late=known["seen"] - known["ready"],
            turn=turn, fetch=whole - answered, save=job.ended - whole, polls=len(polls),
            connections=sum(request["first"] for request in (post, *mine)))


@dataclass
class Figures:
    """Of many jobs: medians, and means of lateness, polls and connections."""

    splits: list[Split]

    def median(self, name: str) -> float:
        return statistics.median(getattr(split, name) for split in self.splits)

    def mean(self, name: str) -> float:
        return statistics.fmean(getattr(split, name) for split in self.splits)

    def __str__(self) -> str:
        thousandths = {name: self.median(name) * 1_000 for name in ("send", "turn", "fetch", "save")}
        return (
            f"{self.median('total'):.2f} s, {self.median('added'):.2f} beyond the job; {self.mean('late'):.2f} s late, "
            f"{self.mean('polls'):.1f} polls, {self.mean('connections'):.1f} connections; POST {thousandths['send']:.1f}, "
            f"GET {thousandths['turn']:.1f}, fetch {thousandths['fetch']:.0f}, save {thousandths['save']:.1f} ms")
