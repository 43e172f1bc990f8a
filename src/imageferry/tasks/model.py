"""What a task is."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

_ID_LETTERS = string.ascii_lowercase + string.digits


class TaskStatus(StrEnum):
    """A task's status in the words of the API. ``Deleted`` is what became of a cancelled task."""

    WAITING = "Waiting"
    PROCESSING = "Processing"
    PAUSED = "Paused"
    FINISHED = "Finished"
    FAILED = "Failed"
    DELETED = "Deleted"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the task."""
        return self in (TaskStatus.FINISHED, TaskStatus.FAILED, TaskStatus.DELETED)


DEFAULT_PRIORITY = 5


class TaskAction(StrEnum):
    """The actions that are carried out as tasks."""

    IMPORT_IMAGE = "ImportImage"
    EXPORT_IMAGE = "ExportImage"
    COPY_IMAGE = "CopyImage"

    @property
    def makes_image(self) -> bool:
        """Whether the task's resource is an image that it makes."""
        return self in {TaskAction.IMPORT_IMAGE, TaskAction.COPY_IMAGE}

    @property
    def told(self) -> bool:
        """Whether the API tells the task: a copy is known by its image alone, as with ECS."""
        return self is not TaskAction.COPY_IMAGE


class Phase(StrEnum):
    """What a task is doing, in the word that a user sees.

    A newer version that is at work on the same database may have phases that this one does not
    know: the words of those are told as they are.
    """

    QUEUED = "queued"
    TRANSFER = "transfer"
    VERIFY = "verify"
    DETECT = "detect"
    PUBLISH = "publish"
    ENDED = "ended"

    @classmethod
    def _missing_(cls, value: object) -> Phase:
        word = str(value)
        phase = str.__new__(cls, word)
        phase._name_, phase._value_ = word.upper(), word
        return phase


class DiskStatus(StrEnum):
    """What came of one disk of a task: the API's ``OperationStatus``."""

    PROCESSING = "Processing"
    SUCCESS = "Success"
    FAILED = "Failed"


CANCELLED_CODE = "TaskCancelled"
"""The error code of a disk that its task's cancellation has left undone."""


@dataclass(frozen=True, kw_only=True)
class ListedTask:
    """A task as far as a list tells it.

    Attributes:
        sequence: Counts up with every task; the order of lists.
        priority: 1 to 10: of the account's waiting tasks, the one with the lowest goes first.
    """

    sequence: int
    task_id: str
    account_id: str
    action: TaskAction
    status: TaskStatus
    resource_id: str
    created: datetime
    finished: datetime | None
    priority: int
    error_code: str
    error_message: str


@dataclass(frozen=True, kw_only=True)
class Task(ListedTask):
    """A task as its row says.

    Attributes:
        request: What the task was asked for: the parameters it was made from.
        percent: 0 to 100, never less than before; 100 only when finished.
        bytes_done, bytes_total: Bytes that are moved, and that there are to move; the former
            are never fewer than before.
        bytes_per_second: The rate over the last seconds.
        attempt: How often a worker has taken it up.
        owner: The token of the worker that has it; ``None`` while none has.
        cancel_reason: Why it was cancelled; empty unless it was.
        pause_reason: Why it is paused; empty unless it is, and somebody has said so.
        hand_over: The number of the engine's run that carries it out; see ``hand_overs``.
        parked: Whether it is paused, and that run has stopped.
        queued: Whether it waits to be given to a worker, or will once it is resumed.
        request_id: The id of the request that asked for it.
        trace_parent: The span of that request, as the header ``traceparent`` names it (W3C
            Trace Context), where it was traced.
    """

    region_id: str
    request: dict[str, Any]
    started: datetime | None
    phase: Phase
    percent: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: int
    last_progress: datetime | None
    attempt: int
    owner: str | None
    cancel_reason: str
    pause_reason: str
    hand_over: int
    parked: bool
    queued: bool
    request_id: str | None = None
    trace_parent: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where a task comes from.

    Attributes:
        request_id: The id of the request that asked for it.
        trace_parent: That request's span, as the header ``traceparent`` names it.
    """

    request_id: str | None = None
    trace_parent: str | None = None


UNKNOWN_ORIGIN = Origin()


@dataclass(frozen=True)
class TaskDisk:
    """What came of one disk.

    Attributes:
        related_items: Names and values in their order.
        bytes_done, bytes_total: How far it is in the present phase; the total is 0 while it is
            not known.
    """

    position: int
    status: DiskStatus
    error_code: str
    error_message: str
    related_items: list[tuple[str, str]]
    bytes_done: int = 0
    bytes_total: int = 0


@dataclass(frozen=True)
class TaskEvent:
    """Something that happened to a task."""

    time: datetime
    event: str
    detail: str


@dataclass(frozen=True)
class TaskSample:
    """How fast a task was at a moment."""

    time: datetime
    bytes_per_second: int


def new_id(prefix: str) -> str:
    """A random id as ECS's are: the prefix, a dash and 20 letters and digits."""
    return f"{prefix}-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(20))
