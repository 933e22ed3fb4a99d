"""Subscriptions: every change of predictions, as it comes."""

import asyncio
import queue
from typing import TYPE_CHECKING, Any, Mapping

from ._connection import Connection
from .errors import ImagewireError
from .prediction import Update

if TYPE_CHECKING:
    from ._async import AsyncClient
    from ._sync import Client


class Subscription:
    """Updates, as they come. A `for` loop over it ends with `close`, and with `ConnectionLost` where the process does."""

    def __init__(
        self, client: "Client", connection: Connection, answer: Mapping[str, Any], messages: "queue.SimpleQueue[Any]"
    ) -> None:
        self._client = client
        self._connection = connection
        self._name: str = answer["subscription"]
        self._messages = messages
        self._closed = False
        #: Behind the last update that was seen: `subscribe(since=cursor)` goes on from there.
        self.cursor: str = answer["cursor"]
        #: True if `since` was so old that some changes are missing.
        self.reset: bool = bool(answer.get("reset"))

    def __iter__(self) -> "Subscription":
        return self

    def __next__(self) -> Update:
        if self._closed:
            raise StopIteration
        method, params = self._messages.get()
        if self._closed:
            raise StopIteration
        if params is None:
            self._closed = True
            raise self._connection.lost
        update = Update.from_json(method, params)
        self.cursor = update.cursor
        return update

    def close(self) -> None:
        """Ends it, also for a thread that is waiting in it."""
        if self._closed:
            return
        self._closed = True
        self._connection.forget(self._name)
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


class AsyncSubscription:
    """Updates, as they come; see `Subscription`."""

    def __init__(
        self, client: "AsyncClient", connection: Connection, answer: Mapping[str, Any], messages: "asyncio.Queue[Any]"
    ) -> None:
        self._client = client
        self._connection = connection
        self._name: str = answer["subscription"]
        self._messages = messages
        self._closed = False
        #: Behind the last update that was seen: `subscribe(since=cursor)` goes on from there.
        self.cursor: str = answer["cursor"]
        #: True if `since` was so old that some changes are missing.
        self.reset: bool = bool(answer.get("reset"))

    def __aiter__(self) -> "AsyncSubscription":
        return self

    async def __anext__(self) -> Update:
        if self._closed:
            raise StopAsyncIteration
        method, params = await self._messages.get()
        if self._closed:
            raise StopAsyncIteration
        if params is None:
            self._closed = True
            raise self._connection.lost
        update = Update.from_json(method, params)
        self.cursor = update.cursor
        return update

    async def close(self) -> None:
        """Ends it, also for a task that is waiting in it."""
        if self._closed:
            return
        self._closed = True
        self._connection.forget(self._name)
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
