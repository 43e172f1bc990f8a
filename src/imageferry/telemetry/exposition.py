"""Metrics in the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from imageferry import __version__
from imageferry.telemetry.declaration import Metric
from imageferry.telemetry.metrics import BUILD, DECLARED

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

BUILD.labels(__version__).set(1)
# Memory, processor time and files of the process, under names that dashboards know.
ProcessCollector(registry=DECLARED.registry)


@dataclass(frozen=True)
class Value:
    """One value of a metric that is looked up.

    Attributes:
        metric: The metric.
        number: The value, in the metric's unit.
        labels: The values of its labels, in the order of declaration.
    """

    metric: Metric
    number: float
    labels: tuple[str, ...] = ()


class _LookedUp(Collector):
    """Values that are looked up when somebody asks for them."""

    def __init__(self, values: Iterable[Value]) -> None:
        self._values = values

    def collect(self) -> Iterator[Family]:
        """The metrics with their values."""
        families: dict[Metric, GaugeMetricFamily] = {}
        for value in self._values:
            metric = value.metric
            if metric not in families:
                families[metric] = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            families[metric].add_metric(value.labels, value.number)
        yield from families.values()


def exposition(look_up: Callable[[], Iterable[Value]]) -> bytes:
    """All metrics of this process, and those that are looked up."""
    looked_up = CollectorRegistry()
    looked_up.register(_LookedUp(look_up()))
    return generate_latest(DECLARED.registry) + generate_latest(looked_up)
