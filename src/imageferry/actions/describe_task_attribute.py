"""DescribeTaskAttribute: how far a task is, and what came of each disk."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found, times
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId, TaskId
from imageferry.actions.declaration import Action, Member, Model, Reply
from imageferry.actions.describe_tasks import support_cancel
from imageferry.tasks import queries, waiting
from imageferry.tasks.model import DiskStatus, Phase, Task, TaskDisk, TaskStatus
from imageferry.tasks.turns import Limits
from imageferry.tasks.waiting import Place, WaitingFor


class DescribeTaskAttributeRequest(Model, frozen=True, kw_only=True):
    """Which task is asked for."""

    region_id: RegionId
    task_id: TaskId


class RelatedItem(Reply, frozen=True, kw_only=True):
    """Something that is known of a disk."""

    name: Annotated[str, Member(description="What it is.", example="OSSObject")]
    value: Annotated[str, Member(description="Its value.", example="debian-13.qcow2")]


class RelatedItemSet(Reply, frozen=True, kw_only=True):
    """All that is known of a disk."""

    related_item: Annotated[
        tuple[RelatedItem, ...], Member(description="The items, in the order they became known.")
    ]


class OperationProgress(Reply, frozen=True, kw_only=True):
    """What came of one disk."""

    operation_status: Annotated[
        str, Member(description="Processing, Success or Failed.", example="Success")
    ]
    error_code: Annotated[str, Member(description="Why it failed; empty unless it did.")]
    error_msg: Annotated[
        str, Member(description="What is wrong and what to do about it; empty unless it failed.")
    ]
    related_item_set: Annotated[
        RelatedItemSet, Member(description="Object, format, sizes and hashes of the disk.")
    ]


class OperationProgressSet(Reply, frozen=True, kw_only=True):
    """What came of each disk."""

    operation_progress: Annotated[
        tuple[OperationProgress, ...], Member(description="One entry a disk, system disk first.")
    ]


class TaskProgress(Reply, frozen=True, kw_only=True):
    """How far the task is, beyond the contract's per cent."""

    phase: Annotated[
        str,
        Member(
            description=f"What the task is doing: one of {', '.join(Phase)}.",
            example="transfer",
        ),
    ]
    bytes_done: Annotated[
        int,
        Member(
            description="Bytes that the task has moved; never fewer than before, and all of them "
            "once it is finished."
        ),
    ]
    bytes_total: Annotated[
        int,
        Member(description="Bytes that there are to move, without holes; 0 while not known."),
    ]
    bytes_per_second: Annotated[
        int, Member(description="What the phase moves or checks a second, over the last seconds.")
    ]
    seconds_left: Annotated[
        int | None,
        Member(description="Seconds to the end of the transfer; absent where not known."),
    ] = None
    last_progress_time: Annotated[
        str | None,
        Member(description="When something was done last, UTC; absent before."),
    ] = None
    place_in_queue: Annotated[
        int,
        Member(
            description="How many tasks are taken up before it, as things stand, and itself; 0 "
            "when it is not waiting to be taken up."
        ),
    ]
    priority: Annotated[
        int,
        Member(description="Which of the account's tasks goes first: 1 to 10, the lowest number."),
    ]
    account_share: Annotated[
        int,
        Member(
            description="How many tasks of the account are taken up where an account with the "
            "share 1 has one."
        ),
    ]
    waiting_for: Annotated[
        str | None,
        Member(
            description="What it waits for, in a word: one of "
            f"{', '.join(WaitingFor)}. Absent when it is not waiting.",
            example="FreeSlot",
        ),
    ] = None
    waiting_for_reason: Annotated[str | None, Member(description="The same in a sentence.")] = None
    attempt: Annotated[int, Member(description="How often a worker has taken the task up.")]


