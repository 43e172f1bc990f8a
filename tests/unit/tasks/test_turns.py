from __future__ import annotations

from collections.abc import Iterator, Mapping
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
            task_share=2,
            account_quotas=("5:max_running_tasks=9", "6:task_share=4"),
        )
    )

    assert (limits.in_all, limits.of_account("5"), limits.of_account("6")) == (7, 9, 3)
    assert (limits.share("5"), limits.share("6")) == (2, 4)


_LINES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=5
).map(
    lambda rows: [
        Line(f"account-{number}", length, running, turn)
        for number, (length, running, turn) in enumerate(rows)
    ]
)


_WITH_SHARES = st.tuples(_LINES, st.lists(st.integers(1, 5), min_size=5, max_size=5)).map(
    lambda drawn: [
        replace(line, share=share) for line, share in zip(drawn[0], drawn[1], strict=False)
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


def _told(lines: list[Line]) -> Mapping[tuple[str, int], int]:
    """The place of each task, by its account and its place within that."""
    return {
        (line.account_id, rank): turns.place(
            line, rank, [other for other in lines if other is not line]
        )
        for line in lines
        for rank in range(1, line.waiting + 1)
    }


def _seen(lines: list[Line]) -> Mapping[tuple[str, int], int]:
    """The places at which they are taken up."""
    seen: dict[tuple[str, int], int] = {}
    ranks = dict.fromkeys((line.account_id for line in lines), 0)
    for number, account in enumerate(_carried_out(lines), start=1):
        ranks[account] += 1
        seen[account, ranks[account]] = number
    return seen


@given(_LINES)
def test_the_place_that_is_told_is_the_one_at_which_a_task_is_taken_up(lines: list[Line]) -> None:
    assert _told(lines) == _seen(lines)


@given(_WITH_SHARES)
def test_a_place_is_right_but_for_one_round_of_the_others_shares(lines: list[Line]) -> None:
    told, seen = _told(lines), _seen(lines)

    assert told.keys() == seen.keys()
    for (account, rank), number in told.items():
        others = sum(line.share for line in lines if line.account_id != account)
        assert abs(number - seen[account, rank]) <= others


@given(_WITH_SHARES)
def test_nobody_waits_for_ever_however_large_the_others_shares_are(lines: list[Line]) -> None:
    idle = {line.account_id: replace(line, running=0) for line in lines}
    longest = len(lines) * (max(line.share for line in lines) + 1)
    had: list[str] = []
    for turn in range(100, 100 + 4 * longest):
        account = turns.next_account(idle.values(), UNLIMITED, {})
        assert account is not None
        idle[account] = replace(idle[account], turn=turn)
        had.append(account)

    for start in range(len(had) - longest):
        assert set(had[start : start + longest]) == set(idle)
