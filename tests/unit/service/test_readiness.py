from __future__ import annotations

import dataclasses
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.buckets.remote_client import Patience
from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.service import readiness
from imageferry.service.installation import Installation, open_installation
from imageferry.settings import Settings
from support.measured import value

HASTY = Patience(connect_seconds=5, read_seconds=5, attempts=1)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    opened = open_installation(Settings(data_dir=tmp_path / "data"))
    yield opened
    opened.close()


def test_all_parts_of_a_healthy_installation_are_ready(installation: Installation) -> None:
    found = readiness.look(installation)

    assert found.ready
    assert found.document == {
        "status": "ready",
        "parts": {"database": "ok", "schema": "ok", "buckets": "ok", "images": "ok"},
    }


def test_a_database_that_is_away_is_told_without_its_address(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    away = Database(f"postgresql://imageferry:5ec7e7@127.0.0.1:{port}/imageferry")
    before = value("imageferry_database_failures_total", kind="OperationalError")

    found = readiness.look(dataclasses.replace(installation, database=away))

    assert not found.ready
    assert found.parts == {
        "database": "OperationalError",
        "schema": "OperationalError",
        "buckets": "ok",
        "images": "ok",
    }
    assert value("imageferry_database_failures_total", kind="OperationalError") == before + 2


def test_the_store_that_is_away_is_named(installation: Installation, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    settings = dataclasses.replace(
        installation.settings,
        data_dir=tmp_path / "data",
        buckets_url=f"s3://buckets?region=r&endpoint=http://127.0.0.1:{port}&path_style=true",
        s3_access_key_id="key",
        s3_access_key_secret="secret",
    )
    with_remote = open_installation(settings, HASTY)

    found = readiness.look(with_remote)
    with_remote.close()

    assert not found.ready
    assert found.parts["images"] == "ok"
    assert found.parts["buckets"].startswith("the remote store did not answer HeadObject")


def test_a_folder_that_is_gone_is_told(installation: Installation) -> None:
    shutil.rmtree(installation.settings.data_dir / "images")

    found = readiness.look(installation)

    assert not found.ready
    assert "No such file" in found.parts["images"]


@pytest.mark.parametrize(
    ("applied", "ready"),
    [("0001", False), ("of-a-newer-version", True)],
)
def test_an_older_schema_is_not_served_and_a_newer_one_is(
    installation: Installation, applied: str, ready: bool
) -> None:
    with installation.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{applied}'")

    found = readiness.look(installation)

    assert found.ready is ready
    assert ready or schema.newest() in found.parts["schema"]
