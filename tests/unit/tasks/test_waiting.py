from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from imageferry.accounts import access_keys
from imageferry.tasks import hand_overs, transitions, waiting
from imageferry.tasks.turns import Limits
from imageferry.tasks.waiting import WaitingFor
from support.rows import Rows

UNLIMITED = Limits(0, lambda _: 0)


@pytest.fixture
def other(rows: Rows) -> str:
    """Another account than the one that the rows are of."""
    account: str = rows.change(access_keys.create_account, "other")
    return account


def _take(rows: Rows, room: int = 1, limits: Limits = UNLIMITED) -> list[str]:
    with rows.database.write_alone(waiting.LOCK) as connection:
        return [task.task_id for task in waiting.take(connection, limits, room)]


def _places(
    rows: Rows, *task_ids: str, limits: Limits = UNLIMITED
) -> Mapping[str, tuple[int, WaitingFor]]:
    wanted = [rows.find(task_id) for task_id in task_ids]
    with rows.database.read() as connection:
        found = waiting.places(connection, wanted, limits)
    return {task_id: (place.number, place.waiting_for) for task_id, place in found.items()}


def test_the_oldest_task_is_next(rows: Rows) -> None:
    first, second, third = (rows.task() for _ in range(3))

    assert _take(rows) == [first]
    assert _take(rows, 5) == [second, third]
    assert _take(rows) == []


def test_the_priority_goes_before_the_age(rows: Rows) -> None:
    usual, urgent, least = (rows.task(priority=number) for number in (5, 1, 10))

    assert _take(rows, 3) == [urgent, usual, least]


def test_a_thousand_tasks_keep_nobody_elses_single_one_waiting(rows: Rows, other: str) -> None:
    for _ in range(20):
        rows.task()
    single = rows.task(account_id=other)

    assert single in _take(rows, 2)


def test_with_one_slot_accounts_take_turns(rows: Rows, other: str) -> None:
    many = [rows.task() for _ in range(4)]
    assert _take(rows) == many[:1]
    few = [rows.task(account_id=other) for _ in range(2)]

    order = []
    for _ in range(5):
        (taken,) = _take(rows)
        order.append(taken)
        rows.change(transitions.cancel, taken, "somebody")

    assert order == [few[0], few[1], many[1], many[2], many[3]]


def test_who_has_ended_tasks_has_the_next_turn_by_whose_was_longest_ago(
    rows: Rows, other: str
) -> None:
    for account in (rows.account, other):
        for _ in range(3):
            rows.task(account_id=account)

    owners = []
    for _ in range(6):
        (taken,) = _take(rows)
        owners.append(rows.find(taken).account_id)
        rows.change(transitions.cancel, taken, "somebody")

    assert owners[:2] == owners[2:4] == owners[4:] == sorted(owners[:2], key=owners.index)
    assert len(set(owners[:2])) == 2


