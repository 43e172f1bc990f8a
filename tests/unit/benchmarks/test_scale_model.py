"""The model gives what can be reckoned by hand where that is possible."""

from __future__ import annotations

import dataclasses

import pytest
from benchmarks.scale.model import Load, Site, percentile, simulate, workers_needed

SITE = Site(
    workers=2,
    slots=4,
    cores=4,
    network=1e9,
    store=1e9,
    task_rate=0.5,
    processor_seconds=1e-9,
    fixed_seconds=2.0,
    moved=2.0,
)
EQUAL = Load(imports_an_hour=360, mean_gib=4, spread=0)


def test_a_task_that_shares_nothing_takes_what_it_takes_alone() -> None:
    idle = dataclasses.replace(EQUAL, imports_an_hour=10)

    outcome = simulate(idle, SITE)

    assert outcome.waits == pytest.approx([0] * len(outcome.waits))
    assert outcome.totals == pytest.approx([2 + 4 / 0.5] * len(outcome.totals))


def test_as_many_run_as_come_in_the_time_that_each_takes() -> None:
    outcome = simulate(EQUAL, SITE)

    # Little's law, for those that came: there are as many of them as there are totals.
    assert outcome.running_seconds == pytest.approx(len(outcome.totals) * 10)


@pytest.mark.parametrize(
    "scarce",
    [
        pytest.param(dataclasses.replace(SITE, store=0.4), id="store"),
        pytest.param(dataclasses.replace(SITE, network=0.2), id="network"),
        pytest.param(dataclasses.replace(SITE, processor_seconds=40.0), id="processors"),
    ],
)
def test_what_is_scarce_sets_the_pace(scarce: Site) -> None:
    outcome = simulate(EQUAL, scarce)

    moved = len(outcome.totals) * EQUAL.mean_gib
    assert min(scarce.limits.values()) == pytest.approx(0.2)
    # So much comes that the scarce part is never idle: it alone says when all is done.
    assert outcome.end == pytest.approx(moved / 0.2, rel=0.02)


def test_every_import_ends_once_and_none_waits_longer_than_it_takes() -> None:
    outcome = simulate(Load(imports_an_hour=2000, mean_gib=4), SITE)

    assert len(outcome.waits) == len(outcome.totals) > 1500
    assert all(
        0 <= wait <= total for wait, total in zip(outcome.waits, outcome.totals, strict=True)
    )


def test_the_workers_that_are_needed_keep_waits_short_and_fewer_do_not() -> None:
    load = Load(imports_an_hour=3600, mean_gib=4)
    needed = workers_needed(load, SITE)

    enough = simulate(load, dataclasses.replace(SITE, workers=needed))
    too_few = simulate(load, dataclasses.replace(SITE, workers=needed * 3 // 5))

    assert percentile(enough.waits, 95) < 10
    assert percentile(too_few.waits, 95) > 600
