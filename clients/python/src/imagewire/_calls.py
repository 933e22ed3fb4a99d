"""The calls, without saying how they are made: `Client` and `AsyncClient` make the same ones."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, Callable, Dict, Generic, Iterable, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from ._files import with_files
from .prediction import Deletion, Model, Page, Prediction, Price, Thumbnail, Validation, Waited

T = TypeVar("T")
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
    prompt: Optional[str], *, input: Optional[Mapping[str, Any]], model: Optional[str], provider: Optional[str],
    idempotency_key: Optional[str], tags: Iterable[str], metadata: Optional[Mapping[str, Any]],
    output_dir: Optional[Path], output_name: Optional[str], max_cost: Optional[float], upload: Optional[bool],
    max_cost_estimates: bool,
) -> "Call[Prediction]":
    written, uploads = with_files(input or {}, upload)
    return _call(
        "submit", Prediction.from_json, prompt=prompt, input=written or None, model=model, provider=provider,
        idempotency_key=idempotency_key, tags=list(tags) or None, metadata=metadata, output_dir=output_dir,
        output_name=output_name, max_cost=max_cost, upload=uploads or None,
        max_cost_estimates=max_cost_estimates or None,
    )


def status(id: str, full: bool) -> "Call[Prediction]":
    return _call("status", Prediction.from_json, id=id, full=full or None)


def result(id: str, timeout: float, inline: bool) -> "Call[Prediction]":
    return _call("result", Prediction.from_json, id=id, timeout_ms=milliseconds(timeout), inline=inline or None)


def cancel(id: str, delete_remote: bool, chain: bool) -> "Call[Prediction]":
    return _call("cancel", Prediction.from_json, id=id, delete_remote=delete_remote or None, chain=chain or None)


def wait(ids: Iterable[str], mode: str, timeout: float) -> "Call[Waited]":
    return _call("wait", Waited.from_json, ids=list(ids), mode=mode, timeout_ms=milliseconds(timeout))


def list_(**filters: Any) -> "Call[Page]":
    return _call("list", Page.from_json, **filters)


def delete(ids: Iterable[str], files: bool) -> "Call[Deletion]":
    return _call("delete", Deletion.from_json, ids=list(ids), files=files or None)


def thumbnail(id: str, file: int, size: int, inline: bool) -> "Call[Thumbnail]":
    return _call("thumbnail", Thumbnail.from_json, id=id, file=file, size=size, inline=inline or None)


def subscribe(ids: Optional[Iterable[str]], tag: Optional[str], since: Optional[str]) -> "Call[Mapping[str, Any]]":
    return _call("subscribe", dict, ids=None if ids is None else list(ids), tag=tag, since=since)


def quote(
    prompt: Optional[str], input: Optional[Mapping[str, Any]], model: Optional[str], provider: Optional[str]
) -> "Call[Price]":
    return _call("quote", Price.from_json, input=_whole(prompt, input), model=model, provider=provider)


def models(
    model: Optional[str], provider: Optional[str], search: Optional[str], kind: Optional[str], cursor: Optional[str]
) -> "Call[Tuple[Sequence[Model], Optional[str]]]":
    def read(value: Any) -> Tuple[Sequence[Model], Optional[str]]:
        return tuple(map(Model.from_json, value["models"])), value["next_cursor"]

    return _call("models", read, model=model, provider=provider, search=search, kind=kind, cursor=cursor)


def validate(
    prompt: Optional[str], input: Optional[Mapping[str, Any]], model: Optional[str], provider: Optional[str]
) -> "Call[Validation]":
    return _call("validate", Validation.from_json, input=_whole(prompt, input), model=model, provider=provider)


def _whole(prompt: Optional[str], input: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """The input of a call that takes the prompt in it."""
    return with_files({**({} if prompt is None else {"prompt": prompt}), **(input or {})}, None)[0]


def balance(provider: Optional[str]) -> "Call[Price]":
    return _call("balance", Price.from_json, provider=provider)


def milliseconds(seconds: float) -> int:
    return max(0, int(min(seconds, SLICE) * 1_000))
