"""The command ``imageferry``."""

from __future__ import annotations

import os
import signal
import threading

import click

from imageferry import settings as configuration
from imageferry.service import logs, server, worker


@click.group()
def main() -> None:
    """Import and export disk images."""


@main.command("serve")
@click.option("--no-worker", is_flag=True)
@click.option("--with-parent", is_flag=True, hidden=True)
def serve(no_worker: bool, with_parent: bool) -> None:
    """Serve."""
    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    settings = configuration.load(os.environ)
    logs.set_up(settings.log_level)
    server.serve(settings, with_worker=not no_worker)


@main.command("worker")
@click.option("--with-parent", is_flag=True, hidden=True)
def worker_command(with_parent: bool) -> None:
    """Work."""
    settings = configuration.load(os.environ)
    logs.set_up(settings.log_level)
    worker.run(settings, with_parent=with_parent)


def _stop_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
