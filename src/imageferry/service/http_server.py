"""The HTTP servers of a process, with the limits that every client meets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from imageferry.service.absolute_form import with_absolute_form
from imageferry.service.http_protocol import HttpProtocol
from imageferry.settings import ENVIRONMENT_PREFIX, SettingError

HEADER_BYTES = 128 * 1024
"""The most bytes of a request's line and headers: twice the longest query that is accepted."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

UNREAD_SECONDS = 600
"""How long a client may leave an answer unread: whoever holds a download for longer begins anew."""


def listen(host: str, port: int, what: str, setting: str) -> socket.socket:
    """Listen for what a server serves.

    Args:
        host: The address to listen on.
        port: The port; 0 for a free one.
        what: What is served, as the error says it.
        setting: The setting that has the port.

    Raises:
        SettingError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise SettingError(
            f"{what} cannot listen on {host}:{port}: {reason}. Stop what listens there, or choose "
            f"another address by {ENVIRONMENT_PREFIX}HOST and {ENVIRONMENT_PREFIX}{setting}."
        ) from error
    # Connections inherit it. Without, the second packet of each answer waits for the client to
    # acknowledge the first, which it puts off for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listener


class Server(uvicorn.Server):
    """One HTTP server among several in a process: signals are the process's business.

    Args:
        application: What it serves.
        listener: Where.
    """

    def __init__(self, application: ASGIApp, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                with_absolute_form(application),
                # The faster parser takes headers without end: 50 MB of them grew the process
                # by as much.
                http=HttpProtocol,
                h11_max_incomplete_event_size=HEADER_BYTES,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )
        self._listener = listener
        self._ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        self._ready.set()

    async def address(self) -> str:
        """Where it answers, once it does, as ``http://host:port``."""
        await self._ready.wait()
        host, port = self._listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Serve until the process is to stop, or stop it where the server cannot go on."""
        serving = asyncio.create_task(self.serve([self._listener]))
        await either(serving, stop)
        self.should_exit = True
        stop.set()
        await serving


async def either(
    task: asyncio.Task[None] | asyncio.Task[int], event: asyncio.Event, seconds: float | None = None
) -> None:
    """Wait until a task is done or an event has come, or for so many seconds."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
