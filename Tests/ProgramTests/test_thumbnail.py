"""Thumbnails: small images of saved files, decoded by a process of their own."""

import base64
import ctypes
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from heif import AVIF, BLUE, GREEN, HEIC, RED, YELLOW, heif
from pictures import (
    CLEAR_WEBP, JPEG, MOVING_WEBP, WEBP, bomb, chunk, pixels, png, profile, profiled, size, turned, webp_with)
from program import BINARY, KEY, MODEL, PATIENCE, RPCError, environment, wait_for

LIBRARIES = ("libpng16", "libturbojpeg", "libwebp")


@pytest.fixture
def saved(wavespeed):
    """A prediction whose outputs are these bytes."""

    def save(program, *contents, suffix="png"):
        wavespeed.script(
            polls=0, outputs=["{output}/output/%d-{id}.%s" % (number, suffix) for number in range(len(contents))],
            download=[
                {"do": "reply", "base64": base64.b64encode(content).decode(), "at": f"/{number}-"}
                for number, content in enumerate(contents)
            ],
        )
        prediction = program.call("submit", prompt="a fox", wait_ms=30_000)
        assert len(prediction["files"]) == len(contents), prediction["failure"]
        return prediction

    return save


def refusal(program, **params):
    with pytest.raises(RPCError) as error:
        program.call("thumbnail", **params)
    assert (error.value.code, error.value.data["type"], error.value.data["id"]) == (1010, "no_thumbnail", params["id"])
    return error.value


# -- What it is --------------------------------------------------------------------------------------------------------


def test_one_is_made_once_and_kept(paid, saved, home):
    with paid() as program:
        prediction = saved(program, png(300, 200, lambda x, y: (200, 30, 40)))
        first = program.call("thumbnail", id=prediction["id"], size=128)
        path = Path(first["path"])
        sha256 = prediction["files"][0]["sha256"]
        assert path == home / f".local/state/imagewire/thumbnails/{sha256}-128.jpg"
        content = path.read_bytes()
        assert first == {"path": str(path), "media_type": "image/jpeg", "bytes": len(content), "width": 128, "height": 85}
        assert content.startswith(b"\xff\xd8\xff") and size(content) == (128, 85)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        made = path.stat()
        assert program.call("thumbnail", id=prediction["id"], size=128, inline=True) == {
            **first, "base64": base64.b64encode(content).decode()}
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
        # Bounds: clamped; an image is never made larger.
        assert program.call("thumbnail", id=prediction["id"], size=1)["width"] == 64
        assert program.call("thumbnail", [prediction["id"], 1, 9999])["width"] == 300
        # It may be removed, or be lost in part.
        path.unlink()
        assert program.call("thumbnail", id=prediction["id"], size=128) == first
        path.write_bytes(content[:-9])
        assert program.call("thumbnail", id=prediction["id"], size=128) == first and path.read_bytes() == content
        assert [name for name in os.listdir(path.parent) if name.endswith(".part")] == []


def test_what_is_transparent_is_a_png(paid, saved):
    with paid() as program:
        prediction = saved(
            program, png(128, 64, lambda x, y: (200, 30, 40, 255 if x < 64 else 0), alpha=True),
            png(128, 64, lambda x, y: (200, 30, 40, 255), alpha=True), CLEAR_WEBP)
        clear, opaque, webp = (
            program.call("thumbnail", id=prediction["id"], file=number, size=64) for number in (1, 2, 3))
    assert [one["media_type"] for one in (clear, opaque, webp)] == ["image/png", "image/jpeg", "image/png"]
    row = pixels(Path(clear["path"]).read_bytes())[10]
    assert (row[5], row[60][3]) == ((200, 30, 40, 255), 0)
    row = pixels(Path(webp["path"]).read_bytes())[10]
    assert (row[5][3], row[60][3]) == (0, 255)


