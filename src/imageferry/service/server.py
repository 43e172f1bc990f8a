"""The whole service as one process tree: both APIs here, the worker as a child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from imageferry.buckets.remote_client import PROMPT
from imageferry.service.absolute_form import with_absolute_form
from imageferry.service.api import ecs_application, oss_application
from imageferry.service.http_protocol import HttpProtocol
from imageferry.service.installation import (
    addresses_file,
    first_key,
    open_installation,
    write_addresses,
)
from imageferry.settings import SettingError, Settings
from imageferry.telemetry import metrics, tracing

HEADER_BYTES = 128 * 1024
"""The most bytes of a request's line and headers: twice the longest query that is accepted."""

RESTART_SECONDS = 0.2
"""How long a worker that died stays away: one that cannot start must not keep a processor busy."""

KILL_SECONDS = 10.0
"""How much longer than its drain a stopping worker may take before it is ended."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

MAX_OPEN_FILES = 65_536
"""Connections and files that may be open at a time, where the machine allows as many."""

UNREAD_SECONDS = 600
"""How long a client may leave an answer unread: whoever holds a download for longer begins anew."""

STARTED_BY_SERVICE = "--with-parent"

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Stop:
    """How the process is asked to stop: once, and once more by somebody in a hurry."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurried: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """Note that it is to stop."""
        (self.hurried if self.asked.is_set() else self.asked).set()


def serve(settings: Settings, *, with_worker: bool) -> None:
    """Serve until SIGTERM or SIGINT. A second one ends the worker at once; nothing is lost.

    Raises:
        SettingError: a setting cannot be used, or a port is taken.
    """
    allow_open_files()
    with (
        listen(settings.host, settings.ecs_port, "ECS") as ecs,
        listen(settings.host, settings.oss_port, "OSS") as oss,
        contextlib.closing(open_installation(settings, PROMPT)) as installation,
    ):
        key, generated = first_key(installation)
        if generated:
            _print(f"access key id      {key.access_key_id}\naccess key secret  {key.secret}")
        stop, objects = _Stop(), oss_application(installation)
        serving = _serve(
            settings,
            (
                _Server(ecs_application(installation, objects, stop.asked.is_set), ecs),
                _Server(objects, oss),
            ),
            stop,
            with_worker=with_worker,
        )
        send_last_spans = tracing.set_up("imageferry-api", os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving)
        send_last_spans()


def listen(host: str, port: int, api: str) -> socket.socket:
    """Listen for an API, whose name (``ECS``, ``OSS``) is for the error.

    Raises:
        SettingError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise SettingError(
            f"The {api} API cannot listen on {host}:{port}: {reason}. Stop what listens there, "
            f"or choose another address by IMAGEFERRY_HOST and IMAGEFERRY_{api}_PORT."
        ) from error
    # Connections inherit it. Without, the second packet of each answer waits for the client to
    # acknowledge the first, which it puts off for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listener


def allow_open_files() -> None:
    """Let the process open as many files as it may: most systems begin with a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(
    settings: Settings, servers: tuple[_Server, _Server], stop: _Stop, *, with_worker: bool
) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.ask)
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.serve_until(stop.asked))
        if with_worker:
            group.create_task(_supervise(settings, stop))
        group.create_task(_announce(settings, servers, stop.asked))


async def _announce(
    settings: Settings, servers: tuple[_Server, _Server], stop: asyncio.Event
) -> None:
    ecs, oss = [await server.address() for server in servers]
    write_addresses(settings, ecs, oss)
    _print(f"ECS API            {ecs}/\nOSS API            {oss}/")
    await stop.wait()
    addresses_file(settings).unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """One HTTP server among several in a process: signals are the process's business."""

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
        await _either(serving, stop)
        self.should_exit = True
        stop.set()
        await serving


async def _either(
    task: asyncio.Task[None] | asyncio.Task[int], event: asyncio.Event, seconds: float | None = None
) -> None:
    """Wait until a task is done or an event has come, or for so many seconds."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _supervise(settings: Settings, stop: _Stop) -> None:
    """Keep one worker running: one that dies is started again."""
    while not stop.asked.is_set():
        status = await _run_worker(settings, stop)
        if not stop.asked.is_set():
            metrics.WORKER_RESTARTS.inc()
            _log.error("worker_died", status=status)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESTART_SECONDS):
                    await stop.asked.wait()


async def _run_worker(settings: Settings, stop: _Stop) -> int:
    """Run a worker until it dies or the process is to stop; its exit status."""
    worker = _start_worker(settings)
    ended = asyncio.create_task(asyncio.to_thread(worker.wait))
    try:
        await _either(ended, stop.asked)
        if not ended.done():
            worker.terminate()
            await _either(ended, stop.hurried, settings.drain_seconds + KILL_SECONDS)
    finally:
        if not ended.done():
            worker.kill()
    return await ended


def _start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "imageferry", "worker", STARTED_BY_SERVICE],
        stdin=subprocess.PIPE,
        env={**os.environ, **settings.environment()},
    )


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
