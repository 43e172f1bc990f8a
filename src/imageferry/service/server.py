"""The whole service as one process tree: both APIs here, the worker as a child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass, field

import structlog
import uvloop

from imageferry.buckets.remote_client import PROMPT
from imageferry.service.api import ecs_application, oss_application
from imageferry.service.http_server import Server, either, listen
from imageferry.service.installation import (
    addresses_file,
    first_key,
    open_installation,
    write_addresses,
)
from imageferry.settings import Settings
from imageferry.telemetry import metrics, tracing

RESTART_SECONDS = 0.2
"""How long a worker that died stays away."""

LONGEST_RESTART_SECONDS = 10.0
"""How long one that ends by itself again and again stays away: to start takes most of a second of
processor time, and it is to work soon once it can."""

KILL_SECONDS = 10.0
"""How much longer than its drain a stopping worker may take before it is ended."""

MAX_OPEN_FILES = 65_536
"""Connections and files that may be open at a time, where the machine allows as many."""

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
        listen(settings.host, settings.ecs_port, "The ECS API", "ECS_PORT") as ecs,
        listen(settings.host, settings.oss_port, "The OSS API", "OSS_PORT") as oss,
        contextlib.closing(open_installation(settings, PROMPT)) as installation,
    ):
        key, generated = first_key(installation)
        if generated:
            _print(f"access key id      {key.access_key_id}\naccess key secret  {key.secret}")
        stop, objects = _Stop(), oss_application(installation)
        serving = _serve(
            settings,
            (
                Server(ecs_application(installation, objects, stop.asked.is_set), ecs),
                Server(objects, oss),
            ),
            stop,
            with_worker=with_worker,
        )
        send_last_spans = tracing.set_up("imageferry-api", os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving)
        send_last_spans()


def allow_open_files() -> None:
    """Let the process open as many files as it may: most systems begin with a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(
    settings: Settings, servers: tuple[Server, Server], stop: _Stop, *, with_worker: bool
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
    settings: Settings, servers: tuple[Server, Server], stop: asyncio.Event
) -> None:
    ecs, oss = [await server.address() for server in servers]
    write_addresses(settings, ecs, oss)
    _print(f"ECS API            {ecs}/\nOSS API            {oss}/")
    await stop.wait()
    addresses_file(settings).unlink(missing_ok=True)


async def _supervise(settings: Settings, stop: _Stop) -> None:
    """Keep one worker running: one that dies is started again."""
    pause = 0.0
    while not stop.asked.is_set():
        status = await _run_worker(settings, stop)
        if not stop.asked.is_set():
            pause = restart_pause(pause, status)
            metrics.WORKER_RESTARTS.inc()
            _log.error("worker_died", status=status, started_again_in=pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.asked.wait()


def restart_pause(before: float, status: int) -> float:
    """Seconds that a worker stays away: twice as long each time that it ends by itself.

    Args:
        before: How long the one before it stayed away; 0 for the first.
        status: How it ended: its exit status, or less than 0 where a signal ended it.
    """
    if status <= 0 or not before:
        return RESTART_SECONDS
    return min(2 * before, LONGEST_RESTART_SECONDS)


async def _run_worker(settings: Settings, stop: _Stop) -> int:
    """Run a worker until it dies or the process is to stop; its exit status."""
    worker = _start_worker(settings)
    ended = asyncio.create_task(asyncio.to_thread(worker.wait))
    try:
        await either(ended, stop.asked)
        if not ended.done():
            worker.terminate()
            await either(ended, stop.hurried, settings.drain_seconds + KILL_SECONDS)
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
