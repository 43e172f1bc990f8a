"""What is asked of remote stores, as metrics, and as sums for whoever works on a task."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

from imageferry.buckets.interface import StoreError
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.telemetry import metrics, tally
from imageferry.telemetry.tally import StoreWork

_OPERATION = ContextVar("operation", default="unknown")
"""What is asked of a store just now: whatever repeats requests does not know it."""

_log = structlog.get_logger(__name__)


@contextmanager
def observed(operation: str) -> Iterator[None]:
    """Count one request, however often it is repeated, and how long it takes.

    Args:
        operation: Its name in the store's API; one of a known few.
    """
    begun, before = time.perf_counter(), _OPERATION.get()
    _OPERATION.set(operation)
    outcome = "ok"
    try:
        yield
    except RemoteStoreError:
        outcome = "failed"
        raise
    except StoreError:
        outcome = "refused"
        raise
    finally:
        # Not by its token: a listing may end in another thread than it began in.
        _OPERATION.set(before)
        metrics.STORE_REQUESTS.labels(operation, outcome).inc()
        metrics.STORE_SECONDS.labels(operation).observe(time.perf_counter() - begun)
        tally.add(StoreWork(requests=1))


def repeated(reason: object) -> None:
    """Count that the request that is observed is made again, and say why."""
    operation = _OPERATION.get()
    metrics.STORE_RETRIES.labels(operation).inc()
    tally.add(StoreWork(retries=1))
    _log.warning("store_request_repeated", operation=operation, reason=str(reason))


def read(size: int) -> None:
    """Count bytes of an object that have arrived."""
    metrics.STORE_BYTES.labels("read").inc(size)
    tally.add(StoreWork(bytes_read=size))


def written(size: int) -> None:
    """Count bytes of an object that the store has taken."""
    metrics.STORE_BYTES.labels("written").inc(size)
    tally.add(StoreWork(bytes_written=size))
