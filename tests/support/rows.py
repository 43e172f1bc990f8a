"""Real databases with an account, and rows of images and tasks to test with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.database.metadata import metadata, now
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.tasks import queries as tasks
from imageferry.tasks import tables, transitions
from imageferry.tasks.model import Task, TaskAction, TaskDisk, TaskEvent, new_id
from support.postgresql import PostgreSQLServer

REGION = "cn-hangzhou"


SQLITE = pytest.param("sqlite", id=pytest.HIDDEN_PARAM)

ON_SQLITE = pytest.mark.parametrize("database", [SQLITE], indirect=True)
"""For tests of what SQLite alone has, such as its file."""

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
"""For tests of what PostgreSQL alone has."""

ON_BOTH = pytest.mark.parametrize("database", [SQLITE, "postgresql"], indirect=True)
"""For tests of the engine's steps in which the database has a part of its own."""


def open_database(path: Path) -> Database:
    """The SQLite database of a file."""
    return Database(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table and one account: migrated once, copied for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    database = open_database(path)
    schema.upgrade(database)
    with database.write() as connection:
        access_keys.create_account(connection, "default")
    database.close()
    return path


@pytest.fixture(scope="session")
def shared_postgresql(postgresql: PostgreSQLServer) -> Iterator[Database]:
    """A database with every table on PostgreSQL: migrated once, emptied for each test."""
    database = Database(postgresql.url(postgresql.create()))
    schema.upgrade(database)
    yield database
    database.close()


@pytest.fixture(params=[SQLITE, "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with one account: the test runs on SQLite and on PostgreSQL."""
    yield from _opened(request, tmp_path)


@pytest.fixture(name="database", params=[SQLITE])
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with one account: the test runs on SQLite, unless it is marked otherwise."""
    yield from _opened(request, tmp_path)


def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        shared: Database = request.getfixturevalue("shared_postgresql")
        _empty(shared)
        yield shared
        return
    path = tmp_path / "imageferry.db"
    shutil.copyfile(request.getfixturevalue("empty_database"), path)
    database = open_database(path)
    yield database
    database.close()


def _empty(database: Database) -> None:
    tables = reversed(metadata.sorted_tables)
    with database.write() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS dbos CASCADE")
        connection.exec_driver_sql("; ".join(f"DELETE FROM {table.name}" for table in tables))
        access_keys.create_account(connection, "default")


@pytest.fixture
def rows(database: Database) -> Rows:
    """Rows of the test's database."""
    return Rows(database)


@dataclass(frozen=True)
class Rows:
    """Makes rows, and reads them."""

    database: Database

    @property
    def account(self) -> str:
        """The one account."""
        with self.database.read() as connection:
            account = access_keys.first_account(connection)
        assert account is not None
        return account

    def image(self, *disks: ImageDisk, **values: Any) -> str:
        """Add an image, by default a waiting one without a disk, and return its id."""
        image_id = new_id("m")
        own = {"image_id": image_id, "name": image_id, "created": now()}
        defaults = _IMAGE | _owner(self) | own
        image = Image(**(defaults | values), disks=disks)
        with self.database.write() as connection:
            images.insert(connection, image)
        return image.image_id

    def task(
        self,
        action: TaskAction = TaskAction.IMPORT_IMAGE,
        *,
        resource_id: str = "m-any",
        disks: Sequence[Sequence[tuple[str, str]]] = ((),),
        request: dict[str, Any] | None = None,
        **values: Any,
    ) -> str:
        """Add a waiting task, by default an import of one disk, and return its id."""
        with self.database.write() as connection:
            return transitions.create(
                connection,
                **(_owner(self) | values),
                action=action,
                resource_id=resource_id,
                request=request or {},
                disks=disks,
            )

    def given(self, **values: Any) -> str:
        """Add a waiting task that a worker has been given, and return its id."""
        task_id = self.task(**values)
        left = sa.update(tables.tasks).where(tables.tasks.c.task_id == task_id)
        self.change(sa.Connection.execute, left.values(queued=False))
        return task_id

    def claimed(self, owner: str = "worker", **values: Any) -> str:
        """Add a task that a worker has taken up, and return its id."""
        task_id = self.task(**values)
        assert self.change(transitions.claim, task_id, owner)
        return task_id

    def change(self, transition: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
        """Make one change in a transaction of its own."""
        with self.database.write() as connection:
            return transition(connection, *arguments, **values)

    def find(self, task_id: str) -> Task:
        """The task of that id."""
        with self.database.read() as connection:
            task = tasks.find(connection, task_id)
        assert task is not None
        return task

    def disks(self, task_id: str) -> Sequence[TaskDisk]:
        """What came of each disk of a task."""
        with self.database.read() as connection:
            return tasks.disks(connection, task_id)

    def events(self, task_id: str) -> Sequence[TaskEvent]:
        """What happened to a task."""
        with self.database.read() as connection:
            return tasks.events(connection, task_id)

    def find_image(self, image_id: str) -> Image | None:
        """The image of that id."""
        with self.database.read() as connection:
            return images.find(connection, image_id)


def disk(position: int = 1, **values: Any) -> ImageDisk:
    """A disk of an image."""
    return ImageDisk(**(_DISK | {"position": position, "snapshot_id": new_id("s")} | values))


def _owner(rows: Rows) -> dict[str, str]:
    return {"account_id": rows.account, "region_id": REGION}


_IMAGE: dict[str, Any] = {
    "task_id": "t-any",
    "status": ImageStatus.WAITING,
    "description": "",
    "architecture": "x86_64",
    "os_type": "linux",
    "platform": "Debian",
    "boot_mode": "BIOS",
    "license_type": "Auto",
    "nvme_support": "supported",
    "imds_support": "v1",
    "resource_group_id": "",
}

_DISK: dict[str, Any] = {
    "device": "/dev/xvda",
    "source_bucket": "golden",
    "source_object": "disk.raw",
    "source_etag": "etag",
    "source_size": 1 << 20,
    "declared_format": "RAW",
    "source_format": "RAW",
    "size_gib": 1,
    "virtual_size": 1 << 20,
}
