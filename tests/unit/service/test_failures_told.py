from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from imageferry.buckets.interface import StoreError
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.database.connection import Database
from imageferry.service.failures import START_FAILURES, sentence
from imageferry.settings import SettingError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError("no\n\tsuch file?")),
            "The database does not open: no such file. Check it, and IMAGEFERRY_DATABASE_URL.",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "/proc/x"),
            "/proc/x: No such file or directory. Check its disk, or IMAGEFERRY_DATA_DIR.",
        ),
        (
            RemoteStoreError("the remote store did not answer HeadObject: ReadTimeoutError"),
            (
                "The remote store did not answer HeadObject: ReadTimeoutError. Check it, and "
                "IMAGEFERRY_IMAGES_URL, IMAGEFERRY_BUCKETS_URL and IMAGEFERRY_BUCKET_BACKENDS."
            ),
        ),
        (OSError("The ECS API cannot listen."), "The ECS API cannot listen."),
        (SettingError("It says all."), "It says all."),
    ],
)
def test_what_keeps_a_process_from_starting_is_told(error: Exception, told: str) -> None:
    assert sentence(error) == told


@pytest.mark.parametrize(
    "url", ["postgres:x", "mysql://host/name", "postgresql+psycopg2://host/name", "sqlite://"]
)
def test_an_address_of_a_database_that_cannot_be_used(url: str) -> None:
    with pytest.raises(sa.exc.ArgumentError) as refused:
        Database(url)

    assert "postgresql://USER:PASSWORD@HOST/NAME" in sentence(refused.value)


def test_a_store_that_is_away_keeps_a_process_from_starting() -> None:
    assert issubclass(StoreError, START_FAILURES)
