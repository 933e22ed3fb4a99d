"""Files of this machine in an input, written as the protocol takes them (schemas/README.md, "Image inputs").

The path of an image becomes a reference, which the program uploads. Everything else becomes a data URI: bytes, open files, PIL
images, and the videos and sounds that the program does not upload.
"""

import base64
import errno
import io
import os
import stat
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

#: How many bytes tell the format of a file.
HEAD = 4_096
#: The formats that the program uploads.
UPLOADED = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"})

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
#: Brands of ISO/IEC 14496-12; every other one is a video.
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic",
    b"heis": "image/heic", b"hevc": "image/heic", b"mif1": "image/heic", b"msf1": "image/heic", b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4", b"qt  ": "video/quicktime",
}


def media_type(content: bytes) -> Optional[str]:
    """The media type of an image, a video or a sound, by its first bytes; `None` for anything else."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "video/mp4")
    if content.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in content[:HEAD] else "video/x-matroska"
    if content.startswith(b"BM") and content[6:10] == bytes(4):
        return "image/bmp"
    if len(content) > 1 and content[0] == 0xFF:
        if content[1] & 0xF6 == 0xF0:
            return "audio/aac"
        # MPEG audio of layer II or III; layer I would also be the byte order mark of UTF-16.
        if content[1] & 0xE0 == 0xE0 and content[1] & 0x06 in (0x02, 0x04):
            return "audio/mpeg"
    return None


def with_files(input: Mapping[str, Any], upload: Optional[bool]) -> Tuple[Dict[str, Any], bool]:
    """The input with its files written as the protocol takes them, and `upload`, which is true where a path needs it.

    With `upload=False` the content of every file is in the input. A text stays as it is; one that begins with `@/` is uploaded only
    if the caller says `upload=True`.

    Raises:
        OSError: A file is missing or cannot be read: FileNotFoundError, PermissionError, …
        TypeError: A file is opened as text, or is the prompt.
        ValueError: A file is no image, video or sound; or a text would be uploaded because a file is.
    """
    found = _Found(upload is not False)
    try:
        written = {name: found.written(value, f"input.{name}", name == "prompt") for name, value in input.items()}
    except RecursionError:
        raise ValueError("input is nested too deeply, or contains itself. Nothing was sent.") from None
    if found.paths and upload is None and found.texts:
        raise ValueError(
            f'{found.texts[0]} is a text that begins with "@/", which would be uploaded together with {found.paths[0]}. '
            "Give it as a pathlib.Path, or pass upload=True. Nothing was sent."
        )
    return written, bool(found.paths) if upload is None else upload


class _Found:
    """Writes values, and remembers the fields that name a file."""

    def __init__(self, uploads: bool) -> None:
        self._uploads = uploads
        self.paths: List[str] = []
        self.texts: List[str] = []

    def written(self, value: Any, field: str, is_prompt: bool) -> Any:
        if isinstance(value, str):
            if value.startswith("@/") and not is_prompt:
                self.texts.append(field)
            return value
        if isinstance(value, Mapping):
            return {name: self.written(one, f"{field}.{name}", is_prompt or name == "prompt") for name, one in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.written(one, f"{field}[{index}]", is_prompt) for index, one in enumerate(value)]
        read = _reader(value)
        if read is None and not isinstance(value, os.PathLike):
            return value
        if is_prompt:
            raise TypeError(f"{field} is a file, and a prompt is a text: read it first. Nothing was sent.")
        return self._path(value, field) if read is None else _data_uri(_content(read, field), field)

    def _path(self, path: "os.PathLike[Any]", field: str) -> str:
        name = os.path.abspath(os.fsdecode(path))
        try:
            # Opening a pipe would wait for its writer.
            if not stat.S_ISREG(os.stat(name).st_mode) and not os.path.isdir(name):
                raise OSError(errno.EINVAL, "Not a regular file")
            with open(name, "rb") as file:
                head = file.read(HEAD)
                if self._uploads and media_type(head) in UPLOADED and _can_be_sent(name):
                    self.paths.append(field)
                    return f"@{name}"
                return _data_uri(head if media_type(head) is None else head + file.read(), f"{field}: {name}")
        except OSError as error:
            # The same class: FileNotFoundError, PermissionError, …
            raise type(error)(error.errno, f"{field} cannot be read: {error.strerror}. Nothing was sent", name) from None


def _can_be_sent(name: str) -> bool:
    """Whether JSON holds the name: Linux allows names that are no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reader(value: Any) -> Optional[Callable[[], Any]]:
    """How to read the content of bytes, an open file or a PIL image; `None` for anything else."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return lambda: bytes(value)
    if isinstance(value, os.PathLike):
        return None
    if callable(getattr(value, "read", None)):
        return lambda: value.read()
    if callable(getattr(value, "save", None)):
        return lambda: _saved(value)
    return None


def _saved(image: Any) -> bytes:
    buffer = io.BytesIO()
    try:
        image.save(buffer, "PNG")
    except OSError as error:
        raise OSError(f'{error}; image.convert("RGB") gives one that can') from error
    return buffer.getvalue()


def _content(read: Callable[[], Any], field: str) -> bytes:
    try:
        content = read()
    except (OSError, ValueError) as error:
        # A closed file is a ValueError; an image of PIL in a mode that PNG does not have is an OSError.
        kind = OSError if isinstance(error, OSError) else ValueError
        raise kind(f"{field} cannot be read: {error}. Nothing was sent.") from error
    if isinstance(content, str):
        raise TypeError(f'{field} is a file that was opened as text: open it with mode "rb". Nothing was sent.')
    if not isinstance(content, (bytes, bytearray)):
        raise TypeError(f"{field} is a file that returns {type(content).__name__} instead of bytes. Nothing was sent.")
    return bytes(content)


def _data_uri(content: bytes, field: str) -> str:
    kind = media_type(content)
    if kind is None:
        raise ValueError(f"{field} is no image, video or sound of a known format. Nothing was sent.")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
