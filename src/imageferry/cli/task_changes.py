"""``imageferry pause``, ``resume`` and ``cancel``."""

from __future__ import annotations

from typing import Any

import click

from imageferry.actions.cancel_task import CancelTaskRequest
from imageferry.actions.pause_task import PauseTaskRequest
from imageferry.cli import output
from imageferry.cli.declared import parameters, wire_values
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.session import Session
from imageferry.cli.verb import Verb

_SAID_OTHERWISE = ("region_id", "task_id")


@click.command(
    "pause",
    cls=Verb,
    examples=(
        "imageferry pause t-bp1hvgwromzv32iq179l",
        "imageferry pause t-bp1hvgwromzv32iq179l --reason 'until the backup is done'",
    ),
)
@click.argument("task_id")
@parameters(PauseTaskRequest, without=_SAID_OTHERWISE)
@client_options
@pass_invocation
def pause_task(invocation: Invocation, /, task_id: str, **values: Any) -> None:
    """Stop a task for a while, and keep what it has done so far."""
    _change(invocation, "PauseTask", task_id, "is paused", wire_values(PauseTaskRequest, values))


@click.command(
    "resume",
    cls=Verb,
    examples=("imageferry resume t-bp1hvgwromzv32iq179l",),
)
@click.argument("task_id")
@client_options
@pass_invocation
def resume_task(invocation: Invocation, /, task_id: str) -> None:
    """Let a paused task go on."""
    _change(invocation, "ResumeTask", task_id, "is resumed", {})


@click.command(
    "cancel",
    cls=Verb,
    examples=(
        "imageferry cancel t-bp1hvgwromzv32iq179l",
        "imageferry cancel t-bp1hvgwromzv32iq179l --reason 'the wrong disk'",
    ),
)
@click.argument("task_id")
@parameters(CancelTaskRequest, without=_SAID_OTHERWISE)
@client_options
@pass_invocation
def cancel_task(invocation: Invocation, /, task_id: str, **values: Any) -> None:
    """Stop a task, and take away what it has made."""
    _change(
        invocation, "CancelTask", task_id, "is cancelled", wire_values(CancelTaskRequest, values)
    )


def _change(
    invocation: Invocation, action: str, task_id: str, what: str, values: dict[str, Any]
) -> None:
    reply = Session(invocation).ecs.call(action, {"TaskId": task_id, **values})
    if invocation.as_json:
        output.document({"TaskId": task_id, **reply})
    else:
        output.line(f"Task {task_id} {what}.")
