"""What operators see of a request to the OSS API: its log lines and metrics, in one place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from imageferry.telemetry import logs, metrics

UNKNOWN_OPERATION = "unknown"
"""What metrics call a request that was refused before it was clear what it asks for."""

_log = structlog.get_logger(__name__)


class RequestObserver:
    """Tells of one request what it asked for, and how it was answered."""

    def __init__(self) -> None:
        self._operation = UNKNOWN_OPERATION
        self._begun = time.perf_counter()

    def understood(self, operation: str, account_id: str) -> None:
        """Note what the request asks for, and who sent it."""
        self._operation = operation
        logs.note(operation=operation, account=account_id)

    def answered(self, status: int) -> None:
        """Note the answer's HTTP status. Objects may be many: their line is one for debugging."""
        seconds = time.perf_counter() - self._begun
        metrics.OSS_REQUESTS.labels(self._operation, status).inc()
        metrics.OSS_REQUEST_SECONDS.labels(self._operation).observe(seconds)
        _log.debug("oss_request_answered", status=status, milliseconds=round(seconds * 1000, 1))


@contextmanager
def observed(request_id: str) -> Iterator[RequestObserver]:
    """The time in which a request is worked on: all lines meanwhile carry its id."""
    with logs.about(request_id=request_id):
        yield RequestObserver()
