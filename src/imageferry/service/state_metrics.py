"""The metrics that are looked up: what all processes together have in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from imageferry.database.connection import UNAVAILABLE
from imageferry.database.metadata import now
from imageferry.engine import presence
from imageferry.service.installation import Installation, free_space
from imageferry.tasks.overview import overview
from imageferry.telemetry import metrics
from imageferry.telemetry.exposition import Value

KEPT_SECONDS = 5.0
"""How old the values may be: Prometheus asks every 15 s or so, and others may ask too."""

_log = structlog.get_logger(__name__)


def look_up(installation: Installation) -> Sequence[Value]:
    """What there is now. Where the database is out of reach, that alone."""
    free = Value(metrics.DATA_FOLDER_FREE, free_space(installation.settings))
    try:
        with installation.database.read() as connection:
            found = [*_tasks(connection), *_workers(installation, connection)]
    except UNAVAILABLE as error:
        _log.warning("metrics_without_database", reason=type(error).__name__)
        return [Value(metrics.DATABASE_UP, 0), free]
    return [Value(metrics.DATABASE_UP, 1), *found, free]


def _tasks(connection: sa.Connection) -> Iterator[Value]:
    found, moment = overview(connection), now()
    for kind, count in found.counts.items():
        yield Value(metrics.TASKS, count, kind)
    yield Value(metrics.QUEUE_AGE, _age(found.waiting_since, moment))
    yield Value(metrics.PROGRESS_AGE, _age(found.still_since, moment))
    yield Value(metrics.RATE, found.bytes_per_second)


def _workers(installation: Installation, connection: sa.Connection) -> Iterator[Value]:
    if installation.database.is_sqlite:
        return
    silent_for = timedelta(seconds=installation.settings.worker_timeout_seconds)
    slots = 0
    for version, crew in presence.crews_since(connection, now() - silent_for).items():
        yield Value(metrics.WORKERS, crew.workers, (version,))
        slots += crew.slots
    yield Value(metrics.WORKERS_SLOTS, slots)


def _age(since: datetime | None, moment: datetime) -> float:
    return 0 if since is None else max(0, (moment - since).total_seconds())
