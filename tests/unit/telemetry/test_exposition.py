from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from imageferry import __version__
from imageferry.telemetry import metrics
from imageferry.telemetry.declaration import Kind
from imageferry.telemetry.exposition import Value, exposition
from imageferry.telemetry.metrics import DECLARED


def test_values_that_are_looked_up_stand_beside_those_that_are_counted() -> None:
    values = [
        Value(metrics.TASKS, 3, ("ImportImage", "Waiting")),
        Value(metrics.TASKS, 4, ("ExportImage", "Waiting")),
        Value(metrics.QUEUE_AGE, 1.5),
    ]

    text = exposition(lambda: values).decode()

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [
        (sample.labels["action"], sample.value) for sample in families["imageferry_tasks"].samples
    ] == [("ImportImage", 3), ("ExportImage", 4)]
    assert families["imageferry_queue_age_seconds"].samples[0].value == 1.5
    assert families["imageferry_build_info"].samples[0].labels == {"version": __version__}
    assert "process_resident_memory_bytes" in families


def test_names_follow_prometheus_rules() -> None:
    names = [metric.name for metric in DECLARED.metrics]

    assert len(set(names)) == len(names)
    for metric in DECLARED.metrics:
        assert metric.name.startswith("imageferry_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.help.endswith(".")
