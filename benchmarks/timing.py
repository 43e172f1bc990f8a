"""Measuring: repeated runs in turn, their median, and tables of ratios."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Way:
    """One way to do the work that is measured.

    Attributes:
        name: What the table calls it.
        run: Does the work once.
    """

    name: str
    run: Callable[[], None]


def measure(ways: Sequence[Way], *, rounds: int) -> Mapping[str, float]:
    """The median seconds of each way, all run in turn so that noise meets them alike."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            # What one way leaves to be written back must not be charged to the next.
            subprocess.run(["sync"], check=True)
            begun = time.perf_counter()
            way.run()
            seconds[way.name].append(time.perf_counter() - begun)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def print_table(title: str, medians: Mapping[str, float], *, limit: str, size: int) -> None:
    """Print seconds, rate and the ratio to the way that is the limit.

    Args:
        title: What was measured.
        medians: The seconds of each way.
        limit: The way that the others are compared with.
        size: The bytes of data that each way had to move.
    """
    table = Table(title=title)
    for column in ("way", "seconds", "data MiB/s", f"times {limit}"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for name, taken in medians.items():
        rate = size / taken / 2**20
        table.add_row(name, f"{taken:.2f}", f"{rate:.0f}", f"{taken / medians[limit]:.2f}")
    Console().print(table)
