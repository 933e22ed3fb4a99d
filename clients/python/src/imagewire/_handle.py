"""Handles: what `submit` returns at once, for a prediction that goes on."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, Generator, Generic, Iterator, Mapping, Optional, Tuple, TypeVar

from . import _calls
from ._schema import Billing, Status
from .errors import completed
from .prediction import Cost, Failure, File, Prediction

if TYPE_CHECKING:
    from ._async import AsyncClient
    from ._async import OnProgress as AsyncOnProgress
    from ._sync import Client, OnProgress

C = TypeVar("C")


class BaseHandle(Generic[C]):
    """A submitted prediction. Its fields are those of the newest state that this handle has seen.

    It can be pickled: the copy has the id and that state, but no client to wait with.
    """

    def __init__(self, client: C, prediction: Prediction) -> None:
        self._client: Optional[C] = client
        #: The newest state that was seen, by `submit`, `wait`, `updates` or `cancel`.
        self.prediction = prediction

    @property
    def id(self) -> str:
        """imagewire's id: `client.result(id)` waits for it, also in another process."""
        return self.prediction.id

    @property
    def status(self) -> Status:
        return self.prediction.status

    @property
    def done(self) -> bool:
        """Whether it was finished when it was last seen."""
        return self.prediction.done

    @property
    def path(self) -> Path:
        """The first saved file; see `Prediction.path`."""
        return self.prediction.path

    @property
    def files(self) -> Tuple[File, ...]:
        return self.prediction.files

    @property
    def input(self) -> Optional[Mapping[str, Any]]:
        return self.prediction.input

    @property
    def billing(self) -> Billing:
        return self.prediction.billing

    @property
    def cost(self) -> Optional[Cost]:
        return self.prediction.cost

    @property
    def failure(self) -> Optional[Failure]:
        return self.prediction.failure

    @property
    def warnings(self) -> Mapping[str, str]:
        """Fields of the input that the model may not know, by path."""
        return self.prediction.warnings

    def reference(self, output: int = 1) -> str:
        """A name for one of its outputs, for the input of another prediction."""
        return self.prediction.reference(output)

    def _owner(self) -> C:
        if self._client is None:
            raise RuntimeError(f"This handle was pickled, and has no client: use client.result({self.id!r}) or client.cancel(…).")
        return self._client

    def _seen(self, prediction: Prediction) -> Prediction:
        if prediction.revision >= self.prediction.revision:
            self.prediction = prediction
        return prediction

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status}>"


class Handle(BaseHandle["Client"]):
    """A submitted prediction of `Client`; a `for` loop over it brings its updates."""

    def wait(self, timeout: Optional[float] = None, *, on_progress: "Optional[OnProgress]" = None) -> Prediction:
        """Waits until it is finished, and returns the completed prediction, as `generate` does.

        An interruption leaves it alone, and so does `timeout`, in seconds. `client.result` returns a failed one instead.

        Raises `PredictionFailed`, or the subclass for what failed, and `WaitTimeout`.
        """
        return completed(self._seen(self._owner().result(self.id, timeout=timeout, on_progress=on_progress)))

    def cancel(self, *, delete_remote: bool = False, chain: bool = False) -> Prediction:
        """Stops it; see `Client.cancel`."""
        return self._seen(self._owner().cancel(self.id, delete_remote=delete_remote, chain=chain))

    def updates(self) -> Iterator[Prediction]:
        """The prediction as it is now, and again whenever it changes, until it is finished, however it ends.

        While its provider works on it, about twice a second with the estimates `eta_ms` and `progress`.
        """
        changes = _Changes()
        while not changes.ended:
            prediction = self._seen(self._owner()._ask(changes.call(self.id)))
            if changes.include(prediction):
                yield prediction

    def __iter__(self) -> Iterator[Prediction]:
        return self.updates()


class AsyncHandle(BaseHandle["AsyncClient"]):
    """A submitted prediction of `AsyncClient`: `await` waits for it, `async for` brings its updates."""

    async def wait(self, timeout: Optional[float] = None, *, on_progress: "Optional[AsyncOnProgress]" = None) -> Prediction:
        """Waits until it is finished, and returns the completed prediction; see `Handle.wait`."""
        return completed(self._seen(await self._owner().result(self.id, timeout=timeout, on_progress=on_progress)))

    async def cancel(self, *, delete_remote: bool = False, chain: bool = False) -> Prediction:
        """Stops it; see `Client.cancel`."""
        return self._seen(await self._owner().cancel(self.id, delete_remote=delete_remote, chain=chain))

    async def updates(self) -> AsyncIterator[Prediction]:
        """The prediction whenever it changes; see `Handle.updates`."""
        changes = _Changes()
        while not changes.ended:
            prediction = self._seen(await self._owner()._ask(changes.call(self.id)))
            if changes.include(prediction):
                yield prediction

    def __await__(self) -> Generator[Any, None, Prediction]:
        return self.wait().__await__()

    def __aiter__(self) -> AsyncIterator[Prediction]:
        return self.updates()


class _Changes:
    """Which of the polled states are news. Polling, because subscriptions carry no estimates."""

    def __init__(self) -> None:
        self._last: Optional[Prediction] = None
        self._at = 0.0

    @property
    def ended(self) -> bool:
        return self._last is not None and self._last.done

    def call(self, id: str) -> "_calls.Call[Prediction]":
        # The end is answered at once; other changes after a tenth of a second, as those of a subscription.
        return _calls.result(id, 0.0 if self._last is None else 0.1, False)

    def include(self, prediction: Prediction) -> bool:
        last, now = self._last, time.monotonic()
        is_new = last is None or prediction.revision != last.revision
        if not is_new and (prediction == last or now - self._at < _calls.TICK):
            return False
        self._last, self._at = prediction, now
        return True
