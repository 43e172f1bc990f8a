"""PauseTask: an extension that lets a task rest. ECS has the status, and no action for it."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId, TaskId
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.own_tasks import asked_by, find_own
from imageferry.tasks import transitions


class PauseTaskRequest(Model, frozen=True, kw_only=True):
    """Which task is to rest."""

    region_id: RegionId
    task_id: TaskId
    reason: Annotated[
        str | None,
        Parameter(
            description="Why it is paused, in words that are kept with the task.",
            example="The network is needed for the backup",
            max_length=256,
        ),
    ] = None


class PauseTaskReply(Reply, frozen=True, kw_only=True):
    """The task rests until ResumeTask."""


def pause_task(call: Call, request: PauseTaskRequest) -> PauseTaskReply:
    """Keep a task from being carried out, or from being gone on with.

    A worker that runs it finds within a second that it is no longer its own,
    stops its programs and is free for another task.
    """
    call.check_region(request.region_id)
    with call.write() as connection:
        task = find_own(connection, call, request.task_id, request.region_id)
        who = asked_by(call, "Paused")
        if not transitions.pause(connection, task.task_id, who, reason=request.reason or ""):
            what = "has ended as" if task.status.ended else "is"
            raise codes.INCORRECT_TASK_STATUS.error(
                f"Task {task.task_id} {what} {task.status.value}: there is nothing to pause."
            )
    return PauseTaskReply()


PAUSE_TASK = Action(
    name="PauseTask",
    summary="Stop a task that waits or runs for a while, and keep what it has done so far.",
    request=PauseTaskRequest,
    reply=PauseTaskReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_TASK_ID_NOT_FOUND,
        codes.INCORRECT_TASK_STATUS,
    ),
    policy="ecs:PauseTask",
    handler=pause_task,
    example={"RegionId": "cn-hangzhou", "TaskId": "t-bp1hvgwromzv32iq179l"},
)
