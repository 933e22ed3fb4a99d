"""The cost of thumbnails: of a PNG, of a large JPEG, of one that is kept; and the memory of the process that decodes."""

from __future__ import annotations

import ctypes
import json
import random
import sqlite3
import statistics
import struct
import subprocess
import time
import zlib
from hashlib import sha256
from pathlib import Path

from child import Child
from report import Row


def png(side: int, noise: int) -> bytes:
    """A square PNG: a gradient, and noise of so many steps, which decides how long the file is."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    dice = random.Random(1)
    rows = b"".join(
        b"\0" + bytes((x * 80 // side + y * 80 // side + drop % noise) & 255 for x, drop in enumerate(dice.randbytes(side * 3)))
        for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


def resident(program: Path, file: Path) -> float:
    """The most memory that the process has which decodes this file, in megabytes."""
    measured = ["/usr/bin/env", "-i", str(program), "thumbnail", "--size", "512"]
    script = "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL);" \
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    with open(file, "rb") as picture:
        done = subprocess.run(["python3", "-c", script, *measured], stdin=picture, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def library_alone(jpeg: bytes, least: int, runs: int) -> float:
    """Milliseconds that libjpeg-turbo alone takes for the decoding, at the scale at which the program has it decode."""
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(turbo.tjInitDecompress())
    width, height, sampling, colours = (ctypes.c_int() for _ in range(4))
    found = [ctypes.byref(value) for value in (width, height, sampling, colours)]
    assert turbo.tjDecompressHeader3(handle, jpeg, ctypes.c_ulong(len(jpeg)), *found) == 0
    divisor = next(divisor for divisor in (8, 4, 2, 1) if divisor == 1 or max(width.value, height.value) // divisor >= least)
    width, height = -(-width.value // divisor), -(-height.value // divisor)
    pixels = ctypes.create_string_buffer(width * height * 3)
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        assert turbo.tjDecompress2(handle, jpeg, ctypes.c_ulong(len(jpeg)), pixels, width, 0, height, 0, 0) == 0
        times.append((time.perf_counter() - begun) * 1_000)
    turbo.tjDestroy(handle)
    return statistics.median(times)


def measure(program: Path, folder: Path, runs: int) -> list[Row]:
    state = folder / "thumbnails"
    with Child([str(program), "--provider", "sandbox", "--state-dir", str(state)]) as child:
        made = [child.call("submit", input={"prompt": f"a fox {n}", "size": "64x64"}, wait_ms=60_000) for n in range(2)]
    large = folder / "large.png"
    large.write_bytes(png(2048, 256))
    with open(large, "rb") as picture:
        photo = subprocess.run([program, "thumbnail", "--size", "2048"], stdin=picture, capture_output=True, check=True).stdout
    # In the place of the drawings; the table says so.
    files = []
    with sqlite3.connect(state / "predictions.db") as table:
        for row, content, kind, side in ((0, png(1024, 16), "png", 1024), (1, photo, "jpeg", 2048)):
            path = Path(made[row]["files"][0]["path"])
            path.write_bytes(content)
            files.append(path)
            told = {**made[row]["files"][0], "bytes": len(content), "sha256": sha256(content).hexdigest(), "width": side,
                    "height": side, "media_type": f"image/{kind}"}
            table.execute("UPDATE predictions SET files = ? WHERE files LIKE ?", (json.dumps([told]), f"%{path.name}%"))
    rows = []
    with Child([str(program), "--provider", "sandbox", "--state-dir", str(state)]) as child:
        for row, what, goal in (
            (0, f"thumbnail of a 1024x1024 PNG of {files[0].stat().st_size / 1e6:.1f} MB", "≤ 40 ms"),
            (1, f"thumbnail of a JPEG of {files[1].stat().st_size / 1e6:.1f} MB", "≤ 25 ms for 4 MB"),
        ):
            times, kept = [], []
            for _ in range(3 * runs):
                for old in (state / "thumbnails").glob("*"):
                    old.unlink()
                begun = time.perf_counter()
                child.call("thumbnail", id=made[row]["id"])
                times.append((time.perf_counter() - begun) * 1_000)
                begun = time.perf_counter()
                child.call("thumbnail", id=made[row]["id"])
                kept.append((time.perf_counter() - begun) * 1_000)
            beside = f"libjpeg-turbo alone: {library_alone(photo, 512, 3 * runs):.0f} ms" if row else ""
            rows.append(Row(what, f"{statistics.median(times):.0f} ms", beside, goal))
    rows.append(Row("a thumbnail that is kept", f"{statistics.median(kept):.2f} ms", "", "≤ 1 ms"))
    rows.append(Row("memory of the process that decodes", f"{max(resident(program, file) for file in files):.0f} MB", "", "≤ 40 MB"))
    return rows
