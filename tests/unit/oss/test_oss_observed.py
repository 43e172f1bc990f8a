from __future__ import annotations

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from imageferry.oss.observed import observed
from support.measured import value

REQUESTS = "imageferry_oss_requests_total"
SECONDS = "imageferry_oss_request_seconds_count"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_lines_of_a_request_carry_what_is_known_of_it() -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        with observed("REQUEST") as observer:
            structlog.get_logger().info("before")
            observer.understood("put_object", "1001")
            observer.answered(200)
        structlog.get_logger().info("after")

    before, answered, after = lines
    assert (before["event"], before["request_id"], "operation" in before) == (
        "before",
        "REQUEST",
        False,
    )
    assert answered["event"] == "oss_request_answered"
    assert (answered["request_id"], answered["operation"]) == ("REQUEST", "put_object")
    assert (answered["account"], answered["status"]) == ("1001", 200)
    assert "request_id" not in after


@pytest.mark.parametrize("understood", [True, False])
def test_requests_are_counted_by_operation_and_status(understood: bool) -> None:
    operation = "head_object" if understood else "unknown"
    labels = {"operation": operation, "status": "403"}
    before = value(REQUESTS, **labels), value(SECONDS, operation=operation)

    with observed("REQUEST") as observer:
        if understood:
            observer.understood("head_object", "1001")
        observer.answered(403)

    assert value(REQUESTS, **labels) == before[0] + 1
    assert value(SECONDS, operation=operation) == before[1] + 1


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that have ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("imageferry.telemetry.tracing._tracer", provider.get_tracer("test"))
    return exporter


@pytest.mark.parametrize(("status", "failed"), [(404, False), (503, True)])
def test_a_request_is_a_span_in_the_trace_of_its_client(
    spans: InMemorySpanExporter, status: int, failed: bool
) -> None:
    headers = [(b"host", b"oss"), (b"traceparent", PARENT.encode())]

    with observed("REQUEST", headers) as observer:
        observer.understood("get_object", "1001")
        observer.answered(status)

    (span,) = spans.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}") == ("get_object", TRACE)
    assert span.attributes == {
        "imageferry.request_id": "REQUEST",
        "http.response.status_code": status,
    }
    assert span.status.is_ok is not failed


def test_a_request_that_is_not_understood_is_a_span_too(spans: InMemorySpanExporter) -> None:
    with observed("REQUEST", [(b"x-any", b"\xff")]) as observer:
        observer.answered(403)

    (span,) = spans.get_finished_spans()
    assert (span.name, span.parent) == ("unknown", None)
