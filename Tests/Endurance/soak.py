"""A process that lives long, with everything on: the sandbox, WaveSpeed and OpenAI on loopback with faults, uploads, streams,
a subscription, waits, MCP on its own pipe and by a second process on the same table, lists, cancels, deletes.

Work comes in rounds of 200 predictions that are all alike, so what a round costs may not rise. Finished predictions are
deleted with their files one round later, but for one in fifty: the table grows as a real one does.
"""

import json
import os
import random
import time
from dataclasses import dataclass, field

from openai import LoopbackOpenAI
from program import KEY, Program, RPCError
from slope import slope
from wavespeed import LoopbackWaveSpeed, png

ROUND = 200
SEED = 20261128
#: Seconds that a round may take on a busy machine.
LONG = 300
#: Seconds without work before a sample: the program gives back free memory of its heap after one.
REST = 1.5
#: How many of each kind there are in a round.
KINDS = {
    "plain": 128, "keyed": 20, "several": 4, "fails": 8, "nsfw": 2, "lost": 4, "cancelled": 8, "tool": 12, "session": 6,
    "wavespeed": 4, "upload": 1, "refused": 1, "openai": 1, "stream": 1,
}
assert sum(KINDS.values()) == ROUND
#: How each kind may end. `unknown`: a lost reply that nothing was found for, as where the history fails too.
ENDS = {"fails": {"failed"}, "refused": {"failed"}, "cancelled": {"cancelled"}, "lost": {"completed", "unknown"}}
USUAL = {"completed"}
WITH_FAULTS = {"completed", "unknown"}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass
class Sample:
    """A process after some predictions.

    - cpu: in seconds since it began.
    - memory: at rest, in KiB, anonymous (without the page cache). While it works, what malloc has not yet given back comes
      and goes by some MB.
    """

    predictions: int
    cpu: float
    memory: int
    descriptors: int
    threads: int


def status(process):
    with open(f"/proc/{process.pid}/status") as lines:
        return dict(line.split(":", 1) for line in lines)


def memory(process):
    return int(status(process)["RssAnon"].split()[0])


def sample(process, predictions):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return Sample(
        predictions, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), memory(process),
        len(os.listdir(f"/proc/{process.pid}/fd")), int(status(process)["Threads"]),
    )


def pace():
    """CPU seconds of a fixed piece of work. The cost of a prediction is compared with it: other programs on the machine, which
    share its caches and its cores, slow down both."""
    begun = time.thread_time()
    json.loads(json.dumps([{"name": str(number), "value": number} for number in range(2_000)]))
    return time.thread_time() - begun


def slopes(samples, paces):
    """The slope of each measure for 1,000 predictions, after a fifth of the samples as warm-up.

    - samples: the samples of each process, by its name. Either process draws what waits in the queue, so CPU is that of both.
    - paces: the mean pace between each sample and the one before.

    The floors, below which nothing is called a leak:
    - CPU: a fifth over the whole run. A B-tree that gets a level deeper costs a twentieth, and a virtual machine changes its
      pace by more than the fixed piece of work shows. What grows with every prediction doubles it within a few thousand.
    - memory: 16 KiB for 1,000 predictions. The smallest block of malloc's is 32 bytes, so whatever leaks once a prediction
      leaks twice as much. In a short run 1 MiB over the whole of it: as much as the memory of 512 predictions that are over
      takes until it is full, which is after some 50,000.
    - descriptors, threads: one in 4,000 predictions. What comes and goes with connections differs by one or two at a time.
    """
    warm = len(paces) // 5
    samples = {name: those[warm:] for name, those in samples.items()}
    usual = sum(paces) / len(paces)
    xs = [one.predictions / 1000 for one in next(iter(samples.values()))]
    cpu = [sum(one.cpu for one in moment) for moment in zip(*samples.values())]
    costs = [(b - a) / (y - x) * usual / pace for a, b, x, y, pace in zip(cpu, cpu[1:], xs, xs[1:], paces[warm + 1 :])]
    found = {"CPU, ms a prediction": slope(xs[1:], costs, 0.2 * sum(costs) / len(costs) / (xs[-1] - xs[0]))}
    for name, those in samples.items():
        found[f"{name}: memory, KiB"] = slope(xs, [one.memory for one in those], max(16, 1024 / (xs[-1] - xs[0])))
        found[f"{name}: descriptors"] = slope(xs, [one.descriptors for one in those], 0.25)
        found[f"{name}: threads"] = slope(xs, [one.threads for one in those], 0.25)
    return found


