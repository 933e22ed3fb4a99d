"""The service that makes the images of a recording: the tests' WaveSpeed on loopback, which takes some seconds for each."""

import time

from wavespeed import LoopbackWaveSpeed, model, png

#: How long an image takes, in seconds.
DURATION = 3
SIZES = {"type": "string", "default": "1024*1024", "enum": ["1024*1024", "1024*1536", "1536*1024"]}
SEED = {"type": "integer", "minimum": 0}
IMAGES = {"type": "array", "items": {"type": "string"}}
MODEL = "acme/painter/text-to-image"
CATALOGUE = [
    model(MODEL, facts={"description": "Oil and water."}, size=SIZES, seed=SEED),
    model("acme/painter/edit", ("prompt", "images"), {"type": "image-to-image"}, images=IMAGES, size=SIZES, seed=SEED),
]


class SlowWaveSpeed(LoopbackWaveSpeed):
    """Images of different colours, each after the same time, however often they are asked for."""

    def __enter__(self):
        super().__enter__()
        self.script(polls=0, catalogue=CATALOGUE, usd=0.02, billed=0.02)
        return self

    def _poll(self, connection, do, behaviour, path, body):
        created = self.predictions[path.partition("?")[0].split("/")[4]]["created"]
        runs = do == "normal" and time.time() < created / 1000 + DURATION
        return super()._poll(connection, "running" if runs else do, behaviour, path, body)

    def _download(self, connection, do, behaviour, path, body):
        status, headers, content = super()._download(connection, do, behaviour, path, body)
        number = int(path.rpartition("/")[2].partition(".")[0], 16)
        return status, headers, png(64, 64, (40 * number % 256, 90, 120)) if status == 200 else content
