"""Two network namespaces with a slow wire between them: clients in one, a provider in the other. Linux, as root."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path

#: Milliseconds each way, and the share of packets lost from and to addresses with an odd last byte.
DELAY, LOSS = 40, 1.0
CLIENT = "203.0.113.1"
ENVIRONMENT = {"NO_PROXY": "*", "no_proxy": "*"}


def obstacle() -> str | None:
    """Why there can be no such network here; one sentence."""
    if os.name != "posix" or os.uname().sysname != "Linux" or os.geteuid() != 0:
        return "it needs Linux and root, for network namespaces"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "it needs /dev/net/tun"
    missing = [name for name in ("nsenter", "ip", "openssl") if not shutil.which(name)]
    return f"it needs {', '.join(missing)}" if missing else None


class Network:
    """The relay, relay.c, holds both namespaces; they end with it and with the processes in them."""

    def __init__(self, relay: Path, folder: Path, addresses: list[str]) -> None:
        self.log = folder / "wire.log"
        self.process = subprocess.Popen([str(relay), str(DELAY), str(LOSS), str(self.log)], stdout=subprocess.PIPE, text=True)
        told = self.process.stdout.readline().split()
        if len(told) != 2:
            raise RuntimeError("the relay did not start")
        self.clients, self.provider = (["nsenter", f"--net=/proc/{self.process.pid}/fd/{fd}"] for fd in told)
        for prefix, own in ((self.clients, [CLIENT]), (self.provider, addresses)):
            for address in own:
                subprocess.run([*prefix, "ip", "address", "add", f"{address}/24", "dev", "wire"], check=True)
            subprocess.run([*prefix, "ip", "link", "set", "wire", "txqueuelen", "10000", "up"], check=True)
            subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], check=True)

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def wire(self) -> Wire:
        """Ends the network; what went over it."""
        self.process.terminate()
        self.process.wait()
        return Wire(self.log.read_bytes())


@dataclass
class Flow:
    """One connection: when it was begun and accepted, and what it sent and received, all at the client's side and in order."""

    begun: float
    accepted: float = 0.0
    up: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)

    def sent_before(self, moment: float) -> float:
        """When the last packet left before a moment."""
        return self.up[bisect_right(self.up, moment) - 1]

    def received_after(self, moment: float) -> float:
        """When the first packet came after a moment."""
        return self.down[bisect_left(self.down, moment)]

    def received_before(self, moment: float) -> float:
        """When the last packet came before a moment."""
        return self.down[bisect_right(self.down, moment) - 1]

    def handshake(self, since: float, until: float) -> float:
        """How long the client waited for the provider between two moments until its first request left: a round trip for TCP, and
        one for TLS 1.3."""
        waits = ((self.begun, self.accepted), (self.up[0], self.received_before(until)))
        return sum(max(0.0, min(end, until) - max(begin, since)) for begin, end in waits)


class Wire:
    """The relay's records, by the last byte of the server's address and the client's port."""

    def __init__(self, log: bytes) -> None:
        self.flows: dict[tuple[int, int], list[Flow]] = {}
        for at, server, upwards, syn, _, port, count in struct.iter_unpack("=QBBBBHH", log):
            of = self.flows.setdefault((server, port), [])
            seconds = at / 1e9
            # A SYN that is sent again after seconds begins nothing new.
            if syn and upwards and (not of or of[-1].up):
                of.append(Flow(seconds))
            elif syn and not upwards and of:
                of[-1].accepted = of[-1].accepted or seconds
            if count and of:
                (of[-1].up if upwards else of[-1].down).append(seconds)

    def flow(self, server: int, port: int, moment: float) -> Flow:
        """The connection of a port at a moment: ports are used again."""
        return [flow for flow in self.flows[server, port] if flow.begun <= moment][-1]


def certificate(folder: Path, addresses: list[str]) -> tuple[Path, Path]:
    """A certificate for the provider's addresses with its key, and the certificate alone, which clients trust."""
    both, alone, key = folder / "provider.pem", folder / "trusted.pem", folder / "key.pem"
    names = ",".join(f"IP:{address}" for address in addresses)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=felt",
         "-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(alone)],
        check=True, capture_output=True,
    )
    both.write_text(key.read_text() + alone.read_text())
    return both, alone
