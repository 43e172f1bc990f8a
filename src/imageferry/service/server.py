"""The whole service as one process tree: both APIs here, the worker as a child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from imageferry.engine.queue import TaskQueue
from imageferry.service.api import ecs_application, oss_application
from imageferry.service.installation import (
    Installation,
    addresses_file,
    first_key,
    open_installation,
    write_addresses,
)
from imageferry.settings import Settings

HEADER_BYTES = 128 * 1024
"""The most bytes of a request's line and headers: twice the longest query that is accepted."""

RESTART_SECONDS = 1.0
"""How long a worker that died stays away: its tasks go on as soon as it is back."""

KILL_SECONDS = 10.0
"""How much longer than its drain a stopping worker may take before it is ended."""

STARTED_BY_SERVICE = "--with-parent"

_log = structlog.get_logger()


@dataclass(frozen=True)
class Addresses:
    """Where the APIs listen, as ``http://host:port``."""

    ecs: str
    oss: str


def serve(settings: Settings, *, with_worker: bool) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingError: a setting cannot be used.
        OSError: a port is taken.
    """
    installation = open_installation(settings)
    key, generated = first_key(installation)
    if generated:
        _print(f"access key id      {key.access_key_id}\naccess key secret  {key.secret}")
    tasks = TaskQueue(installation.database)
    try:
        asyncio.run(_serve(installation, tasks, with_worker=with_worker))
    finally:
        tasks.close()
        installation.database.close()


async def _serve(installation: Installation, tasks: TaskQueue, *, with_worker: bool) -> None:
    settings = installation.settings
    ecs = _Server(ecs_application(installation, tasks), settings.host, settings.ecs_port)
    oss = _Server(oss_application(installation), settings.host, settings.oss_port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(ecs.serve_until(stop))
        group.create_task(oss.serve_until(stop))
        if with_worker:
            group.create_task(_supervise(settings, stop))
        group.create_task(_announce(settings, ecs, oss, stop))


async def _announce(settings: Settings, ecs: _Server, oss: _Server, stop: asyncio.Event) -> None:
    addresses = Addresses(ecs=await ecs.address(), oss=await oss.address())
    write_addresses(settings, addresses.ecs, addresses.oss)
    _print(f"ECS API            {addresses.ecs}/\nOSS API            {addresses.oss}/")
    await stop.wait()
    addresses_file(settings).unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """One HTTP server among several in a process: signals are the process's business."""

    def __init__(self, application: ASGIApp, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                # The faster parser takes headers without end: 50 MB of them grew the process
                # by as much.
                http="h11",
                h11_max_incomplete_event_size=HEADER_BYTES,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )
        self._listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: Any = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self._listening.set()

    async def address(self) -> str:
        """Where it listens, once it does."""
        await self._listening.wait()
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Serve until the process is to stop, or stop it where the server cannot go on."""
        serving = asyncio.create_task(self.serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self.should_exit = True
        stop.set()
        await serving


async def _supervise(settings: Settings, stop: asyncio.Event) -> None:
    """Keep one worker running: one that dies is started again."""
    while not stop.is_set():
        worker = _start_worker(settings)
        ended = asyncio.create_task(asyncio.to_thread(worker.wait))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await _stop_worker(worker, settings)
        else:
            _log.error("worker_died", status=worker.returncode)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RESTART_SECONDS)
        stopping.cancel()
        await ended


def _start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "imageferry", "worker", STARTED_BY_SERVICE],
        stdin=subprocess.PIPE,
        env={**os.environ, **settings.environment()},
    )


async def _stop_worker(worker: subprocess.Popen[bytes], settings: Settings) -> None:
    worker.terminate()
    try:
        await asyncio.to_thread(worker.wait, settings.drain_seconds + KILL_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
