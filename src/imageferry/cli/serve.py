"""``imageferry serve`` and ``worker``: the processes of the service."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from imageferry.cli.errors import CommandError
from imageferry.cli.options import Invocation, pass_invocation, setting_options
from imageferry.cli.verb import Verb
from imageferry.settings import Settings


@click.command(
    "serve",
    cls=Verb,
    examples=(
        "imageferry serve",
        "imageferry serve --data-dir /srv/imageferry --host 0.0.0.0 --worker-slots 4",
    ),
)
@click.option("--no-worker", is_flag=True, help="Serve the APIs alone: tasks wait for a worker.")
@click.option("--with-parent", is_flag=True, hidden=True)
@setting_options()
@pass_invocation
def serve(invocation: Invocation, /, no_worker: bool, with_parent: bool) -> None:
    """Serve the ECS API and the OSS API, and carry tasks out.

    Everything is kept in one folder. The first start makes an access key and
    prints it.
    """
    settings = invocation.settings()
    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    with _importing():
        from imageferry.service import server  # noqa: PLC0415 - slow to import, needed here alone

    _run(settings, lambda: server.serve(settings, with_worker=not no_worker))


@click.command(
    "worker",
    cls=Verb,
    examples=("imageferry worker --data-dir /srv/imageferry",),
)
@click.option("--with-parent", is_flag=True, hidden=True)
@setting_options()
@pass_invocation
def worker(invocation: Invocation, /, with_parent: bool) -> None:
    """Carry tasks out, for services without a worker.

    They are those that were started with --no-worker.
    """
    with _importing():
        from imageferry.service import worker as process  # noqa: PLC0415 - slow to import

    settings = invocation.settings()
    _run(settings, lambda: process.run(settings, with_parent=with_parent))


def _run(settings: Settings, process: Callable[[], None]) -> None:
    """Run a process of the service; what keeps it from starting is told in a sentence.

    Raises:
        CommandError: it cannot start.
    """
    from imageferry.service.failures import START_FAILURES, sentence  # noqa: PLC0415 - slow to import
    from imageferry.telemetry.logs import set_up  # noqa: PLC0415 - slow to import

    set_up(settings.log_level)
    try:
        process()
    except START_FAILURES as error:
        raise CommandError(sentence(error)) from error


@contextmanager
def _importing() -> Iterator[None]:
    """Look for no garbage meanwhile, nor ever again among what is imported: it stays.

    That takes a seventh of the time to start, and every later look is the shorter.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _stop_with_parent() -> None:
    """Stop this process as SIGTERM does once the other end of standard input is closed."""
    # A read of sys.stdin would hold its lock for ever, and the interpreter aborts on that
    # when it ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
