"""Whose turn it is: accounts take turns, so that nobody keeps others waiting.

The next task is one of the account that has the fewest running; of those that have equally
few, of the one whose last turn is the longest ago. So whoever has a thousand tasks waiting
keeps nobody else's single one waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from imageferry.settings import Settings


@dataclass(frozen=True)
class Limits:
    """How many tasks may run.

    Attributes:
        in_all: On all workers together; 0 for as many as they have slots.
        of_account: Of each account; 0 for any number.
    """

    in_all: int
    of_account: Callable[[str], int]

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that are set."""
        return cls(settings.max_running_tasks_in_all, partial(settings.quota, "max_running_tasks"))

    def are_reached(self, running: Mapping[str, int]) -> bool:
        """Whether as many tasks run as may in all, where so many of each account do."""
        return 0 < self.in_all <= sum(running.values())

    def are_reached_by(self, line: Line) -> bool:
        """Whether an account has as many tasks running as it may have."""
        return 0 < self.of_account(line.account_id) <= line.running


@dataclass(frozen=True)
class Line:
    """The waiting tasks of one account.

    Attributes:
        account_id: The account.
        waiting: How many they are.
        running: How many of the account's tasks run.
        turn: Counts up with every task that is taken up; 0 for an account that never had one.
    """

    account_id: str
    waiting: int
    running: int
    turn: int

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides between accounts that have equally many tasks running by then."""
        return -self.running, self.turn, self.account_id


def next_account(lines: Collection[Line], limits: Limits, running: Mapping[str, int]) -> str | None:
    """The account whose turn it is, or ``None`` while no task may be taken up.

    Args:
        lines: The accounts that have tasks waiting.
        limits: How many may run.
        running: How many tasks of each account run.
    """
    if limits.are_reached(running):
        return None
    may = [line for line in lines if not limits.are_reached_by(line)]
    turn = min(may, key=lambda line: (line.running, line.turn, line.account_id), default=None)
    return None if turn is None else turn.account_id


def place(line: Line, rank: int, others: Collection[Line]) -> int:
    """How many tasks are taken up before the one of that rank, and itself.

    What only limits keep back is counted like the others.

    Args:
        line: The task's account.
        rank: The task's place within the account, from 1.
        others: The other accounts.
    """
    return rank + sum(_before(line, rank, other) for other in others)


def _before(line: Line, rank: int, other: Line) -> int:
    ties = 0 if other.order < line.order else 1
    return min(other.waiting, max(0, line.running + rank - other.running - ties))
