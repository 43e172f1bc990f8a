from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from imageferry.settings import Settings
from imageferry.tasks import turns
from imageferry.tasks.turns import Limits, Line

UNLIMITED = Limits(0, lambda _: 0)


def test_limits_are_those_of_the_settings() -> None:
    limits = Limits.of(
        Settings(
            max_running_tasks_in_all=7,
            max_running_tasks=3,
            account_quotas=("5:max_running_tasks=9",),
        )
    )

    assert (limits.in_all, limits.of_account("5"), limits.of_account("6")) == (7, 9, 3)


_LINES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=5
).map(
    lambda rows: [
        Line(f"account-{number}", length, running, turn)
        for number, (length, running, turn) in enumerate(rows)
    ]
)


def _carried_out(lines: list[Line]) -> Iterator[str]:
    """Whose task is taken up, again and again, while none ends."""
    left = {line.account_id: line for line in lines if line.waiting}
    turn = 100
    while left:
        running = {line.account_id: line.running for line in left.values()}
        account = turns.next_account(left.values(), UNLIMITED, running)
        assert account is not None
        yield account
        line, turn = left[account], turn + 1
        left[account] = replace(line, waiting=line.waiting - 1, running=line.running + 1, turn=turn)
        if not left[account].waiting:
            del left[account]


@given(_LINES)
def test_the_place_that_is_told_is_the_one_at_which_a_task_is_taken_up(lines: list[Line]) -> None:
    told = {
        (line.account_id, rank): turns.place(
            line, rank, [other for other in lines if other is not line]
        )
        for line in lines
        for rank in range(1, line.waiting + 1)
    }
    seen: dict[tuple[str, int], int] = {}
    ranks = dict.fromkeys((line.account_id for line in lines), 0)
    for number, account in enumerate(_carried_out(lines), start=1):
        ranks[account] += 1
        seen[account, ranks[account]] = number

    assert told == seen
