"""What the console is given by the service: who may sign in, calls of the API, and its tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from imageferry.console.catalogue import Images
from imageferry.console.explanation import Explanation
from imageferry.console.storage import Buckets
from imageferry.console.tools import Tools

ENDED = frozenset({"Finished", "Failed", "Deleted"})
"""The statuses after which nothing more happens to a task."""


@dataclass(frozen=True)
class Key:
    """An access key that may be used at this moment."""

    access_key_id: str
    secret: str
    account_id: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as a list shows it.

    Attributes:
        sequence: Counts up with every task; the order of lists.
        name: The name of the image that it makes or exports, as far as it has one.
        bytes_done, bytes_total: Of the present phase; the total is 0 while not known.
        place: Place among the waiting tasks, from 1; 0 when not waiting.
        priority: 1 to 10: of the account's waiting tasks, the one with the lowest goes first.
        waiting_for: What it waits for, in a word; empty when not waiting.
        moved: When anything was done for it last, to the minute; ``None`` before.
        request: What it was asked for with, as it is stored.
    """

    sequence: int
    task_id: str
    region_id: str
    action: str
    status: str
    resource_id: str
    name: str
    created: datetime
    finished: datetime | None
    phase: str
    percent: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: int
    place: int
    waiting_for: str
    priority: int
    attempt: int
    error_code: str
    error_message: str
    cancel_reason: str
    pause_reason: str
    moved: datetime | None
    request: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in ENDED


@dataclass(frozen=True)
class Disk:
    """What came of one disk.

    Attributes:
        items: Names and values in their order.
        bytes_done, bytes_total: How far it is in the present phase; the total is 0 while not known.
    """

    position: int
    status: str
    error_code: str
    error_message: str
    items: Sequence[tuple[str, str]]
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True)
class Event:
    """Something that happened to a task."""

    time: datetime
    event: str
    detail: str


@dataclass(frozen=True)
class Line:
    """A line of the log of a task's worker.

    Attributes:
        sequence: Counts up with every line.
        level: How grave it is: ``info``, ``warning`` or ``error``.
        detail: What is known of it beside the event, as JSON; empty where nothing is.
    """

    sequence: int
    time: datetime
    level: str
    event: str
    detail: str


@dataclass(frozen=True)
class Sample:
    """How fast a task was at a moment."""

    time: datetime
    bytes_per_second: int


@dataclass(frozen=True)
class TaskDetails:
    """All that is known of a task.

    Attributes:
        account_share: How many tasks of its account are taken up where an account with the share 1
            has one.
    """

    task: Task
    account_share: int
    disks: Sequence[Disk]
    events: Sequence[Event]
    samples: Sequence[Sample]
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """Which tasks are meant: all that meet every condition; an empty one does not narrow.

    Attributes:
        search: A part of the task's id, of the image's id or of its name, without regard to case.
        created_from, created_to: Both inclusive.
    """

    region_id: str = ""
    action: str = ""
    status: str = ""
    search: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of a list that is newest first.

    Attributes:
        before: Only tasks older than the one of this sequence, where given.
        after: Only tasks newer than the one of this sequence, the oldest of them, where given.
        size: The most tasks.
    """

    before: int | None = None
    after: int | None = None
    size: int


@dataclass(frozen=True)
class TaskPage:
    """The tasks of a window, newest first, and whether there are others around it."""

    tasks: Sequence[Task]
    has_newer: bool
    has_older: bool


class Tasks(Protocol):
    """The tasks of accounts. Nobody is shown those of another account."""

    def page(self, account_id: str, condition: TaskFilter, window: Window) -> TaskPage:
        """A part of the list of an account's tasks."""

    def count(self, account_id: str, condition: TaskFilter) -> int:
        """How many tasks of an account are meant."""

    def find(self, account_id: str, task_id: str) -> TaskDetails | None:
        """All that is known of a task, if the account has it."""

    def has_workers(self) -> bool:
        """Whether any worker gives signs of life, as far as that is known."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The service as the console sees it.

    Attributes:
        regions: The regions that the service answers for.
        explanations: Every code that a call or a task can fail with.
        find_key: The key of an id, if there is one that may sign in: active, and not temporary.
        spend_nonce: Keeps a nonce of an access key up to a time, UTC, and says whether it was new.
        is_spent: Whether a nonce of an access key was kept, and its time has not come.
        call: Calls an action of ECS with a key: its account, its name, its parameters and the
            address that the browser used. Returns the reply's members on the wire; raises
            :class:`~imageferry.actions.errors.ServiceError`.
        tasks: The tasks.
        images: The images.
        buckets: The buckets, and the OSS API over them.
        tools: What the API Explorer and the Error Center need.
        version: What differs as soon as something that pages show was written by anybody; asked
            for ten times a second while pages are open.
        clock: The time, UTC.
        unavailable: What is raised while the database does not answer.
        is_stopping: Whether the process is about to end, and open streams with it.
    """

    regions: tuple[str, ...]
    explanations: Mapping[str, Explanation]
    find_key: Callable[[str], Key | None]
    spend_nonce: Callable[[str, str, datetime], bool]
    is_spent: Callable[[str, str], bool]
    call: Callable[[Key, str, Mapping[str, str], str], Mapping[str, Any]]
    tasks: Tasks
    images: Images
    buckets: Buckets
    tools: Tools
    version: Callable[[], str]
    clock: Callable[[], datetime]
    unavailable: tuple[type[Exception], ...]
    is_stopping: Callable[[], bool]
