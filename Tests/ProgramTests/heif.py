"""HEIC and AVIF files (ISO/IEC 23008-12) for tests, put together of pictures that were encoded once with heif-enc."""

import base64
import struct
from dataclasses import dataclass

#: The colours of the quarters of a picture: from the left to the right, from the top down.
RED, GREEN, BLUE, YELLOW = (200, 30, 40), (30, 160, 60), (40, 60, 200), (230, 220, 90)


@dataclass(frozen=True)
class Picture:
    """A picture of 64 × 64 pixels: the decoder's configuration, and the coded bytes."""
    configuration: bytes
    data: bytes


@dataclass(frozen=True)
class Format:
    suffix: str
    item: bytes
    configuration: bytes
    alpha: bytes
    #: Four quarters, of one colour each.
    quarters: Picture
    #: Grey: the left half is opaque, the right one is not.
    half: Picture


def box(kind, *content):
    content = b"".join(content)
    return struct.pack(">I", len(content) + 8) + kind + content


def full(kind, *content, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def heif(form, *, columns=1, rows=1, turned=0, profile=None, is_clear=False, says=None, cropped=None):
    """A file whose picture shows the quarters, `columns` × `rows` times.

    `turned` is how many quarter turns it is turned, counterclockwise. `profile` is an ICC profile. Where it is clear,
    its right half is transparent. `says` is another width and height: of several pictures a part, of one a lie.
    `cropped` is the width and the height of the part in the middle that is shown.
    """
    brand = form.suffix.encode()
    tiled = columns * rows > 1
    size = full(b"ispe", struct.pack(">II", *(says or (64 * columns, 64 * rows))))
    tile_size = full(b"ispe", struct.pack(">II", *(says if says and not tiled else (64, 64))))
    shown = [box(b"colr", b"prof", profile)] if profile else []
    shown += [box(b"clap", struct.pack(">8I", cropped[0], 1, cropped[1], 1, 0, 1, 0, 1))] if cropped else []
    shown += [box(b"irot", bytes([turned]))] if turned else []
    configuration = box(form.configuration, form.quarters.configuration)
    # The items: type, content, properties.
    items = [(form.item, form.quarters.data, [tile_size, configuration])] * (columns * rows)
    if tiled:
        grid = bytes([0, 0, rows - 1, columns - 1]) + struct.pack(">HH", *(says or (64 * columns, 64 * rows)))
        items.insert(0, (b"grid", grid, [size]))
    items[0] = (*items[0][:2], items[0][2] + shown)
    references = b""
    if tiled:
        numbers = range(2, 2 + columns * rows)
        references = box(b"dimg", struct.pack(f">HH{len(numbers)}H", 1, len(numbers), *numbers))
    if is_clear:
        items.append((form.item, form.half.data, [
            tile_size, box(form.configuration, form.half.configuration), full(b"auxC", form.alpha + b"\0")]))
        references += box(b"auxl", struct.pack(">HHH", len(items), 1, 1))

    kinds, places, properties, uses = b"", b"", [], b""
    start = 0
    for number, (kind, content, owned) in enumerate(items, 1):
        # The tiles of a grid are not shown themselves.
        hidden = int(number > 1)
        kinds += full(b"infe", struct.pack(">HH4sx", number, 0, kind), version=2, flags=hidden)
        places += struct.pack(">HHHII", number, 0, 1, start, len(content))
        start += len(content)
        properties += [one for one in owned if one not in properties]
        uses += struct.pack(">HB", number, len(owned)) + bytes(properties.index(one) + 1 for one in owned)
    data = b"".join(content for _, content, _ in items)

    def file(offset):
        # An offset of four bytes for each item, and a base of four that all share.
        located = b"".join(
            places[at:at + 4] + struct.pack(">I", offset) + places[at + 4:at + 14] for at in range(0, len(places), 14))
        meta = full(
            b"meta", full(b"hdlr", struct.pack(">4x4s13x", b"pict")), full(b"pitm", struct.pack(">H", 1)),
            full(b"iloc", b"\x44\x40", struct.pack(">H", len(items)), located),
            full(b"iinf", struct.pack(">H", len(items)), kinds), full(b"iref", references) if references else b"",
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", struct.pack(">I", len(items)), uses)))
        return box(b"ftyp", brand, bytes(4), b"mif1", brand) + meta, box(b"mdat", data)

    return b"".join(file(len(file(0)[0]) + 8))


HEIC = Format(
    "heic", b"hvc1", b"hvcC", b"urn:mpeg:hevc:2015:auxid:1",
    Picture(
        base64.b64decode(
            "AQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgQE"
            "DAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQA=="),
        base64.b64decode(
            "AAAAPCgBrwT4QTJp2//Eu///+chvZf2muIX7n3obP/oIf//CCLNPv4w/o3607t//EBVtjN/3yVv/9Yhf/2kf4A==")),
    Picture(
        base64.b64decode(
            "AQQIAAAAAAAAAAAAHvAA/Pz4+AAADwMgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAeugJAIQABACZCAQEECAAAAwCf+AAAAwAAHsCCBBZbqSSmubAgAAAD"
            "ACAAAAMAISIAAQAHRAHBcrAiQA=="),
        base64.b64decode(
            "AAAAGSgBrgnwZDyVtP73qF6g/+KiUz85f+3J34A=")),
)
AVIF = Format(
    "avif", b"av01", b"av1C", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    Picture(
        base64.b64decode(
            "gQAMAA=="),
        base64.b64decode(
            "EgAKCRgVf/2CBAQNCDIsE0ACCCCEALRVVaXnCVqN5t6YXt9JOebht277SIe8BwLnPqF4MWsVVgHCtGA=")),
    Picture(
        base64.b64decode(
            "gQAcAA=="),
        base64.b64decode(
            "EgAKBhgVf/2FQDIPE0AIIQC0ci3r89PPcjSR")),
)
