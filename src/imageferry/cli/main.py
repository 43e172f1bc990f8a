"""The command ``imageferry``: its verbs, and how errors end it."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Mapping
from typing import Any

import click

from imageferry import __version__
from imageferry.cli import output
from imageferry.cli.errors import CommandError, ExitCode
from imageferry.cli.options import Invocation, client_options

VERBS: Mapping[str, str] = {
    "serve": "serve:serve",
    "worker": "serve:worker",
    "import": "import_:import_image",
    "export": "export:export_image",
    "tasks": "tasks:list_tasks",
    "task": "tasks:show_task",
    "wait": "tasks:wait_for_tasks",
    "pause": "task_changes:pause_task",
    "resume": "task_changes:resume_task",
    "cancel": "task_changes:cancel_task",
    "images": "images:list_images",
    "delete": "images:delete_image",
    "buckets": "buckets:buckets",
    "keys": "keys:keys",
    "doctor": "doctor:doctor",
}
"""For each verb the module of this room and the command in it, loaded when it is asked for."""


class Verbs(click.Group):
    """The group of all verbs, in the order in which one meets them."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """The verbs' names."""
        return list(VERBS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of a verb."""
        if name not in VERBS:
            return None
        module, _, attribute = VERBS[name].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"imageferry.cli.{module}"), attribute
        )
        return command

    def invoke(self, context: click.Context) -> Any:
        """Run a verb; with ``--json`` an error is the one document on standard output."""
        invocation = context.ensure_object(Invocation)
        try:
            return super().invoke(context)
        except CommandError as error:
            if invocation.as_json:
                output.document(error.document())
            raise
        except KeyboardInterrupt:
            raise _InterruptedError from None


class _InterruptedError(CommandError):
    """Ctrl-C where nothing is to be said about a task."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@client_options
@click.version_option(__version__, prog_name="imageferry")
def main() -> None:
    """Import and export disk images through the Alibaba Cloud ECS API of your own service.

    `imageferry serve` is that service; the other verbs are its clients. They
    find a service that runs on this machine by its data folder, any other by
    --ecs-endpoint and an access key. Settings are read from the environment
    too: IMAGEFERRY_ and the flag's name in capitals.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
