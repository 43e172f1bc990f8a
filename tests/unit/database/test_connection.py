from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.database import connection as module
from imageferry.database.connection import Database
from support.rows import ON_POSTGRESQL, ON_SQLITE, open_database
from support.service import PATIENCE, until

COUNTERS = sa.table("counters", sa.column("value", sa.Integer))


@pytest.fixture
def counters(database: Database) -> Iterator[Database]:
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE counters (value INTEGER)")
        connection.execute(sa.insert(COUNTERS).values(value=0))
    yield database
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE counters")


def _value(connection: sa.Connection) -> int:
    value: int = connection.execute(sa.select(COUNTERS.c.value)).scalar_one()
    return value


def _stored(database: Database) -> int:
    with database.read() as connection:
        return _value(connection)


def _fail_after_writing(transaction: AbstractContextManager[sa.Connection], value: int) -> None:
    def fail(connection: sa.Connection) -> None:
        connection.execute(sa.update(COUNTERS).values(value=value))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), transaction as connection:
        fail(connection)


def _in_threads(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()


def test_postgresql_means_psycopg_3() -> None:
    database = Database("postgresql://user:secret@db.example/imageferry")

    assert database.url.drivername == "postgresql+psycopg"
    assert not database.is_sqlite
    assert database.text_url.startswith("postgresql+psycopg://user:secret@db.example/imageferry?")


def test_connections_of_libraries_give_up_a_server_that_does_not_answer() -> None:
    own = sa.make_url(Database("postgresql://db.example/imageferry?sslmode=require").text_url)

    assert own.query["sslmode"] == "require"
    assert (own.query["connect_timeout"], own.query["tcp_user_timeout"]) == ("10", "20000")


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a" / "b" / "imageferry.db")

    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with database.write_relaxed() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 1
    database.close()


def test_a_failed_transaction_leaves_nothing(counters: Database) -> None:
    _fail_after_writing(counters.write(), 1)

    assert _stored(counters) == 0


def test_a_reader_sees_one_state_and_keeps_nobody_waiting(counters: Database) -> None:
    with counters.read() as reader:
        assert _value(reader) == 0
        with counters.write() as writer:
            writer.execute(sa.update(COUNTERS).values(value=1))

        assert _value(reader) == 0


def test_writers_who_want_to_be_alone_wait_for_one_another(counters: Database) -> None:
    def count() -> None:
        for _ in range(25):
            with counters.write_alone("counter") as connection:
                connection.execute(sa.update(COUNTERS).values(value=_value(connection) + 1))

    _in_threads(count)

    assert _stored(counters) == 8 * 25


@ON_POSTGRESQL
def test_writers_of_different_names_do_not_wait_for_one_another(counters: Database) -> None:
    with counters.write_alone("one") as one, counters.write_alone("other") as other:
        assert (_value(one), _value(other)) == (0, 0)


@ON_POSTGRESQL
def test_a_reader_of_postgresql_cannot_write(counters: Database) -> None:
    with pytest.raises(sa.exc.InternalError, match="read-only"), counters.read() as reader:
        reader.execute(sa.update(COUNTERS).values(value=1))

    with counters.write() as connection:
        connection.execute(sa.update(COUNTERS).values(value=2))
    assert _stored(counters) == 2


@ON_POSTGRESQL
def test_a_writer_who_is_frozen_gives_way(
    counters: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_MILLISECONDS", 50)
    frozen = Database(counters.text_url)

    def freeze(connection: sa.Connection) -> None:
        connection.execute(sa.update(COUNTERS).values(value=1))
        with counters.write() as other:
            other.execute(sa.update(COUNTERS).values(value=2))
        connection.execute(sa.update(COUNTERS).values(value=3))

    with pytest.raises(module.UNAVAILABLE, match="idle-in-transaction"), frozen.write() as held:
        freeze(held)

    assert _stored(counters) == 2
    frozen.close()


@ON_SQLITE
def test_what_a_reader_writes_is_not_kept(counters: Database) -> None:
    with counters.read() as reader:
        reader.execute(sa.update(COUNTERS).values(value=1))

    assert _stored(counters) == 0


@ON_SQLITE
def test_what_another_process_holds_is_told_as_unavailable(
    counters: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MILLISECONDS", 50)
    impatient = open_database(tmp_path / "imageferry.db")
    other = sqlite3.connect(tmp_path / "imageferry.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(module.UNAVAILABLE, match="locked"), impatient.write():
        pass

    other.close()
    impatient.close()


def test_a_writer_that_never_gets_its_turn_is_told_as_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MILLISECONDS", 50)
    impatient = open_database(tmp_path / "imageferry.db")

    with (
        impatient.write(),
        pytest.raises(module.UNAVAILABLE, match="locked"),
        impatient.write_relaxed(),
    ):
        pass

    with impatient.write_relaxed():
        impatient.close()


@ON_SQLITE
def test_writers_take_turns_and_none_is_left_out(counters: Database) -> None:
    def add() -> None:
        for _ in range(25):
            with counters.write_relaxed() as connection:
                connection.execute(sa.update(COUNTERS).values(value=COUNTERS.c.value + 1))

    _in_threads(add)

    assert _stored(counters) == 8 * 25


@ON_POSTGRESQL
def test_a_relaxed_transaction_does_not_wait_for_the_disk(database: Database) -> None:
    chosen_by = "SELECT source FROM pg_settings WHERE name = 'synchronous_commit'"
    with database.write() as connection:
        assert connection.exec_driver_sql(chosen_by).scalar_one() != "client"
    with database.write_relaxed() as connection:
        assert connection.exec_driver_sql(chosen_by).scalar_one() == "client"
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off"


def test_statements_that_are_each_a_transaction(counters: Database) -> None:
    _fail_after_writing(counters.write_each_relaxed(), 1)

    assert _stored(counters) == 1


def test_a_connection_makes_transactions_again_after_statements_that_were_each_one(
    counters: Database,
) -> None:
    with counters.write_each_relaxed() as connection:
        connection.execute(sa.update(COUNTERS).values(value=1))

    _fail_after_writing(counters.write_relaxed(), 2)

    assert _stored(counters) == 1


@ON_POSTGRESQL
def test_connections_that_the_server_has_ended_are_replaced_unnoticed(counters: Database) -> None:
    ours = "pid <> pg_backend_pid() AND datname = current_database()"
    with counters.read() as one, counters.read() as other:
        assert (_value(one), _value(other)) == (0, 0)
    outside = Database(counters.text_url)
    with outside.write() as connection:
        ended = connection.exec_driver_sql(
            f"SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE {ours}"
        ).scalar_one()
    outside.close()

    with counters.read() as one, counters.read() as other:
        assert (_value(one), _value(other)) == (0, 0)
    with counters.write() as connection:
        assert _value(connection) == 0
    assert ended >= 2


@ON_POSTGRESQL
def test_what_is_read_often_is_planned_once(counters: Database) -> None:
    for _ in range(10):
        with counters.read() as connection:
            assert _value(connection) == 0

    with counters.read() as connection:
        prepared = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%counters%%'"
        ).scalar_one()
    assert prepared == 1


@ON_POSTGRESQL
def test_no_connection_outlives_the_close_of_the_database(counters: Database) -> None:
    closed = Database(counters.text_url)
    with closed.write() as durable, closed.write_relaxed() as relaxed:
        pids = [
            connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            for connection in (durable, relaxed)
        ]
        closed.close()

    def alive() -> int:
        with counters.read() as connection:
            count: int = connection.execute(
                sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(:pids)"),
                {"pids": pids},
            ).scalar_one()
        return count

    until(lambda: not alive(), PATIENCE, "The end of the connections")
