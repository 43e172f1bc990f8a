from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from imageferry.engine.presence import Presence
from imageferry.service import state_metrics
from imageferry.service.installation import Installation, open_installation
from imageferry.settings import Settings
from imageferry.tasks import transitions
from imageferry.telemetry.exposition import Value
from support.postgresql import PostgreSQLServer
from support.rows import Rows


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    opened = open_installation(Settings(data_dir=tmp_path / "data"))
    yield opened
    opened.close()


def named(values: Sequence[Value]) -> dict[tuple[str, ...], float]:
    return {(value.metric.name, *value.labels): value.number for value in values}


def test_the_state_of_all_tasks_is_told(installation: Installation) -> None:
    with installation.database.write() as connection:
        access_keys.create_account(connection, "default")
    rows = Rows(installation.database)
    rows.task()
    assert rows.change(transitions.finish, rows.claimed(), "worker")

    found = named(state_metrics.look_up(installation))

    assert found["imageferry_database_up",] == 1
    assert found["imageferry_tasks", "ImportImage", "Waiting"] == 1
    assert found["imageferry_tasks", "ImportImage", "Finished"] == 1
    assert found["imageferry_queue_age_seconds",] >= 0
    assert found["imageferry_progress_age_seconds",] == 0
    assert found["imageferry_data_folder_free_bytes",] > 0
    assert not [name for name in found if name[0].startswith("imageferry_workers")]


def test_a_database_that_is_away_is_a_value_too(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    away = Database(f"postgresql://imageferry@127.0.0.1:{port}/imageferry")

    found = named(state_metrics.look_up(dataclasses.replace(installation, database=away)))

    assert found.keys() == {("imageferry_database_up",), ("imageferry_data_folder_free_bytes",)}
    assert found["imageferry_database_up",] == 0


def test_workers_are_counted_by_version_with_their_slots(
    tmp_path: Path, postgresql: PostgreSQLServer
) -> None:
    with postgresql.copy_of("template1") as url:
        opened = open_installation(Settings(data_dir=tmp_path / "data", database_url=url))
        for name, version, slots in (("a", "1", 2), ("b", "1", 4), ("c", "2", 8)):
            Presence(opened.database, name).enter(version, slots)

        found = named(state_metrics.look_up(opened))
        opened.close()

    assert found["imageferry_workers", "1"] == 2
    assert found["imageferry_workers", "2"] == 1
    assert found["imageferry_workers_slots",] == 14
