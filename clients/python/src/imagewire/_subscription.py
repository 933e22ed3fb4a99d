"""Subscriptions: every change of predictions, as it comes."""

import asyncio
import queue
from typing import TYPE_CHECKING, Any, Generic, Mapping, Optional, TypeVar

from ._connection import Connection
from .errors import ImagewireError
from .results import Update

if TYPE_CHECKING:
    from ._async import AsyncClient
    from ._sync import Client


C = TypeVar("C")
Q = TypeVar("Q")


class BaseSubscription(Generic[C, Q]):
    """The name, the place and the end of a subscription, however its updates are waited for."""

    def __init__(self, client: C, connection: Connection, answer: Mapping[str, Any], messages: Q) -> None:
        self._client = client
        self._connection = connection
        self._name: str = answer["subscription"]
        self._messages = messages
        self._closed = False
        #: Behind the last update that was seen: `subscribe(since=cursor)` goes on from there.
        self.cursor: str = answer["cursor"]
        #: True if `since` was so old that some changes are missing.
        self.reset: bool = bool(answer.get("reset"))

    def _update(self, method: str, params: Any) -> Optional[Update]:
        """The update in a message; `None` after `close`. Raises `ConnectionLost` where the process has ended."""
        if self._closed:
            return None
        if params is None:
            self._closed = True
            raise self._connection.lost
        update = Update.from_json(method, params)
        self.cursor = update.cursor
        return update

    def _end(self) -> bool:
        """Ends it here, and tells whether the program is still to be told."""
        if self._closed:
            return False
        self._closed = True
        self._connection.forget(self._name)
        return True


class Subscription(BaseSubscription["Client", "queue.SimpleQueue[Any]"]):
    """Updates, as they come. A `for` loop over it ends with `close`, and with `ConnectionLost` where the process does."""

    def __iter__(self) -> "Subscription":
        return self

    def __next__(self) -> Update:
        update = None if self._closed else self._update(*self._messages.get())
        if update is None:
            raise StopIteration
        return update

    def close(self) -> None:
        """Ends it, also for a thread that is waiting in it."""
        if not self._end():
            return
        self._messages.put(("", None))
        if self._connection.is_usable:
            try:
                self._client._answer(
                    self._connection, self._connection.start("unsubscribe", {"subscription": self._name})
                )
            except ImagewireError:
                pass  # It ended with the process.

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class AsyncSubscription(BaseSubscription["AsyncClient", "asyncio.Queue[Any]"]):
    """Updates, as they come; see `Subscription`."""

    def __aiter__(self) -> "AsyncSubscription":
        return self

    async def __anext__(self) -> Update:
        update = None if self._closed else self._update(*(await self._messages.get()))
        if update is None:
            raise StopAsyncIteration
        return update

    async def close(self) -> None:
        """Ends it, also for a task that is waiting in it."""
        if not self._end():
            return
        self._messages.put_nowait(("", None))
        if self._connection.is_usable:
            try:
                await self._client._answer(
                    self._connection, self._connection.start("unsubscribe", {"subscription": self._name})
                )
            except ImagewireError:
                pass  # It ended with the process.

    async def __aenter__(self) -> "AsyncSubscription":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()
