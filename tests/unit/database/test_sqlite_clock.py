"""Milliseconds from a SQLite that is older than what asks for them."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.database import sqlite_clock
from imageferry.database.connection import Database

TABLE = (
    "CREATE TABLE queues (name TEXT, made_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
)
"""As the library of the durable steps makes its tables, where Python is 3.12 or newer."""


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    found = sqlite3.connect(":memory:")
    sqlite_clock.complete(found, None)
    return found


def test_a_row_of_an_engine_that_is_not_ours_has_its_time(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/steps.db")
    engine = sa.create_engine(database.text_url)
    before = _milliseconds()

    with engine.begin() as rows:
        rows.exec_driver_sql(TABLE)
        rows.exec_driver_sql("INSERT INTO queues (name) VALUES ('one')")
        made_at = rows.exec_driver_sql("SELECT made_at FROM queues").scalar_one()

    # The product of SQLite's own seconds and 1000 is off by what a binary fraction is.
    assert before - 1 < made_at < _milliseconds() + 1
    engine.dispose()
    database.close()


def test_an_old_sqlite_is_given_the_clock(old: sqlite3.Connection) -> None:
    before = _milliseconds()

    (seconds,) = old.execute("SELECT unixepoch('subsec')").fetchone()

    assert before - 1 < seconds * 1000 < _milliseconds() + 1
    old.close()


def test_an_old_sqlite_does_not_make_up_what_was_not_asked_for(old: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        old.execute("SELECT unixepoch('2026-11-22')")
    old.close()


def test_a_new_sqlite_keeps_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (*sqlite_clock.KNOWN_SINCE, 0))
    found = sqlite3.connect(":memory:")

    sqlite_clock.complete(found, None)

    assert found.execute("SELECT unixepoch('2026-11-22')").fetchone() == (1795305600,)
    found.close()
