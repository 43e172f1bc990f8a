from __future__ import annotations

import pytest

from imageferry.engine.runs import hand_over_of, run_id, task_of


@pytest.mark.parametrize("hand_over", [1, 2, 10])
def test_a_run_tells_its_task_and_its_number(hand_over: int) -> None:
    run = run_id("t-0123456789abcdefghij", hand_over)

    assert (task_of(run), hand_over_of(run)) == ("t-0123456789abcdefghij", hand_over)
