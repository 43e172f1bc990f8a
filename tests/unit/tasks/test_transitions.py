from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, Origin, Phase, Task, TaskAction, TaskStatus
from imageferry.tasks.tables import tasks
from support.rows import Rows

OWNER = "worker"
Change = Callable[[sa.Connection, str, str], bool]


def _claim(connection: sa.Connection, task_id: str, owner: str) -> bool:
    return transitions.claim(connection, task_id, owner)


def _finish(connection: sa.Connection, task_id: str, owner: str) -> bool:
    return transitions.finish(connection, task_id, owner)


def _fail(connection: sa.Connection, task_id: str, owner: str) -> bool:
    return transitions.fail(connection, task_id, "Broken", "It broke.", owner=owner)


def _cancel(connection: sa.Connection, task_id: str, _owner: str) -> bool:
    return transitions.cancel(connection, task_id, "No longer wanted.")


def _pause(connection: sa.Connection, task_id: str, _owner: str) -> bool:
    return transitions.pause(connection, task_id, "Paused by somebody.", reason="The night.")


def _resume(connection: sa.Connection, task_id: str, _owner: str) -> bool:
    return transitions.resume(connection, task_id, "Resumed by somebody.")


def _record_progress(
    connection: sa.Connection, task_id: str, owner: str, percent: int = 40
) -> bool:
    return transitions.record_progress(
        connection,
        task_id,
        owner,
        phase=Phase.TRANSFER,
        percent=percent,
        bytes_done=4,
        bytes_total=10,
        bytes_per_second=2,
    )


def _record_disk(connection: sa.Connection, task_id: str, owner: str) -> bool:
    return transitions.record_disk(
        connection, task_id, 1, owner, status=DiskStatus.SUCCESS, related_items=[("Name", "new")]
    )


def _enter_phase(connection: sa.Connection, task_id: str, owner: str) -> bool:
    return transitions.enter_phase(connection, task_id, owner, Phase.VERIFY)


ACTIVE = frozenset({TaskStatus.WAITING, TaskStatus.PROCESSING})
RUNNING = frozenset({TaskStatus.PROCESSING})
ALLOWED_FROM: Mapping[Change, frozenset[TaskStatus]] = {
    _claim: ACTIVE,
    _cancel: ACTIVE | {TaskStatus.PAUSED},
    _pause: ACTIVE,
    _resume: frozenset({TaskStatus.PAUSED}),
    _fail: ACTIVE,
    _finish: RUNNING,
    _record_progress: RUNNING,
    _record_disk: RUNNING,
    _enter_phase: RUNNING,
}
BECOMES: Mapping[Change, TaskStatus] = {
    _claim: TaskStatus.PROCESSING,
    _cancel: TaskStatus.DELETED,
    _pause: TaskStatus.PAUSED,
    _resume: TaskStatus.WAITING,
    _fail: TaskStatus.FAILED,
    _finish: TaskStatus.FINISHED,
}
OWNERS_CHANGES = (_fail, _finish, _record_progress, _record_disk, _enter_phase)


def _everything(rows: Rows, task_id: str) -> tuple[Task, list[object], list[object]]:
    return rows.find(task_id), list(rows.disks(task_id)), list(rows.events(task_id))


def _put(rows: Rows, status: TaskStatus) -> str:
    task_id = rows.task()
    with rows.database.write() as connection:
        connection.execute(
            sa.update(tasks)
            .where(tasks.c.task_id == task_id)
            .values(status=status.value, owner=OWNER)
        )
    return task_id


def _name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(
    ("change", "status"), list(itertools.product(ALLOWED_FROM, TaskStatus)), ids=_name
)
def test_the_table_of_what_may_follow_what(rows: Rows, change: Change, status: TaskStatus) -> None:
    task_id = _put(rows, status)
    before = _everything(rows, task_id)

    changed = rows.change(change, task_id, OWNER)

    assert changed == (status in ALLOWED_FROM[change])
    after = rows.find(task_id).status
    assert after is (BECOMES.get(change, status) if changed else status)
    assert (_everything(rows, task_id) == before) == (not changed)


@pytest.mark.parametrize("change", OWNERS_CHANGES)
def test_a_worker_changes_nothing_of_a_task_that_another_one_has(
    rows: Rows, change: Change
) -> None:
    task_id = rows.claimed(OWNER)
    before = _everything(rows, task_id)

    assert not rows.change(change, task_id, "another worker")
    assert _everything(rows, task_id) == before


