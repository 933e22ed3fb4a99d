"""The asyncio client: `Client`, method for method, on the same process and the same threads, on any event loop."""

import asyncio
import contextlib
import time
from contextlib import asynccontextmanager
from datetime import datetime
from typing import (
    Any, AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, List, Literal, Mapping, Optional, Sequence, Tuple, TypeVar,
    Union, overload,
)

from . import _calls
from ._base import BaseClient
from ._batch import Batch, likely_finished
from ._calls import Call, Path
from ._connection import Connection, Pending
from ._handle import AsyncHandle
from ._schema import ModelKind, Status, WaitMode
from ._subscription import AsyncSubscription
from .errors import (
    CallError, CallTimeout, ConnectionLost, ImagewireError, PredictionNotFound, ProcessError, WaitTimeout, completed,
)
from .prediction import Prediction
from .results import Deletion, Model, Page, Price, Thumbnail, Validation, Waited

T = TypeVar("T")
OnProgress = Callable[[Prediction], Union[Any, Awaitable[Any]]]


class AsyncClient(BaseClient):
    """imagewire, one process of it, started with the first call and again after it ended.

    Leaving the `async with` block ends the process; so does the end of the program. The arguments are those of `Client`.
    """

    async def _connected(self, batch: Optional[Batch] = None) -> Connection:
        connection = self._connection
        if connection is not None and connection.is_usable and (batch is None or not batch.is_closed):
            return connection
        # Starting takes some milliseconds, which an event loop has better uses for.
        return await asyncio.get_running_loop().run_in_executor(None, self._connect, batch)

    async def close(self, timeout: float = 5.0) -> None:
        """Ends all waiting and the process; see `Client.close`."""
        for _ in range(8):
            # A task that was cancelled just now gives up within the next few turns of the loop.
            await asyncio.sleep(0)
        connection = self._disconnect()
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(None, connection.close, timeout)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    # -- calls -----------------------------------------------------------------------------------------------------

    async def call(
        self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None
    ) -> Any:
        """Any method of the protocol, and its result as it came."""
        return await self._ask(Call(method, params or {}, lambda value: value), timeout)

    async def _ask(self, call: "Call[T]", timeout: Optional[float] = None, batch: Optional[Batch] = None) -> T:
        connection = await self._connected(batch)
        return call.read(await self._answer(connection, connection.start(call.method, call.params), timeout))

    async def _answer(self, connection: Connection, pending: Pending, timeout: Optional[float] = None) -> Any:
        patience = self._timeout if timeout is None else timeout
        try:
            return await _reply(pending, patience)
        except asyncio.TimeoutError:
            connection.abandon(pending)
            raise CallTimeout(f"{pending.method} was not answered within {patience:g} s.") from None
        except asyncio.CancelledError:
            connection.abandon(pending)
            raise

    # -- predictions -----------------------------------------------------------------------------------------------

    async def generate(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Union[str, Iterable[str]] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False,
        timeout: Optional[float] = None, on_progress: Optional[OnProgress] = None, **fields: Any,
    ) -> Prediction:
        """An image: submits, waits, and returns the completed prediction; see `Client.generate`.

        Cancelling the task cancels the prediction. `on_progress` may be a coroutine function.
        """
        call = _calls.submit(
            "generate", prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates, **fields,
        )
        async with self._submitting(call) as (prediction, give_up):

            async def tell(state: Prediction) -> None:
                try:
                    await _tell(on_progress, state)
                except ImagewireError:
                    # Of a call that the callback made.
                    give_up()
                    raise

            await tell(prediction)
            return completed(
                await self.result(prediction.id, timeout=timeout, on_progress=tell if on_progress is not None else None))

    @asynccontextmanager
    async def _submitting(
        self, call: "Call[Prediction]", batch: Optional[Batch] = None
    ) -> AsyncGenerator[Tuple[Prediction, Callable[[], None]], None]:
        """Submits; an interruption before the block ends takes the prediction back, and so does the function that it yields."""
        connection = await self._connected(batch)
        pending = connection.prepare(call.method, keep=True)
        try:
            connection.send(pending, call.params)
            yield call.read(await self._submitted(pending)), lambda: connection.give_up(pending)
        except ImagewireError:
            raise
        except BaseException:
            connection.give_up(pending)
            raise

    async def _submitted(self, pending: Pending) -> Any:
        try:
            return await _reply(pending, self._timeout)
        except asyncio.TimeoutError:
            raise CallTimeout(
                f"submit was not answered within {self._timeout:g} s. It may have been accepted: list() shows it."
            ) from None

    async def submit(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Union[str, Iterable[str]] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False, **fields: Any,
    ) -> AsyncHandle:
        """Accepts a prediction, and returns as soon as it is on disk: a handle to `await`, cancel or follow it."""
        call = _calls.submit(
            "submit", prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates, **fields,
        )
        async with self._submitting(call) as (prediction, _):
            return AsyncHandle(self, prediction)

    @overload
    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: Literal[False] = False, **options: Any
    ) -> AsyncIterator[Prediction]: ...

    @overload
    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: Literal[True], **options: Any
    ) -> AsyncIterator[Tuple[int, Prediction]]: ...

    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: bool = False, **options: Any
    ) -> AsyncIterator[Any]:
        """A prediction of every prompt, for `async for`; see `Client.map`. Cancelling the task cancels what is not finished."""
        return self._mapped(self._open(Batch(prompts, concurrency, as_completed, _calls.submit("map", None, **options))))

    async def _mapped(self, batch: Batch) -> AsyncIterator[Any]:
        try:
            while not batch.ended:
                for place, call in batch.calls():
                    try:
                        async with self._submitting(call, batch) as (prediction, _):
                            batch.accepted(place, prediction)
                    except CallError as error:
                        batch.refused(place, error)
                    except (ProcessError, CallTimeout) as error:
                        if not batch.has_begun and not isinstance(error, ConnectionLost):
                            raise
                        batch.unanswered(place, error, self._connection is None)
                for one in batch.ready():
                    yield one
                if batch.running:
                    try:
                        await self._wait_for_any(batch)
                    except ImagewireError as error:
                        batch.lost(error, self._connection is None)
                    for one in batch.ready():
                        yield one
        except BaseException:
            self._give_up(batch)
            raise
        failure = batch.failure()
        if failure is not None:
            raise failure

    async def _wait_for_any(self, batch: Batch) -> None:
        """Waits until a prediction of the batch is finished, and tells the batch."""
        try:
            await self._connected(batch)
            ids = likely_finished(await self.wait(batch.running, mode="any", timeout=_calls.SLICE))
        except PredictionNotFound:
            # One was deleted meanwhile; which one is not said.
            ids = batch.running
        for id in ids:
            try:
                prediction = await self._ask(_calls.result(id, 0, False), batch=batch)
            except PredictionNotFound as error:
                batch.vanished(id, error)
            else:
                if prediction.done:
                    batch.finished(prediction)

    async def status(self, id: str, *, full: bool = False) -> Prediction:
        """The prediction as it is now, at once; with `full` nothing is left out, however long."""
        return await self._ask(_calls.status(id, full))

    async def result(
        self, id: str, *, timeout: Optional[float] = None, inline: bool = False,
        on_progress: Optional[OnProgress] = None,
    ) -> Prediction:
        """The finished prediction, however it ended; see `Client.result`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _calls.SLICE if deadline is None else max(0.0, deadline - time.monotonic())
            part = min(left, _calls.SLICE if on_progress is None else _calls.TICK)
            try:
                prediction = await self._ask(_calls.result(id, part, inline), part + self._timeout)
            except (ProcessError, CallTimeout) as error:
                raise error.about(id) from error
            await _tell(on_progress, prediction)
            if prediction.done:
                return prediction
            if deadline is not None and time.monotonic() >= deadline:
                assert timeout is not None
                raise WaitTimeout(prediction, timeout)

    async def cancel(self, id: str, *, delete_remote: bool = False, chain: bool = False) -> Prediction:
        """Stops a prediction; before it was sent that costs nothing. A finished one comes back unchanged.

        With `chain` also those that wait for its outputs; without it they fail.
        """
        return await self._ask(_calls.cancel(id, delete_remote, chain))

    async def wait(self, ids: Iterable[str], *, mode: WaitMode = "all", timeout: float = 50.0) -> Waited:
        """Waits for `all` or `any` of several; running out of time is not an error; see `done`."""
        return await self._ask(_calls.wait(ids, mode, timeout), timeout + self._timeout)

    async def list(
        self, *, status: Optional[Status] = None, provider: Optional[str] = None, model: Optional[str] = None,
        tag: Optional[str] = None, text: Optional[str] = None, created_after: Union[str, datetime, None] = None,
        created_before: Union[str, datetime, None] = None, limit: Optional[int] = None, cursor: Optional[str] = None,
        file: Optional[_calls.Path] = None,
    ) -> Page:
        """A page of predictions, newest first; `predictions` goes through all pages. A time without a zone is local. `file`: only
        those that made this local file."""
        return await self._ask(_calls.list_(
            status=status, provider=provider, model=model, tag=tag, text=text, created_after=created_after,
            created_before=created_before, limit=limit, cursor=cursor, file=file,
        ))

    async def predictions(
        self, *, status: Optional[Status] = None, provider: Optional[str] = None, model: Optional[str] = None,
        tag: Optional[str] = None, text: Optional[str] = None, created_after: Union[str, datetime, None] = None,
        created_before: Union[str, datetime, None] = None, limit: Optional[int] = None, cursor: Optional[str] = None,
        file: Optional[_calls.Path] = None,
    ) -> AsyncIterator[Prediction]:
        """All predictions, newest first; `limit` is how many a page has. The filters are those of `list`."""
        while True:
            page = await self.list(
                status=status, provider=provider, model=model, tag=tag, text=text, created_after=created_after,
                created_before=created_before, limit=limit, cursor=cursor, file=file,
            )
            for prediction in page:
                yield prediction
            cursor = page.next_cursor
            if cursor is None:
                return

    async def delete(self, ids: Iterable[str], *, files: bool = False) -> Deletion:
        """Deletes finished predictions, all or none; with `files` their images too."""
        return await self._ask(_calls.delete(ids, files))

    async def thumbnail(self, id: str, file: int = 1, *, size: int = 512, inline: bool = False) -> Thumbnail:
        """A small image of the file with this index, at most `size` pixels a side; made at its first request.

        Raises `NoThumbnail` for a file that is no image, is damaged or gone, and where no decoder is installed.
        """
        return await self._ask(_calls.thumbnail(id, file, size, inline))

    async def quote(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, **fields: Any,
    ) -> Price:
        """What a prediction would cost; asking spends nothing."""
        return await self._ask(_calls.quote(prompt, input, fields, model, provider))

    async def models(
        self, model: Optional[str] = None, *, provider: Optional[str] = None, search: Optional[str] = None,
        kind: Optional[ModelKind] = None,
    ) -> Sequence[Model]:
        """All models of a provider; with `model` only that one, with its schema.

        `search` keeps those with all these words in id, name, description or kind, `kind` those that make an `image`, …
        """
        models: List[Model] = []
        cursor: Optional[str] = None
        while True:
            page, cursor = await self._ask(_calls.models(model, provider, search, kind, cursor))
            models += page
            if cursor is None:
                return tuple(models)

    async def validate(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, **fields: Any,
    ) -> Validation:
        """Whether `submit` would take it, as far as that is known; spends nothing."""
        return await self._ask(_calls.validate(prompt, input, fields, model, provider))

    async def balance(self, provider: Optional[str] = None) -> Price:
        """The balance of the provider's account."""
        return await self._ask(_calls.balance(provider))

    async def subscribe(
        self, ids: Optional[Iterable[str]] = None, *, tag: Optional[str] = None, since: Optional[str] = None
    ) -> AsyncSubscription:
        """Hears of every change: of these ids, of one tag, or of all.

            async with await client.subscribe(tag="book") as updates:
                async for update in updates: ...
        """
        connection = await self._connected()
        call = _calls.subscribe(ids, tag, since)
        loop = asyncio.get_running_loop()
        messages: "asyncio.Queue[Any]" = asyncio.Queue()

        def put(*message: Any) -> None:
            # The loop may be closed by now: then there is no listener.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(messages.put_nowait, message)

        pending = connection.start(
            call.method, call.params, lambda value: connection.listen(value["subscription"], put)
        )
        return AsyncSubscription(self, connection, await self._answer(connection, pending), messages)


async def _reply(pending: Pending, patience: float) -> Any:
    """The result of a request; `asyncio.TimeoutError` after `patience` seconds."""
    future = asyncio.wrap_future(pending.future)
    try:
        # Not `wait_for`: before Python 3.12 it swallows the cancelling of a task whose reply has just come.
        done, _ = await asyncio.wait({future}, timeout=patience)
    finally:
        if not future.cancel():
            # An error that nobody reads would be logged by the loop.
            future.exception()
    if not done:
        raise asyncio.TimeoutError
    return future.result()


async def _tell(on_progress: Optional[OnProgress], prediction: Prediction) -> None:
    if on_progress is not None:
        answer = on_progress(prediction)
        if asyncio.iscoroutine(answer) or asyncio.isfuture(answer):
            await answer
