"""What operators see of a call: its log line, metrics and span, all in one place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from imageferry.telemetry import logs, metrics, tracing
from imageferry.telemetry.tracing import TraceSpan

_NO_HEADERS: Mapping[str, str] = {}
_FAILURE = 500

_log = structlog.get_logger(__name__)


class CallObserver:
    """Tells of one call how it was answered.

    Args:
        event: What the log calls it.
        action: The action's name; one of a known few.
        span: What stands for the call in its trace.
    """

    def __init__(self, event: str, action: str, span: TraceSpan) -> None:
        self._event = event
        self._action = action
        self._span = span
        self._begun = time.perf_counter()

    def answered(self, status: int, code: str = "") -> None:
        """Note the answer.

        Args:
            status: The HTTP status.
            code: The code of the error; empty where there is none.
        """
        seconds = time.perf_counter() - self._begun
        metrics.ECS_REQUESTS.labels(self._action, status).inc()
        metrics.ECS_REQUEST_SECONDS.labels(self._action).observe(seconds)
        self._span.set_attribute("http.response.status_code", status)
        if status >= _FAILURE:
            tracing.fail(self._span, code)
        known = {"code": code} if code else {}
        _log.info(self._event, status=status, milliseconds=round(seconds * 1000, 1), **known)


@contextmanager
def observed(
    event: str,
    request_id: str,
    action: str,
    *,
    asked: str,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Iterator[CallObserver]:
    """The time in which a call is worked on: all lines meanwhile carry its id and action.

    Args:
        event: What the log calls it.
        request_id: Its id.
        action: The action's name; one of a known few.
        asked: The action as the caller wrote it.
        headers: The request's, with names in lower case.
    """
    attributes = {"imageferry.request_id": request_id, "rpc.method": action}
    with (
        logs.about(request_id=request_id, action=asked),
        tracing.request(action, headers, attributes) as span,
    ):
        yield CallObserver(event, action, span)