def test_each_format_and_the_way_a_camera_was_held(paid, saved):
    with paid() as program:
        prediction = saved(program, JPEG, turned(JPEG, 6), turned(JPEG, 3), WEBP, JPEG[:-2])
        shown = [program.call("thumbnail", id=prediction["id"], file=number, size=64) for number in range(1, 6)]
    # A JPEG without its end marker is whole where its pixels are.
    assert [(one["width"], one["height"]) for one in shown] == [(64, 32), (32, 64), (64, 32), (64, 32), (64, 32)]
    assert {one["media_type"] for one in shown} == {"image/jpeg"}


#: A header that libpng takes for a monitor's, without tags; of an odd length.
PROFILE = struct.pack(
    ">I4sI4s4s4s12s4s4sI4s4s8sI3I48sI", 781, b"test", 0x0220_0000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp", bytes(4), 0,
    bytes(4), bytes(4), bytes(8), 0, 0xF6D6, 0x10000, 0xD32D, bytes(48), 0) + bytes(range(1, 250)) * 2 + bytes(151)


def test_a_colour_profile_is_copied_and_no_colour_is_converted(paid, saved):
    shade = (128, 90, 40)
    flat, clear = lambda x, y: shade, lambda x, y: (*shade, 255 if x < 64 else 0)
    contents = [
        png(128, 64, flat, before=profiled(PROFILE)),
        # The gamma of old Macintoshes: libpng would convert from it what the profile converts again.
        png(128, 64, clear, alpha=True, before=profiled(PROFILE, gamma=55_555)),
        webp_with(PROFILE, WEBP), webp_with(PROFILE, CLEAR_WEBP),
        png(128, 64, clear, alpha=True, before=profiled(b"sRGB IEC61966-2.1" + PROFILE)),
        # Damaged, a bomb, and none.
        png(128, 64, flat, before=chunk(b"iCCP", b"name\0\0" + bytes(99))),
        png(128, 64, flat, before=profiled(bytes(64 << 20))), png(128, 64, flat),
    ]
    with paid() as program:
        prediction = saved(program, *contents)
        thumbnails = [program.call("thumbnail", id=prediction["id"], file=number, size=64) for number in range(1, 9)]
    made = [Path(one["path"]).read_bytes() for one in thumbnails]
    assert [profile(one) for one in made] == [PROFILE] * 4 + [None] * 4
    assert [one["media_type"].split("/")[1] for one in thumbnails] == ["jpeg", "png", "jpeg", "png", "png", *["jpeg"] * 3]
    assert pixels(made[1])[10][5] == (*shade, 255)


def test_sixteen_bits_are_as_bright_as_eight(paid, saved):
    clear = lambda x, y: (128, 90, 40, 255 if x < 64 else 0)  # noqa: E731
    deep = lambda x, y: [byte for value in clear(x, y) for byte in (value, value)]  # noqa: E731
    with paid() as program:
        prediction = saved(program, png(128, 64, clear, alpha=True), png(128, 64, deep, alpha=True, bits=16))
        made = [program.call("thumbnail", id=prediction["id"], file=number, size=64)["path"] for number in (1, 2)]
    assert [pixels(Path(path).read_bytes())[10][5] for path in made] == [(128, 90, 40, 255)] * 2


def for_model(home, content, *, size=512):
    """What the process that decodes makes for a model."""
    (home / "image").write_bytes(content)
    with open(home / "image", "rb") as file:
        done = subprocess.run(
            [BINARY, "thumbnail", "--for", "model", "--size", str(size)], stdin=file, capture_output=True, timeout=PATIENCE, env={})
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_a_model_gets_a_short_jpeg_on_white(home):
    clear = png(128, 64, lambda x, y: (200, 30, 40, 255 if x < 64 else 0), alpha=True)
    assert for_model(home, clear).startswith(b"\xff\xd8\xff") and size(for_model(home, clear)) == (128, 64)
    # What nobody can compress: its JPEG has 250 KB at the usual quality.
    noise = random.Random(7).randbytes(512 * 512 * 3)
    content = png(512, 512, lambda x, y: noise[(y * 512 + x) * 3:(y * 512 + x) * 3 + 3])
    assert len(for_model(home, content)) <= 100_000 and size(for_model(home, content)) == (512, 512)


