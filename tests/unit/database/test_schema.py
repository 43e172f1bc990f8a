from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from imageferry.accounts import tables as accounts_tables
from imageferry.database import installation, schema
from imageferry.database.connection import Database
from imageferry.database.metadata import metadata
from imageferry.database.schema import SchemaError
from imageferry.engine import tables as engine_tables
from imageferry.images import tables as images_tables
from imageferry.tasks import tables as tasks_tables
from support.postgresql import PostgreSQLServer
from support.rows import ON_POSTGRESQL
from support.service import PATIENCE, until

ANOTHER_MIGRATION = """
from alembic import op
import sqlalchemy as sa

revision = "9999"
down_revision = "{before}"


def upgrade():
    op.add_column("tasks", sa.Column("note", sa.Text))
"""

DECLARED = {
    *(accounts_tables.accounts, accounts_tables.access_keys),
    *(accounts_tables.nonces, accounts_tables.client_tokens, accounts_tables.bearer_tokens),
    *(accounts_tables.roles, accounts_tables.role_policies, accounts_tables.failed_calls),
    accounts_tables.explored_calls,
    *(images_tables.images, images_tables.image_disks, images_tables.image_shares),
    *(images_tables.snapshots, images_tables.tags),
    *(tasks_tables.tasks, tasks_tables.task_disks, tasks_tables.task_events),
    *(
        tasks_tables.account_turns,
        tasks_tables.task_samples,
        tasks_tables.task_lists,
        tasks_tables.task_blocks,
    ),
    tasks_tables.task_checkpoints,
    tasks_tables.task_lines,
    engine_tables.workers,
    installation.installation,
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


def test_the_newest_schema_is_the_one_that_the_migrations_lead_to() -> None:
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.newest()]


def test_a_database_that_is_up_to_date_is_not_migrated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: list[str] = []
    monkeypatch.setattr("alembic.command.upgrade", lambda _, revision: migrated.append(revision))

    schema.upgrade(database)

    assert migrated == []


def test_a_database_that_is_behind_is_migrated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: list[str] = []
    monkeypatch.setattr("alembic.command.upgrade", lambda _, revision: migrated.append(revision))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    schema.upgrade(database)

    assert migrated == ["head"]


@pytest.fixture(params=[pytest.param("sqlite", id=pytest.HIDDEN_PARAM), "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
    else:
        with request.getfixturevalue("postgresql").copy_of("template1") as url:
            yield url


def test_several_that_start_together_upgrade_once(new_url: str) -> None:
    databases = [Database(new_url) for _ in range(6)]

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(schema.upgrade, databases))

    with databases[0].read() as connection:
        versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert versions.scalars().all() == [schema.newest()]
    for database in databases:
        database.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(new_url)

    def fail(*_: object, **_options: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            schema.upgrade(database)

    assert _schema(database) == set()
    schema.upgrade(database)
    assert _schema(database)
    database.close()


def test_a_database_of_a_newer_version_is_left_alone(new_url: str) -> None:
    database = Database(new_url)
    schema.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = _schema(database)

    with pytest.raises(SchemaError, match=r"version 9999.* knows .*: install the newer imageferry"):
        schema.upgrade(database)

    assert _schema(database) == before
    database.close()


@ON_POSTGRESQL
def test_a_postgresql_that_is_too_old_is_left_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.read() as connection:
        monkeypatch.setattr(connection.dialect, "server_version_info", (14, 9))

    with pytest.raises(SchemaError, match=r"version 14\.9 there.* needs 15 or newer: upgrade it"):
        schema.upgrade(database)


def _schema(database: Database) -> set[tuple[str, str]]:
    """Every table with each of its columns and indexes."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        return {
            (table, item["name"] or "")
            for table in inspector.get_table_names()
            for item in (*inspector.get_columns(table), *inspector.get_indexes(table))
        }


def _migrations_and_another(folder: Path) -> Path:
    """A folder of all migrations, and one more."""
    shutil.copytree(schema.MIGRATIONS, folder)
    content = ANOTHER_MIGRATION.format(before=schema.newest())
    (folder / "versions" / "9999_note.py").write_text(content)
    return folder


def test_a_migration_waits_for_whoever_reads_and_keeps_nobody_else_waiting_for_long(
    postgresql: PostgreSQLServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []
    monkeypatch.setattr(schema, "LOCK_MILLISECONDS", 100)
    monkeypatch.setattr(schema, "AGAIN_SECONDS", 0.5)
    monkeypatch.setattr(schema, "_log", Mock(warning=lambda event, **_: waits.append(event)))
    with postgresql.copy_of("template1") as url, closing(Database(url)) as database:
        schema.upgrade(database)
        monkeypatch.setattr(schema, "MIGRATIONS", _migrations_and_another(tmp_path / "migrations"))
        with psycopg.connect(url) as reader, ThreadPoolExecutor(1) as threads:
            reader.execute("SELECT count(*) FROM tasks")
            upgraded = threads.submit(schema.upgrade, database)
            try:
                until(lambda: upgraded.done() or len(waits) > 1, PATIENCE, "The wait")
                with psycopg.connect(url, options="-c lock_timeout=60000") as other:
                    other.execute("DELETE FROM tasks")
                assert not upgraded.done()
            finally:
                reader.commit()
            upgraded.result()

        assert ("tasks", "note") in _schema(database)
    assert set(waits) == {"schema_waits"}