@pytest.mark.parametrize("change", ALLOWED_FROM)
def test_a_task_that_is_not_there_cannot_change(rows: Rows, change: Change) -> None:
    assert not rows.change(change, "t-unknown", OWNER)


@pytest.mark.parametrize(
    "change", [*filter(lambda change: change is not _resume, BECOMES), _enter_phase]
)
def test_a_change_and_its_event_happen_together_or_not(rows: Rows, change: Change) -> None:
    task_id = rows.claimed(OWNER)
    before = _everything(rows, task_id)

    def break_off(connection: sa.Connection) -> None:
        assert change(connection, task_id, OWNER)
        raise ConnectionError("power cut")

    with pytest.raises(ConnectionError), rows.database.write() as connection:
        break_off(connection)

    assert _everything(rows, task_id) == before


def test_a_life_in_events(rows: Rows) -> None:
    finished, failed, cancelled, paused = (rows.claimed(OWNER) for _ in range(4))
    rows.change(_enter_phase, finished, OWNER)
    rows.change(_finish, finished, OWNER)
    rows.change(_fail, failed, OWNER)
    rows.change(_cancel, cancelled, OWNER)
    rows.change(_pause, paused, OWNER)
    rows.change(_resume, paused, OWNER)

    lives = [
        [(event.event, event.detail) for event in rows.events(task_id)]
        for task_id in (finished, failed, cancelled, paused)
    ]

    created = ("created", "ImportImage")
    assert lives == [
        [created, ("phase", "verify"), ("finished", "")],
        [created, ("failed", "Broken: It broke.")],
        [created, ("deleted", "No longer wanted.")],
        [
            created,
            ("paused", "Paused by somebody. The night."),
            ("resumed", "Resumed by somebody."),
        ],
    ]


def test_a_new_task_waits(rows: Rows) -> None:
    task = rows.find(rows.task(request={"OSSBucket": "golden"}, resource_id="m-1"))

    assert (task.status, task.phase, task.percent, task.attempt, task.owner) == (
        TaskStatus.WAITING,
        Phase.QUEUED,
        0,
        0,
        None,
    )
    assert (task.request, task.resource_id, task.started, task.finished) == (
        {"OSSBucket": "golden"},
        "m-1",
        None,
        None,
    )


def test_an_attempt_is_counted_where_a_worker_did_not_let_the_task_go(rows: Rows) -> None:
    task_id = rows.claimed("first")
    started = rows.find(task_id).started
    attempts = [rows.find(task_id).attempt]
    for owner in ("second", "third"):
        rows.change(transitions.claim, task_id, owner)
        attempts.append(rows.find(task_id).attempt)
    rows.change(transitions.let_go, task_id, "third")
    assert rows.find(task_id).owner is None

    rows.change(transitions.claim, task_id, "fourth")

    assert [*attempts, rows.find(task_id).attempt] == [1, 2, 3, 3]
    assert rows.find(task_id).started == started


def test_only_its_worker_lets_a_task_go(rows: Rows) -> None:
    task_id = rows.claimed(OWNER)

    rows.change(transitions.let_go, task_id, "another worker")

    assert rows.find(task_id).owner == OWNER


@pytest.mark.parametrize("change", [_finish, _fail, _cancel])
def test_an_end_is_dated_and_nobody_has_the_task(rows: Rows, change: Change) -> None:
    task_id = rows.claimed(OWNER)
    rows.change(_record_progress, task_id, OWNER)

    rows.change(change, task_id, OWNER)

    task = rows.find(task_id)
    assert task.finished is not None
    assert task.started is not None
    assert task.started <= task.finished
    assert (task.phase, task.owner, task.bytes_per_second) == (Phase.ENDED, None, 0)


def test_only_a_finished_task_is_done_to_the_last_byte(rows: Rows) -> None:
    finished, failed = rows.claimed(OWNER), rows.claimed(OWNER)
    for task_id in (finished, failed):
        rows.change(_record_progress, task_id, OWNER, 99)
    rows.change(_finish, finished, OWNER)
    rows.change(_fail, failed, OWNER)

    shown = [
        (task.percent, task.bytes_done, task.bytes_total)
        for task in (rows.find(finished), rows.find(failed))
    ]

    assert shown == [(100, 10, 10), (99, 4, 10)]


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.integers(-50, 200), min_size=1, max_size=6))
def test_the_percent_never_goes_back_and_is_below_100_before_the_end(
    rows: Rows, percents: list[int]
) -> None:
    task_id = rows.claimed(OWNER)
    shown = []
    for percent in percents:
        rows.change(_record_progress, task_id, OWNER, percent)
        shown.append(rows.find(task_id).percent)

    assert shown == sorted(shown)
    assert shown[-1] == min(max(0, *percents, 0), 99)


