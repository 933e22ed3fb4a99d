"""The blocking client."""

import queue
import threading
import time
import weakref
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Callable, Iterable, Iterator, List, Mapping, Optional, Sequence, TypeVar

from . import _calls
from ._calls import Call, Path
from ._connection import Connection, Pending
from .errors import CallError, CallTimeout, ImagewireError, WaitTimeout, prediction_error
from .prediction import Deletion, Model, Page, Prediction, Price, Thumbnail, Update, Validation, Waited

T = TypeVar("T")
OnProgress = Callable[[Prediction], Any]


class Client:
    """imagewire, one process of it, started with the first call and again after it ended.

    Threads may share a client. Leaving the `with` block ends the process; so does the end of the program.

    Args:
        binary: The program; by default the variable IMAGEWIRE, else that of this package, else `imagewire` on the path or at a
            usual place, such as ~/.local/bin.
        provider: The default provider; without one `wavespeed` where its key is known, else the sandbox.
        model: The default model.
        output_dir: Where images go; absolute.
        state_dir: The directory of the database.
        wavespeed_api_key: A key, else the one of the environment; never written anywhere.
        openai_api_key: Likewise.
        arguments: More of the program's own options.
        env: Variables over those of this process.
        timeout: Seconds that a call which is answered at once may take.
    """

    def __init__(
        self, binary: Optional[Path] = None, *, provider: Optional[str] = None, model: Optional[str] = None,
        output_dir: Optional[Path] = None, state_dir: Optional[Path] = None, wavespeed_api_key: Optional[str] = None,
        openai_api_key: Optional[str] = None, arguments: Sequence[str] = (), env: Optional[Mapping[str, str]] = None,
        timeout: float = 60.0,
    ) -> None:
        self._binary = str(binary) if binary is not None else None
        self._arguments = [*(["--state-dir", str(state_dir)] if state_dir is not None else []), *map(str, arguments)]
        self._env = env
        self._settings = {
            "provider": provider, "model": model, "output_dir": str(output_dir) if output_dir is not None else None,
            "wavespeed_api_key": wavespeed_api_key, "openai_api_key": openai_api_key,
        }
        self._timeout = timeout
        self._connection: Optional[Connection] = None
        self._lock = threading.Lock()

    # -- the process -----------------------------------------------------------------------------------------------

    def _connected(self) -> Connection:
        with self._lock:
            if self._connection is None or not self._connection.is_usable:
                self._connection = Connection(self._binary, self._arguments, self._env, self._settings)
                # Without `close` the process ends with the client, or with the program.
                weakref.finalize(self, self._connection.release)
            return self._connection

    def close(self, timeout: float = 5.0) -> None:
        """Ends all waiting and the process. Predictions that were accepted are kept. A later call starts it again.

        Abandoned predictions are cancelled first. Waits no longer than `timeout` seconds for all of that; a process that is
        still saving a reply that was paid for goes on without us until it is on disk.
        """
        with self._lock:
            connection, self._connection = self._connection, None
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

    def _ask(self, call: "Call[T]", timeout: Optional[float] = None) -> T:
        connection = self._connected()
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
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Iterable[str] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False,
        timeout: Optional[float] = None, on_progress: Optional[OnProgress] = None,
    ) -> Prediction:
        """An image: submits, waits, and returns the completed prediction.

        `on_progress` is called with the prediction at once, about twice a second, and at the end. An interruption of
        the waiting (Ctrl-C, an exception of the callback) cancels the prediction; a time limit does not.

        Raises:
            PredictionFailed: or the subclass for what failed.
            WaitTimeout: `timeout` seconds are over; the prediction goes on.
            CallError: The call was refused, and no prediction was made.
            ProcessError: The program is missing, too old, or ended.
            ValueError, TypeError: It cannot be sent: JSON cannot hold it, or it is over 64 MiB.
        """
        call = _calls.submit(
            prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates,
        )
        connection = self._connected()
        pending = connection.start(call.method, call.params, keep=True)
        try:
            prediction = call.read(self._submitted(pending))
            if on_progress is not None:
                on_progress(prediction)
            prediction = self.result(prediction.id, timeout=timeout, on_progress=on_progress)
        except ImagewireError:
            raise
        except BaseException:
            connection.give_up(pending)
            raise
        error = prediction_error(prediction)
        if error is not None:
            raise error
        return prediction

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
        provider: Optional[str] = None, idempotency_key: Optional[str] = None, tags: Iterable[str] = (),
        metadata: Optional[Mapping[str, Any]] = None, output_dir: Optional[Path] = None,
        output_name: Optional[str] = None, max_cost: Optional[float] = None, upload: Optional[bool] = None,
        max_cost_estimates: bool = False,
    ) -> Prediction:
        """Accepts a prediction, and returns as soon as it is on disk. `result` waits for it."""
        call = _calls.submit(
            prompt, input=input, model=model, provider=provider, idempotency_key=idempotency_key, tags=tags,
            metadata=metadata, output_dir=output_dir, output_name=output_name, max_cost=max_cost, upload=upload,
            max_cost_estimates=max_cost_estimates,
        )
        return call.read(self._submitted(self._connected().start(call.method, call.params)))

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
            prediction = self._ask(_calls.result(id, part, inline), part + self._timeout)
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

    def wait(self, ids: Iterable[str], *, mode: str = "all", timeout: float = 50.0) -> Waited:
        """Waits for `all` or `any` of several; running out of time is not an error; see `done`."""
        return self._ask(_calls.wait(ids, mode, timeout), timeout + self._timeout)

    def list(
        self, *, status: Optional[str] = None, provider: Optional[str] = None, model: Optional[str] = None,
        tag: Optional[str] = None, text: Optional[str] = None, created_after: Optional[str] = None,
        created_before: Optional[str] = None, limit: Optional[int] = None, cursor: Optional[str] = None,
    ) -> Page:
        """A page of predictions, newest first; `predictions` goes through all pages."""
        return self._ask(_calls.list_(
            status=status, provider=provider, model=model, tag=tag, text=text, created_after=created_after,
            created_before=created_before, limit=limit, cursor=cursor,
        ))

    def predictions(self, **filters: Any) -> Iterator[Prediction]:
        """All predictions, newest first; filters as those of `list`."""
        page = self.list(**filters)
        while True:
            yield from page
            if page.next_cursor is None:
                return
            page = self.list(**{**filters, "cursor": page.next_cursor})

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
        provider: Optional[str] = None,
    ) -> Price:
        """What a prediction would cost; asking spends nothing."""
        return self._ask(_calls.quote(prompt, input, model, provider))

    def models(
        self, model: Optional[str] = None, *, provider: Optional[str] = None, search: Optional[str] = None,
        kind: Optional[str] = None,
    ) -> Sequence[Model]:
        """All models of a provider; with `model` only that one, with its schema.

        `search` keeps those with all these words in id, name, description or kind, `kind` those that make an `image`, a `video`, …
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
        provider: Optional[str] = None,
    ) -> Validation:
        """Whether `submit` would take it, as far as that is known; spends nothing."""
        return self._ask(_calls.validate(prompt, input, model, provider))

    def balance(self, provider: Optional[str] = None) -> Price:
        """The balance of the provider's account."""
        return self._ask(_calls.balance(provider))

    def subscribe(
        self, ids: Optional[Iterable[str]] = None, *, tag: Optional[str] = None, since: Optional[str] = None
    ) -> "Subscription":
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


class Subscription:
    """Updates, as they come. A `for` loop over it ends with `close`, and with `ConnectionLost` where the process does."""

    def __init__(
        self, client: Client, connection: Connection, answer: Mapping[str, Any], messages: "queue.SimpleQueue[Any]"
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
