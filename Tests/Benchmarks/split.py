"""Where the seconds of a job went: its requests at the provider, and its packets on the wire."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from drivers import Job
from network import DELAY, Wire

ONE_WAY = DELAY / 1_000
#: TCP and TLS 1.3 take a round trip each before the first byte of a request.
HANDSHAKE = 4 * ONE_WAY


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
        self.requests: dict[str, list[dict]] = {}
        by_order: dict[str, list[dict]] = {}
        firsts: set[tuple[int, int, float]] = set()
        self.others: dict[str, int] = {}
        for request in dumped["requests"]:
            flow = wire.flow(request["host"], request["port"], request["at"])
            request["flow"] = flow
            mark = (request["host"], request["port"], flow.begun)
            request["first"] = mark not in firsts
            firsts.add(mark)
            if request["endpoint"] == "poll":
                by_order.setdefault(request["path"].split("/")[4], []).append(request)
            elif request["endpoint"] == "download":
                by_order.setdefault(request["path"].rpartition("/")[2].partition(".")[0], []).append(request)
            elif request["endpoint"] != "submit":
                self.others[request["endpoint"]] = self.others.get(request["endpoint"], 0) + 1
        self.by_job = by_order
        # The fixture numbers predictions as they come, and so come the POSTs.
        self.posts = [request for request in dumped["requests"] if request["endpoint"] == "submit"]

    def split(self, job: Job) -> Split | None:
        """None where the job failed."""
        known = self.jobs.get(job.prompt)
        if job.trouble or not known or not known["seen"]:
            return None
        post = self.posts[int(known["id"], 16) - 1]
        mine = self.by_job[known["id"]]
        polls = [request for request in mine if request["endpoint"] == "poll"]
        saw = next(poll for poll in polls if poll["ended"] >= known["seen"])
        gets = [request for request in mine if request["endpoint"] == "download"]
        left = post["flow"].sent_before(post["at"] - ONE_WAY + 0.0005)
        send = left - job.begun
        if post["first"] and post["flow"].begun >= job.begun:
            send -= HANDSHAKE
        answered = saw["flow"].received_after(saw["ended"] + ONE_WAY - 0.0005)
        get = gets[-1]
        whole = get["flow"].received_before(job.ended)
        turn = get["flow"].sent_before(get["at"] - ONE_WAY + 0.0005) - answered
        if get["first"] and get["flow"].begun >= answered:
            turn -= HANDSHAKE
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
            f"{self.median('total'):.2f} s; {self.mean('late'):.2f} s late, {self.mean('polls'):.1f} polls, "
            f"{self.mean('connections'):.1f} connections; POST {thousandths['send']:.1f}, GET {thousandths['turn']:.1f}, "
            f"fetch {thousandths['fetch']:.0f}, save {thousandths['save']:.1f} ms")
