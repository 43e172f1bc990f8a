"""CancelTask: stop a task that has not ended."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId, TaskId
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.own_tasks import asked_by, find_own
from imageferry.images import queries as images
from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import TaskAction


class CancelTaskRequest(Model, frozen=True, kw_only=True):
    """Which task is to stop."""

    region_id: RegionId
    task_id: TaskId
    reason: Annotated[
        str | None,
        Parameter(
            description="Why it is cancelled, in words that are kept with the task.",
            example="The wrong disk was uploaded",
            max_length=256,
        ),
    ] = None


class CancelTaskReply(Reply, frozen=True, kw_only=True):
    """The task has been stopped."""


def cancel_task(call: Call, request: CancelTaskRequest) -> CancelTaskReply:
    """End the task at once, and with an import its image.

    The task's row decides between the caller and the worker: one of them comes
    first. A worker that runs the task finds within a second that it is no
    longer its own, stops its programs and takes its files away. After a task
    that is paused, which no worker has, one is asked to clean up.
    """
    call.check_region(request.region_id)
    with call.write() as connection:
        task = find_own(connection, call, request.task_id, request.region_id)
        who = asked_by(call, "Cancelled")
        if not transitions.cancel(connection, task.task_id, who, reason=request.reason or ""):
            raise codes.INCORRECT_TASK_STATUS.error(
                f"Task {task.task_id} has ended as {task.status.value}: nothing is left to cancel."
            )
        if task.action is TaskAction.IMPORT_IMAGE:
            images.delete(connection, task.resource_id)
        hand_overs.again(connection, task.task_id)
    return CancelTaskReply()


CANCEL_TASK = Action(
    name="CancelTask",
    summary="Stop a task that has not ended, and take away what it has made.",
    request=CancelTaskRequest,
    reply=CancelTaskReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_TASK_ID_NOT_FOUND,
        codes.INCORRECT_TASK_STATUS,
    ),
    policy="ecs:CancelTask",
    handler=cancel_task,
    example={"RegionId": "cn-hangzhou", "TaskId": "t-bp1hvgwromzv32iq179l"},
)
