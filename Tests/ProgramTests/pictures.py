"""Image files for tests: PNGs as they are drawn here, and small JPEG and WebP files that were made once with Pillow."""

import base64
import struct
import zlib


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, pixel=None, *, alpha=False, bits=8, before=b""):
    """A PNG. `pixel(x, y)` is its colour; without it the image is black, and with `bits=1` it is huge and short.

    `before` are chunks before its pixels.
    """
    colour = 6 if alpha else 2 if bits >= 8 else 0
    length = width * (4 if alpha else 3) if bits == 8 else (width + 7) // 8
    if pixel:
        rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    else:
        rows = bytes((length + 1) * height)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + pixels + chunk(b"IEND", b"")


def profiled(profile, gamma=None):
    """The chunks of a PNG with a colour profile, and with a gamma."""
    compressed = b"any name\0\0" + zlib.compress(profile)
    return chunk(b"iCCP", compressed) + (chunk(b"gAMA", struct.pack(">I", gamma)) if gamma else b"")


def profile(content):
    """The colour profile in a PNG or a JPEG; `None` without one."""
    if content.startswith(b"\x89PNG"):
        place = content.find(b"iCCP")
        assert b"sRGB" not in content[:place + 4] or place < 0
        return zlib.decompress(content[content.index(b"\0\0", place) + 2:]) if place > 0 else None
    parts, place = [], content.find(b"\xff\xe2")
    while place > 0 and content[place:place + 2] == b"\xff\xe2":
        [length] = struct.unpack(">H", content[place + 2:place + 4])
        assert content[place + 4:place + 16] == b"ICC_PROFILE\0"
        parts.append(content[place + 18:place + 2 + length])
        place += 2 + length
    return b"".join(parts) if parts else None


def webp_with(profile, webp):
    """A WebP in the extended format with a colour profile in it."""
    if webp[12:16] == b"VP8X":
        header, rest = bytearray(webp[12:30]), webp[30:]
        header[8] |= 0x20
    else:
        header, rest = bytearray(b"VP8X\x0a\0\0\0\x20\0\0\0" + struct.pack("<HBHB", 95, 0, 47, 0)), webp[12:]
    body = b"WEBP" + header + b"ICCP" + struct.pack("<I", len(profile)) + profile + bytes(len(profile) % 2) + rest
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bomb(side=60_000):
    """A PNG whose header promises that many pixels a side."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def size(content):
    """Width and height of a PNG or a JPEG."""
    if content.startswith(b"\x89PNG"):
        return struct.unpack(">II", content[16:24])
    place = 2
    while content[place + 1] not in (0xC0, 0xC1, 0xC2):
        place += 2 + struct.unpack(">H", content[place + 2:place + 4])[0]
    height, width = struct.unpack(">HH", content[place + 5:place + 9])
    return width, height


def pixels(content):
    """The rows of an 8-bit PNG: one tuple of channels for each pixel."""
    width, height = size(content)
    channels = {2: 3, 6: 4}[content[25]]
    data, place = b"", 8
    while place < len(content):
        [length] = struct.unpack(">I", content[place:place + 4])
        if content[place + 4:place + 8] == b"IDAT":
            data += content[place + 8:place + 8 + length]
        place += 12 + length
    data, before, rows = zlib.decompress(data), bytes(width * channels), []
    for row in range(height):
        start = row * (width * channels + 1)
        line = bytearray(data[start + 1:start + 1 + width * channels])
        for i in range(len(line)):
            left, up, corner = line[i - channels] if i >= channels else 0, before[i], before[i - channels] if i >= channels else 0
            near = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, near)[data[start]]) & 255
        before = bytes(line)
        rows.append([tuple(line[x:x + channels]) for x in range(0, len(line), channels)])
    return rows


def turned(jpeg, orientation):
    """A JPEG with an EXIF orientation."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


#: 96 × 48: the left half red, the right half blue.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+"
    "gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAwAGADASIAAhEB"
    "AxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAMF/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABYBAQEBAAAAAAAAAAAAAAAAAAAGBP/EABQRAQAAAAAAAAAA"
    "AAAAAAAAAAD/2gAMAwEAAhEDEQA/AM0BmUAAAACACqSQAAAC4CVVoAAACACqSQAAAC4CVVoAAACACqSQAAAD/9k=")
#: The same as WebP.
WEBP = base64.b64decode(
    "UklGRmoAAABXRUJQVlA4IF4AAADwBACdASpgADAAPrVWp06nJCOiJzQIAOAWiWUA0mPW+gfiqADtMc9eHG8xQQMX8AAA/uveL6oqEqUb//LPCD+7Bepf"
    "6CM//nEgbhvXh/hPMt0gQvHgiA6dGsRgAAAA")
#: Its left half is transparent.
CLEAR_WEBP = base64.b64decode(
    "UklGRogAAABXRUJQVlA4WAoAAAAQAAAAXwAALwAAQUxQSBgAAAABDzD/ERFCTdsGTPmT3gh6RfR/AjA5PwNWUDggSgAAABAEAJ0BKmAAMAA+tValTick"
    "o6InO/gA4BaJZwAATfVZga7gp7C43A+AAP72uezs2N/4NkinOX//5Z//st/2W8KRtCquMDfa4AAA")
#: Two frames.
MOVING_WEBP = base64.b64decode(
    "UklGRiQBAABXRUJQVlA4WAoAAAACAAAAXwAALwAAQU5JTQYAAAAAAAAAAABBTk1GggAAAAAAAAAAAF8AAC8AAGQAAAJWUDggagAAAFAGAJ0BKmAAMAA+"
    "bTSWSCQjIiEnKACADYllBigBECEr/APxA1QrgH4gfgACZ0Fhwl9Hvld444Vn/6vgAP7wG8OZkpAGkpHp6/9AfQzQ3urKWwOCrlfn/BrC7w5TDlP+HKa6"
    "9LhycWf+AABBTk1GbgAAAAAAAAAAAF8AAC8AAGQAAABWUDggVgAAADQEAJ0BKmAAMAA+bS6RSIJWAADYlnBigAmQAJMuBuKjHDT+iRvMbMo3gAD+/W7i"
    "8shrvjcYjfd//0KNlE14///aWf/Us/+pZ/fk3ECGEIOtW8vwgAAA")
