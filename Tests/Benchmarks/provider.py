"""A WaveSpeed whose jobs take as long as their prompts say, over TLS, for the part `felt`.

    provider.py ADDRESS OUTPUTS CERTIFICATE BYTES

The service is https://ADDRESS, outputs are at https://OUTPUTS:8443, each a PNG of so many bytes. A prompt begins with the
seconds that its job takes. "dump FILE" on stdin writes what happened there, as JSON; it ends when stdin closes.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Fixtures"))
import wavespeed  # noqa: E402

PORT, OUTPUT_PORT = 443, 8443


class Provider(wavespeed.LoopbackWaveSpeed):
    """The fixture of the tests, elsewhere and with durations."""

    def __init__(self, address: str, outputs: str, certificate: str) -> None:
        self.address, self.outputs = address, outputs
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.peers: dict[int, int] = {}
        super().__init__(PORT)
        self.script(polls=0)

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    @property
    def output_url(self) -> str:
        return f"https://{self.outputs}:{OUTPUT_PORT}"

    def _listen(self, port: int) -> tuple[socket.socket, int]:
        address = (self.address, PORT) if port else (self.outputs, OUTPUT_PORT)
        return socket.create_server(address, backlog=512), address[1]

    def _serve(self, connection: socket.socket, number: int, port: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[number] = connection.getpeername()[1]
        try:
            connection = self.context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            return
        super()._serve(connection, number, port)

    def _create(self, path: str, body: bytes) -> dict:
        prediction = super()._create(path, body)
        prediction["ready"] = time.monotonic() + float(prediction["input"]["prompt"].split()[0])
        return prediction

    def _poll(self, connection, do, behaviour, path, body):
        prediction = self.predictions.get(path.partition("?")[0].split("/")[4])
        if prediction:
            now = time.monotonic()
            is_done = now >= prediction["ready"]
            # The fixture counts polls, and says `completed` from the first on.
            prediction["polls"] = 0 if is_done else -1
            if is_done:
                prediction.setdefault("seen", now)
        return super()._poll(connection, do, behaviour, path, body)

    def _completed(self, prediction: dict) -> dict:
        # It does not say how long it took: the queue would be missing in that, and a client learns from its polls.
        return {**super()._completed(prediction), "executionTime": 0, "timings": {"inference": 0}}

    def dump(self, path: str) -> None:
        with self.changed:
            requests = [
                {
                    **({"prompt": json.loads(r["body"])["prompt"]} if r["endpoint"] == "submit" else {}), "endpoint": r["endpoint"], "path": r["path"], "at": r["seconds"], "ended": r["ended"],
                    "port": self.peers[r["connection"]], "host": int((self.outputs if r["port"] == OUTPUT_PORT else self.address).split(".")[3]),
                }
                for r in self.requests
            ]
            jobs = {p["id"]: {"prompt": p["input"]["prompt"], "ready": p["ready"], "seen": p.get("seen")} for p in self.predictions.values()}
        Path(path).write_text(json.dumps({"requests": requests, "jobs": jobs}))


def main() -> None:
    address, outputs, certificate, size = sys.argv[1:]
    side = max(1, round((int(size) / 3) ** 0.5))
    wavespeed.PICTURE = wavespeed.png(side, side, noise=os.urandom)
    with Provider(address, outputs, certificate) as provider:
        print("ready", flush=True)
        for line in sys.stdin:
            _, _, path = line.strip().partition(" ")
            provider.dump(path)
            print("dumped", flush=True)


if __name__ == "__main__":
    main()
