from __future__ import annotations

from threading import Event
from unittest.mock import Mock

import sqlalchemy as sa

from imageferry.engine.lag import Lag
from imageferry.engine.repetition import Repetition, repeating


def _every_second(work: Mock) -> Repetition:
    return Repetition(work=work, every=1.0, after_failure=5.0, lag=Lag("test"), failure="not_done")


def test_a_time_that_fails_keeps_no_other_away() -> None:
    away = sa.exc.OperationalError("SELECT 1", {}, ConnectionError("away"))
    work = Mock(side_effect=[None, away, ValueError("unexpected"), None])
    wait = Mock(side_effect=[False] * 4 + [True])

    _every_second(work).run(wait)

    assert work.call_count == 4
    assert [call.args for call in wait.call_args_list] == [(1.0,), (1.0,), (5.0,), (5.0,), (1.0,)]


def test_work_is_done_meanwhile_and_not_after() -> None:
    done = Event()
    often = Repetition(
        work=done.set, every=0.001, after_failure=0.001, lag=Lag("test"), failure="not_done"
    )

    with repeating(often):
        assert done.wait(60)

    done.clear()
    assert not done.wait(0.01)
