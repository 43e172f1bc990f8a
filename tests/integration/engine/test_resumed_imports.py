"""Imports whose worker dies, or loses its task, in the middle: the next one goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.engine.checkpoints import Saved
from imageferry.imaging import sha256
from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import Task, TaskStatus
from imageferry.tasks.tables import task_checkpoints
from support.ferry import Ferry
from support.interrupted import (
    DISK,
    check_nothing_left,
    continued,
    in_the_middle,
    kill_in_the_middle,
    lose_in_the_middle,
    note_often,
    reads,
    saved,
)
from support.rows import ON_POSTGRESQL

KEY = "system.raw"


def begun(ferry: Ferry) -> str:
    """Ask for the import of the disk; the task."""
    note_often(ferry)
    ferry.bucket.put(KEY, [DISK])
    return ferry.import_image(KEY)[1]


def check_imported(ferry: Ferry, task: Task) -> None:
    """Make sure that the image is the disk, and that nothing else is left."""
    assert task.status is TaskStatus.FINISHED, task
    (key,) = ferry.imported
    assert ferry.disk_bytes(key) == DISK
    check_nothing_left(ferry, task.task_id)


def test_a_killed_worker_is_gone_on_for(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    check_killed_and_gone_on(ferry, monkeypatch)


@ON_POSTGRESQL
def test_a_killed_worker_is_gone_on_for_with_nothing_on_its_machine(
    on_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_killed_and_gone_on(on_s3, monkeypatch)


def check_killed_and_gone_on(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)
    first = kill_in_the_middle(ferry, task_id)
    second = kill_in_the_middle(ferry, task_id, first.checkpoint.offset)
    assert second.draft_id == first.draft_id
    places = reads(monkeypatch, KEY)

    task = ferry.run(task_id)

    offset = second.checkpoint.offset
    assert min(places)[0] >= min(offset, second.checkpoint.source.hashed)
    assert sorted(places) == sorted(set(places))
    assert continued(ferry, task_id) == [
        f"disk 1 from byte {left.checkpoint.offset}" for left in (first, second)
    ]
    check_imported(ferry, task)
    items = dict(ferry.rows.disks(task_id)[0].related_items)
    assert items["ContinuedFrom"] == str(offset)
    assert items["BytesRead"] == str(len(DISK))


def test_a_paused_import_is_gone_on_with(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)

    def pause() -> bool:
        paused: bool = ferry.rows.change(transitions.pause, task_id, "Paused.")
        return paused

    with in_the_middle(ferry, task_id, monkeypatch, pause):
        assert ferry.run(task_id).status is TaskStatus.PAUSED
    left = saved(ferry, task_id)
    assert left is not None
    ferry.rows.change(transitions.resume, task_id, "Resumed.")
    ferry.rows.change(hand_overs.again, task_id)

    task = ferry.run(task_id, hand_over=2)

    assert continued(ferry, task_id) == [f"disk 1 from byte {left.checkpoint.offset}"]
    check_imported(ferry, task)


def test_progress_does_not_go_back(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = begun(ferry)
    lose_in_the_middle(ferry, task_id, monkeypatch)
    before = ferry.rows.find(task_id)
    seen: list[tuple[int, int]] = []
    record = transitions.record_progress

    def recorded(connection: sa.Connection, task_id: str, owner: str, **values: Any) -> bool:
        seen.append((values["percent"], values["bytes_done"]))
        return record(connection, task_id, owner, **values)

    monkeypatch.setattr(transitions, "record_progress", recorded)
    check_imported(ferry, ferry.run(task_id))
    assert all(one >= before.percent and two >= before.bytes_done for one, two in seen)


def test_an_object_that_has_changed_since_fails_the_task(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = begun(ferry)
    lose_in_the_middle(ferry, task_id, monkeypatch)
    ferry.bucket.put(KEY, [DISK[::-1]])

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidOSSObject.Changed")
    assert ferry.imported == []
    check_nothing_left(ferry, task_id)


def damage_the_checkpoint(ferry: Ferry, _saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=b"damaged"))


def make_it_another_version(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    state = Saved(**{**_fields(saved), "version": 0}).encoded()
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=state))


def make_it_another_source(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    state = Saved(**{**_fields(saved), "source": "another"}).encoded()
    ferry.rows.change(sa.Connection.execute, sa.update(task_checkpoints).values(state=state))


def take_the_draft_away(ferry: Ferry, _saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    for path in ferry.context.scratch.parent.glob("drafts/*/*"):
        path.unlink()


def cut_the_draft_short(ferry: Ferry, saved: Saved, _patch: pytest.MonkeyPatch) -> None:
    for path in ferry.context.scratch.parent.glob("drafts/*/*"):
        with path.open("ab") as file:
            file.truncate(saved.end - 1)


def run_where_hashes_have_no_state(_ferry: Ferry, _saved: Saved, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sha256, "_functions", lambda: None)
    sha256.has_state.cache_clear()


def _fields(saved: Saved) -> dict[str, Any]:
    return {name: getattr(saved, name) for name in saved.__struct_fields__}


@pytest.mark.parametrize(
    "harm",
    [
        damage_the_checkpoint,
        make_it_another_version,
        make_it_another_source,
        take_the_draft_away,
        cut_the_draft_short,
        run_where_hashes_have_no_state,
    ],
)
def test_what_cannot_be_gone_on_with_begins_anew(
    ferry: Ferry,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Ferry, Saved, pytest.MonkeyPatch], None],
) -> None:
    task_id = begun(ferry)
    left = lose_in_the_middle(ferry, task_id, monkeypatch)

    try:
        with monkeypatch.context() as patch:
            harm(ferry, left, patch)
            task = ferry.run(task_id)
    finally:
        sha256.has_state.cache_clear()

    assert continued(ferry, task_id) == []
    check_imported(ferry, task)


def test_a_task_that_is_cancelled_after_its_worker_died_leaves_nothing(ferry: Ferry) -> None:
    task_id = begun(ferry)
    kill_in_the_middle(ferry, task_id)
    ferry.cancel(task_id)

    ferry.run(task_id)

    assert ferry.imported == []
    check_nothing_left(ferry, task_id)


def test_what_an_interrupted_task_has_made_is_no_leftover(ferry: Ferry) -> None:
    task_id = begun(ferry)
    kill_in_the_middle(ferry, task_id)

    assert not ferry.leftovers
    assert list(ferry.context.scratch.parent.glob("drafts/*/*")) != []
