"""Spans of requests and tasks, by OpenTelemetry's standard variables.

Spans are made in any case, which costs next to nothing; they are sent where a variable
names a collector and the extra ``imageferry[tracing]`` is installed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Attributes: TypeAlias = Mapping[str, str | int | float | bool]

TraceSpan: TypeAlias = Span
"""A span, for the rooms that have some work of their own to tell of."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_HEADER = "traceparent"

LAST_SECONDS = 3.0
"""How long a process that ends waits for its last spans to be sent."""

_tracer = trace.get_tracer("imageferry")
_propagator = TraceContextTextMapPropagator()
_log = structlog.get_logger(__name__)


def set_up(service: str, environment: Mapping[str, str]) -> Callable[[], None]:
    """Send spans where the environment says so, and return what sends the last ones.

    Args:
        service: What this process is called where ``OTEL_SERVICE_NAME`` does not say.
        environment: The variables of the process.
    """
    if not _is_wanted(environment):
        return _nothing_to_send
    try:
        return _send(service, environment)
    except ImportError:
        _log.warning("traces_not_sent", remedy="install imageferry[tracing]")
        return _nothing_to_send


@contextmanager
def request(name: str, headers: Mapping[str, str], attributes: Attributes) -> Iterator[Span]:
    """A span for a request that came in, in the trace of whoever sent it.

    Args:
        name: What was asked for; one of a known few.
        headers: The request's, with names in lower case.
        attributes: What is known of it.
    """
    parent = _propagator.extract(headers) if _HEADER in headers else None
    with _tracer.start_as_current_span(
        name, parent, SpanKind.SERVER, attributes, record_exception=False
    ) as span:
        yield span


@contextmanager
def work(name: str, trace_parent: str | None, attributes: Attributes) -> Iterator[Span]:
    """A span for a part of a task, in the trace of the request that asked for it.

    Args:
        name: What is done; one of a known few.
        trace_parent: What :func:`current` gave when the task was made.
        attributes: What is known of it.
    """
    parent = _propagator.extract({_HEADER: trace_parent}) if trace_parent else Context()
    with _tracer.start_as_current_span(
        name, parent, SpanKind.CONSUMER, attributes, record_exception=False
    ) as span:
        yield span


def begin(name: str, parent: Span, attributes: Attributes) -> Span:
    """A span below another one, to be ended by hand, in whatever thread."""
    return _tracer.start_span(name, trace.set_span_in_context(parent), attributes=attributes)


def fail(span: Span, reason: str) -> None:
    """Note that what a span stands for went wrong."""
    span.set_status(Status(StatusCode.ERROR, reason))


def current() -> str | None:
    """The present span, as the header ``traceparent`` names it (W3C Trace Context)."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(_HEADER)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    return any(environment.get(name) for name in _ENDPOINTS)


def _send(service: str, environment: Mapping[str, str]) -> Callable[[], None]:
    # An extra: not installed everywhere, and slow to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    identity = {"service.instance.id": str(uuid.uuid4())}
    if "OTEL_SERVICE_NAME" not in environment:
        identity["service.name"] = service
    provider = TracerProvider(resource=Resource.create(identity), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return partial(_end, provider.shutdown)


def _end(shut_down: Callable[[], None]) -> None:
    """Send the last spans, unless the collector does not answer: the process has to end."""
    ending = threading.Thread(target=shut_down, daemon=True)
    ending.start()
    ending.join(LAST_SECONDS)


def _nothing_to_send() -> None:
    """Spans were not kept."""
