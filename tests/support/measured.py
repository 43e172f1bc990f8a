"""Metrics of this process, for tests that look at what they have changed."""

from __future__ import annotations

from imageferry.telemetry.metrics import DECLARED


def value(name: str, **labels: str) -> float:
    """The value of one series now; 0 where there is none yet."""
    return DECLARED.registry.get_sample_value(name, labels) or 0
