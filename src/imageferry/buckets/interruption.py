"""Ends requests to a store that are under way, from another thread.

A store that is silent keeps whoever reads from it waiting for minutes. Whoever no longer wants
the answer must not wait for it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from imageferry.buckets.interface import StoreError


class InterruptedRequestError(StoreError):
    """Nobody wants the answer to the request any more."""

    def __init__(self) -> None:
        super().__init__("the request was given up, as its answer is not wanted any more")


class Interruption:
    """Tells requests to end, once and for all. Safe in threads."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._sockets: dict[int, socket.socket] = {}

    def set(self) -> None:
        """End all requests that are under way, and let no other begin."""
        with self._lock:
            self._asked.set()
            for connection in self._sockets.values():
                _cut(connection)

    def check(self) -> None:
        """Do not go on if it is set.

        Raises:
            InterruptedRequestError: it is.
        """
        if self._asked.is_set():
            raise InterruptedRequestError

    def pause(self, seconds: float) -> None:
        """Wait, for so many seconds at most.

        Raises:
            InterruptedRequestError: it is set.
        """
        self._asked.wait(seconds)
        self.check()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Let the connection that this thread uses meanwhile be cut when this is set.

        Raises:
            InterruptedRequestError: it was set before, or meanwhile.
        """
        self.check()
        _current.interruption = self
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            _current.interruption = None
            with self._lock:
                self._sockets.pop(threading.get_ident(), None)

    def cover(self, connection: socket.socket) -> None:
        """Note what this thread's request waits for."""
        with self._lock:
            self._sockets[threading.get_ident()] = connection
            if self._asked.is_set():
                _cut(connection)


class _Current(threading.local):
    interruption: Interruption | None = None


_current = _Current()


def note_connection(connection: socket.socket) -> None:
    """Say which connection this thread uses for its request."""
    if _current.interruption is not None:
        _current.interruption.cover(connection)


def _cut(connection: socket.socket) -> None:
    """Let whoever waits for a connection wake up, without closing it: the descriptor is his."""
    with contextlib.suppress(OSError):
        # The method of plain sockets: that of TLS would take the session from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
