from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from imageferry.accounts import tables as accounts_tables
from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.database.metadata import metadata
from imageferry.images import tables as images_tables
from imageferry.tasks import tables as tasks_tables
from support.rows import open_database

DECLARED = {
    *(accounts_tables.accounts, accounts_tables.access_keys),
    *(accounts_tables.nonces, accounts_tables.client_tokens, accounts_tables.bearer_tokens),
    *(accounts_tables.roles, accounts_tables.role_policies),
    *(images_tables.images, images_tables.image_disks, images_tables.image_shares),
    *(images_tables.snapshots, images_tables.tags),
    *(tasks_tables.tasks, tasks_tables.task_disks, tasks_tables.task_events),
    tasks_tables.task_lists,
}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def test_every_declared_table_is_known_to_this_test() -> None:
    assert set(metadata.tables.values()) == DECLARED


def test_the_migrations_make_what_the_rooms_declare(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": _is_ours, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []


def test_upgrading_again_changes_nothing(database: Database) -> None:
    before = _schema(database)

    schema.upgrade(database)

    assert _schema(database) == before


def test_several_that_start_together_upgrade_once(tmp_path: Path) -> None:
    databases = [open_database(tmp_path / "new.db") for _ in range(6)]

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(schema.upgrade, databases))

    with databases[0].read() as connection:
        versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert versions.scalars().all() == ["0001"]
    for database in databases:
        database.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(tmp_path / "new.db")

    def fail(*_: object, **_options: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            schema.upgrade(database)

    assert _schema(database) == []
    schema.upgrade(database)
    assert _schema(database)
    database.close()


def _schema(database: Database) -> list[str]:
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT sql FROM sqlite_master ORDER BY name"))
        return [row.sql for row in rows]
