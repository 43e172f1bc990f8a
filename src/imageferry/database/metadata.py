"""What the tables of every room have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Timestamp(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, kept as microseconds since 1970.

    An integer sorts and compares alike on SQLite and PostgreSQL, and never
    loses its time zone.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        """To microseconds."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Any) -> datetime | None:
        """From microseconds."""
        return None if value is None else _EPOCH + value * _MICROSECOND


Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of a number that counts up by itself: SQLite counts only plain integers."""

LARGEST_INTEGER = (1 << 63) - 1
"""The largest number that a statement may hold."""


def now() -> datetime:
    """The moment, UTC."""
    return datetime.now(UTC)
