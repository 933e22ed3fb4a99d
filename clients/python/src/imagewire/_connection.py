"""One process and what is asked of it: the only place that knows pipes and threads.

A thread reads, so that lines of any length come through and nothing waits for whoever asked; a thread writes, so that a
KeyboardInterrupt can never cut a message in two; a thread drains stderr, so that the process never blocks on it.
"""

import itertools
import json
import logging
import os
import queue
import shutil
import subprocess
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .errors import BinaryNotFound, BinaryTooOld, CallError, ConnectionLost, ProcessError, StartFailed, call_error

#: The oldest program that speaks as this client does.
MINIMUM_VERSION = (0, 1, 0)
#: How long a program may take to say who it is.
START_PATIENCE = 15.0
_LOG = logging.getLogger("imagewire")
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


class Pending:
    """A request that is not answered yet."""

    def __init__(self, number: int, method: str, on_result: Optional[Callable[[Any], None]]) -> None:
        self.number = number
        self.method = method
        self.on_result = on_result
        self.future: "Future[Any]" = Future()
        # Whoever stops waiting must not stop the reading thread from answering.
        self.future.set_running_or_notify_cancel()


class Connection:
    """A started process. Any thread may ask."""

    def __init__(
        self, binary: Optional[str], arguments: Sequence[str], environment: Optional[Mapping[str, str]],
        settings: Mapping[str, Any],
    ) -> None:
        """Starts the program and makes sure that it is one.

        Raises `BinaryNotFound`, `BinaryTooOld` or `StartFailed`.
        """
        self.owner = os.getpid()
        self._command = find_binary(binary)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: Dict[int, Pending] = {}
        self._listeners: Dict[str, Callable[[str, Optional[Dict[str, Any]]], None]] = {}
        self._lost: Optional[ProcessError] = None
        self._closing = False
        self._outbox: "queue.SimpleQueue[Optional[bytes]]" = queue.SimpleQueue()
        self._log: List[str] = []
        self.ended = threading.Event()
        try:
            self._process = subprocess.Popen(
                [self._command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, **environment} if environment is not None else None,
                # Ctrl-C is for us: we end the process in good order, the terminal must not end it under us.
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise BinaryNotFound(f"{self._command} cannot be started: {error.strerror}.") from error
        self._drainer = self._thread(self._drain, "stderr")
        self._thread(self._read, "reader")
        self._writer = self._thread(self._write, "writer")
        try:
            self._introduce(settings)
        except BaseException:
            self.kill()
            raise

    def _thread(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"imagewire-{name}", daemon=True)
        thread.start()
        return thread

    # -- who it is -------------------------------------------------------------------------------------------------

    def _introduce(self, settings: Mapping[str, Any]) -> None:
        params = {
            "processId": os.getpid(), "clientInfo": {"name": "imagewire-python", "version": "0.1.0"},
            "configuration": {name: value for name, value in settings.items() if value is not None},
        }
        pending = self.start("initialize", params)
        try:
            answer = pending.future.result(START_PATIENCE)
            server = answer["serverInfo"]
            name, version = server["name"], str(server["version"])
        except FutureTimeout as error:
            raise StartFailed(f"{self._command} does not answer. Is it imagewire?") from error
        except ConnectionLost as error:
            raise StartFailed(f"{self._command} could not be started. {error}") from error
        except (CallError, KeyError, TypeError) as error:
            if isinstance(error, CallError) and error.code != -32601:
                raise
            raise BinaryTooOld(
                f"{self._command} does not say its version, so it is too old or not imagewire. Install {_shown()} or newer."
            ) from error
        if name != "imagewire":
            raise BinaryTooOld(f"{self._command} is not imagewire but {name}.")
        if version_of(version) < MINIMUM_VERSION:
            raise BinaryTooOld(f"{self._command} is version {version}. Install {_shown()} or newer.")

    # -- asking ----------------------------------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether a call may be made: not after the end, and not in a forked child, which has none of the threads."""
        return self._lost is None and not self._closing and self.owner == os.getpid()

    def start(
        self, method: str, params: Mapping[str, Any], on_result: Optional[Callable[[Any], None]] = None
    ) -> Pending:
        """Sends a request. `on_result` runs on the reading thread, before anything that comes behind the result."""
        pending = Pending(next(self._numbers), method, on_result)
        with self._lock:
            if self._lost is not None:
                pending.future.set_exception(self._lost)
                return pending
            self._pending[pending.number] = pending
        self._send({"jsonrpc": "2.0", "id": pending.number, "method": method, "params": params})
        return pending

    def abandon(self, pending: Pending) -> None:
        """Stops waiting for an answer; the prediction it is about goes on."""
        with self._lock:
            known = self._pending.pop(pending.number, None)
        if known is not None:
            self._send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": pending.number}})

    def listen(self, subscription: str, listener: Callable[[str, Optional[Dict[str, Any]]], None]) -> None:
        """Hands over what comes for a subscription; `("", None)` once the process has ended."""
        with self._lock:
            lost = self._lost
            if lost is None:
                self._listeners[subscription] = listener
        if lost is not None:
            listener("", None)

    def forget(self, subscription: str) -> None:
        """Stops handing over."""
        with self._lock:
            self._listeners.pop(subscription, None)

    @property
    def lost(self) -> ProcessError:
        """Why it ended."""
        return self._lost or ConnectionLost("The client was closed.")

    def _send(self, message: Mapping[str, Any]) -> None:
        # ensure_ascii keeps lone surrogates of Python strings readable for everybody.
        self._outbox.put(json.dumps(message, separators=(",", ":"), default=_plain).encode() + b"\n")

    # -- ending ----------------------------------------------------------------------------------------------------

    def close(self, patience: float) -> None:
        """No more questions: ends all waiting, then the input. What was accepted is kept; a reply that was paid for is
        still saved by the process, which then ends by itself."""
        self.release()
        self.ended.wait(patience)

    def release(self) -> None:
        """Ends the input without waiting for the end of the process."""
        with self._lock:
            self._closing = True
            waiting = list(self._pending.values())
        if self.owner != os.getpid():
            return
        for pending in waiting:
            self._send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": pending.number}})
        self._outbox.put(None)
        self._writer.join(1.0)

    def kill(self) -> None:
        """Ends the process whatever it does."""
        self._closing = True
        if self._process.poll() is None:
            self._process.kill()
        self._outbox.put(None)
        self.ended.wait(5.0)

    # -- the threads -----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            while (data := self._outbox.get()) is not None:
                stream.write(data)
                stream.flush()
        except OSError:
            pass  # It ended: the reading thread says so to everybody.
        try:
            stream.close()
        except OSError:
            pass

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        stray = ""
        try:
            while line := stream.readline():
                try:
                    message = json.loads(line)
                    if not isinstance(message, dict):
                        raise ValueError
                except ValueError:
                    # Whoever writes anything but the protocol is not imagewire.
                    stray = line[:80].decode(errors="replace").strip()
                    break
                self._take(message)
        except (OSError, ValueError):
            pass
        self._end(stray)

    def _take(self, message: Dict[str, Any]) -> None:
        if "method" in message:
            params = message.get("params")
            if isinstance(params, dict) and isinstance(params.get("subscription"), str):
                with self._lock:
                    listener = self._listeners.get(params["subscription"])
                if listener is not None:
                    listener(message["method"], params)
            return
        with self._lock:
            pending = self._pending.pop(message.get("id"), None)  # type: ignore[arg-type]
        if pending is None:
            return
        try:
            if "error" in message:
                raise call_error(message["error"])
            if pending.on_result is not None:
                pending.on_result(message["result"])
        except CallError as error:
            pending.future.set_exception(error)
        except Exception:
            pending.future.set_exception(StartFailed(f"{self._command} gives no proper answer, so it is not imagewire."))
        else:
            pending.future.set_result(message.get("result"))

    def _end(self, stray: str) -> None:
        if stray:
            self._process.kill()
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._drainer.join(1.0)
        assert self._process.stdout is not None
        self._process.stdout.close()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        if stray:
            lost: ProcessError = StartFailed(f"{self._command} says {stray!r}, so it is not imagewire.")
        elif self._closing:
            lost = ConnectionLost("The client was closed. Predictions that were accepted are kept.")
        else:
            said = f" It said: {self._log[-1]}" if self._log else ""
            lost = ConnectionLost(
                f"imagewire {how} before it answered.{said} Predictions that were accepted are kept; the next call starts"
                " it again."
            )
        with self._lock:
            self._lost = lost
            waiting, self._pending = list(self._pending.values()), {}
            listeners, self._listeners = list(self._listeners.values()), {}
        for pending in waiting:
            pending.future.set_exception(lost)
        for listener in listeners:
            listener("", None)
        self._outbox.put(None)
        self.ended.set()

    def _drain(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with stream:
            for line in stream:
                self._note(line)

    def _note(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self._log = [*self._log[-19:], text]
        level, _, rest = text.removeprefix("imagewire: ").partition(": ")
        _LOG.log(_LEVELS.get(level, logging.INFO), "%s", rest if level in _LEVELS else text)


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def find_binary(binary: Optional[str]) -> str:
    """The program: what the caller names, else what `IMAGEWIRE` names, else `imagewire` on the path."""
    wanted = os.fspath(binary) if binary else os.environ.get("IMAGEWIRE") or "imagewire"
    found = shutil.which(os.path.expanduser(wanted))
    if found is None:
        raise BinaryNotFound(
            f"There is no program {wanted}. Install imagewire, or say where it is: Client(binary=…) or the variable IMAGEWIRE."
        )
    return found


def version_of(text: str) -> "tuple[int, ...]":
    """`0.1.0-beta` is `(0, 1, 0)`; what is no version is older than all."""
    numbers = []
    for part in text.split("-")[0].split("+")[0].split("."):
        if not part.isdigit():
            return ()
        numbers.append(int(part))
    return tuple(numbers)


def _shown() -> str:
    return ".".join(map(str, MINIMUM_VERSION))