class DescribeTaskAttributeReply(Reply, frozen=True, kw_only=True):
    """A task, how far it is and what came of its disks."""

    task_id: Annotated[str, Member(description="The task.")]
    region_id: Annotated[str, Member(description="Its region.")]
    task_action: Annotated[str, Member(description="What it does.", example="ImportImage")]
    task_status: Annotated[
        str,
        Member(
            description="Waiting, Processing, Paused, Finished, Failed, or Deleted, which is "
            "what became of a cancelled task.",
            example="Processing",
        ),
    ]
    task_process: Annotated[
        str,
        Member(description="How far it is in per cent; 100% only when Finished.", example="42%"),
    ]
    support_cancel: Annotated[
        str, Member(description='Whether it can be cancelled: "true" or "false".', example="true")
    ]
    total_count: Annotated[int, Member(description="The task's disks.")]
    success_count: Annotated[int, Member(description="Disks that are done.")]
    failed_count: Annotated[int, Member(description="Disks that failed.")]
    creation_time: Annotated[
        str, Member(description="When it was made, UTC.", example="2026-11-22T08:30Z")
    ]
    finished_time: Annotated[
        str | None, Member(description="When it ended, UTC; absent before.")
    ] = None
    failed_reason: Annotated[
        str | None, Member(description="Why it failed; absent unless it did.")
    ] = None
    cancel_reason: Annotated[
        str | None, Member(description="Why it was cancelled, where the caller has said so.")
    ] = None
    pause_reason: Annotated[
        str | None, Member(description="Why it is paused, where the caller has said so.")
    ] = None
    operation_progress_set: Annotated[
        OperationProgressSet, Member(description="What came of each disk.")
    ]
    task_progress: Annotated[
        TaskProgress, Member(description="How far the task is, beyond the contract's per cent.")
    ]


def describe_task_attribute(
    call: Call, request: DescribeTaskAttributeRequest
) -> DescribeTaskAttributeReply:
    """Tell all that is known of one of the caller's tasks."""
    call.check_region(request.region_id)
    limits = Limits.of(call.settings)
    with call.database.read() as connection:
        task = queries.find(connection, request.task_id)
        if task is None or not is_own(call, task, request.region_id):
            raise not_found.task(request.task_id, request.region_id)
        disks = queries.disks(connection, task.task_id)
        place = waiting.places(connection, [task], limits).get(task.task_id)
    failed = task.status is TaskStatus.FAILED
    return DescribeTaskAttributeReply(
        task_id=task.task_id,
        region_id=task.region_id,
        task_action=task.action.value,
        task_status=task.status.value,
        task_process=f"{task.percent}%",
        support_cancel=support_cancel(task),
        total_count=len(disks),
        success_count=sum(disk.status is DiskStatus.SUCCESS for disk in disks),
        failed_count=sum(disk.status is DiskStatus.FAILED for disk in disks),
        creation_time=times.to_minute(task.created),
        finished_time=None if task.finished is None else times.to_minute(task.finished),
        failed_reason=f"{task.error_code}: {task.error_message}" if failed else None,
        cancel_reason=task.cancel_reason or None,
        pause_reason=task.pause_reason or None,
        operation_progress_set=OperationProgressSet(
            operation_progress=tuple(_operation(disk) for disk in disks)
        ),
        task_progress=_progress(task, place, limits.share(task.account_id)),
    )


def is_own(call: Call, task: Task, region_id: str) -> bool:
    """Whether a task is the caller's, in that region, and one that the API tells."""
    return task.action.told and (task.account_id, task.region_id) == (call.account_id, region_id)


def _operation(disk: TaskDisk) -> OperationProgress:
    items = tuple(RelatedItem(name=name, value=value) for name, value in disk.related_items)
    return OperationProgress(
        operation_status=disk.status.value,
        error_code=disk.error_code,
        error_msg=disk.error_message,
        related_item_set=RelatedItemSet(related_item=items),
    )


def _progress(task: Task, place: Place | None, share: int) -> TaskProgress:
    left, rate = None, task.bytes_per_second
    if task.phase is Phase.TRANSFER and rate > 0 and task.bytes_total > 0:
        left = -(-(task.bytes_total - task.bytes_done) // rate)
    moment = task.last_progress
    return TaskProgress(
        phase=task.phase.value,
        bytes_done=task.bytes_done,
        bytes_total=task.bytes_total,
        bytes_per_second=task.bytes_per_second,
        seconds_left=left,
        last_progress_time=None if moment is None else times.to_second(moment),
        place_in_queue=0 if place is None else place.number,
        priority=task.priority,
        account_share=share,
        waiting_for=None if place is None else place.waiting_for.value,
        waiting_for_reason=None if place is None else place.waiting_for.sentence,
        attempt=task.attempt,
    )


DESCRIBE_TASK_ATTRIBUTE = Action(
    name="DescribeTaskAttribute",
    summary="Tell how far a task is, and what came of each disk.",
    request=DescribeTaskAttributeRequest,
    reply=DescribeTaskAttributeReply,
    errors=(codes.INVALID_REGION_ID_NOT_FOUND, codes.INVALID_TASK_ID_NOT_FOUND),
    policy="ecs:DescribeTaskAttribute",
    handler=describe_task_attribute,
    example={"RegionId": "cn-hangzhou", "TaskId": "t-bp1hvgwromzv32iq179l"},
)
