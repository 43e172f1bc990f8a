"""What operators see of a task that one process is asked for and another one carries out."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from imageferry.telemetry.declaration import Teller
from imageferry.telemetry.metrics import DECLARED
from support.cluster import Worker, cluster
from support.otlp import Collector, ReceivedSpan, collector
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import Service, until

BUCKET = "golden"
DISK = random.Random(7).randbytes(20 << 20)
TELLS_OF_THE_PROCESS = "process_"
PARTS_OF_THE_ENGINE = {
    *("uptake", "hand_over", "leases", "reconciler"),
    *("signs_of_life", "failure_detector"),
}


@dataclass
class Seen:
    """An import that has ended, and what there was to see of it.

    Attributes:
        api: The API that was asked for it.
        request_id, task_id: Of the import.
        worker: The worker that carried it out.
        worker_log: The lines of the worker.
        api_log: The lines of the API.
        worker_metrics: Where the worker shows its metrics.
        spans: Where the spans are.
        secrets: What must not be seen.
    """

    api: Service
    request_id: str
    task_id: str
    worker: Worker
    worker_log: list[dict[str, Any]]
    api_log: list[dict[str, Any]]
    worker_metrics: str
    spans: Collector
    secrets: list[str]

    def trace(self) -> list[ReceivedSpan]:
        """The spans of the import's trace, once the last of the worker's is there."""

        def found() -> list[ReceivedSpan]:
            traces = {
                span.trace_id
                for span in self.spans.spans
                if span.attributes.get("imageferry.request_id") == self.request_id
            }
            trace = [span for span in self.spans.spans if span.trace_id in traces]
            return trace if "ImportImage publish" in {span.name for span in trace} else []

        spans: list[ReceivedSpan] = until(found, 60, "The end of the trace")
        return spans


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQLServer, seaweedfs: S3Server
) -> Iterator[Seen]:
    with (
        collector() as spans,
        pytest.MonkeyPatch.context() as patch,
        postgresql.copy_of("template1") as url,
        cluster(
            tmp_path_factory.mktemp("operators"),
            url,
            seaweedfs,
            log_level="debug",
            verify="structure",
        ) as running,
    ):
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", spans.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        api = running.start_api()
        worker = running.start_worker(metrics_port=0)
        api.put(BUCKET, "disk.raw", DISK)
        reply = api.call(
            "ImportImage",
            **{
                "DiskDeviceMapping.1.OSSBucket": BUCKET,
                "DiskDeviceMapping.1.OSSObject": "disk.raw",
            },
        )
        assert api.wait_for(reply["TaskId"])["TaskStatus"] == "Finished"
        until(lambda: "task_finished" in worker.log.read_text(), 60, "The worker's last line")
        lines = _lines(worker.log.read_text())
        (shown,) = [line for line in lines if line["event"] == "metrics_shown"]
        yield Seen(
            api,
            reply["RequestId"],
            reply["TaskId"],
            worker,
            lines,
            _lines(api.log.read_text()),
            f"http://{shown['host']}:{shown['port']}/metrics",
            spans,
            [api.access_key_secret, seaweedfs.access_key_secret],
        )


def _lines(text: str) -> list[dict[str, Any]]:
    """The lines of a log; those that the service prints to a person are none."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _get(url: str) -> tuple[int, str]:
    with urllib3.PoolManager(retries=False) as http:
        reply = http.request("GET", url)
        return reply.status, reply.data.decode()


def _samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _lags(seen: Seen) -> dict[str, float]:
    """How late each part of the worker's engine is."""
    return {
        dict(labels)["part"]: value
        for (name, labels), value in _samples(_get(seen.worker_metrics)[1]).items()
        if name == "imageferry_engine_lag_seconds"
    }


def test_the_worker_tells_of_a_task_from_its_beginning_to_its_end(seen: Seen) -> None:
    told = [line for line in seen.worker_log if line.get("task_id") == seen.task_id]

    events = [line["event"] for line in told if line["event"].startswith(("task", "phase"))]
    phases = ["phase_begun", "phase_ended"] * 3
    assert events == ["task_taken_up", *phases, "task_finished"]
    (transfer,) = [line for line in told if line.get("phase") == "transfer" and "seconds" in line]
    assert transfer["bytes"] == len(DISK)
    assert transfer["store"]["bytes_read"] >= len(DISK)


