from __future__ import annotations

from datetime import timedelta

from imageferry.database.metadata import now
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase, TaskAction
from imageferry.tasks.overview import Overview, overview
from support.rows import Rows


def look(rows: Rows) -> Overview:
    with rows.database.read() as connection:
        return overview(connection)


def progress(rows: Rows, task_id: str, bytes_per_second: int, idle_seconds: float) -> None:
    assert rows.change(
        transitions.record_progress,
        task_id,
        "worker",
        phase=Phase.TRANSFER,
        percent=10,
        bytes_done=1,
        bytes_total=10,
        bytes_per_second=bytes_per_second,
        idle_seconds=idle_seconds,
    )


def test_without_a_task_there_is_nothing_to_tell(rows: Rows) -> None:
    assert look(rows) == Overview({}, None, None, 0)


def test_tasks_of_all_kinds_are_counted(rows: Rows) -> None:
    rows.task()
    rows.task(action=TaskAction.EXPORT_IMAGE)
    rows.task(action=TaskAction.EXPORT_IMAGE)
    assert rows.change(transitions.finish, rows.claimed(), "worker")
    rows.claimed()

    assert look(rows).counts == {
        ("ImportImage", "Waiting"): 1,
        ("ExportImage", "Waiting"): 2,
        ("ImportImage", "Finished"): 1,
        ("ImportImage", "Processing"): 1,
    }


def test_the_oldest_that_waits_is_found_among_those_that_run_and_those_that_wait(
    rows: Rows,
) -> None:
    rows.claimed()
    oldest = rows.find(rows.task())
    rows.task()

    assert look(rows).waiting_since == oldest.created


def test_the_one_that_stands_still_longest_is_found_and_the_rates_are_added_up(
    rows: Rows,
) -> None:
    for rate in (300, 40):
        progress(rows, rows.claimed(), rate, 0)
    still = rows.claimed()
    # Its worker has died, or else it would have written 0.
    progress(rows, still, 5000, 3600)

    found = look(rows)

    assert found.still_since is not None
    assert found.still_since == rows.find(still).last_progress
    assert found.still_since < now() - timedelta(minutes=59)
    assert found.bytes_per_second == 340