@dataclass
class Soak:
    """The processes, their work so far, and their samples."""

    folder: object
    total: int
    samples: dict = field(default_factory=lambda: {"program": [], "MCP session": []})
    done: int = 0
    told: int = 0
    counts: dict = field(default_factory=dict)
    #: The cost of the same piece of work in this process since the last sample, in CPU seconds: how fast the machine is.
    paces: list = field(default_factory=list)
    mean_paces: list = field(default_factory=list)

    def run(self, report=lambda text: None):
        every = max(ROUND, self.total // 50 // ROUND * ROUND)
        with LoopbackWaveSpeed() as self.wavespeed, LoopbackOpenAI() as self.openai:
            variables = {
                "WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": self.wavespeed.url,
                "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.openai.url,
            }
            arguments = ("--provider", "sandbox", "--max-concurrency", 16, "--agent-files", 0)
            with Program(self.folder, *arguments, **variables) as program, Program(self.folder, *arguments, **variables) as session:
                self.program, self.session = program, session
                session.call("initialize", **HELLO)
                session.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
                self.cursor = program.call("subscribe")["cursor"]
                self.last = []
                begun = time.monotonic()
                for number in range(self.total // ROUND):
                    self.round(random.Random(SEED + number), number)
                    self.done += ROUND
                    if self.done % every == 0:
                        mean, self.paces = sum(self.paces) / len(self.paces), []
                        self.mean_paces.append(mean)
                        time.sleep(REST)
                        for those, one in zip(self.samples.values(), (program, session)):
                            those.append(sample(one.process, self.done))
                        report(f"{time.monotonic() - begun:.0f} s: {[those[-1] for those in self.samples.values()]}")
                assert program.finish() == 0 and session.finish() == 0
        # Each change was told, or one that came after it.
        assert self.told > self.total

    # -- one round -----------------------------------------------------------------------------------------------------

    def round(self, chance, number):
        self.disturb(chance, number)
        kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
        chance.shuffle(kinds)
        made, tools = {}, []
        for start in range(0, ROUND, 50):
            asked = []
            for index, kind in enumerate(kinds[start : start + 50], start):
                prompt = f"{kind} {number} {index}"
                if kind in ("tool", "session"):
                    tools.append((self.session if kind == "session" else self.program, self.call_tool(kind, prompt)))
                else:
                    asked.append((kind, self.program.start("submit", self.order(kind, prompt, number))))
            for kind, called in asked:
                try:
                    made[self.program.reply(called)["id"]] = kind
                except RPCError as error:
                    # Where the price is known by then, it is refused at once.
                    assert (kind, error.code) == ("refused", 1008), error
            self.paces.append(pace())
        self.look_around(chance, list(made), number)
        for id in [id for id, kind in made.items() if kind == "cancelled"]:
            self.program.call("cancel", id=id)
        done = self.program.reply(self.program.start("wait", ids=list(made), timeout_ms=LONG * 1000), patience=LONG + 60)
        assert done["done"], "some do not end"
        for program, called in tools:
            result = program.reply(called, patience=LONG + 60)
            assert not result["isError"], result
        for id, kind in made.items():
            prediction = self.program.call("status", id=id)
            status = prediction["status"]
            if prediction["failure"] and prediction["failure"]["type"] == "download_failed":
                assert self.program.call("result", id=id)["failure"] is None
            assert status in ENDS.get(kind, WITH_FAULTS if kind in ("wavespeed", "upload", "openai", "stream") else USUAL), prediction
            self.counts[kind, status] = self.counts.get((kind, status), 0) + 1
        self.forget(list(made))

    def disturb(self, chance, number):
        """The faults of this round."""
        self.wavespeed.clear()
        self.wavespeed.script(
            polls=1, submit=["lost_reply"] if number % 3 == 0 else [], poll=chance.choices(["normal", "500", "html", "drop"], [6, 1, 1, 1], k=4),
            download=["short"] * (3 if number % 10 == 0 else chance.randint(0, 1)), put=["503"] if number % 7 == 0 else [],
        )
        self.openai.script(*(["lost"] if number % 20 == 0 else []))
        # The fixture would remember everything.
        with self.wavespeed.changed:
            del self.wavespeed.requests[:-1000]
        with self.openai.lock:
            self.openai.requests.clear()

    def order(self, kind, prompt, number):
        input = {"prompt": prompt, "size": "64x64"}
        sandbox = {
            "fails": {"fail": "content_refused"}, "nsfw": {"nsfw": True}, "lost": {"lost_reply": True}, "cancelled": {"never": True},
        }
        match kind:
            case "wavespeed":
                return {"prompt": prompt, "provider": "wavespeed", "tags": ["far"]}
            case "refused":
                return {"prompt": prompt, "provider": "wavespeed", "model": "acme/mystery", "max_cost": 0.001}
            case "upload":
                picture = self.folder / "picture.png"
                # Other bytes each time: the same bytes are not uploaded again.
                picture.write_bytes(png(colour=(number >> 16 & 255, number >> 8 & 255, number & 255)))
                return {"input": {"prompt": prompt, "image": f"@{picture}"}, "provider": "wavespeed", "upload": True}
            case "openai":
                return {"prompt": prompt, "provider": "openai", "model": "painter"}
            case "stream":
                return {
                    "input": {"prompt": prompt, "stream": True, "partial_images": 2}, "provider": "openai", "model": "painter",
                }
            case "keyed":
                return {"input": input, "idempotency_key": prompt, "tags": ["key"], "metadata": {"round": number}}
            case "several":
                return {"input": {**input, "n": 3}}
        return {"input": {**input, **({"sandbox": sandbox[kind]} if kind in sandbox else {})}, "tags": [kind]}

    def call_tool(self, kind, prompt):
        params = {"name": "generate_image", "arguments": {"prompt": prompt, "input": {"size": "64x64"}, "timeout_ms": LONG * 1000}}
        if kind == "session":
            return self.session.start("tools/call", {**params, "_meta": {"progressToken": prompt}})
        return self.program.start("tools/call", {**params, "_meta": META})

    def look_around(self, chance, ids, number):
        """What clients do while they wait."""
        program = self.program
        asked = [program.start("status", id=chance.choice(ids)) for _ in range(100)]
        asked += [program.start("result", id=chance.choice(ids), timeout_ms=20) for _ in range(5)]
        asked += [program.start("wait", ids=ids[:10], mode="any", timeout_ms=1000), program.start("wait", ids=ids[-20:], timeout_ms=30)]
        asked += [program.start("list", limit=50), program.start("list", tag="far"), program.start("list", text=f"keyed {number}")]
        asked += [program.start("list", status="completed", limit=200), program.start("quote", input={"prompt": "x"}, provider="wavespeed")]
        asked += [program.start("validate", input={"prompt": 1}), program.start("models"), program.start("models", provider="wavespeed")]
        for id in self.last[:2]:
            asked.append(program.start("result", id=id, inline=True))
        for called in asked:
            program.reply(called)
        # Subscriptions that come and go belong to the other process: a new one would hide a leak of an old one.
        later = self.session.call("subscribe", since=self.cursor, tag="key")
        self.session.call("unsubscribe", subscription=later["subscription"])
        try:
            program.call("status", id="01a22286-0000-7000-8000-000000000000")
        except RPCError as error:
            assert error.code == 1001
        self.session.call("tools/call", name="list_predictions", arguments={})
        updates = [told["params"] for told in program.notifications if told["method"].startswith("prediction/")]
        if updates:
            self.cursor = updates[-1]["cursor"]
        self.told += len(updates)
        program.notifications.clear()
        self.session.notifications.clear()

    def forget(self, ids):
        """Deletes the round before this one."""
        gone = [id for index, id in enumerate(self.last) if index % 50]
        if gone:
            assert len(self.program.call("delete", ids=gone, files=True)["deleted"]) == len(gone)
        self.last = ids
