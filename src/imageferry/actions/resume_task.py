"""ResumeTask: an extension of ours that lets a paused task go on."""

from __future__ import annotations

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId, TaskId
from imageferry.actions.declaration import Action, Model, Reply
from imageferry.actions.own_tasks import asked_by, find_own
from imageferry.tasks import hand_overs, transitions


class ResumeTaskRequest(Model, frozen=True, kw_only=True):
    """Which task is to go on."""

    region_id: RegionId
    task_id: TaskId


class ResumeTaskReply(Reply, frozen=True, kw_only=True):
    """The task waits for a worker again."""


def resume_task(call: Call, request: ResumeTaskRequest) -> ResumeTaskReply:
    """Let a paused task wait for a worker, at the place in the queue that its age gives it."""
    call.check_region(request.region_id)
    with call.write() as connection:
        task = find_own(connection, call, request.task_id, request.region_id)
        if not transitions.resume(connection, task.task_id, asked_by(call, "Resumed")):
            what = "has ended as" if task.status.ended else "is"
            raise codes.INCORRECT_TASK_STATUS.error(
                f"Task {task.task_id} {what} {task.status.value}: only a paused task is resumed."
            )
        hand_overs.again(connection, task.task_id)
    return ResumeTaskReply()


RESUME_TASK = Action(
    name="ResumeTask",
    summary="Let a paused task go on.",
    request=ResumeTaskRequest,
    reply=ResumeTaskReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_TASK_ID_NOT_FOUND,
        codes.INCORRECT_TASK_STATUS,
    ),
    policy="ecs:ResumeTask",
    handler=resume_task,
    example={"RegionId": "cn-hangzhou", "TaskId": "t-bp1hvgwromzv32iq179l"},
)
