"""The table of workers: those that share the tasks of one PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.database.metadata import Timestamp, metadata

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("executor", sa.String(128), primary_key=True),
    sa.Column("engine_version", sa.String(16), nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("started", Timestamp, nullable=False),
    sa.Column("beats", sa.BigInteger, nullable=False),
    sa.Column("last_beat", Timestamp, nullable=False),
)
