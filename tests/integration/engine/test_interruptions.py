"""A worker that dies between any two of its side effects: the next one ends the task right.

Death is a raised exception after which no further side effect of the worker
succeeds, as none does of a process that is gone. It comes before every renaming,
removal, sync and new folder, and before every commit, one after another.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.engine import ownership
from imageferry.images.model import ImageStatus
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry, guest_bytes
from support.rows import ON_BOTH

DISK = bytes(range(256)) * 256
PATHS = ("rename", "replace", "unlink", "mkdir", "rmdir")
DESCRIPTORS = ("fsync",)
TRANSACTIONS = ("write", "write_relaxed")


class Death(BaseException):
    """The worker is gone."""


class Fate:
    """Lets so many side effects happen, and none after them.

    Attributes:
        has_come: Whether the worker is dead.
    """

    def __init__(self, folder: Path, effects: int) -> None:
        self.has_come = False
        self._folder = os.fspath(folder)
        self._effects = effects

    def before_effect(self) -> None:
        """Die here, if it is time or has been before."""
        self.has_come = self.has_come or self._effects == 0
        if self.has_come:
            raise Death
        self._effects -= 1

    @contextmanager
    def rules(self) -> Iterator[None]:
        """Rule over every side effect meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            for name in PATHS:
                patch.setattr(os, name, self._on_path(getattr(os, name)))
            for name in DESCRIPTORS:
                patch.setattr(os, name, self._always(getattr(os, name)))
            for name in TRANSACTIONS:
                patch.setattr(Database, name, self._on_transaction(getattr(Database, name)))
            yield

    def _on_path(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def ruled(path: Any, *arguments: Any, **options: Any) -> Any:
            if os.fspath(path).startswith(self._folder):
                self.before_effect()
            return effect(path, *arguments, **options)

        return ruled

    def _always(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def ruled(*arguments: Any) -> Any:
            self.before_effect()
            return effect(*arguments)

        return ruled

    def _on_transaction(self, begin: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def ruled(database: Database) -> Iterator[sa.Connection]:
            with begin(database) as connection:
                yield connection
                self.before_effect()

        return ruled


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the one side effect that comes at no certain place."""
    monkeypatch.setattr(ownership, "HEARTBEAT_SECONDS", 3600)


def _interrupted(ferry: Ferry, begin: Callable[[], str]) -> Iterator[str]:
    """Tasks whose worker died after 0, 1, 2 … side effects, until one is carried out alive."""
    for effects in itertools.count():
        task_id = begin()
        fate = Fate(ferry.context.settings.data_dir, effects)
        with suppress(Death), fate.rules():
            ferry.run(task_id)
        if not fate.has_come:
            assert effects > 10
            assert ferry.rows.find(task_id).status is TaskStatus.FINISHED
            return
        yield task_id


def _import(ferry: Ferry) -> str:
    return ferry.import_image("disk.raw")[1]


def _delete_image(ferry: Ferry, image_id: str) -> None:
    for key in ferry.imported:
        ferry.catalogue.delete(key)
    with ferry.rows.database.write() as connection:
        connection.execute(sa.text("DELETE FROM images WHERE image_id = :id"), {"id": image_id})


@ON_BOTH
def test_an_import_ends_right_after_a_death_at_any_place(ferry: Ferry) -> None:
    ferry.bucket.put("disk.raw", [DISK])

    for task_id in _interrupted(ferry, lambda: _import(ferry)):
        task = ferry.run(task_id)

        image = ferry.rows.find_image(task.resource_id)
        assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
        assert image is not None
        assert image.status is ImageStatus.AVAILABLE
        assert ferry.imported == [f"{image.image_id}-system.qcow2"]
        assert ferry.disk_bytes(ferry.imported[0]) == DISK
        assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
        _delete_image(ferry, image.image_id)


def test_an_import_is_cancelled_wholly_after_a_death_at_any_place(ferry: Ferry) -> None:
    ferry.bucket.put("disk.raw", [DISK])

    for task_id in _interrupted(ferry, lambda: _import(ferry)):
        image_id = ferry.rows.find(task_id).resource_id
        if ferry.rows.find(task_id).status is TaskStatus.FINISHED:
            ferry.run(task_id)
            _delete_image(ferry, image_id)
            continue
        ferry.cancel(task_id)

        assert ferry.run(task_id).status is TaskStatus.DELETED

        assert ferry.rows.find_image(image_id) is None
        assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


@pytest.fixture
def image_id(ferry: Ferry) -> str:
    """An image to export."""
    ferry.bucket.put("disk.raw", [DISK])
    image_id, task_id = ferry.import_image("disk.raw")
    ferry.run(task_id)
    return image_id


@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_an_export_ends_right_after_a_death_at_any_place(
    ferry: Ferry, image_id: str, image_format: str
) -> None:
    for task_id in _interrupted(ferry, lambda: ferry.export_image(image_id, image_format)):
        task = ferry.run(task_id)

        (key,) = task.request["Objects"]
        assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
        assert sorted(ferry.objects) == sorted(["disk.raw", key])
        if image_format == "qcow2":
            with ferry.bucket.open(key) as reader:
                assert guest_bytes(reader.pread(0, reader.size), "qcow2") == DISK
        assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
        ferry.bucket.delete(key)


@ON_BOTH
@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_an_export_is_cancelled_wholly_after_a_death_at_any_place(
    ferry: Ferry, image_id: str, image_format: str
) -> None:
    for task_id in _interrupted(ferry, lambda: ferry.export_image(image_id, image_format)):
        if ferry.rows.find(task_id).status is TaskStatus.FINISHED:
            ferry.run(task_id)
            continue
        ferry.cancel(task_id)

        assert ferry.run(task_id).status is TaskStatus.DELETED

        assert (ferry.objects, ferry.scratch) == (["disk.raw"], [])
        assert not ferry.leftovers
