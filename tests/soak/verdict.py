"""What has to be so after a soak, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import sqlalchemy as sa

from imageferry.buckets.interface import Bucket
from imageferry.images.model import catalogue_key
from imageferry.images.tables import images
from imageferry.service import diagnosis
from imageferry.service.diagnosis import State
from imageferry.service.installation import Installation, open_installation
from imageferry.tasks.tables import task_events, tasks
from soak.chaos import programs
from soak.load import BUCKET
from support.cluster import Processes
from support.ferry import guest_bytes
from support.service import ENDED, until

CLEAN_SECONDS = 400.0
"""Within it a clean-up that failed is tried again."""


@dataclass(frozen=True)
class Ended:
    """A task that has ended.

    Attributes:
        task_id, action, status: The task.
        image_id: The image that it made or exported.
        objects: What it exported the image's disks to.
        error_code, error_message: Why it failed.
        attempts: How many workers have had it.
        finishes: How often it was finished.
    """

    task_id: str
    action: str
    status: str
    image_id: str
    objects: tuple[str, ...]
    error_code: str
    error_message: str
    attempts: int
    finishes: int


def _nothing() -> None:
    pass


def judge(
    processes: Processes, disks: Mapping[str, bytes], meanwhile: Callable[[], None] = _nothing
) -> list[Ended]:
    """Make sure that every task has ended as it says, and that nothing is left.

    Args:
        processes: The installation, which runs.
        disks: What was imported, by the keys of the objects.
        meanwhile: What is done while left-overs go: each worker takes away those of its machine.
    """
    with closing(open_installation(processes.machines()[0])) as installation:
        ended = _tasks(installation)
        for task in ended:
            _check_end(task)
        _check_left_nothing(processes, meanwhile)
        sources = _sources(installation)
        _check_images(installation, ended, sources, disks)
        _check_exports(installation, ended, sources, disks)
    return ended


def counted(ended: list[Ended]) -> Mapping[str, int]:
    """How many tasks there were of each action and end."""
    return Counter(f"{task.action} {task.status} {task.error_code}".rstrip() for task in ended)


def _check_end(task: Ended) -> None:
    assert task.status in ENDED, task
    assert task.finishes == (task.status == "Finished"), task
    if task.status == "Failed":
        assert task.error_code not in {"", "InternalError"}, task
        assert task.error_message, task


def _check_left_nothing(processes: Processes, meanwhile: Callable[[], None]) -> None:
    def is_clean() -> bool:
        meanwhile()
        return not _findings(processes)

    until(is_clean, CLEAN_SECONDS, f"The clean-up: {_findings(processes)}")
    for machine in processes.machines():
        assert diagnosis.repair(machine) == 0
    assert programs(processes) == []


def _findings(processes: Processes) -> list[str]:
    """What the doctor says of every machine."""
    return [
        check.finding
        for machine in processes.machines()
        for check in diagnosis.checks(machine)
        if check.name in {"images", "leftovers", "tasks", "workers"} and check.state is not State.OK
    ]


def _check_images(
    installation: Installation,
    ended: list[Ended],
    sources: Mapping[str, str],
    disks: Mapping[str, bytes],
) -> None:
    made = {
        catalogue_key(task.image_id, 1): task.image_id
        for task in ended
        if task.action != "ExportImage" and task.status == "Finished"
    }
    assert _keys(installation.catalogue) == made.keys()
    for key, image_id in made.items():
        assert _guest_bytes(installation.catalogue, key) == disks[sources[image_id]], key


def _check_exports(
    installation: Installation,
    ended: list[Ended],
    sources: Mapping[str, str],
    disks: Mapping[str, bytes],
) -> None:
    bucket = installation.store.bucket(BUCKET)
    made = {
        key: task.image_id
        for task in ended
        if task.action == "ExportImage" and task.status == "Finished"
        for key in task.objects
    }
    assert _keys(bucket) == made.keys() | disks.keys()
    for key, image_id in made.items():
        if key.endswith(".qcow2"):
            assert _guest_bytes(bucket, key) == disks[sources[image_id]], key


def _keys(bucket: Bucket) -> set[str]:
    return {stored.key for stored in bucket.list()}


def _guest_bytes(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return guest_bytes(reader.pread(0, reader.size), "qcow2")


def _sources(installation: Installation) -> Mapping[str, str]:
    """For each image the key of the disk that it was made of, its copies included."""
    with installation.database.read() as connection:
        rows = connection.execute(
            sa.select(images.c.image_id, images.c.description, images.c.copied_from)
        ).all()
    found = {row.image_id: row for row in rows}
    return {
        image_id: found[row.copied_from or image_id].description
        for image_id, row in found.items()
        if not row.copied_from or row.copied_from in found
    }


def _tasks(installation: Installation) -> list[Ended]:
    finishes = (
        sa.select(sa.func.count())
        .where(task_events.c.task_id == tasks.c.task_id, task_events.c.event == "finished")
        .scalar_subquery()
        .label("finishes")
    )
    with installation.database.read() as connection:
        rows = connection.execute(sa.select(tasks, finishes)).all()
    return [
        Ended(
            task_id=row.task_id,
            action=row.action,
            status=row.status,
            image_id=row.resource_id,
            objects=tuple(row.request.get("Objects", ())),
            error_code=row.error_code,
            error_message=row.error_message,
            attempts=row.attempt,
            finishes=row.finishes,
        )
        for row in rows
    ]
