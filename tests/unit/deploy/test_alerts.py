"""Each alert has a runbook, and asks for metrics that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from imageferry.telemetry.declaration import Kind
from imageferry.telemetry.metrics import DECLARED

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = "docs/operations.md"
OF_PROMETHEUS = {"up"}
_METRIC = re.compile(r"\b(up|imageferry_\w+)\b(\{[^}]*\})?")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def _rules() -> Iterator[Mapping[str, Any]]:
    document = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())
    for group in document["groups"]:
        yield from group["rules"]


RULES = {rule["alert"]: rule for rule in _rules()}


def _series() -> dict[str, tuple[str, ...]]:
    """The names of every series that there is, with its labels."""
    found: dict[str, tuple[str, ...]] = {}
    for metric in DECLARED.metrics:
        if metric.kind is Kind.HISTOGRAM:
            found[f"{metric.name}_bucket"] = (*metric.labels, "le")
            found[f"{metric.name}_sum"] = found[f"{metric.name}_count"] = metric.labels
        else:
            found[metric.name] = metric.labels
    return found


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_asks_for_series_that_there_are(alert: str) -> None:
    series = _series()
    asked = _METRIC.findall(RULES[alert]["expr"])

    assert asked
    for name, selector in asked:
        if name not in OF_PROMETHEUS:
            assert set(_LABEL.findall(selector)) <= set(series[name])


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_has_a_section_of_the_runbook_with_steps(alert: str) -> None:
    rule = RULES[alert]
    assert rule["annotations"]["runbook"] == f"{RUNBOOK}#{alert.lower()}"
    assert rule["labels"]["severity"] in {"page", "ticket"}

    sections = re.split(r"^### ", (ROOT / RUNBOOK).read_text(), flags=re.MULTILINE)
    (section,) = [section for section in sections if section.startswith(f"{alert}\n")]
    assert re.search(r"^1\. ", section, re.MULTILINE)


def test_the_runbook_has_no_section_without_an_alert() -> None:
    text = (ROOT / RUNBOOK).read_text()

    assert set(re.findall(r"^### (Imageferry\w+)$", text, re.MULTILINE)) == set(RULES)


def test_the_runbook_names_series_that_there_are() -> None:
    known = {*_series(), *(metric.name for metric in DECLARED.metrics)}

    named = set(re.findall(r"\bimageferry_\w+", (ROOT / RUNBOOK).read_text()))

    assert named <= known
