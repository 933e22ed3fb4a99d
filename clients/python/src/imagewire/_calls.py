"""The calls, without saying how they are made: `Client` and `AsyncClient` make the same ones."""

import logging
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from os import PathLike
from typing import Any, Callable, Dict, Generic, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from ._files import with_files
from ._schema import ModelKind, WaitMode
from .prediction import Prediction
from .results import Deletion, Model, Page, Price, Thumbnail, Validation, Waited

T = TypeVar("T")
_LOG = logging.getLogger("imagewire")
Path = Union[str, "PathLike[str]"]

#: The longest wait of one call; a longer wait takes several calls.
SLICE = 1_800.0
#: How often a progress callback hears of a prediction.
TICK = 0.5


@dataclass(frozen=True)
class Call(Generic[T]):
    """A method, its params, and how its result is read."""

    method: str
    params: Mapping[str, Any]
    read: Callable[[Any], T]


def _call(method: str, read: Callable[[Any], T], **params: Any) -> "Call[T]":
    """What is `None` is not given."""
    return Call(method, {name: value for name, value in params.items() if value is not None}, read)


def submit(
    method: str, prompt: Optional[str], /, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
    provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Union[str, Iterable[str]] = (),
    metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None, output_name: Optional[str] = None,
    max_cost: Optional[float] = None, upload: Optional[bool] = None, max_cost_estimates: bool = False, **fields: Any,
) -> "Call[Prediction]":
    """The submit of `method`, which is named in errors."""
    written, uploads = with_files(_input(method, prompt, input, fields), upload)
    if prompt is not None:
        # An error about it then names what the caller wrote: `prompt`, not `input.prompt`.
        del written["prompt"]
    return _call(
        "submit", _submitted, prompt=prompt, input=written or None, model=model, provider=provider,
        idempotency_key=idempotency_key, tags=[tags] if isinstance(tags, str) else list(tags) or None,
        metadata=metadata, output_dir=absolute(output_dir), output_name=output_name, max_cost=max_cost, upload=uploads or None,
        max_cost_estimates=max_cost_estimates or None,
    )


def _submitted(value: Any) -> Prediction:
    prediction = Prediction.from_json(value)
    for warning in prediction.warnings.values():
        # A misspelt keyword may be one of these.
        _LOG.warning("%s", warning)
    return prediction


def status(id: str, full: bool) -> "Call[Prediction]":
    return _call("status", Prediction.from_json, id=id, full=full or None)


def result(id: str, timeout: float, inline: bool) -> "Call[Prediction]":
    return _call("result", Prediction.from_json, id=id, timeout_ms=milliseconds(timeout), inline=inline or None)


def cancel(id: str, delete_remote: bool, chain: bool) -> "Call[Prediction]":
    return _call("cancel", Prediction.from_json, id=id, delete_remote=delete_remote or None, chain=chain or None)


def wait(ids: Iterable[str], mode: WaitMode, timeout: float) -> "Call[Waited]":
    return _call("wait", Waited.from_json, ids=list(ids), mode=mode, timeout_ms=milliseconds(timeout))


def list_(
    *, created_after: Union[str, datetime, None], created_before: Union[str, datetime, None], file: Optional[Path],
    **filters: Any
) -> "Call[Page]":
    return _call(
        "list", Page.from_json, created_after=_timestamp(created_after), created_before=_timestamp(created_before),
        file=None if file is None else os.path.abspath(file), **filters)


def _timestamp(time: Union[str, datetime, None]) -> Optional[str]:
    """As the protocol writes it; a time without a zone is local."""
    if not isinstance(time, datetime):
        return time
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def delete(ids: Iterable[str], files: bool) -> "Call[Deletion]":
    return _call("delete", Deletion.from_json, ids=list(ids), files=files or None)


def thumbnail(id: str, file: int, size: int, inline: bool) -> "Call[Thumbnail]":
    return _call("thumbnail", Thumbnail.from_json, id=id, file=file, size=size, inline=inline or None)


