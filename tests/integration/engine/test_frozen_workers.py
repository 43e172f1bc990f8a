"""A worker that is frozen, and wakes when another one has done its task: it changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.engine import ownership as ownerships
from imageferry.engine.import_image import ImportImage
from imageferry.engine.ownership import Ownership
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry
from support.rows import ON_BOTH


@pytest.fixture(params=["folder", "s3"])
def installation(request: pytest.FixtureRequest, ferry: Ferry, in_s3: Ferry) -> Ferry:
    """Everything in folders, or in S3."""
    return ferry if request.param == "folder" else in_s3


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but the steps' own writes tell the worker that it has lost the task."""
    monkeypatch.setattr(ownerships, "HEARTBEAT_SECONDS", 3600)


def _other_worker(ferry: Ferry) -> Ferry:
    other = copy.copy(ferry)
    other.context = replace(ferry.context, scratch=ferry.context.scratch.with_name("other"))
    return other


class Frozen:
    """Lets another worker do the whole task at some moment of the first one's work, once."""

    def __init__(self, ferry: Ferry, task_id: str) -> None:
        self.stored: Any = None
        self._ferry = ferry
        self.task_id = task_id

    def thaw_later(self) -> None:
        """Be frozen here, the first time."""
        if self.stored is not None:
            return
        self.stored = ()
        other = _other_worker(self._ferry)
        assert other.run(self.task_id).status is TaskStatus.FINISHED
        with self._ferry.rows.database.write() as connection:
            image_id = self._ferry.rows.find(self.task_id).resource_id
            images.record_disk(connection, image_id, 1, stored_size=7)
        self.stored = self.look()

    def look(self) -> Any:
        """What the catalogue and the rows say."""
        image = self._ferry.rows.find_image(self._ferry.rows.find(self.task_id).resource_id)
        disks = self._ferry.rows.disks(self.task_id)
        return [self._ferry.catalogue.head(key) for key in self._ferry.imported], image, disks


@pytest.fixture
def frozen(installation: Ferry) -> Frozen:
    installation.bucket.put("disk.raw", [DISK])
    return Frozen(installation, installation.import_image("disk.raw")[1])


def _is_left_alone(ferry: Ferry, frozen: Frozen, task_id: str) -> None:
    task = ferry.run(task_id)

    assert frozen.stored
    assert frozen.look() == frozen.stored
    image = ferry.rows.find_image(task.resource_id)
    assert image is not None
    assert (task.status, image.status) == (TaskStatus.FINISHED, ImageStatus.AVAILABLE)
    assert ferry.disk_bytes(ferry.imported[0]) == DISK
    assert ferry.catalogue.uploads() == []
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


@ON_BOTH
def test_a_worker_that_wakes_after_moving_a_disk_notes_and_stores_nothing(
    installation: Ferry, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    check: Callable[..., None] = ImportImage._check_unchanged

    def checked(self: ImportImage, disk: Any) -> None:
        check(self, disk)
        frozen.thaw_later()

    monkeypatch.setattr(ImportImage, "_check_unchanged", checked)

    _is_left_alone(installation, frozen, frozen.task_id)


@ON_BOTH
def test_a_worker_that_wakes_just_before_it_stores_a_disk_does_not_replace_the_verified_one(
    installation: Ferry, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Ownership.recording

    @contextmanager
    def recorded(
        self: Ownership, position: int, status: Any, related_items: Any = ()
    ) -> Iterator[sa.Connection]:
        with recording(self, position, status, related_items) as connection:
            yield connection
        if dict(related_items).keys() == {"StoredSize"}:
            frozen.thaw_later()

    monkeypatch.setattr(Ownership, "recording", recorded)

    _is_left_alone(installation, frozen, frozen.task_id)