@pytest.mark.parametrize(("slots", "turns"), [(1, 12), (2, 11), (4, 9)])
def test_turns_and_slots_are_by_the_shares(rows: Rows, other: str, slots: int, turns: int) -> None:
    for account in (rows.account, other):
        for _ in range(12):
            rows.task(account_id=account)
    limits = Limits(0, lambda _: 0, lambda account: 3 if account == rows.account else 1)

    taken = running = _take(rows, slots, limits)
    for _ in range(turns):
        ended, *running = running
        rows.change(transitions.cancel, ended, "somebody")
        (following,) = _take(rows, 1, limits)
        running, taken = [*running, following], [*taken, following]

    owners = Counter(rows.find(task_id).account_id for task_id in taken)
    assert owners[other] in (len(taken) // 4, -(-len(taken) // 4))


def test_an_account_has_no_more_running_than_it_may(rows: Rows, other: str) -> None:
    mine = [rows.task() for _ in range(4)]
    limits = Limits(0, lambda account: 2 if account == rows.account else 0)
    others = [rows.task(account_id=other) for _ in range(3)]

    taken = _take(rows, 10, limits)

    assert sorted(taken) == sorted([*mine[:2], *others])
    rows.change(transitions.cancel, mine[0], "somebody")
    assert _take(rows, 10, limits) == [mine[2]]


def test_no_more_run_than_may_in_all(rows: Rows, other: str) -> None:
    for account in (rows.account, other):
        for _ in range(3):
            rows.task(account_id=account)

    assert len(_take(rows, 10, Limits(4, lambda _: 0))) == 4
    assert _take(rows, 10, Limits(4, lambda _: 0)) == []


def test_what_a_worker_had_goes_before_all_limits(rows: Rows) -> None:
    rows.task()
    (running,) = _take(rows)
    rows.change(transitions.claim, running, "worker")
    rows.change(hand_overs.replace, running, 1)

    assert _take(rows, 10, Limits(1, lambda _: 1)) == [running]


def test_a_task_that_ended_before_a_worker_had_it_is_not_taken_up(rows: Rows) -> None:
    cancelled = rows.task()
    rows.change(transitions.cancel, cancelled, "somebody")

    assert _take(rows) == []


def test_what_was_interrupted_and_ended_while_it_waited_is_cleaned_up_after(rows: Rows) -> None:
    task_id = rows.claimed()
    rows.change(hand_overs.replace, task_id, 1)
    rows.change(transitions.cancel, task_id, "somebody")

    assert _take(rows) == [task_id]
    assert _take(rows) == []


def test_a_paused_task_is_passed_over_until_it_is_resumed(rows: Rows) -> None:
    paused, next_one = rows.task(), rows.task()
    rows.change(transitions.pause, paused, "somebody")

    assert _take(rows) == [next_one]
    assert _take(rows) == []
    rows.change(transitions.resume, paused, "somebody")
    assert _take(rows) == [paused]


def test_a_look_tells_whether_there_is_anything_to_take_up(rows: Rows) -> None:
    def looks(limits: Limits = UNLIMITED) -> bool:
        with rows.database.read() as connection:
            return waiting.is_any(connection, limits)

    def is_empty() -> bool:
        with rows.database.read() as connection:
            return waiting.is_empty(connection)

    assert not looks()
    assert is_empty()
    rows.task()
    assert looks()
    assert not is_empty()
    rows.claimed()
    assert not looks(Limits(1, lambda _: 0))
    assert not looks(Limits(0, lambda _: 1))


def test_each_task_has_a_place_and_something_to_wait_for(rows: Rows, other: str) -> None:
    running = rows.task()
    assert _take(rows) == [running]
    rows.change(transitions.claim, running, "worker")
    given_away = rows.task(account_id=other)
    assert _take(rows) == [given_away]
    first, second = rows.task(), rows.task()
    urgent = rows.task(priority=1)
    foreign = rows.task(account_id=other)
    paused = rows.task()
    rows.change(transitions.pause, paused, "somebody")
    every = (running, first, second, urgent, foreign, given_away, paused)

    assert _places(rows, *every) == {
        urgent: (1, WaitingFor.FREE_SLOT),
        foreign: (2, WaitingFor.FREE_SLOT),
        first: (3, WaitingFor.FREE_SLOT),
        second: (4, WaitingFor.FREE_SLOT),
        given_away: (0, WaitingFor.START),
        paused: (0, WaitingFor.RESUME),
    }


def test_places_are_the_same_whichever_of_the_tasks_are_asked_for(rows: Rows) -> None:
    made = [(priority, rows.task(priority=priority)) for priority in (5, 3, 5, 1, 5, 3, 9, 5)]
    in_line = [task_id for _, task_id in sorted(made, key=lambda entry: entry[0])]

    assert [_places(rows, task_id)[task_id][0] for task_id in in_line] == list(range(1, 9))
    for some in (in_line[::2], in_line[3:5], in_line):
        places = _places(rows, *some)
        assert [places[task_id][0] for task_id in some] == [in_line.index(one) + 1 for one in some]


def test_a_limit_is_told_where_it_is_what_keeps_a_task_waiting(rows: Rows, other: str) -> None:
    rows.claimed()
    mine, foreign = rows.task(), rows.task(account_id=other)

    of_account = _places(rows, mine, foreign, limits=Limits(0, lambda _: 1))
    in_all = _places(rows, mine, foreign, limits=Limits(1, lambda _: 0))

    assert of_account[mine][1] is WaitingFor.ACCOUNT_TASKS
    assert of_account[foreign][1] is WaitingFor.FREE_SLOT
    assert {reason for _, reason in in_all.values()} == {WaitingFor.ALL_TASKS}


def test_waiting_tasks_are_counted_as_far_as_is_asked_for(rows: Rows, other: str) -> None:
    for _ in range(3):
        rows.task()
    rows.task(account_id=other)
    rows.claimed()

    with rows.database.read() as connection:
        assert waiting.count(connection, rows.account, 10) == 3
        assert waiting.count(connection, rows.account, 2) == 2


@pytest.mark.parametrize("reason", WaitingFor)
def test_each_reason_is_a_sentence(reason: WaitingFor) -> None:
    assert reason.sentence[0].isupper()
    assert reason.sentence.endswith(".")
