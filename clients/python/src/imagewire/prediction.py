"""The prediction of the protocol and its parts, as frozen dataclasses with the names of the protocol."""

import base64
import builtins
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Optional, Tuple

from ._schema import Billing, CostSource, FailureType, FileKind, Status

if TYPE_CHECKING:
    from ._schema import (
        CostMessage, FailureMessage, FileMessage, PartialFileMessage, PredictionMessage, PreviewMessage, ProblemMessage,
        WaitingMessage,
    )

#: The final statuses; only `unknown` may change once.
TERMINAL = frozenset({"completed", "failed", "cancelled", "unknown"})


def by_path(problems: "Optional[Iterable[ProblemMessage]]") -> Dict[str, str]:
    """Problems or warnings by the path of their field."""
    return {one["path"]: one["message"] for one in problems or ()}


def _time(text: Optional[str]) -> Optional[datetime]:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


@dataclass(frozen=True)
class File:
    """One saved output."""

    path: Path
    media_type: str
    bytes: int
    sha256: str
    width: Optional[int]
    height: Optional[int]
    #: Only where it was asked for with `inline`.
    base64: Optional[str] = field(default=None, repr=False)
    #: How to show it. A `vector` is an SVG file, which may contain scripts. A later imagewire may have other kinds.
    kind: FileKind = "image"
    #: Which output it is, from 1.
    index: int = 1
    #: How long a sound or a film lasts, where its header says so.
    duration_ms: Optional[int] = None
    #: The object that it is kept as, where that is in a bucket (`s3://…`); `path` is a copy then.
    location: Optional[str] = None

    def __fspath__(self) -> str:
        """Its path, for `open`, for PIL and for the input of another prediction."""
        return str(self.path)

    def read(self) -> builtins.bytes:
        """Its bytes: from the message where it came with it, else from the disk."""
        return base64.b64decode(self.base64) if self.base64 is not None else self.path.read_bytes()

    def text(self) -> str:
        """Its words, of a text or JSON; `json.loads(file.text())` is the value of the latter."""
        return self.read().decode("utf-8")

    @classmethod
    def from_json(cls, value: "FileMessage") -> "File":
        return cls(
            Path(value["path"]), value["media_type"], value["bytes"], value["sha256"], value.get("width"),
            value.get("height"), value.get("base64"), value.get("kind", "image"), value.get("index", 1),
            value.get("duration_ms"), value.get("location"),
        )


@dataclass(frozen=True)
class Preview:
    """A partial image, written while the image is being made. The file is removed when the prediction is finished."""

    path: Path
    media_type: str
    bytes: int
    width: Optional[int]
    height: Optional[int]
    #: Which partial image, from 0.
    index: int

    @classmethod
    def from_json(cls, value: "PreviewMessage") -> "Preview":
        return cls(
            Path(value["path"]), value["media_type"], value["bytes"], value.get("width"), value.get("height"),
            value["index"],
        )


@dataclass(frozen=True)
class PartialFile:
    """What came of an output whose download broke off, in a file of its own."""

    #: Of which output, from 1.
    index: int
    path: Path
    bytes: int
    sha256: str

    @classmethod
    def from_json(cls, value: "PartialFileMessage") -> "PartialFile":
        return cls(value["index"], Path(value["path"]), value["bytes"], value["sha256"])


@dataclass(frozen=True)
class Failure:
    """Why a prediction failed."""

    #: A later imagewire may have other types: treat these as `internal`.
    type: FailureType
    #: Whether a new submit would make sense.
    retryable: bool
    message: str
    hint: Optional[str] = None
    remote_code: Optional[str] = None
    #: With `download_failed`: which outputs are not saved, from 1. `result` tries these again.
    missing: Tuple[int, ...] = ()
    #: What came of outputs whose download broke off.
    partial: Tuple[PartialFile, ...] = ()

    @classmethod
    def from_json(cls, value: "FailureMessage") -> "Failure":
        return cls(
            value["type"], value["retryable"], value["message"], value.get("hint"), value.get("remote_code"),
            tuple(value.get("missing", ())), tuple(map(PartialFile.from_json, value.get("partial", ()))),
        )


@dataclass(frozen=True)
class Waiting:
    """The provider refused the account's last request, so nothing is sent for a while."""

    #: `insufficient_credit`, `rate_limited`, `authentication`, …
    reason: FailureType
    #: The queue may go on before, for instance after a top-up.
    until: datetime

    @classmethod
    def from_json(cls, value: "WaitingMessage") -> "Waiting":
        until = _time(value["until"])
        assert until is not None
        return cls(value["reason"], until)


@dataclass(frozen=True)
class Cost:
    """What a prediction costs."""

    amount: float
    #: ISO 4217: `USD`.
    currency: str
    #: `quoted` before it was sent, `billed` by the provider, `estimated` while it is not finished, or `none`.
    source: CostSource

    @classmethod
    def from_json(cls, value: "CostMessage") -> "Cost":
        return cls(value["amount"], value["currency"], value["source"])


