"""Bringing a database to the schema that this version knows."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from imageferry.database.connection import Database

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing, once, also when several processes start together.

    On SQLite the write transaction itself keeps the others out; PostgreSQL
    needs an advisory lock, since it would let two processes begin.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7305810264001927)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