def colours(jpeg):
    """The rows of a JPEG, decoded by the library that the program uses too."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitDecompress.restype = ctypes.c_void_p
    handle, length = ctypes.c_void_p(library.tjInitDecompress()), ctypes.c_ulong(len(jpeg))
    width, height = size(jpeg)
    room = ctypes.create_string_buffer(width * height * 3)
    assert library.tjDecompress2(handle, jpeg, length, room, width, 0, height, 0, 0) == 0
    return [[tuple(room.raw[at:at + 3]) for at in range(row * width * 3, (row + 1) * width * 3, 3)] for row in range(height)]


def quarters(rows):
    """The colours in the middle of each quarter."""
    height, width = len(rows), len(rows[0])
    return [rows[y * height // 4][x * width // 4] for y in (1, 3) for x in (1, 3)]


def are_close(found, wanted):
    return all(abs(one - other) <= 8 for a, b in zip(found, wanted, strict=True) for one, other in zip(a, b, strict=True))


needs_libheif = pytest.mark.skipif(sys.platform != "linux", reason="AVIF and HEIC have thumbnails on Linux only")


@needs_libheif
@pytest.mark.parametrize("form", [AVIF, HEIC], ids=["avif", "heic"])
def test_avif_and_heic(paid, saved, form):
    tagged = bytes(range(200)) * 100
    with paid() as program:
        prediction = saved(
            program, heif(form), heif(form, turned=1), heif(form, columns=2, says=(101, 50)),
            heif(form, is_clear=True, profile=tagged), heif(form, profile=tagged), heif(form, profile=b"sRGB IEC61966-2.1" + tagged),
            heif(form, profile=bytes(range(250)) * 300), suffix=form.suffix)
        assert {file["media_type"] for file in prediction["files"]} == {f"image/{form.suffix}"}
        made = [
            program.call("thumbnail", id=prediction["id"], file=number, size=128 if number == 3 else 64) for number in range(1, 8)]
    assert [one["media_type"] for one in made] == ["image/jpeg"] * 3 + ["image/png"] + ["image/jpeg"] * 3
    contents = [Path(one["path"]).read_bytes() for one in made]
    plain, turned, grid, clear, *_ = contents
    assert are_close(quarters(colours(plain)), [RED, GREEN, BLUE, YELLOW])
    # Counterclockwise, and once.
    assert are_close(quarters(colours(turned)), [GREEN, YELLOW, RED, BLUE])
    # Of two pictures side by side, cut at the right and below.
    assert size(grid) == (101, 50)
    rows = colours(grid)
    assert are_close([rows[16][8], rows[42][40], rows[16][80], rows[42][98]], [RED, YELLOW, RED, YELLOW])
    found = quarters(pixels(clear))
    assert are_close(found[::2], [(*RED, 255), (*BLUE, 255)]) and (found[1][3], found[3][3]) == (0, 0)
    # The last one is too long.
    assert [profile(one) for one in contents] == [None] * 3 + [tagged] * 2 + [None] * 2


@needs_libheif
def test_a_decoder_with_a_thread_has_memory_for_it(home):
    # A thread has a stack of the limit's length, unless it is told another.
    (home / "image").write_bytes(heif(HEIC))
    [_, hard] = resource.getrlimit(resource.RLIMIT_STACK)
    long = 4 << 30 if hard == resource.RLIM_INFINITY else hard
    with open(home / "image", "rb") as file:
        done = subprocess.run(
            [BINARY, "thumbnail"], stdin=file, capture_output=True, timeout=PATIENCE, env={},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (long, hard)))
    assert done.returncode == 0 and size(done.stdout) == (64, 64)


@needs_libheif
@pytest.mark.parametrize("form", [AVIF, HEIC], ids=["avif", "heic"])
def test_avif_and_heic_that_are_cut_or_too_large(paid, saved, home, form):
    whole, tiled = heif(form), heif(form, columns=2, rows=2)
    start = whole.index(b"mdat")
    cuts = [whole[:length] for length in (40, start // 2, start - 4, start + 8, len(whole) - 20, len(whole) - 1)]
    cuts += [tiled[:-60], tiled[:-1]]
    if form is AVIF:
        # Its boxes are whole, and its picture is not. The decoder of HEIC shows what it can of such a one.
        cuts.append(whole[:-50] + bytes(50))
    bombs = [
        heif(form, says=(60_000, 60_000)), heif(form, says=(10_000, 10_001)),
        heif(form, columns=2, rows=2, says=(20_000, 20_000)), heif(form, says=(20_000, 20_000), cropped=(64, 64)),
    ]
    for number, content in enumerate(bombs):
        # The parent reads the size of an AVIF too, and does not even start the child.
        (home / "bomb").write_bytes(content)
        with open(home / "bomb", "rb") as file:
            done = subprocess.run([BINARY, "thumbnail"], stdin=file, capture_output=True, timeout=PATIENCE, env={})
        assert (done.returncode, done.stdout) == (11, b""), number
    with paid() as program:
        prediction = saved(program, *cuts, *bombs, suffix=form.suffix)
        for number in range(1, len(cuts) + len(bombs) + 1):
            error = refusal(program, id=prediction["id"], file=number)
            words = "cut or damaged" if number <= len(cuts) else "100 megapixels"
            assert words in error.message and error.data["hint"] and error.data["retryable"] is False, number
    assert list(home.glob(".local/state/imagewire/thumbnails/*")) == []


# -- What has none -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content, words", [
    (png(64, 64, lambda x, y: (x * y % 256, y, x))[:-700], "cut or damaged"), (JPEG[:-30], "cut or damaged"),
    (WEBP[:-40], "cut or damaged"), (b"\x89PNG\r\n\x1a\n" + bytes(200), "cut or damaged"),
    (bomb(), "100 megapixels"), (MOVING_WEBP, "do not move"), (b"GIF89a" + bytes(40), "image/gif"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x08free", "a video file"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a vector file"), (b"ID3" + bytes(20), "an audio file"),
])
def test_what_has_none_says_why(paid, saved, home, content, words):
    with paid() as program:
        prediction = saved(program, content, suffix="bin")
        error = refusal(program, id=prediction["id"])
        assert words in error.message and error.data["hint"] and error.data["retryable"] is False
        assert program.call("ping") == {}
    assert list(home.glob(".local/state/imagewire/thumbnails/*")) == []


def test_the_child_refuses_a_bomb_by_its_header(home):
    # Its parent has read the header too, and does not even start it.
    (home / "bomb.png").write_bytes(bomb())
    with open(home / "bomb.png", "rb") as file:
        done = subprocess.run([BINARY, "thumbnail"], stdin=file, capture_output=True, timeout=PATIENCE, env={})
    assert (done.returncode, done.stdout) == (11, b"")


def test_a_file_that_is_not_there(paid, saved, home):
    with paid() as program:
        failed = program.call("submit", provider="sandbox", prompt="x", input={"sandbox": {"fail": "content_refused"}}, wait_ms=30_000)
        assert "failed and has no files" in refusal(program, id=failed["id"]).message
        prediction = saved(program, png(80, 80, lambda x, y: (1, 2, 3)))
        for number in (0, 2):
            with pytest.raises(RPCError) as error:
                program.call("thumbnail", id=prediction["id"], file=number)
            assert (error.value.code, error.value.data["path"]) == (-32602, "file")
        kept = Path(program.call("thumbnail", id=prediction["id"])["path"])
        path = Path(prediction["files"][0]["path"])
        content = path.read_bytes()
        # A link in its place is not followed, even to the same bytes.
        path.rename(home / "elsewhere.png")
        path.symlink_to(home / "elsewhere.png")
        assert str(path) in refusal(program, id=prediction["id"]).message
        # The copy of what is gone is gone as well.
        assert not kept.exists()
        path.unlink()
        refusal(program, id=prediction["id"])
        # Other bytes of the same length are another image.
        path.write_bytes(content[:-20] + bytes(20))
        refusal(program, id=prediction["id"])
        other = png(80, 80, lambda x, y: (3, 2, 1))
        assert len(other) == len(content)
        path.write_bytes(other)
        assert "changed" in refusal(program, id=prediction["id"]).message
        assert list(kept.parent.iterdir()) == []
        path.write_bytes(content)
        assert program.call("thumbnail", id=prediction["id"])["path"] == str(kept)


def test_deleting_a_prediction_deletes_its_thumbnails(paid, saved):
    with paid() as program:
        first, second = (saved(program, png(80, 80, lambda x, y: (1, 2, shade))) for shade in (3, 4))
        kept = [Path(program.call("thumbnail", id=one["id"], size=64)["path"]) for one in (first, second)]
        program.call("delete", ids=[first["id"]])
        assert [path.exists() for path in kept] == [False, True] and Path(first["files"][0]["path"]).exists()
        program.call("delete", ids=[second["id"]], files=True)
        assert [path.exists() for path in kept] == [False, False]


# -- Without a decoder -------------------------------------------------------------------------------------------------


def without(*names):
    """A wrapper in whose view these libraries are not there: an empty file in their place is no library."""
    known = subprocess.run(["sh", "-c", "ldconfig -p | sed -n 's/.*=> //p'"], capture_output=True, text=True).stdout.split()
    found = {os.path.realpath(path) for path in known if any(f"/{name}.so" in path for name in names)}
    mounts = " && ".join(f"mount --bind /dev/null {path}" for path in found)
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mounts} && exec "$@"', "sh"]


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="hiding a library from one process needs root and unshare")


@needs_root
def test_a_missing_decoder_is_named_with_its_package(paid, saved, home):
    with paid(wrapper=without("libturbojpeg", "libwebp")) as program:
        prediction = saved(program, png(80, 40, lambda x, y: (1, 2, 3)), JPEG, WEBP)
        # Without a writer of JPEG it is a PNG.
        first = program.call("thumbnail", id=prediction["id"], size=64)
        assert first["media_type"] == "image/png"
        assert pixels(Path(first["path"]).read_bytes())[3][3] == (1, 2, 3)
        for number, package in ((2, "libturbojpeg0"), (3, "libwebp7")):
            error = refusal(program, id=prediction["id"], file=number)
            assert package in error.data["hint"] and error.data["retryable"] is False
    done = subprocess.run(
        [*without("libturbojpeg"), BINARY, "doctor", "--json"], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home))
    [finding] = [one for one in json.loads(done.stdout)["findings"] if one["subject"] == "thumbnails"]
    assert done.returncode == 0 and finding["level"] == "warning" and "libturbojpeg0" in finding["advice"]


@needs_root
@needs_libheif
def test_without_libheif_only_avif_and_heic_have_none(paid, saved, home):
    with paid(wrapper=without("libheif")) as program:
        prediction = saved(program, heif(AVIF), heif(HEIC), WEBP)
        for number in (1, 2):
            error = refusal(program, id=prediction["id"], file=number)
            assert "libheif1" in error.data["hint"] and error.data["retryable"] is False
        assert program.call("thumbnail", id=prediction["id"], file=3, size=64)["width"] == 64
    done = subprocess.run(
        [*without("libheif"), BINARY, "doctor", "--json"], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home))
    [finding] = [one for one in json.loads(done.stdout)["findings"] if one["subject"] == "thumbnails"]
    assert finding["level"] == "ok" and "AVIF" not in finding["message"]
    assert finding["advice"] == "For thumbnails of AVIF and HEIC, install libheif1 (Debian's names)."


# -- The process that decodes ------------------------------------------------------------------------------------------

#: Takes a second and more: 81 megapixels, in 20 KB.
SLOW = png(9_000, 9_000, bits=1)


def children(process):
    found = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return [int(one) for one in found]


def is_decoding(pid):
    """Whether it is past its start: the image is in its memory. One that has ended may wait for its parent."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return "Seccomp:\t2" in status and "State:\tZ" not in status
    except OSError:
        return False