@dataclass(frozen=True)
class Timings:
    """Milliseconds; `None` where not known yet."""

    #: The provider's own.
    inference: Optional[float] = None
    #: From created to handed over.
    queued: Optional[int] = None
    #: From created to finished.
    total: Optional[int] = None


@dataclass(frozen=True, repr=False)
class Prediction:
    """One prediction, as it was when it was requested."""

    id: str
    model: str
    #: `created`, `processing`, then for good `completed`, `failed`, `cancelled` or `unknown`.
    status: Status
    #: URLs of the content; empty unless completed.
    outputs: Tuple[str, ...]
    urls: Mapping[str, str] = field(hash=False)
    has_nsfw_contents: Tuple[bool, ...]
    created_at: datetime
    error: str
    timings: Timings
    #: `wavespeed`, `openai` or `sandbox`.
    provider: str
    remote_id: Optional[str]
    #: The saved outputs, of any kind, in the order of their index.
    files: Tuple[File, ...]
    billing: Billing
    failure: Optional[Failure]
    idempotency_key: Optional[str]
    tags: Tuple[str, ...]
    started_at: Optional[datetime]
    finished_at: Optional[datetime]
    #: One more with every change.
    revision: int
    #: `None` where it was left out: in lists, or because it is very long.
    input: Optional[Mapping[str, Any]] = field(default=None, hash=False)
    metadata: Optional[Mapping[str, Any]] = field(default=None, hash=False)
    #: The fields left out to keep the message short.
    omitted: Tuple[str, ...] = ()
    #: The newest partial image, while it is being made and the provider streams them.
    preview: Optional[Preview] = None
    #: Why a `created` prediction is not sent yet: its account pauses.
    waiting: Optional[Waiting] = None
    #: The ids of unfinished predictions whose outputs its input names; it is sent when they are completed.
    waits_for: Tuple[str, ...] = ()
    #: Of the reply to `submit`: fields of the input that the model may not know, by path.
    warnings: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: `None` where it is not known, or an older imagewire answered.
    cost: Optional[Cost] = None
    #: What the provider said beside the outputs, such as `usage`. `None` in lists too.
    provider_data: Optional[Mapping[str, Any]] = field(default=None, hash=False)
    #: An estimate of the milliseconds until it is done, while its provider works on it; `None` where that is not known, and in lists.
    eta_ms: Optional[int] = None
    #: An estimate of the share that is done, from 0 to 0.99, which never falls; `None` as `eta_ms`, but there for overdue ones too.
    progress: Optional[float] = None

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.status in TERMINAL

    @property
    def path(self) -> Path:
        """The path of the first saved file, whose kind is `files[0].kind`.

        Raises `PredictionFailed`, or the subclass for what failed, if there is none because it failed; else `NoFile`.
        """
        if not self.files:
            from .errors import NoFile, prediction_error  # These need this module.

            raise prediction_error(self) or NoFile(self)
        return self.files[0].path

    def reference(self, output: int = 1) -> str:
        """A name for one of its outputs, for the input of another prediction: finished or not, it becomes the file there."""
        return f"imagewire://predictions/{self.id}/{output}"

    def __repr__(self) -> str:
        return f"<Prediction {self.id} {self.status}{''.join(f' {file.path}' for file in self.files[:1])}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        """How Jupyter shows it: a small image, the prompt and the cost."""
        from ._display import mime_bundle  # It needs this module.

        return mime_bundle(self)

    @classmethod
    def from_json(cls, value: "PredictionMessage") -> "Prediction":
        """Reads a prediction from its JSON; fields of later versions are ignored."""
        timings, failure, cost = value["timings"], value["failure"], value.get("cost")
        preview, waiting = value.get("preview"), value.get("waiting")
        created_at = _time(value["created_at"])
        assert created_at is not None
        return cls(
            id=value["id"],
            model=value["model"],
            status=value["status"],
            outputs=tuple(value["outputs"]),
            urls={name: str(url) for name, url in value["urls"].items()},
            has_nsfw_contents=tuple(value.get("has_nsfw_contents") or ()),
            created_at=created_at,
            error=value.get("error") or "",
            timings=Timings(timings["inference"], timings["queued"], timings["total"]),
            provider=value["provider"],
            remote_id=value.get("remote_id"),
            files=tuple(File.from_json(file) for file in value.get("files") or ()),
            billing=value["billing"],
            failure=Failure.from_json(failure) if failure else None,
            idempotency_key=value.get("idempotency_key"),
            tags=tuple(value.get("tags") or ()),
            started_at=_time(value.get("started_at")),
            finished_at=_time(value.get("finished_at")),
            revision=value["revision"],
            input=value.get("input"),
            metadata=value.get("metadata"),
            omitted=tuple(value.get("omitted") or ()),
            preview=Preview.from_json(preview) if preview else None,
            waiting=Waiting.from_json(waiting) if waiting else None,
            waits_for=tuple(value.get("waits_for") or ()),
            warnings=by_path(value.get("warnings")),
            cost=Cost.from_json(cost) if cost else None,
            provider_data=value.get("provider_data"),
            eta_ms=value.get("eta_ms"),
            progress=value.get("progress"),
        )
