"""HTTP as uvicorn speaks it, with clients that do not let a connection wait for them for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_SECONDS = 30.0
"""How long a client may take for the head of a request, or for the rest of a body that was answered
already: the longest head allowed comes within it at 5 KB a second."""


class HttpProtocol(H11Protocol):
    """Ends connections that nothing comes on, which a process can have only so many of.

    Uvicorn itself ends one where a client sends nothing after an answer, but waits for ever for
    the first request, and for the end of what a client has begun to send. Bodies that are yet to
    be answered are up to the applications: some take hours.
    """

    patience = PATIENCE_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        """Take what has come, and wait for the rest of it."""
        super().data_received(data)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._forget_deadline()

    def _set_deadline(self) -> None:
        """Let what is under way have its first deadline, however slowly it goes on."""
        is_answered = self.conn.our_state is h11.DONE
        if self.conn.their_state is not h11.IDLE and not is_answered:
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self.transport.close)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