@pytest.fixture
def slow(paid, saved):
    """A process, and predictions whose thumbnails take long."""

    def start(count=1, *arguments):
        program = paid(*arguments)
        return program, [saved(program, SLOW)["id"] for _ in range(count)]

    return start


def test_the_child_has_nothing_of_its_parent(slow):
    program, [one] = slow()
    program.start("thumbnail", id=one)
    wait_for(lambda: any(map(is_decoding, children(program.process))), "no child was confined")
    [child] = children(program.process)
    assert sorted(os.listdir(f"/proc/{child}/fd")) == ["0", "1", "2"]
    assert Path(f"/proc/{child}/environ").read_bytes() == b""
    assert len(os.listdir(f"/proc/{child}/task")) == 1
    # Nor the decoders of other formats.
    maps = Path(f"/proc/{child}/maps").read_text()
    assert "libpng" in maps and "libheif" not in maps and "libwebp" not in maps
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines() if ":\t" in line)
    # But for 32 and 33, which are the C library's own.
    assert (int(status["SigBlk"], 16), int(status["SigIgn"], 16) & 0x7FFF_FFFF) == (0, 0)
    assert status["NoNewPrivs"] == "1"
    limits = Path(f"/proc/{child}/limits").read_text()
    assert f"Max address space         {512 << 20} " in limits and "Max cpu time              10 " in limits
    assert os.readlink(f"/proc/{child}/exe") == os.path.realpath(BINARY)
    program.kill()


