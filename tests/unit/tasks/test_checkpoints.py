from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.database.connection import Database
from imageferry.tasks import checkpoints, transitions
from support.rows import Rows


def _found(rows: Rows, task_id: str) -> dict[int, bytes]:
    with rows.database.read() as connection:
        return dict(checkpoints.of(connection, task_id))


def test_the_last_checkpoint_of_each_disk_is_kept(rows: Rows) -> None:
    task_id = rows.claimed("worker")
    for position, state in [(1, b"old"), (2, b"other"), (1, b"new \0\xff")]:
        assert rows.change(checkpoints.save, task_id, position, "worker", state)
    assert _found(rows, task_id) == {1: b"new \0\xff", 2: b"other"}


def test_a_worker_that_has_lost_its_task_replaces_no_checkpoint(rows: Rows) -> None:
    task_id = rows.claimed("first")
    rows.change(checkpoints.save, task_id, 1, "first", b"first")
    assert rows.change(transitions.claim, task_id, "second")
    assert not rows.change(checkpoints.save, task_id, 1, "first", b"late")
    assert _found(rows, task_id) == {1: b"first"}


@pytest.mark.parametrize(
    "end",
    [
        lambda connection, task_id: transitions.finish(connection, task_id, "worker"),
        lambda connection, task_id: transitions.fail(
            connection, task_id, "Broken", "It broke.", owner="worker"
        ),
        lambda connection, task_id: transitions.cancel(connection, task_id, "No longer wanted."),
    ],
    ids=["finished", "failed", "cancelled"],
)
def test_a_task_that_has_ended_has_none(rows: Rows, end: Callable[..., Any]) -> None:
    task_id = rows.claimed("worker")
    rows.change(checkpoints.save, task_id, 1, "worker", b"state")
    assert rows.change(end, task_id)
    assert _found(rows, task_id) == {}


def test_a_task_that_is_paused_keeps_its_checkpoints(rows: Rows, database: Database) -> None:
    task_id = rows.claimed("worker")
    rows.change(checkpoints.save, task_id, 1, "worker", b"state")
    with database.write() as connection:
        assert transitions.pause(connection, task_id, "By somebody.")
    assert _found(rows, task_id) == {1: b"state"}


def test_those_of_some_disks_are_forgotten(rows: Rows) -> None:
    task_id, other = rows.claimed("worker"), rows.claimed("worker")
    for task, position in [(task_id, 1), (task_id, 2), (task_id, 3), (other, 1)]:
        rows.change(checkpoints.save, task, position, "worker", b"state")

    rows.change(checkpoints.forget, task_id, {1, 3})

    assert (_found(rows, task_id), _found(rows, other)) == ({2: b"state"}, {1: b"state"})
