"""The page of every metric, made from their declarations."""

from __future__ import annotations

from imageferry.telemetry.declaration import Metric, Teller
from imageferry.telemetry.metrics import DECLARED

_HEAD = """\
# Metrics

<!-- Made from src/imageferry/telemetry/metrics.py by `make docs`: change it there. -->

The API shows its metrics at `/metrics` on the ECS port; a worker shows its own where
`IMAGEFERRY_METRICS_PORT` names a port. Both are in Prometheus' text format, need no key and tell
nothing of single accounts, tasks or objects. Beside these, each process tells of itself what
Prometheus' client libraries tell everywhere: `process_resident_memory_bytes`,
`process_cpu_seconds_total`, `process_open_fds` and their like.

[Operations](../operations.md) has the alerts that are made of them.
"""

_ABOUT_THE_API = (
    "Gauges are looked up at most once in five seconds. But for the free bytes, they are those of "
    "the whole service, the same from every API: do not add them up."
)

_TITLES = {
    Teller.API: ("The API", _ABOUT_THE_API),
    Teller.WORKER: ("The worker", "Each worker tells of its own work: add them up."),
    Teller.ANY: ("Every process", "Told by APIs and workers."),
}

_TABLE = "| Metric | Kind | Unit | Labels | Meaning |\n| --- | --- | --- | --- | --- |\n"


def metrics_page() -> str:
    """The page."""
    parts = [_HEAD]
    for teller, (title, text) in _TITLES.items():
        rows = "".join(_row(metric) for metric in DECLARED.metrics if metric.teller is teller)
        parts.append(f"\n## {title}\n\n{text}\n\n{_TABLE}{rows}")
    return "".join(parts)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    cells = (f"`{metric.name}`", metric.kind.value, metric.unit, labels, metric.help)
    return "| " + " | ".join(cells) + " |\n"
