"""What both clients are made of: their settings, and the process that they start with the first call."""

import os
import threading
import weakref
from typing import List, Mapping, Optional, Sequence

from ._batch import Batch
from ._calls import Path, absolute
from ._connection import Connection
from .errors import ProcessError


class BaseClient:
    """The settings of a client, and its connection."""

    def __init__(
        self, binary: Optional[Path] = None, *, provider: Optional[str] = None, model: Optional[str] = None,
        output_dir: Optional[Path] = None, state_dir: Optional[Path] = None, wavespeed_api_key: Optional[str] = None,
        openai_api_key: Optional[str] = None, arguments: Sequence[str] = (), env: Optional[Mapping[str, str]] = None,
        timeout: float = 60.0,
    ) -> None:
        self._binary = str(binary) if binary is not None else None
        self._arguments = [*(["--state-dir", str(absolute(state_dir))] if state_dir is not None else []), *map(str, arguments)]
        self._env = env
        self._settings = {
            "provider": provider, "model": model, "output_dir": absolute(output_dir),
            "wavespeed_api_key": wavespeed_api_key, "openai_api_key": openai_api_key,
        }
        self._timeout = timeout
        self._connection: Optional[Connection] = None
        self._lock = threading.Lock()
        #: The loops over `map` that are not over, or that a variable still holds.
        self._batches: "weakref.WeakSet[Batch]" = weakref.WeakSet()
        self._finalizer: Optional["weakref.finalize[[], BaseClient]"] = None
        _CLIENTS.add(self)

    def _connect(self, batch: Optional[Batch] = None) -> Connection:
        """The connection, started where there is none, but for no batch that was closed. Blocks for some milliseconds then."""
        with self._lock:
            if batch is not None and batch.is_closed:
                raise ProcessError("The client was closed.")
            if self._connection is None or not self._connection.is_usable:
                connection = Connection(self._binary, self._arguments, self._env, self._settings)
                if self._finalizer is not None:
                    # It would keep the connection before this one alive as long as the client.
                    self._finalizer.detach()
                # Without `close` the process ends with the client, or with the program.
                self._finalizer = weakref.finalize(self, connection.release)
                self._connection = connection
            return self._connection

    def _disconnect(self) -> Optional[Connection]:
        """Takes the connection away, for closing it; loops over `map` are over with it."""
        with self._lock:
            for batch in list(self._batches):
                batch.is_closed = True
                self._give_up(batch)
            connection, self._connection = self._connection, None
            if connection is not None and self._finalizer is not None:
                self._finalizer.detach()
                self._finalizer = None
            return connection

    def _open(self, batch: Batch) -> Batch:
        """The batch, which closing gives up."""
        with self._lock:
            self._batches.add(batch)
        return batch

    def _give_up(self, batch: Batch) -> None:
        """Cancels what a batch still runs without waiting for the replies; closing waits for these."""
        connection = self._connection
        # A forked child that ends in a loop over `map` leaves it too, but the predictions are its parent's.
        if batch.owner == os.getpid() and connection is not None and connection.is_usable:
            for id in batch.running:
                connection.cancel(id)

    def _abandon_connection(self) -> None:
        """In a forked child: another thread may have held the lock, and the process belongs to the parent."""
        self._lock = threading.Lock()
        connection, self._connection = self._connection, None
        if self._finalizer is not None:
            self._finalizer.detach()
            self._finalizer = None
        if connection is not None:
            connection.disown()


_CLIENTS: "weakref.WeakSet[BaseClient]" = weakref.WeakSet()


def live_connections() -> List[Connection]:
    """The connections of this program that can be used now."""
    return [one for one in (client._connection for client in list(_CLIENTS)) if one is not None and one.is_usable]


def _after_fork() -> None:
    for client in list(_CLIENTS):
        client._abandon_connection()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