def test_a_phase_keeps_what_was_moved(rows: Rows) -> None:
    task_id = rows.claimed(OWNER)
    rows.change(_record_progress, task_id, OWNER)

    rows.change(_enter_phase, task_id, OWNER)

    task = rows.find(task_id)
    assert (task.phase, task.bytes_done, task.bytes_total, task.percent, task.bytes_per_second) == (
        Phase.VERIFY,
        4,
        10,
        40,
        0,
    )


def test_a_related_item_replaces_one_of_its_name(rows: Rows) -> None:
    task_id = rows.claimed(OWNER, disks=[[("Name", "old"), ("Size", "1")], []])

    rows.change(_record_disk, task_id, OWNER)

    first, second = rows.disks(task_id)
    assert first.related_items == [("Name", "new"), ("Size", "1")]
    assert (first.status, second.status) == (DiskStatus.SUCCESS, DiskStatus.PROCESSING)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (_fail, "Broken", "It broke."),
        (_cancel, "TaskCancelled", "The task was cancelled."),
    ],
)
def test_an_end_that_is_not_well_ends_the_disks_that_are_not_done(
    rows: Rows, change: Change, code: str, message: str
) -> None:
    task_id = rows.claimed(OWNER, disks=[[], []])
    rows.change(_record_disk, task_id, OWNER)

    rows.change(change, task_id, OWNER)

    done, open_disk = rows.disks(task_id)
    assert (done.status, done.error_code) == (DiskStatus.SUCCESS, "")
    assert (open_disk.status, open_disk.error_code, open_disk.error_message) == (
        DiskStatus.FAILED,
        code,
        message,
    )


def test_of_a_cancel_and_a_finish_at_once_exactly_one_wins(rows: Rows, database: Database) -> None:
    with database.write() as connection:
        task_ids = [_new_running(connection, rows.account) for _ in range(200)]
    together = threading.Barrier(2)
    won: dict[Change, list[bool]] = {_cancel: [], _finish: []}

    def race(change: Change) -> None:
        try:
            for task_id in task_ids:
                together.wait()
                with database.write_relaxed() as connection:
                    won[change].append(change(connection, task_id, OWNER))
        except BaseException:
            together.abort()
            raise

    with ThreadPoolExecutor(len(won)) as threads:
        list(threads.map(race, won))

    ends = {(True, False): "deleted", (False, True): "finished"}
    expected = [ends[pair] for pair in zip(won[_cancel], won[_finish], strict=True)]
    assert [rows.find(task_id).status.value.lower() for task_id in task_ids] == expected
    events = [[event.event for event in rows.events(task_id)] for task_id in task_ids]
    assert events == [["created", end] for end in expected]


def test_a_task_keeps_the_request_and_the_trace_it_comes_from(rows: Rows) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    known = rows.find(rows.task(origin=Origin("9E1BE7C4-1B1C-4F2C-8C33-2F5C1D3C9E1B", trace)))
    unknown = rows.find(rows.task())

    assert known.request_id == "9E1BE7C4-1B1C-4F2C-8C33-2F5C1D3C9E1B"
    assert known.trace_parent == trace
    assert (unknown.request_id, unknown.trace_parent) == (None, None)


def _new_running(connection: sa.Connection, account_id: str) -> str:
    task_id = transitions.create(
        connection,
        account_id=account_id,
        region_id="cn-hangzhou",
        action=TaskAction.IMPORT_IMAGE,
        resource_id="m-any",
        request={},
        disks=[],
    )
    transitions.claim(connection, task_id, OWNER)
    return task_id


def test_the_moments_of_a_task_follow_each_other_by_a_clock_that_is_set_back(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = now()
    moments = iter(range(10_000))
    monkeypatch.setattr(transitions, "now", lambda: begin - next(moments) * timedelta(minutes=1))
    task_id = rows.claimed("worker")

    assert rows.change(transitions.finish, task_id, "worker")

    task = rows.find(task_id)
    assert task.started is not None
    assert task.finished is not None
    assert task.created <= task.started <= task.finished
