from __future__ import annotations

import sys

import pytest
from opentelemetry import trace
from structlog.testing import capture_logs

from imageferry.telemetry import tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


def test_the_trace_of_whoever_asks_is_gone_on_with() -> None:
    with tracing.request("ImportImage", {"traceparent": PARENT}, {}):
        assert tracing.current() == PARENT
    assert tracing.current() is None


def test_the_work_on_a_task_belongs_to_the_trace_that_it_kept() -> None:
    with tracing.work("ImportImage transfer", PARENT, {}):
        assert tracing.current() == PARENT


@pytest.mark.parametrize("kept", [None, "", "00-not-a-trace"])
def test_a_task_without_a_trace_is_worked_on_all_the_same(kept: str | None) -> None:
    with tracing.request("Any", {"traceparent": PARENT}, {}), tracing.work("Any", kept, {}):
        assert tracing.current() is None


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        COLLECTOR | {"OTEL_SDK_DISABLED": "true"},
        COLLECTOR | {"OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_sent_unless_it_is_asked_for(environment: dict[str, str]) -> None:
    before = trace.get_tracer_provider()

    tracing.set_up("imageferry-api", environment)()

    assert trace.get_tracer_provider() is before


def test_without_the_extra_the_service_goes_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, EXPORTER, None)

    with capture_logs() as lines:
        tracing.set_up("imageferry-api", COLLECTOR)()

    assert [(line["event"], line["remedy"]) for line in lines] == [
        ("traces_not_sent", "install imageferry[tracing]")
    ]