def test_lines_of_the_worker_name_the_request_that_the_api_answered(seen: Seen) -> None:
    told = [line for line in seen.worker_log if line.get("task_id") == seen.task_id]
    answered = [line for line in seen.api_log if line.get("request_id") == seen.request_id]

    assert {line["request_id"] for line in told} == {seen.request_id}
    assert {line["attempt"] for line in told} == {1}
    assert len({line["executor"] for line in told}) == 1
    assert [(line["event"], line["action"]) for line in answered] == [
        ("request_answered", "ImportImage")
    ]
    assert answered[0]["account"]


def test_no_secret_and_no_signed_address_is_in_a_log(seen: Seen) -> None:
    text = json.dumps([*seen.worker_log, *seen.api_log])

    assert [secret for secret in seen.secrets if secret in text] == []
    assert "X-Amz-Signature" not in text


def test_one_trace_has_the_request_and_the_steps_of_the_worker(seen: Seen) -> None:
    spans = {span.name: span for span in seen.trace()}

    asked, transfer = spans["ImportImage"], spans["ImportImage transfer"]
    assert (asked.service, transfer.service) == ("imageferry-api", "imageferry-worker")
    assert transfer.parent_id == asked.span_id
    assert transfer.attributes["imageferry.task_id"] == seen.task_id
    phase = spans["transfer"]
    assert phase.parent_id == transfer.span_id
    assert int(phase.attributes["imageferry.store.bytes_read"]) >= len(DISK)
    assert int(phase.attributes["imageferry.store.requests"]) > 1
    assert not [name for name in spans if "GetRange" in name]


def test_a_request_to_the_oss_api_is_a_span(seen: Seen) -> None:
    seen.trace()

    put = next(span for span in seen.spans.spans if span.name == "put_object")

    assert put.service == "imageferry-api"
    assert put.attributes["http.response.status_code"] == 200


def test_the_worker_counts_what_it_does(seen: Seen) -> None:
    status, text = _get(seen.worker_metrics)
    samples = _samples(text)

    assert status == 200
    ended = (("action", "ImportImage"), ("status", "Finished"))
    assert samples["imageferry_tasks_ended_total", ended] == 1
    assert samples["imageferry_task_bytes_total", (("action", "ImportImage"),)] == len(DISK)
    assert samples["imageferry_store_bytes_total", (("direction", "read"),)] >= len(DISK)
    assert samples["imageferry_lease_renewal_seconds_count", ()] >= 0


def test_the_worker_tells_how_late_its_engine_is(seen: Seen) -> None:
    seen.worker.signal(signal.SIGSTOP)
    time.sleep(1.5)
    seen.worker.signal(signal.SIGCONT)

    until(lambda: _lags(seen)["uptake"] > 1, 60, "The lag of a worker that was frozen")
    late, later = _lags(seen), _lags(seen)

    assert late.keys() == PARTS_OF_THE_ENGINE
    # The task has begun and has ended: nothing of it is due, or its lag would grow.
    assert later["hand_over"] <= late["hand_over"]
    assert later["leases"] <= late["leases"]


def test_the_api_counts_requests_and_looks_up_the_state_of_all(seen: Seen) -> None:
    samples = _samples(_get(f"{seen.api.ecs}/metrics")[1])

    asked = (("action", "ImportImage"), ("status", "200"))
    assert samples["imageferry_ecs_requests_total", asked] == 1
    stored = (("operation", "put_object"), ("status", "200"))
    assert samples["imageferry_oss_requests_total", stored] == 1
    assert samples["imageferry_database_up", ()] == 1
    assert samples["imageferry_workers_slots", ()] >= 1
    assert samples["imageferry_queue_age_seconds", ()] == 0


@pytest.mark.parametrize("teller", [Teller.API, Teller.WORKER])
def test_each_process_tells_what_is_declared_and_nothing_else(seen: Seen, teller: Teller) -> None:
    url = f"{seen.api.ecs}/metrics" if teller is Teller.API else seen.worker_metrics
    told = {family.name for family in text_string_to_metric_families(_get(url)[1])}

    declared = {metric.name.removesuffix("_total") for metric in DECLARED.metrics}
    assert {name for name in told if not name.startswith(TELLS_OF_THE_PROCESS)} <= declared


def test_an_api_whose_parts_all_answer_is_ready(seen: Seen) -> None:
    status, text = _get(f"{seen.api.ecs}/readyz")

    assert status == 200
    assert json.loads(text) == {
        "status": "ready",
        "parts": {"database": "ok", "schema": "ok", "buckets": "ok", "images": "ok"},
    }
    assert _get(f"{seen.api.ecs}/healthz")[0] == 200
