"""What is shown of a task while it runs, when it runs again, and when it has ended."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.engine.ownership import Ownership
from imageferry.engine.progress import Reading
from imageferry.tasks.model import TaskStatus
from support.disks import DATA, DISK
from support.ferry import Ferry

MIB = 1 << 20


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Percent, bytes done and bytes in all, as often as they are written."""
    readings: list[tuple[int, int, int]] = []
    note = Ownership._note

    def noted(ownership: Ownership, connection: sa.Connection, reading: Reading) -> bool:
        readings.append((reading.percent, reading.bytes_done, reading.bytes_total))
        return note(ownership, connection, reading)

    monkeypatch.setattr(Ownership, "_note", noted)
    return readings


def check_never_back(shown: list[tuple[int, int, int]]) -> None:
    for before, after in itertools.pairwise(shown):
        assert before[0] <= after[0] <= 99
        assert before[1] <= after[1] <= after[2]


def test_a_finished_import_keeps_showing_what_it_moved(
    ferry: Ferry, tmp_path: Path, shown: list[tuple[int, int, int]]
) -> None:
    ferry.bucket.put("data.raw", [DATA])
    draft = ferry.bucket.draft("sparse.raw", tmp_path / "draft", token="test", metadata={})
    draft.write(0, DISK[:MIB])
    draft.finish(64 * MIB).publish({})
    _, task_id = ferry.import_image("sparse.raw", "data.raw")

    task = ferry.run(task_id)

    assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
    assert task.bytes_done == task.bytes_total
    assert MIB <= task.bytes_done <= MIB + len(DATA)
    check_never_back(shown)


def test_a_finished_export_keeps_showing_what_it_moved(
    ferry: Ferry, image_id: str, shown: list[tuple[int, int, int]]
) -> None:
    task = ferry.run(ferry.export_image(image_id, "vhd"))

    assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
    assert task.bytes_done == task.bytes_total
    assert task.bytes_done >= 2 * MIB
    check_never_back(shown)


def test_a_finished_copy_keeps_showing_what_it_moved(ferry: Ferry, image_id: str) -> None:
    _, task_id = ferry.copy_image(image_id)

    task = ferry.run(task_id)

    assert (task.percent, task.bytes_done) == (100, task.bytes_total)
    assert task.bytes_done >= 2 * MIB


def test_a_step_that_runs_again_takes_nothing_back(
    ferry: Ferry, shown: list[tuple[int, int, int]]
) -> None:
    ferry.bucket.put("system.raw", [DISK])
    _, task_id = ferry.import_image("system.raw")

    for step in ("transfer", "transfer", "verify", "transfer", "verify", "detect", "publish"):
        assert ferry.step(task_id, step)

    check_never_back(shown)
    task = ferry.rows.find(task_id)
    assert (task.percent, task.bytes_done, task.bytes_total) == (100, len(DISK), len(DISK))
