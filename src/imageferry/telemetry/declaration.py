"""How a metric is declared: once, with all that its page in the reference says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

# The moment at which a series began is a series of its own to the library: twice as many.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Kind(StrEnum):
    """What a metric is, in Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Teller(StrEnum):
    """Which process tells a metric."""

    ANY = "any"
    API = "API"
    WORKER = "worker"


@dataclass(frozen=True)
class Metric:
    """What is known of a metric besides its values.

    Attributes:
        name: Its name as Prometheus stores it; a histogram's without ``_bucket``.
        kind: What it is.
        help: What it counts or measures, as a sentence.
        unit: The unit of its values.
        teller: The process that tells it.
        labels: The names of its labels. Their values are from small, known sets:
            neither accounts, tasks nor objects are among them.
    """

    name: str
    kind: Kind
    help: str
    unit: str
    teller: Teller
    labels: tuple[str, ...] = ()


class Declarations:
    """The metrics of a program.

    Attributes:
        registry: What has the values that this process counts itself.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics: list[Metric] = []

    @property
    def metrics(self) -> Sequence[Metric]:
        """Every metric, in the order of declaration."""
        return tuple(self._metrics)

    def counter(self, name: str, text: str, unit: str, teller: Teller, *labels: str) -> Counter:
        """Declare what this process counts."""
        metric = self._declare(Metric(name, Kind.COUNTER, text, unit, teller, labels))
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def gauge(self, name: str, text: str, unit: str, teller: Teller, *labels: str) -> Gauge:
        """Declare what this process sets."""
        metric = self._declare(Metric(name, Kind.GAUGE, text, unit, teller, labels))
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def histogram(
        self, name: str, text: str, teller: Teller, *labels: str, buckets: Sequence[float]
    ) -> Histogram:
        """Declare durations, in seconds, that this process observes."""
        metric = self._declare(Metric(name, Kind.HISTOGRAM, text, "seconds", teller, labels))
        return Histogram(
            metric.name, metric.help, metric.labels, buckets=buckets, registry=self.registry
        )

    def looked_up(self, name: str, text: str, unit: str, *labels: str) -> Metric:
        """Declare a gauge that the API looks up when somebody asks for the metrics."""
        return self._declare(Metric(name, Kind.GAUGE, text, unit, Teller.API, labels))

    def _declare(self, metric: Metric) -> Metric:
        self._metrics.append(metric)
        return metric
