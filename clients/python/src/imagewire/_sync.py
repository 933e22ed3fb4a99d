"""The blocking client."""

import queue
import time
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from datetime import datetime
from typing import (
    Any, Callable, Generator, Iterable, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple, TypeVar, Union, overload,
)

from . import _calls
from ._base import BaseClient
from ._batch import Batch, likely_finished
from ._calls import Call, Path
from ._connection import Connection, Pending
from ._handle import Handle
from ._schema import ModelKind, Status, WaitMode
from ._subscription import Subscription
from .errors import (
    CallError, CallTimeout, ConnectionLost, ImagewireError, PredictionNotFound, ProcessError, WaitTimeout, completed,
)
from .prediction import Prediction
from .results import Deletion, Model, Page, Price, Thumbnail, Validation, Waited

T = TypeVar("T")
OnProgress = Callable[[Prediction], Any]


class Client(BaseClient):
    """imagewire, one process of it, started with the first call and again after it ended.

    Threads may share a client. Leaving the `with` block ends the process; so does the end of the program.

    Args:
        binary: The program; by default the variable IMAGEWIRE, else that of this package, else `imagewire` on the path or at a
            usual place, such as ~/.local/bin.
        provider: The default provider; without one `wavespeed` where its key is known, else the sandbox.
        model: The default model.
        output_dir: Where images go.
        state_dir: The directory of the database.
        wavespeed_api_key: A key, else the one of the environment; never written anywhere.
        openai_api_key: Likewise.
        arguments: More of the program's own options.
        env: Variables over those of this process.
        timeout: Seconds that a call which is answered at once may take.
    """

    def _connected(self, batch: Optional[Batch] = None) -> Connection:
        return self._connect(batch)

    def close(self, timeout: float = 5.0) -> None:
        """Ends all waiting and the process. Predictions that were accepted are kept. A later call starts it again.

        Abandoned predictions, and what loops over `map` still run, are cancelled first. Waits no longer than `timeout` seconds for
        all of that; a process that is still saving a reply that was paid for goes on without us until it is on disk.
        """
        connection = self._disconnect()
        if connection is not None:
            connection.close(timeout)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None) -> Any:
        """Any method of the protocol, and its result as it came."""
        return self._ask(Call(method, params or {}, lambda value: value), timeout)

    def _ask(self, call: "Call[T]", timeout: Optional[float] = None, batch: Optional[Batch] = None) -> T:
        connection = self._connected(batch)
        return call.read(self._answer(connection, connection.start(call.method, call.params), timeout))

    def _answer(self, connection: Connection, pending: Pending, timeout: Optional[float] = None) -> Any:
        patience = self._timeout if timeout is None else timeout
        try:
            return pending.future.result(patience)
        except FutureTimeout:
            connection.abandon(pending)
            raise CallTimeout(f"{pending.method} was not answered within {patience:g} s.") from None
        except ImagewireError:
            raise
        except BaseException:
            # KeyboardInterrupt: the caller no longer waits.
            connection.abandon(pending)
            raise

    # -- predictions -----------------------------------------------------------------------------------------------

    def generate(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Union[str, Iterable[str]] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False,
        timeout: Optional[float] = None, on_progress: Optional[OnProgress] = None, **fields: Any,
    ) -> Prediction:
        """An image: submits, waits, and returns the completed prediction.

        Every other keyword is a field of `input`: `size="1024x1024"`, `n=2`, `image=Path("fox.png")`. A path, bytes, an open file
        or a PIL image is sent as a file. The image at a path is uploaded first; with `upload=False` its content is in the request.

        `on_progress` is called with the prediction at once, about twice a second, and at the end. An interruption of
        the waiting (Ctrl-C, an exception of the callback) cancels the prediction; a time limit does not.

        Raises:
            PredictionFailed: or the subclass for what failed.
            WaitTimeout: `timeout` seconds are over; the prediction goes on.
            CallError: The call was refused, and no prediction was made.
            ProcessError: The program is missing, too old, or ended.
            ValueError, TypeError: It cannot be sent: JSON cannot hold it, it is over 64 MiB, or a field is given twice.
            OSError: A file of the input is missing or cannot be read.
        """
        call = _calls.submit(
            "generate", prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates, **fields,
        )
        with self._submitting(call) as (prediction, give_up):

            def tell(state: Prediction) -> None:
                try:
                    if on_progress is not None:
                        on_progress(state)
                except ImagewireError:
                    # Of a call that the callback made.
                    give_up()
                    raise

            tell(prediction)
            return completed(self.result(prediction.id, timeout=timeout, on_progress=tell if on_progress is not None else None))

    @contextmanager
    def _submitting(
        self, call: "Call[Prediction]", batch: Optional[Batch] = None
    ) -> Generator[Tuple[Prediction, Callable[[], None]], None, None]:
        """Submits; an interruption before the block ends takes the prediction back, and so does the function that it yields."""
        connection = self._connected(batch)
        pending = connection.prepare(call.method, keep=True)
        try:
            connection.send(pending, call.params)
            yield call.read(self._submitted(pending)), lambda: connection.give_up(pending)
        except ImagewireError:
            raise
        except BaseException:
            connection.give_up(pending)
            raise

    def _submitted(self, pending: Pending) -> Any:
        try:
            # Never abandoned: the id must be learned, or the prediction would be lost to us.
            return pending.future.result(self._timeout)
        except FutureTimeout:
            raise CallTimeout(
                f"submit was not answered within {self._timeout:g} s. It may have been accepted: list() shows it."
            ) from None

    def submit(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Union[str, Iterable[str]] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False, **fields: Any,
    ) -> Handle:
        """Accepts a prediction, and returns as soon as it is on disk: a handle to wait for it, cancel it or follow it.

        Every other keyword is a field of `input`, as for `generate`.
        """
        call = _calls.submit(
            "submit", prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates, **fields,
        )
        with self._submitting(call) as (prediction, _):
            return Handle(self, prediction)

    @overload
    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: Literal[False] = False, **options: Any
    ) -> Iterator[Prediction]: ...

    @overload
    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: Literal[True], **options: Any
    ) -> Iterator[Tuple[int, Prediction]]: ...

    def map(
        self, prompts: Iterable[str], *, concurrency: int = 4, as_completed: bool = False, **options: Any
    ) -> Iterator[Any]:
        """A prediction of every prompt, `concurrency` at a time, in the order of the prompts.

        With `as_completed` each as soon as it is finished, with its place: `(0, prediction)`. The options are those of `submit`;
        an `idempotency_key` gets the number of the prompt behind it, and what failed or was cancelled with it fails again. Prompts
        are taken from the iterable as there is room for them, and submitted only while the loop asks for the next prediction.

        The failure of one prompt leaves the others alone: when they have ended, `MapFailed` is raised, whose `results` has all of
        them. When the process ends, the next one goes on with what was accepted; a submit that it did not answer is not repeated,
        and counts as a failure. An interruption cancels what is not finished and submits nothing more, and so does leaving the
        loop: at once, or if a variable holds the iterator, when that is let go or the client is closed.
        """
        return self._mapped(self._open(Batch(prompts, concurrency, as_completed, _calls.submit("map", None, **options))))

    def _mapped(self, batch: Batch) -> Iterator[Any]:
        try:
            while not batch.ended:
                for place, call in batch.calls():
                    try:
                        with self._submitting(call, batch) as (prediction, _):
                            batch.accepted(place, prediction)
                    except CallError as error:
                        batch.refused(place, error)
                    except (ProcessError, CallTimeout) as error:
                        if not batch.has_begun and not isinstance(error, ConnectionLost):
                            raise
                        batch.unanswered(place, error, self._connection is None)
                yield from batch.ready()
                if batch.running:
                    try:
                        self._wait_for_any(batch)
                    except ImagewireError as error:
                        batch.lost(error, self._connection is None)
                    yield from batch.ready()
        except BaseException:
            self._give_up(batch)
            raise
        failure = batch.failure()
        if failure is not None:
            raise failure

    def _wait_for_any(self, batch: Batch) -> None:
        """Waits until a prediction of the batch is finished, and tells the batch."""
        try:
            self._connected(batch)
            ids = likely_finished(self.wait(batch.running, mode="any", timeout=_calls.SLICE))
        except PredictionNotFound:
            # One was deleted meanwhile; which one is not said.
            ids = batch.running
        for id in ids:
            try:
                prediction = self._ask(_calls.result(id, 0, False), batch=batch)
            except PredictionNotFound as error:
                batch.vanished(id, error)
            else:
                if prediction.done:
                    batch.finished(prediction)

    def status(self, id: str, *, full: bool = False) -> Prediction:
        """The prediction as it is now, at once; with `full` nothing is left out, however long."""
        return self._ask(_calls.status(id, full))

    def result(
        self, id: str, *, timeout: Optional[float] = None, inline: bool = False,
        on_progress: Optional[OnProgress] = None,
    ) -> Prediction:
        """The finished prediction, however it ended; with `inline` its files carry their content.

        Raises `WaitTimeout` where `timeout` seconds are over; the prediction goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _calls.SLICE if deadline is None else max(0.0, deadline - time.monotonic())
            part = min(left, _calls.SLICE if on_progress is None else _calls.TICK)
            try:
                prediction = self._ask(_calls.result(id, part, inline), part + self._timeout)
            except (ProcessError, CallTimeout) as error:
                raise error.about(id) from error
            if on_progress is not None:
                on_progress(prediction)
            if prediction.done:
                return prediction
            if deadline is not None and time.monotonic() >= deadline:
                assert timeout is not None
                raise WaitTimeout(prediction, timeout)

    def cancel(self, id: str, *, delete_remote: bool = False, chain: bool = False) -> Prediction:
        """Stops a prediction; before it was sent that costs nothing. A finished one comes back unchanged.

        With `chain` also those that wait for its outputs; without it they fail.
        """
        return self._ask(_calls.cancel(id, delete_remote, chain))

    def wait(self, ids: Iterable[str], *, mode: WaitMode = "all", timeout: float = 50.0) -> Waited:
        """Waits for `all` or `any` of several; running out of time is not an error; see `done`."""
        return self._ask(_calls.wait(ids, mode, timeout), timeout + self._timeout)

    def list(
        self, *, status: Optional[Status] = None, provider: Optional[str] = None, model: Optional[str] = None,
        tag: Optional[str] = None, text: Optional[str] = None, created_after: Union[str, datetime, None] = None,
        created_before: Union[str, datetime, None] = None, limit: Optional[int] = None, cursor: Optional[str] = None,
        file: Optional[_calls.Path] = None,
    ) -> Page:
        """A page of predictions, newest first; `predictions` goes through all pages. A time without a zone is local. `file`: only
        those that made this local file."""
        return self._ask(_calls.list_(
            status=status, provider=provider, model=model, tag=tag, text=text, created_after=created_after,
            created_before=created_before, limit=limit, cursor=cursor, file=file,
        ))

    def predictions(
        self, *, status: Optional[Status] = None, provider: Optional[str] = None, model: Optional[str] = None,
        tag: Optional[str] = None, text: Optional[str] = None, created_after: Union[str, datetime, None] = None,
        created_before: Union[str, datetime, None] = None, limit: Optional[int] = None, cursor: Optional[str] = None,
        file: Optional[_calls.Path] = None,
    ) -> Iterator[Prediction]:
        """All predictions, newest first; `limit` is how many a page has. The filters are those of `list`."""
        while True:
            page = self.list(
                status=status, provider=provider, model=model, tag=tag, text=text, created_after=created_after,
                created_before=created_before, limit=limit, cursor=cursor, file=file,
            )
            yield from page
            cursor = page.next_cursor
            if cursor is None:
                return

    def delete(self, ids: Iterable[str], *, files: bool = False) -> Deletion:
        """Deletes finished predictions, all or none; with `files` their images too."""
        return self._ask(_calls.delete(ids, files))

    def thumbnail(self, id: str, file: int = 1, *, size: int = 512, inline: bool = False) -> Thumbnail:
        """A small image of the file with this index, at most `size` pixels a side; made at its first request.

        Raises `NoThumbnail` for a file that is no image, is damaged or gone, and where no decoder is installed.
        """
        return self._ask(_calls.thumbnail(id, file, size, inline))

    def quote(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, **fields: Any,
    ) -> Price:
        """What a prediction would cost; asking spends nothing."""
        return self._ask(_calls.quote(prompt, input, fields, model, provider))

    def models(
        self, model: Optional[str] = None, *, provider: Optional[str] = None, search: Optional[str] = None,
        kind: Optional[ModelKind] = None,
    ) -> Sequence[Model]:
        """All models of a provider; with `model` only that one, with its schema.

        `search` keeps those with all these words in id, name, description or kind, `kind` those that make an `image`, …
        """
        models: List[Model] = []
        cursor: Optional[str] = None
        while True:
            page, cursor = self._ask(_calls.models(model, provider, search, kind, cursor))
            models += page
            if cursor is None:
                return tuple(models)

    def validate(
        self, prompt: Optional[str] = None, *, input: Optional[Mapping[str, Any]] = None, model: Optional[str] = None,
        provider: Optional[str] = None, **fields: Any,
    ) -> Validation:
        """Whether `submit` would take it, as far as that is known; spends nothing."""
        return self._ask(_calls.validate(prompt, input, fields, model, provider))

    def balance(self, provider: Optional[str] = None) -> Price:
        """The balance of the provider's account."""
        return self._ask(_calls.balance(provider))

    def subscribe(
        self, ids: Optional[Iterable[str]] = None, *, tag: Optional[str] = None, since: Optional[str] = None
    ) -> Subscription:
        """Hears of every change: of these ids, of one tag, or of all.

            with client.subscribe(tag="book") as updates:
                for update in updates: ...
        """
        connection = self._connected()
        call = _calls.subscribe(ids, tag, since)
        messages: "queue.SimpleQueue[Any]" = queue.SimpleQueue()
        pending = connection.start(
            call.method, call.params,
            lambda value: connection.listen(value["subscription"], lambda *message: messages.put(message)),
        )
        return Subscription(self, connection, self._answer(connection, pending), messages)