def subscribe(ids: Optional[Iterable[str]], tag: Optional[str], since: Optional[str]) -> "Call[Mapping[str, Any]]":
    return _call("subscribe", dict, ids=None if ids is None else list(ids), tag=tag, since=since)


def quote(
    prompt: Optional[str], input: Optional[Mapping[str, Any]], fields: Mapping[str, Any], model: Optional[str],
    provider: Optional[str],
) -> "Call[Price]":
    written, _ = with_files(_input("quote", prompt, input, fields), None)
    return _call("quote", Price.from_json, input=written, model=model, provider=provider)


def validate(
    prompt: Optional[str], input: Optional[Mapping[str, Any]], fields: Mapping[str, Any], model: Optional[str],
    provider: Optional[str],
) -> "Call[Validation]":
    written, _ = with_files(_input("validate", prompt, input, fields), None)
    return _call("validate", Validation.from_json, input=written, model=model, provider=provider)


def models(
    model: Optional[str], provider: Optional[str], search: Optional[str], kind: Optional[ModelKind], cursor: Optional[str]
) -> "Call[Tuple[Sequence[Model], Optional[str]]]":
    def read(value: Any) -> Tuple[Sequence[Model], Optional[str]]:
        return tuple(map(Model.from_json, value["models"])), value["next_cursor"]

    return _call("models", read, model=model, provider=provider, search=search, kind=kind, cursor=cursor)


def balance(provider: Optional[str]) -> "Call[Price]":
    return _call("balance", Price.from_json, provider=provider)


#: What `generate` and `submit` take beside `input`. A keyword that is nearly one of these is taken for a slip: in `input`, a
#: misspelt `max_cost` would be no limit.
_OPTIONS = (
    "idempotency_key", "tags", "metadata", "output_dir", "output_name", "max_cost", "max_cost_estimates", "upload", "timeout",
    "on_progress", "concurrency", "as_completed",
)


def _input(
    method: str, prompt: Optional[str], input: Optional[Mapping[str, Any]], fields: Mapping[str, Any]
) -> Dict[str, Any]:
    """The whole input: `input`, the prompt, and each keyword that is not `None`. Raises `TypeError` for one given twice."""
    whole = dict(input or {})
    for name, value in {"prompt": prompt, **fields}.items():
        if value is None:
            continue
        if name != "prompt":
            _check(method, name)
        if name in whole:
            raise TypeError(f"{name} is given twice, as an argument of {method}() and in input. Nothing was sent.")
        whole[name] = value
    return whole


#: What a keyword for each limit may be called by one who guesses.
_LIMITS = {"max_cost": ("cost", "spend", "price", "budget"), "timeout": ("timeout", "timelimit")}


def _limits(name: str) -> List[str]:
    """The options that limit what this name sounds like: `max_cost` for `maxPrice`."""
    plain = name.lower().replace("_", "").replace("-", "")
    return [option for option, words in _LIMITS.items() if any(word in plain for word in words)]


def _check(method: str, name: str) -> None:
    from difflib import get_close_matches  # Rarely needed, and slow to import.

    for option in get_close_matches(name, _OPTIONS, 1, 0.85) or _limits(name):
        meant = "." if option == name else f"; did you mean {option}?"
        raise TypeError(
            f'{method}() takes no {name}{meant} A field of the model goes into input={{"{name}": …}}. Nothing was sent.'
        )


def absolute(path: Optional[Path]) -> Optional[str]:
    """The path, from the directory of this program where it is relative: the process may run in another. A place in a bucket
    (`s3://bucket/prefix`) is none."""
    if path is None or isinstance(path, str) and path.startswith("s3://"):
        return path
    return os.path.abspath(path)


def milliseconds(seconds: float) -> int:
    return max(0, int(min(seconds, SLICE) * 1_000))
