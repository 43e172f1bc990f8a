"""The worker as a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

import structlog

from imageferry.engine import worker
from imageferry.engine.context import WorkerContext
from imageferry.imaging.qemu_img import QemuImg
from imageferry.service import usage
from imageferry.service.installation import open_installation
from imageferry.service.memory import reuse_large_buffers
from imageferry.settings import Settings
from imageferry.telemetry import logs, metrics, tracing

_log = structlog.get_logger(__name__)

TAKEN_FOR_DEAD = os.EX_TEMPFAIL
"""The exit status of a worker that was frozen, by which its service knows to start another one."""


def run(settings: Settings, *, with_parent: bool) -> None:
    """Run tasks until SIGTERM or SIGINT. A second one ends the worker at once.

    Args:
        settings: How the installation is set up.
        with_parent: Whether the worker belongs to a service that holds the other
            end of its standard input: it ends at once when that service dies, and
            SIGINT, which a terminal sends to both, is the service's business.

    Raises:
        ImageError: qemu-img is not installed.
        WorkerLockedError: another worker has the data folder.
        SettingError: the port for the metrics cannot be used.
    """
    usage.limit(settings)
    reuse_large_buffers()
    stop = threading.Event()
    _listen_for_signals(stop)
    if with_parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_die_with_parent, daemon=True).start()
    installation = open_installation(settings)
    embedded = installation.database.is_sqlite
    lock = worker.exclusive(settings.data_dir / "worker.lock")
    with lock if embedded else contextlib.nullcontext():
        executor = worker.executor_name(embedded=embedded)
        die = partial(_leave, TAKEN_FOR_DEAD) if with_parent else _begin_anew
        context = WorkerContext(
            settings=settings,
            database=installation.database,
            store=installation.store,
            image_store=installation.image_store,
            catalogue=installation.catalogue,
            scratch=installation.scratch / executor,
            qemu_img=QemuImg.find(settings.qemu_img),
        )
        send_last_spans = _show_work(settings, executor)
        worker.run(context, executor, stop, die=die)
        send_last_spans()
        _leave()


def _show_work(settings: Settings, executor: str) -> Callable[[], None]:
    """Let operators see what this worker does, and return what sends its last spans.

    Raises:
        SettingError: the port for the metrics cannot be used.
    """
    logs.name_process(executor=executor)
    metrics.WORKER_SLOTS.set(settings.worker_slots)
    if settings.metrics_port is not None:
        _show_metrics(settings.host, settings.metrics_port)
    return tracing.set_up("imageferry-worker", os.environ)


def _show_metrics(host: str, port: int) -> None:
    # Slow to import, and most workers of one machine show none.
    from imageferry.service.http_server import listen  # noqa: PLC0415
    from imageferry.service.worker_metrics import show  # noqa: PLC0415

    listener = listen(host, port, "The page of the worker's metrics", "METRICS_PORT")
    show(listener)
    _log.info("metrics_shown", host=host, port=listener.getsockname()[1])


def _listen_for_signals(stop: threading.Event) -> None:
    """Let SIGTERM and SIGINT stop the worker.

    The system may give a signal to any thread, and the interpreter sees to it
    only when its main thread wakes, which may be long after. The pipe is
    written to at once.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_obey, args=(reader, stop), daemon=True).start()


def _obey(signals: int, stop: threading.Event) -> None:
    os.read(signals, 1)
    stop.set()
    os.read(signals, 1)
    _leave()


def _die_with_parent() -> None:
    # A read of sys.stdin would hold its lock, and the interpreter aborts on that when it ends.
    while os.read(0, 1):
        pass
    os._exit(1)


def _begin_anew() -> None:
    """Become a worker of another name, as nobody else would start one.

    The program of this process is replaced, and with it every thread that still works for a
    task; the guards end the programs when their pipes are closed by it.
    """
    _flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself


def _leave(status: int = 0) -> None:
    """End the process with whatever still runs in it.

    Steps that did not finish while draining hold threads and programs; the
    guards end the programs when this process is gone, and the next worker goes
    on with the tasks.
    """
    _flush()
    os._exit(status)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
