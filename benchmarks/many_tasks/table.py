"""What is shown: how far the measurement is, and its tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rich.console import Console
from rich.table import Table

from benchmarks.many_tasks.load import Load


@dataclass(frozen=True)
class Line:
    """A line of a table.

    Attributes:
        tasks: How many tasks the list's owner has.
        title: Which list.
        load: What came of asking for it.
        service, database, client: The processor time, in seconds, that a request took the API
            processes, the database's server and the benchmark itself, where it is known.
        times_few: How many times as much of it the first two took for the same list, or for the
            first page, of few tasks.
    """

    tasks: int
    title: str
    load: Load
    service: float = 0.0
    database: float = 0.0
    client: float = 0.0
    times_few: float | None = None

    def beside(self, few: Sequence[Line]) -> Line:
        """The line with its ratio, unless the other took less than the kernel's clock tells."""
        title = "first page" if self.title.endswith("page") else self.title
        costs = {line.title: line.service + line.database for line in few}
        if not costs[title]:
            return self
        return replace(self, times_few=(self.service + self.database) / costs[title])

    def __str__(self) -> str:
        """The line as it is told when it has been measured."""
        cost = f"{(self.service + self.database) * 1000:.2f} ms of processor time each"
        return f"{self.tasks:,} tasks, {self.title}: {self.load.rate:.0f} a second, {cost}"


@dataclass(frozen=True)
class Progress:
    """Tells what is being done, with the seconds since the beginning."""

    about: str = ""
    begun: float = field(default_factory=time.monotonic)

    def within(self, about: str) -> Progress:
        """The progress of a part."""
        return replace(self, about=about)

    def tell(self, line: str) -> None:
        """Print a line at once."""
        print(f"{time.monotonic() - self.begun:5.0f} s  {self.about}: {line}", flush=True)


WIDTH = 110
"""Columns of the terminal that a table takes."""

_COLUMNS = ("tasks", "list", "a second", "median", "service", "database", "client", "times few")
_CAPTION = "median: ms until an answer; service, database, client: ms of processor time a request"


def print_table(title: str, lines: Sequence[Line]) -> None:
    """Print what was measured."""
    table = Table(title=title, caption=_CAPTION)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "list" else "right", no_wrap=True)
    for line in lines:
        seconds = (line.load.median, line.service, line.database, line.client)
        table.add_row(
            *(f"{line.tasks:,}", line.title, f"{line.load.rate:.0f}"),
            *(f"{part * 1000:.2f}" for part in seconds),
            "" if line.times_few is None else f"{line.times_few:.2f}",
        )
    Console(width=WIDTH).print(table)
