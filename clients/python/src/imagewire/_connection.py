"""One process and the requests to it: the only place with pipes and threads.

A thread reads, so that lines of any length arrive and no reply waits for a caller; a thread writes, so that a
KeyboardInterrupt can never cut a message in two; a thread drains stderr, so that the process never blocks on it.
"""

import io
import itertools
import json
import logging
import os
import queue
import subprocess
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ._handshake import check_server, unversioned
from ._message import encoded
from ._program import find_program
from .errors import BinaryNotFound, CallError, ConnectionLost, ProcessError, StartFailed, call_error

#: The time limit for `initialize`, in seconds.
START_PATIENCE = 15.0
_LOG = logging.getLogger("imagewire")
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


class Pending:
    """A request that is not answered yet."""

    def __init__(self, number: int, method: str, on_result: Optional[Callable[[Any], None]], keep: bool) -> None:
        self.number = number
        self.method = method
        self.on_result = on_result
        #: Closing does not end the waiting for it: the reply comes at once and is needed.
        self.keep = keep
        #: `None` until it is written, or given up: then it never is.
        self.written: Optional[bool] = None
        self.future: "Future[Any]" = Future()
        # A caller that stops waiting must not stop the reading thread from answering.
        self.future.set_running_or_notify_cancel()


class Connection:
    """A started process. Any thread may call."""

    def __init__(
        self, binary: Optional[str], arguments: Sequence[str], environment: Optional[Mapping[str, str]],
        settings: Mapping[str, Any],
    ) -> None:
        """Starts the program and checks that it is imagewire.

        Raises `BinaryNotFound`, `BinaryTooOld` or `StartFailed`.
        """
        self.owner = os.getpid()
        self._command = find_program(binary)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: Dict[int, Pending] = {}
        #: What is being cancelled: submits that were given up, and ids.
        self._given_up: Set[Union[Pending, str]] = set()
        self._settled = threading.Condition(self._lock)
        self._listeners: Dict[str, Callable[[str, Optional[Dict[str, Any]]], None]] = {}
        self._lost: Optional[ProcessError] = None
        self._is_introduced = False
        self._closing = False
        self._outbox: "queue.SimpleQueue[Optional[Tuple[Optional[Pending], bytes]]]" = queue.SimpleQueue()
        self._log: List[str] = []
        self.ended = threading.Event()
        try:
            self._process = subprocess.Popen(
                [self._command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, **environment} if environment is not None else None,
                # Ctrl-C is for this program, which ends the process in order; the terminal must not end it first.
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise BinaryNotFound(f"{self._command} cannot be started: {error.strerror}.", (self._command,)) from error
        self._drainer = self._thread(self._drain, "stderr")
        self._reader = self._thread(self._read, "reader")
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

    # -- handshake -------------------------------------------------------------------------------------------------

    def _introduce(self, settings: Mapping[str, Any]) -> None:
        params = {
            "processId": os.getpid(), "clientInfo": {"name": "imagewire-python", "version": "0.1.0"},
            "configuration": {name: value for name, value in settings.items() if value is not None},
        }
        pending = self.start("initialize", params)
        try:
            check_server(self._command, pending.future.result(START_PATIENCE))
            self._is_introduced = True
        except FutureTimeout as error:
            raise StartFailed(f"{self._command} does not answer. Is it imagewire? Nothing was sent.") from error
        except ConnectionLost as error:
            raise StartFailed(f"{self._command} could not be started. {error} Nothing was sent.") from error
        except StartFailed as error:
            raise StartFailed(f"{error} Nothing was sent.") from error
        except CallError as error:
            if error.code == -32601:
                raise unversioned(self._command) from error
            raise

    # -- requests --------------------------------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether a call may be made: not after the end, and not in a forked child, which has none of the threads."""
        return self._lost is None and not self._closing and self.owner == os.getpid()

    def start(
        self, method: str, params: Mapping[str, Any], on_result: Optional[Callable[[Any], None]] = None, *,
        keep: bool = False, while_closing: bool = False,
    ) -> Pending:
        """Sends a request. `on_result` runs on the reading thread, before anything that comes behind the result.

        Raises `ValueError` or `TypeError` where `params` cannot be sent.
        """
        pending = self.prepare(method, on_result, keep=keep)
        self.send(pending, params, while_closing=while_closing)
        return pending

    def prepare(self, method: str, on_result: Optional[Callable[[Any], None]] = None, *, keep: bool = False) -> Pending:
        """A request for `send`: one that can be given up whatever interrupts the sending."""
        return Pending(next(self._numbers), method, on_result, keep)

    def send(self, pending: Pending, params: Mapping[str, Any], *, while_closing: bool = False) -> None:
        """Sends a request; see `start`."""
        # Encoded before the call is registered: a message that cannot be sent gets no reply.
        message = encoded({"jsonrpc": "2.0", "id": pending.number, "method": pending.method, "params": params})
        with self._lock:
            if self._lost is not None:
                pending.future.set_exception(self._lost)
            elif self._closing and not while_closing:
                # The input may still be open, but only to cancel abandoned predictions.
                pending.future.set_exception(ConnectionLost("The client was closed. Nothing was sent."))
            else:
                self._pending[pending.number] = pending
                self._outbox.put((pending, message))

    def abandon(self, pending: Pending) -> None:
        """Stops waiting for an answer; the prediction it is about goes on."""
        with self._lock:
            known = self._pending.pop(pending.number, None)
        if known is not None:
            self._stop_waiting(pending)

    def give_up(self, submitted: Pending) -> None:
        """Takes back a submit: it is never sent if it is not written yet, else its prediction is cancelled as soon as the id is
        known. `release` waits for that before it ends the input."""
        if self.owner != os.getpid():
            return
        with self._lock:
            if submitted.written is None:
                submitted.written = False
                self._pending.pop(submitted.number, None)
                return
            self._given_up.add(submitted)
        submitted.future.add_done_callback(lambda _: self._cancel_submitted(submitted))

    def _cancel_submitted(self, submitted: Pending) -> None:
        try:
            id = submitted.future.result()["id"]
        except CallError:
            pass  # It was refused: there is no prediction.
        except Exception as error:
            self._warn("A prediction", error)
        else:
            self.cancel(id)
        self._settle(submitted)

    def cancel(self, id: str) -> None:
        """Cancels a prediction without waiting for the reply; `release` does that."""
        if self.owner != os.getpid():
            return
        with self._lock:
            self._given_up.add(id)
        cancelled = self.start("cancel", {"id": id}, keep=True, while_closing=True)

        def settle(_: Any) -> None:
            error = cancelled.future.exception()
            if error is not None:
                self._warn(f"Prediction {id}", error)
            self._settle(id)

        cancelled.future.add_done_callback(settle)

    def _warn(self, what: str, error: BaseException) -> None:
        _LOG.warning("%s could not be cancelled and may go on: list() shows it. %s", what, error)

    def _settle(self, what: Union[Pending, str]) -> None:
        with self._settled:
            self._given_up.discard(what)
            self._settled.notify_all()

    def listen(self, subscription: str, listener: Callable[[str, Optional[Dict[str, Any]]], None]) -> None:
        """Passes on the messages of a subscription; `("", None)` once the process has ended."""
        with self._lock:
            lost = self._lost
            if lost is None:
                self._listeners[subscription] = listener
        if lost is not None:
            listener("", None)

    def forget(self, subscription: str) -> None:
        """Stops passing on."""
        with self._lock:
            self._listeners.pop(subscription, None)

    @property
    def lost(self) -> ProcessError:
        """Why it ended."""
        return self._lost or ConnectionLost("The client was closed.")

    def _stop_waiting(self, pending: Pending) -> None:
        self._outbox.put((None, encoded({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": pending.number}})))

    # -- ending ----------------------------------------------------------------------------------------------------

    def close(self, patience: float) -> None:
        """Ends all waiting, then the input. Accepted predictions are kept; the process still saves the reply to a paid
        request and then ends by itself."""
        end = time.monotonic() + patience
        self.release(patience)
        self.ended.wait(max(0.0, end - time.monotonic()))

    def release(self, patience: float = 5.0) -> None:
        """Ends the input without waiting for the end of the process, but not before abandoned predictions are cancelled."""
        if self._closing or self.owner != os.getpid():
            self._closing = True
            return
        try:
            with self._settled:
                self._closing = True
                for pending in self._pending.values():
                    if not pending.keep:
                        self._stop_waiting(pending)
                # A client may be collected on the reading thread, which must not wait for itself.
                if threading.current_thread() is not self._reader:
                    self._settled.wait_for(lambda: not self._given_up, patience)
            if self._given_up:
                _LOG.warning("The client was closed before all abandoned predictions were cancelled: list() shows them.")
        finally:
            # Also where a second Ctrl-C ends the waiting.
            self._outbox.put(None)
        self._writer.join(1.0)

    def kill(self) -> None:
        """Kills the process."""
        self._closing = True
        if self._process.poll() is None:
            self._process.kill()
        self._outbox.put(None)
        self.ended.wait(5.0)

    def disown(self) -> None:
        """In a forked child: closes its copies of the pipes, so that the process still ends with its parent."""
        self._closing = True
        # Popen would wait for it, but it is no child of this process.
        self._process.returncode = 0
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if isinstance(stream, (io.BufferedReader, io.BufferedWriter)):
                # The buffer's lock may be held by a thread that only the parent has.
                stream.raw.close()

    # -- the threads -----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            while (entry := self._outbox.get()) is not None:
                pending, data = entry
                if pending is None or self._may_write(pending):
                    stream.write(data)
                    stream.flush()
        except OSError:
            pass  # It ended: the reading thread fails all calls.
        try:
            stream.close()
        except OSError:
            pass

    def _may_write(self, pending: Pending) -> bool:
        """Whether it was not given up; after that it counts as written."""
        with self._lock:
            if pending.written is None:
                pending.written = True
            return pending.written

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        stray = ""
        fault: Optional[Exception] = None
        try:
            while line := stream.readline():
                try:
                    message = json.loads(line)
                    if not isinstance(message, dict):
                        raise ValueError
                except (ValueError, RecursionError):
                    # A program that writes anything but the protocol is not imagewire.
                    stray = line[:80].decode(errors="replace").strip()
                    break
                self._take(message)
        except Exception as error:
            fault = error
        finally:
            # Also after an unexpected exception: without a reader no call would ever be answered.
            self._end(stray, fault)

    def _take(self, message: Dict[str, Any]) -> None:
        if "method" in message:
            params = message.get("params")
            if isinstance(params, dict) and isinstance(params.get("subscription"), str):
                with self._lock:
                    listener = self._listeners.get(params["subscription"])
                if listener is not None:
                    listener(message["method"], params)
            return
        number = message.get("id")
        with self._lock:
            if number is None and "error" in message and len(self._pending) == 1:
                # The program could not read its id, and only one call is in flight.
                number = next(iter(self._pending))
            # Our numbers are integers: anything else, even what equals one, is not the answer to a call of ours.
            pending = self._pending.pop(number, None) if type(number) is int else None
        if pending is None:
            if number is None and "error" in message:
                # Which call it was is not known, and an accepted submit must not be reported as failed: it may cost
                # money. Each call has its own time limit.
                _LOG.warning("imagewire could not read a call, and does not say which: %s", message["error"])
            return
        try:
            if "error" in message:
                raise call_error(message["error"])
            if pending.on_result is not None:
                pending.on_result(message["result"])
        except CallError as error:
            pending.future.set_exception(error)
        except Exception:
            pending.future.set_exception(StartFailed(f"{self._command} sends an invalid reply, so it is not imagewire."))
        else:
            pending.future.set_result(message.get("result"))

    def _end(self, stray: str, fault: Optional[Exception]) -> None:
        if stray:
            self._process.kill()
        self._outbox.put(None)
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
            lost: ProcessError = StartFailed(f"{self._command} writes {stray!r}, so it is not imagewire.")
        elif fault is not None:
            lost = ConnectionLost(
                f"imagewire's output could not be read: {fault!r}. Predictions that were accepted are kept; the next call"
                " starts it again."
            )
            lost.__cause__ = fault
        elif self._closing:
            lost = ConnectionLost("The client was closed. Predictions that were accepted are kept.")
        else:
            said = f" Its last message: {self._log[-1]}" if self._log else ""
            # What could not be started accepted nothing, and the next start fails alike.
            kept = " Predictions that were accepted are kept; the next call starts it again." if self._is_introduced else ""
            lost = ConnectionLost(f"imagewire {how} before it answered.{said}{kept}")
        with self._lock:
            self._lost = lost
            waiting, self._pending = list(self._pending.values()), {}
            listeners, self._listeners = list(self._listeners.values()), {}
        for pending in waiting:
            pending.future.set_exception(lost)
        for listener in listeners:
            listener("", None)
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
