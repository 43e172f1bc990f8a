"""DescribeTasks: list tasks, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions import times
from imageferry.actions.call import Call
from imageferry.actions.common import PageNumber, PageSize, RegionId
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.error_codes import INVALID_PARAMETER
from imageferry.tasks import lists, waiting
from imageferry.tasks.lists import TaskFilter
from imageferry.tasks.model import ListedTask, TaskAction, TaskStatus
from imageferry.tasks.turns import Limits
from imageferry.tasks.waiting import Place, WaitingFor

MAX_TASK_IDS = 100
HONOURED_STATUSES = {
    status.value.lower(): status
    for status in (TaskStatus.FINISHED, TaskStatus.PROCESSING, TaskStatus.FAILED)
}
"""The statuses that can be asked for; others do not narrow the list (CONTRACT.md 1.1)."""


class DescribeTasksRequest(Model, frozen=True, kw_only=True):
    """Which tasks are asked for."""

    region_id: RegionId
    task_ids: Annotated[
        str | None,
        Parameter(
            description="Up to 100 tasks, separated by commas, or as a JSON array.",
            example="t-bp1hvgwromzv32iq179l,t-bp1hvgwromzv32iq178k",
        ),
    ] = None
    task_action: Annotated[
        str | None,
        Parameter(
            description="What the tasks do.",
            example="ImportImage",
            allowed=(
                "ImportImage",
                "ExportImage",
                "RedeployInstance",
                "ModifyDiskSpec",
                "ArchiveSnapshot",
            ),
        ),
    ] = None
    task_status: Annotated[
        str | None,
        Parameter(
            description="The tasks' status: Finished, Processing or Failed. "
            "Any other value does not narrow the list.",
            example="Processing",
        ),
    ] = None
    start_time: Annotated[
        str | None,
        Parameter(
            description="The tasks were made at this time, UTC, or later.",
            example="2026-11-22T08:00:00Z",
        ),
    ] = None
    end_time: Annotated[
        str | None,
        Parameter(
            description="The tasks were made at this time, UTC, or earlier; a time to the minute "
            "stands for the whole of it.",
            example="2026-11-22T09:00Z",
        ),
    ] = None
    resource_ids: Annotated[
        tuple[str, ...],
        Parameter(
            description="The images that the tasks make or export.",
            example="m-bp1g7004ksh0oeuco3nj",
            max_items=100,
        ),
    ] = ()
    page_number: PageNumber = 1
    page_size: PageSize = 10
    task_group_id: Annotated[
        str | None,
        Parameter(
            description="The group that the tasks were started in.",
            example="tg-bp1g7004ksh0oeuco3nj",
            unused="tasks are not started in groups here",
        ),
    ] = None


class TaskEntry(Reply, frozen=True, kw_only=True):
    """A task as a list tells it."""

    task_id: Annotated[str, Member(description="The task.")]
    task_action: Annotated[str, Member(description="What it does.", example="ImportImage")]
    task_status: Annotated[
        str,
        Member(
            description="Waiting, Processing, Paused, Finished, Failed, or Deleted, which is "
            "what became of a cancelled task.",
            example="Processing",
        ),
    ]
    support_cancel: Annotated[
        str, Member(description='Whether it can be cancelled: "true" or "false".', example="true")
    ]
    creation_time: Annotated[
        str, Member(description="When it was made, UTC.", example="2026-11-22T08:30Z")
    ]
    finished_time: Annotated[
        str | None, Member(description="When it ended, UTC; absent before.", example="")
    ] = None
    resource_id: Annotated[str, Member(description="The image that it makes or exports.")]
    failed_reason: Annotated[
        str | None, Member(description="Why it failed; absent unless it did.")
    ] = None
    place_in_queue: Annotated[
        int | None,
        Member(description="How many tasks are taken up before it, as things stand, and itself."),
    ] = None
    waiting_for: Annotated[
        str | None,
        Member(
            description=f"What it waits for: one of {', '.join(WaitingFor)}. Absent when it is "
            "not waiting.",
            example="FreeSlot",
        ),
    ] = None


class TaskSet(Reply, frozen=True, kw_only=True):
    """The tasks of a page."""

    task: Annotated[tuple[TaskEntry, ...], Member(description="The tasks, newest first.")]


class DescribeTasksReply(Reply, frozen=True, kw_only=True):
    """One page of a list of tasks."""

    page_number: Annotated[int, Member(description="The page.")]
    page_size: Annotated[int, Member(description="The entries on a page.")]
    total_count: Annotated[int, Member(description="The entries of the whole list.")]
    region_id: Annotated[str, Member(description="The region.")]
    task_set: Annotated[TaskSet, Member(description="The tasks of the page.")]


def describe_tasks(call: Call, request: DescribeTasksRequest) -> DescribeTasksReply:
    """List the caller's tasks of a region.

    Later pages go with the first one for some minutes: tasks made meanwhile
    neither push an entry onto the next page nor change ``TotalCount``.
    """
    call.check_region(request.region_id)
    condition = _filter(call, request)
    first = request.page_number == 1
    with call.database.read() as connection:
        anchor = None if first else lists.list_anchor(connection, condition)
        page = lists.page(
            connection,
            condition,
            number=request.page_number,
            size=request.page_size,
            anchor=anchor,
        )
        places = waiting.places(connection, page.tasks, Limits.of(call.settings))
        newest = page.tasks[0].sequence if first and page.total > len(page.tasks) else None
        begins = newest is not None and not lists.is_begun(connection, condition, newest)
    if newest is not None and begins:
        with call.database.write_relaxed() as connection:
            lists.begin_list(connection, condition, newest)
    return DescribeTasksReply(
        page_number=request.page_number,
        page_size=request.page_size,
        total_count=page.total,
        region_id=request.region_id,
        task_set=TaskSet(task=tuple(_entry(task, places.get(task.task_id)) for task in page.tasks)),
    )


def _filter(call: Call, request: DescribeTasksRequest) -> TaskFilter:
    return TaskFilter(
        account_id=call.account_id,
        region_id=request.region_id,
        task_ids=_task_ids(request.task_ids),
        resource_ids=request.resource_ids,
        action=_action(request.task_action),
        status=HONOURED_STATUSES.get((request.task_status or "").lower()),
        created_from=_time("StartTime", request.start_time, 0),
        created_to=_time("EndTime", request.end_time, 1),
    )


def _task_ids(text: str | None) -> tuple[str, ...]:
    # Some clients send a JSON array where a comma list is meant (CLIENTS.md 2).
    ids = tuple(part for part in (text or "").strip("[]").replace('"', "").split(",") if part)
    if len(ids) > MAX_TASK_IDS:
        raise INVALID_PARAMETER.error(
            f"TaskIds names {len(ids)} tasks; {MAX_TASK_IDS} are the most.", name="TaskIds"
        )
    return tuple(part.strip() for part in ids)


def _action(name: str | None) -> str:
    known = {action.value.lower(): action.value for action in TaskAction}
    return known.get((name or "").lower(), name or "")


def _time(name: str, text: str | None, which: int) -> datetime | None:
    if text is None:
        return None
    try:
        return times.parse(text)[which]
    except ValueError as error:
        raise INVALID_PARAMETER.error(f"{name}: {error}.", name=name) from None


def _entry(task: ListedTask, place: Place | None) -> TaskEntry:
    failed = task.status is TaskStatus.FAILED
    return TaskEntry(
        task_id=task.task_id,
        task_action=task.action.value,
        task_status=task.status.value,
        support_cancel=support_cancel(task),
        creation_time=times.to_minute(task.created),
        finished_time=None if task.finished is None else times.to_minute(task.finished),
        resource_id=task.resource_id,
        failed_reason=f"{task.error_code}: {task.error_message}" if failed else None,
        place_in_queue=None if place is None or not place.number else place.number,
        waiting_for=None if place is None else place.waiting_for.value,
    )


def support_cancel(task: ListedTask) -> str:
    """Whether a task can be cancelled, in the API's words."""
    return "false" if task.status.ended else "true"


DESCRIBE_TASKS = Action(
    name="DescribeTasks",
    summary="List tasks, newest first.",
    request=DescribeTasksRequest,
    reply=DescribeTasksReply,
    errors=(codes.INVALID_REGION_ID_NOT_FOUND, INVALID_PARAMETER),
    policy="ecs:DescribeTasks",
    handler=describe_tasks,
    example={"RegionId": "cn-hangzhou", "TaskAction": "ImportImage", "TaskStatus": "Processing"},
)
