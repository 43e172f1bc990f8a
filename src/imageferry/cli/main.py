"""The command ``imageferry``."""

from __future__ import annotations

import os

import click

from imageferry import settings as configuration
from imageferry.service import logs, server, worker


@click.group()
def main() -> None:
    """Import and export disk images."""


@main.command("serve")
@click.option("--no-worker", is_flag=True)
def serve(no_worker: bool) -> None:
    """Serve."""
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
