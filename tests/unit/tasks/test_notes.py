from __future__ import annotations

from datetime import timedelta

from imageferry.database.metadata import now
from imageferry.tasks import notes
from imageferry.tasks.notes import MAX_LINES, DiskBytes
from support.rows import Rows


def line(event: str, seconds: int = 0) -> dict[str, object]:
    return {
        "time": now() + timedelta(seconds=seconds),
        "level": "info",
        "event": event,
        "detail": "",
    }


def read(rows: Rows, task_id: str, limit: int = MAX_LINES * 2) -> list[str]:
    with rows.database.read() as connection:
        return [kept.event for kept in notes.lines(connection, task_id, limit)]


def test_each_disk_has_bytes_of_its_own(rows: Rows) -> None:
    task_id = rows.task(disks=[[], []])

    rows.change(notes.record_disks, task_id, {2: DiskBytes(3, 10)})

    assert [(disk.bytes_done, disk.bytes_total) for disk in rows.disks(task_id)] == [
        (0, 0),
        (3, 10),
    ]


def test_lines_are_told_in_order_the_latest_where_few_are_asked_for(rows: Rows) -> None:
    task_id, other = rows.task(), rows.task()
    rows.change(notes.append_lines, task_id, [line("one"), line("two")])
    rows.change(notes.append_lines, other, [line("other")])
    rows.change(notes.append_lines, task_id, [line("three")])

    assert read(rows, task_id) == ["one", "two", "three"]
    assert read(rows, task_id, 2) == ["two", "three"]


def test_only_the_latest_lines_of_a_task_are_kept(rows: Rows) -> None:
    task_id, other = rows.task(), rows.task()
    rows.change(notes.append_lines, other, [line("other")])
    rows.change(notes.append_lines, task_id, [line(str(number)) for number in range(MAX_LINES)])

    rows.change(notes.append_lines, task_id, [line("a"), line("b")])
    rows.change(notes.append_lines, task_id, [])

    kept = read(rows, task_id)
    assert (len(kept), kept[0], kept[-2:]) == (MAX_LINES, "2", ["a", "b"])
    assert read(rows, other) == ["other"]
