"""What operators see of a request to the OSS API: its log lines, metrics and span."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog

from imageferry.telemetry import logs, metrics, tracing
from imageferry.telemetry.tracing import TraceSpan

UNKNOWN_OPERATION = "unknown"
"""What metrics call a request that was refused before it was clear what it asks for."""

_FAILURE = 500

_log = structlog.get_logger(__name__)


class RequestObserver:
    """Tells of one request what it asked for, and how it was answered.

    Args:
        span: What stands for the request in its trace.

    Attributes:
        operation: What the request asks for.
    """

    def __init__(self, span: TraceSpan) -> None:
        self._span = span
        self.operation = UNKNOWN_OPERATION
        self._begun = time.perf_counter()

    def understood(self, operation: str, account_id: str) -> None:
        """Note what the request asks for, and who sent it."""
        self.operation = operation
        self._span.update_name(operation)
        logs.note(operation=operation, account=account_id)

    def answered(self, status: int) -> None:
        """Note the answer's HTTP status. Objects may be many: their line is one for debugging."""
        seconds = time.perf_counter() - self._begun
        metrics.OSS_REQUESTS.labels(self.operation, status).inc()
        metrics.OSS_REQUEST_SECONDS.labels(self.operation).observe(seconds)
        self._span.set_attribute("http.response.status_code", status)
        if status >= _FAILURE:
            tracing.fail(self._span, "")
        _log.debug("oss_request_answered", status=status, milliseconds=round(seconds * 1000, 1))


@contextmanager
def observed(
    request_id: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> Iterator[RequestObserver]:
    """The time in which a request is worked on: all lines meanwhile carry its id.

    Args:
        request_id: Its id.
        headers: The request's, with names in lower case.
    """
    texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    attributes = {"imageferry.request_id": request_id}
    with (
        logs.about(request_id=request_id),
        tracing.request(UNKNOWN_OPERATION, texts, attributes) as span,
    ):
        yield RequestObserver(span)
