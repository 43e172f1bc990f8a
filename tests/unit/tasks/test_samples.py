"""How fast a task was, for the chart that the console shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imageferry.database.metadata import now
from imageferry.tasks import samples, transitions
from imageferry.tasks.model import Phase
from support.rows import Rows


def test_the_rate_is_kept_now_and_then_and_rarer_with_age(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = rows.claimed()
    begun = now()

    def advance(rate: int, seconds: float) -> None:
        moment = begun + timedelta(seconds=seconds)
        monkeypatch.setattr(samples, "now", lambda: moment)
        rows.change(
            transitions.record_progress,
            task_id,
            "worker",
            phase=Phase.TRANSFER,
            percent=1,
            bytes_done=1,
            bytes_total=2,
            bytes_per_second=rate,
        )

    for rate, seconds in [(0, 0), (7, 0), (8, 0.9), (9, 1), (10, 3600), (11, 3635), (12, 3637)]:
        advance(rate, seconds)

    with rows.database.read() as connection:
        noted = samples.of(connection, task_id)
    assert [sample.bytes_per_second for sample in noted] == [7, 9, 10, 12]
    assert [(sample.time - begun).total_seconds() for sample in noted] == [0, 1, 3600, 3637]
