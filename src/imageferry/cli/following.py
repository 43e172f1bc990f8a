"""Following tasks until they end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from imageferry.cli import output
from imageferry.cli.client import EcsClient
from imageferry.cli.errors import ApiError, ExitCode, InterruptedTaskError, UnreachableError
from imageferry.cli.progress import Display, Step, display

ENDS: Mapping[str, ExitCode] = {
    "Finished": ExitCode.OK,
    "Failed": ExitCode.TASK_FAILED,
    "Deleted": ExitCode.TASK_CANCELLED,
}
"""For each status in which a task has ended, what the command ends with."""

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 60.0
"""How long a service may be away while a task is followed: long enough for a restart."""


def describe(client: EcsClient, task_id: str) -> dict[str, Any]:
    """A task as DescribeTaskAttribute tells it.

    Raises:
        ApiError: there is none of that id.
        UnreachableError: the service does not answer.
    """
    return client.call("DescribeTaskAttribute", {"TaskId": task_id})


def follow(client: EcsClient, task_id: str) -> dict[str, Any]:
    """Show how far a task is until it has ended, and return it.

    A service that is away for a while, as in a restart, is waited for.

    Raises:
        ApiError: there is no task of that id.
        UnreachableError: the service stays away.
        InterruptedTaskError: Ctrl-C; the task goes on.
    """
    output.note(f"Task {task_id}")
    try:
        with display() as shown:
            return _follow(client, task_id, shown)
    except KeyboardInterrupt:
        raise InterruptedTaskError(
            f"The task goes on: `imageferry wait {task_id}` follows it again, "
            f"`imageferry cancel {task_id}` stops it."
        ) from None


def _follow(client: EcsClient, task_id: str, shown: Display) -> dict[str, Any]:
    answered = time.monotonic()
    while True:
        try:
            task = describe(client, task_id)
        except (UnreachableError, ApiError) as error:
            if not _may_pass(error) or time.monotonic() - answered > PATIENCE_SECONDS:
                raise
            shown.show(Step("waiting for the service"))
        else:
            answered = time.monotonic()
            if task["TaskStatus"] in ENDS:
                return task
            shown.show(_step(task))
        time.sleep(POLL_SECONDS)


def _may_pass(error: UnreachableError | ApiError) -> bool:
    return isinstance(error, UnreachableError) or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _step(task: Mapping[str, Any]) -> Step:
    progress = task["TaskProgress"]
    place = progress["PlaceInQueue"]
    return Step(
        title=progress["Phase"],
        done=progress["BytesDone"],
        total=progress["BytesTotal"],
        rate=progress["BytesPerSecond"],
        seconds_left=progress.get("SecondsLeft"),
        remark=f"number {place} in the queue" if place else "",
    )


def conclude(tasks: Iterable[Mapping[str, Any]]) -> ExitCode:
    """Tell what is wrong with tasks that did not finish, and what the command ends with."""
    worst = ExitCode.OK
    for task in tasks:
        match task["TaskStatus"]:
            case "Failed":
                output.note(f"Task {task['TaskId']} failed: {task['FailedReason']}")
                worst = ExitCode.TASK_FAILED
            case "Deleted":
                output.note(f"Task {task['TaskId']} was cancelled.")
                worst = worst or ExitCode.TASK_CANCELLED
    return worst


def disks(task: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is known of each disk of a task: its related items by name."""
    return [
        {item["Name"]: item["Value"] for item in operation["RelatedItemSet"]["RelatedItem"]}
        for operation in task["OperationProgressSet"]["OperationProgress"]
    ]