def test_two_are_made_at_once_and_a_crash_costs_one(slow, saved):
    program, ids = slow(3)
    numbers = [program.start("thumbnail", id=one, size=64 + index) for index, one in enumerate(ids)]
    wait_for(lambda: sum(map(is_decoding, children(program.process))) == 2, "two were not made at once")
    assert len(children(program.process)) == 2
    # Meanwhile all else is served.
    assert program.call("ping") == {}
    os.kill(children(program.process)[0], 11)
    errors = []
    for number in numbers:
        try:
            program.reply(number)
        except RPCError as error:
            # On a busy machine another one may take too long.
            assert (error.code, error.data["retryable"]) == (1010, True)
            errors.append(error.message)
    assert sum("signal 11" in message for message in errors) == 1, errors
    assert program.call("ping") == {}
    program.kill()


def test_a_parent_that_is_killed_takes_its_child_with_it(slow, home):
    program, [one] = slow()
    program.start("thumbnail", id=one)
    wait_for(lambda: any(map(is_decoding, children(program.process))), "no child was confined")
    [child] = children(program.process)
    [lock] = home.glob(".local/state/imagewire/owners/*.lock")
    program.process.kill()
    with open(lock) as file:
        def free():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False

        wait_for(free, "the owner's lock is still held", patience=1)
    wait_for(lambda: not is_decoding(child), "the child lives on", patience=1)


