"""Whose turn it is: accounts take turns, so that nobody keeps others waiting.

The next task is one of the account that has the fewest running for its share; of those that have
equally few, of the one whose last turn is the longest ago, where time passes faster for a larger
share. So whoever has a thousand tasks waiting keeps nobody else's single one waiting, and whoever
waits is next sooner or later, however large the shares of others are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from imageferry.settings import Settings


@dataclass(frozen=True)
class Limits:
    """How many tasks may run, and whose.

    Attributes:
        in_all: On all workers together; 0 for as many as they have slots.
        of_account: Of each account; 0 for any number.
        share: How many tasks of each account are taken up where others have one; at least 1.
    """

    in_all: int
    of_account: Callable[[str], int]
    share: Callable[[str], int] = lambda _: 1

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that are set."""
        return cls(
            settings.max_running_tasks_in_all,
            partial(settings.quota, "max_running_tasks"),
            partial(settings.quota, "task_share"),
        )

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
        share: How many of its tasks are taken up where others have one.
    """

    account_id: str
    waiting: int
    running: int
    turn: int
    share: int = 1

    @property
    def rounds(self) -> int:
        """How often as many tasks as its share are running."""
        return self.running // self.share

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides between accounts that have equally many tasks running by then."""
        return -self.rounds, self.turn, self.account_id


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
    now = 1 + max((line.turn for line in may), default=0)
    following = min(may, key=partial(_precedence, now), default=None)
    return None if following is None else following.account_id


def _precedence(now: int, line: Line) -> tuple[int, int, int, str]:
    """What decides whose turn it is: the lowest."""
    waited = (now - line.turn) * line.share
    return line.rounds, -waited, -line.share, line.account_id


def place(line: Line, rank: int, others: Collection[Line]) -> int:
    """How many tasks are taken up before the one of that rank, and itself.

    What only limits keep back is counted like the others. The turns within one round of shares are
    taken as evenly spread: of each other account it can be off by its share, and is not where all
    have the share 1.

    Args:
        line: The task's account.
        rank: The task's place within the account, from 1.
        others: The other accounts.
    """
    return rank + sum(_before(line, rank, other) for other in others)


def _before(line: Line, rank: int, other: Line) -> int:
    """How many tasks of the other account are taken up before it."""
    reached = (line.running + rank - 1) * other.share
    goes_first = other.order < line.order
    running = reached // line.share + 1 if goes_first else -(-reached // line.share)
    return min(other.waiting, max(0, running - other.running))
