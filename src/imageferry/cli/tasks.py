"""``imageferry tasks``, ``task`` and ``wait``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from imageferry.actions.describe_tasks import DescribeTasksRequest
from imageferry.cli import following, output
from imageferry.cli.declared import parameters, wire_values
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.session import Session
from imageferry.cli.text import size
from imageferry.cli.values import OneOf
from imageferry.cli.verb import Verb

_STATUSES = ("Finished", "Processing", "Failed")
"""Those that DescribeTasks chooses by; any other would list all tasks."""


@click.command(
    "tasks",
    cls=Verb,
    examples=(
        "imageferry tasks --status Processing",
        "imageferry tasks --action ExportImage --page-size 50 --json",
    ),
)
@parameters(
    DescribeTasksRequest,
    flags={"task_action": "--action"},
    without=("region_id", "task_ids", "task_status"),
)
@click.option(
    "--status",
    "task_status",
    type=OneOf(_STATUSES),
    metavar="|".join(_STATUSES),
    help="The tasks' status.",
)
@click.option("--image", "images", multiple=True, help="Only tasks of this image; repeatable.")
@client_options
@pass_invocation
def list_tasks(invocation: Invocation, /, images: tuple[str, ...], **values: Any) -> None:
    """List tasks, newest first."""
    request = {**wire_values(DescribeTasksRequest, values), "ResourceIds": list(images)}
    reply = Session(invocation).ecs.call("DescribeTasks", request)
    if invocation.as_json:
        output.document(reply)
        return
    output.table(
        ("TaskId", "Action", "Status", "Image", "Created", "Ended", "Place", "WaitingFor"),
        [
            (
                task["TaskId"],
                task["TaskAction"],
                task["TaskStatus"],
                task["ResourceId"],
                task["CreationTime"],
                task.get("FinishedTime", ""),
                task.get("PlaceInQueue", ""),
                task.get("WaitingFor", ""),
            )
            for task in reply["TaskSet"]["Task"]
        ],
    )
    output.page_note(reply, len(reply["TaskSet"]["Task"]))


@click.command(
    "task",
    cls=Verb,
    examples=("imageferry task t-bp1hvgwromzv32iq179l",),
)
@click.argument("task_id")
@client_options
@pass_invocation
def show_task(invocation: Invocation, /, task_id: str) -> None:
    """Tell all that is known of one task and its disks."""
    task = following.describe(Session(invocation).ecs, task_id)
    if invocation.as_json:
        output.document(task)
        return
    output.record(_facts(task))
    for position, disk in enumerate(following.disks(task), start=1):
        output.line(f"Disk {position}")
        output.record(list(disk.items()))


def _facts(task: Mapping[str, Any]) -> list[tuple[str, object]]:
    progress = task["TaskProgress"]
    facts = [
        (name, task.get(name, ""))
        for name in (
            "TaskId",
            "TaskAction",
            "TaskStatus",
            "TaskProcess",
            "SupportCancel",
            "CreationTime",
            "FinishedTime",
            "FailedReason",
        )
    ]
    facts.append(("Phase", progress["Phase"]))
    if progress["BytesTotal"]:
        facts.append(("Done", f"{size(progress['BytesDone'])} of {size(progress['BytesTotal'])}"))
    if progress["PlaceInQueue"]:
        facts += [(name, progress[name]) for name in ("PlaceInQueue", "Priority", "AccountShare")]
    if "WaitingFor" in progress:
        facts.append(("WaitingFor", progress["WaitingForReason"]))
    return [*facts, ("Attempt", progress["Attempt"])]


@click.command(
    "wait",
    cls=Verb,
    examples=("imageferry wait t-bp1hvgwromzv32iq179l t-bp1hvgwromzv32iq178k",),
)
@click.argument("task_ids", metavar="TASK_ID...", nargs=-1, required=True)
@client_options
@pass_invocation
def wait_for_tasks(invocation: Invocation, /, task_ids: tuple[str, ...]) -> None:
    """Follow tasks until all have ended.

    The exit code is 3 where one failed, else 4 where one was cancelled.
    """
    ecs = Session(invocation).ecs
    tasks = [following.follow(ecs, task_id) for task_id in task_ids]
    if invocation.as_json:
        output.document({"Tasks": tasks})
    else:
        output.table(
            ("TaskId", "Action", "Status", "Ended"),
            [
                (task["TaskId"], task["TaskAction"], task["TaskStatus"], task["FinishedTime"])
                for task in tasks
            ],
        )
    click.get_current_context().exit(following.conclude(tasks))