def test_a_replaced_program_starts_itself(paid, saved, home, monkeypatch):
    copy = home / "imagewire"
    shutil.copy2(BINARY, copy)
    monkeypatch.setattr("program.BINARY", str(copy))
    with paid() as program:
        prediction = saved(program, png(80, 80, lambda x, y: (1, 2, 3)))
        copy.unlink()
        copy.write_text("#!/bin/false\n")
        assert program.call("thumbnail", id=prediction["id"], size=64)["width"] == 64


def test_doctor_names_the_decoders_and_that_they_are_confined(home):
    done = subprocess.run([BINARY, "doctor"], capture_output=True, text=True, timeout=PATIENCE, cwd=home, env=environment(home))
    [line] = [line for line in done.stdout.splitlines() if " thumbnails " in line]
    assert line.startswith("ok") and "PNG, JPEG, WebP, AVIF, HEIC" in line and "confined" in line


#: Makes the kernel answer prctl(PR_SET_SECCOMP) with EPERM, as some containers do, and becomes another program.
WITHOUT_SECCOMP = """
import ctypes, os, struct, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
number = {"x86_64": 157, "aarch64": 167}[os.uname().machine]
filter = b"".join(struct.pack("HBBI", *one) for one in [
    (0x20, 0, 0, 0),  # the number of the call
    (0x15, 0, 3, number),
    (0x20, 0, 0, 16),  # its first argument: PR_SET_SECCOMP is 22
    (0x15, 0, 1, 22),
    (0x06, 0, 0, 0x00050001),  # EPERM
    (0x06, 0, 0, 0x7FFF0000),  # allowed
])
buffer = ctypes.create_string_buffer(filter)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filter) // 8, ctypes.addressof(buffer)))
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="the test has no number of prctl here")
def test_without_seccomp_the_limits_hold_and_doctor_says_so(paid, saved, home):
    wrapper = [sys.executable, "-c", WITHOUT_SECCOMP]
    done = subprocess.run(
        [*wrapper, BINARY, "doctor", "--json"], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home))
    [finding] = [one for one in json.loads(done.stdout)["findings"] if one["subject"] == "thumbnails"]
    assert finding["level"] == "ok" and "no seccomp" in finding["message"] and "limits" in finding["advice"], finding
    with paid(wrapper=wrapper) as program:
        # Not as slow as SLOW: this one is to be finished within ten seconds, also on a busy machine.
        one = saved(program, png(3_500, 3_500, bits=1))["id"]
        number = program.start("thumbnail", id=one, size=64)
        wait_for(lambda: children(program.process), "no child was started")
        [child] = children(program.process)
        wait_for(lambda: f"Max address space         {512 << 20} " in Path(f"/proc/{child}/limits").read_text(),
                 "the child has no limits")
        assert program.reply(number)["width"] == 64


#: Does one thing in a process that is confined, and ends with 0 where the kernel let it.
ATTEMPT = r"""
#define _GNU_SOURCE 1
#include "CPictures.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *nothing(void *argument) { return argument; }

