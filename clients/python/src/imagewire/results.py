"""What calls return beside a prediction, as frozen dataclasses with the names of the protocol."""

import base64
import builtins
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Optional, Tuple

from ._schema import ModelKind, ThumbnailType
from .prediction import Prediction, by_path

if TYPE_CHECKING:
    from ._schema import DeleteResult, ListResult, ModelMessage, QuoteResult, ThumbnailResult, ValidateResult, WaitResult


@dataclass(frozen=True)
class Page:
    """Predictions, newest first, and where the next page begins."""

    predictions: Tuple[Prediction, ...]
    #: `None` where this is the last page; a page may be empty and have one.
    next_cursor: Optional[str]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def __len__(self) -> int:
        return len(self.predictions)

    @classmethod
    def from_json(cls, value: "ListResult") -> "Page":
        return cls(tuple(map(Prediction.from_json, value["predictions"])), value.get("next_cursor"))


@dataclass(frozen=True)
class Waited:
    """The result of a wait for several predictions."""

    #: Whether the wait succeeded, that is all or any of them finished, before the time was up.
    done: bool
    #: In the order asked.
    predictions: Tuple[Prediction, ...]
    #: Ids left out to keep the message short.
    more: Tuple[str, ...]

    @classmethod
    def from_json(cls, value: "WaitResult") -> "Waited":
        return cls(value["done"], tuple(map(Prediction.from_json, value["predictions"])), tuple(value["more"]))


@dataclass(frozen=True)
class Price:
    """An amount of money."""

    #: As the provider wrote it.
    amount: Decimal
    #: `USD`.
    currency: str
    #: Whether the amount is exact and not an estimate; always true for a balance.
    exact: bool = True
    #: Fields of the input that decide the price and were not given: more may be billed.
    missing: Tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: "QuoteResult") -> "Price":
        return cls(
            Decimal(str(value["amount"])), value["currency"], value.get("exact", True), tuple(value.get("missing", ())))


@dataclass(frozen=True)
class Model:
    """A model of a provider."""

    #: As `submit` takes it.
    id: str
    provider: str
    #: Whether it is used where no model is named.
    default: bool
    #: A JSON Schema of `input`, where one model was requested and the provider has a schema.
    input_schema: Optional[Mapping[str, Any]] = None
    #: For people; `None` where the provider gives none.
    name: Optional[str] = None
    #: What it makes: `image`, `video`, `audio`, `model` (a shape in space), `text` or `other`; `None` where unknown.
    kind: Optional[ModelKind] = None
    #: For people; `None` where the provider gives none.
    description: Optional[str] = None
    #: The base price in US dollars, `None` where unknown; `quote` returns the price of an input.
    price: Optional[Decimal] = None
    #: The model that edits an image: a sibling, or the model itself; `None` where none is known.
    edit_model: Optional[str] = None

    @classmethod
    def from_json(cls, value: "ModelMessage") -> "Model":
        price = value.get("price")
        return cls(
            value["id"], value["provider"], value["default"], value.get("input_schema"), value.get("name"),
            value.get("kind"), value.get("description"), None if price is None else Decimal(str(price)),
            value.get("edit_model"),
        )


@dataclass(frozen=True)
class Validation:
    """Whether an input would be taken, as far as that is known."""

    #: The problem of each field: `{"input.size": "input.size is …"}`.
    problems: Mapping[str, str]
    #: Other warnings: the model is retired, or its schema is not known.
    hint: Optional[str] = None
    #: Fields that would be sent unchanged and may be mistakes, by path.
    warnings: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def valid(self) -> bool:
        """Whether the input has no problems."""
        return not self.problems

    @classmethod
    def from_json(cls, value: "ValidateResult") -> "Validation":
        return cls(by_path(value["problems"]), value.get("hint"), by_path(value.get("warnings")))


@dataclass(frozen=True)
class Deletion:
    """The result of `delete`."""

    #: The predictions that are deleted.
    ids: Tuple[str, ...]
    #: Files that were left because their content has changed since they were saved.
    kept: Tuple[str, ...]
    #: Whether the content has also left the database's log; if not, it does when the last process that uses it ends.
    scrubbed: bool

    @classmethod
    def from_json(cls, value: "DeleteResult") -> "Deletion":
        return cls(tuple(value["deleted"]), tuple(value.get("kept", ())), value.get("scrubbed", False))


@dataclass(frozen=True)
class Update:
    """One update of a subscription: a prediction changed or was deleted, or updates were lost."""

    #: `subscribe(since=cursor)` goes on behind it, also in another process.
    cursor: str
    #: As it is now, without input and metadata.
    prediction: Optional[Prediction] = None
    #: The id of a deleted prediction.
    deleted: Optional[str] = None
    #: List again to see everything.
    reset: bool = False

    @classmethod
    def from_json(cls, method: str, params: Dict[str, Any]) -> "Update":
        if method == "prediction/updated":
            return cls(params["cursor"], prediction=Prediction.from_json(params["prediction"]))
        if method == "prediction/deleted":
            return cls(params["cursor"], deleted=params["id"])
        return cls(params["cursor"], reset=True)


@dataclass(frozen=True)
class Thumbnail:
    """A small image of a saved file."""

    #: It may be removed at any time; the next call makes it again.
    path: Path
    #: `image/jpeg`, or `image/png` where it is transparent.
    media_type: ThumbnailType
    bytes: int
    width: int
    height: int
    #: Only where it was asked for with `inline`.
    base64: Optional[str] = field(default=None, repr=False)

    def read(self) -> builtins.bytes:
        """Its bytes: from the message where it came with it, else from the disk."""
        return base64.b64decode(self.base64) if self.base64 is not None else self.path.read_bytes()

    @classmethod
    def from_json(cls, value: "ThumbnailResult") -> "Thumbnail":
        return cls(
            Path(value["path"]), value["media_type"], value["bytes"], value["width"], value["height"], value.get("base64"),
        )