int main(int count, char **words) {
  pthread_t thread;
  if (count != 3 || !cpictures_confine(!strcmp(words[1], "threads"))) return 3;
  const char *what = words[2];
  long result = 1;
  if (!strcmp(what, "compute")) result = read(-1, 0, 0) + 1;
  if (!strcmp(what, "thread")) result = pthread_create(&thread, 0, nothing, 0) || pthread_join(thread, 0);
  if (!strcmp(what, "process")) result = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(what, "shared process")) result = syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(what, "namespace")) result = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(what, "clone3")) result = syscall(SYS_clone3, 0, 0) == -1 && errno == ENOSYS ? 0 : 1;
  if (!strcmp(what, "file")) result = open("/dev/null", O_RDONLY) < 0;
  if (!strcmp(what, "code")) result = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
  _exit(result ? 1 : 0);
}
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"), reason="the kernel confines only there")
def test_what_the_kernel_lets_a_decoder_do(tmp_path):
    compiler = shutil.which("clang") or shutil.which("cc")
    assert compiler, "no C compiler is installed"
    sources = Path(__file__).parents[2] / "Sources/CPictures"
    (tmp_path / "attempt.c").write_text(ATTEMPT)
    built = subprocess.run(
        [compiler, "-I", sources / "include", "-o", tmp_path / "attempt", tmp_path / "attempt.c", sources / "Confinement.c", "-pthread"],
        capture_output=True, text=True)
    assert built.returncode == 0, built.stderr

    def attempts(kind):
        whats = ("compute", "thread", "clone3", "process", "shared process", "namespace", "file", "code")
        return {what: subprocess.run([tmp_path / "attempt", kind, what], capture_output=True).returncode for what in whats}

    ended = -signal.SIGSYS
    never = {"process": ended, "shared process": ended, "namespace": ended, "file": ended, "code": ended}
    assert attempts("none") == {"compute": 0, "thread": ended, "clone3": ended, **never}
    # Of all formats only AVIF and HEIC have decoders that start threads.
    assert attempts("threads") == {"compute": 0, "thread": 0, "clone3": 0, **never}
