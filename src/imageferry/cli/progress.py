"""How far something is, on standard error: a bar on a terminal, else a line a phase."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from imageferry.cli import output
from imageferry.cli.text import clean, duration, size

RATE_SECONDS = 5.0
_TITLE_WIDTH = 28


@dataclass(frozen=True)
class Step:
    """One moment of something that takes time.

    Attributes:
        title: What is going on, as ``upload disk.qcow2``.
        done, total: Bytes; a total of 0 is not known.
        rate: Bytes a second; 0 where not known.
        seconds_left: Seconds to the end of the phase; ``None`` where not known.
        remark: What else there is to say, as the place in the queue.
    """

    title: str
    done: int = 0
    total: int = 0
    rate: int = 0
    seconds_left: int | None = None
    remark: str = ""

    def figures(self) -> str:
        """The numbers as people read them."""
        if not self.total:
            return self.remark
        parts = [f"{size(self.done)} of {size(self.total)}"]
        if self.rate:
            parts.append(f"{size(self.rate)}/s")
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        return ", ".join([*parts, self.remark] if self.remark else parts)


class Display(Protocol):
    """What shows steps."""

    def show(self, step: Step) -> None:
        """Show how far it is now."""


@contextmanager
def display() -> Iterator[Display]:
    """A display that fits where standard error goes."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    title = Column(max_width=_TITLE_WIDTH, no_wrap=True, overflow="ellipsis")
    bar = Progress(
        TextColumn("{task.fields[title]}", markup=False, table_column=title),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}", markup=False, table_column=Column(no_wrap=True)),
        console=output.console(stderr=True),
        transient=True,
    )
    with bar:
        yield _Bar(bar)


class _Bar:
    """A progress bar: one line that is drawn anew."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None, title="", figures="")

    def show(self, step: Step) -> None:
        self._bar.update(
            self._task,
            total=step.total or None,
            completed=step.done,
            title=clean(step.title),
            figures=clean(step.figures()),
        )


class _Lines:
    """A line whenever something else begins."""

    def __init__(self) -> None:
        self._title = ""

    def show(self, step: Step) -> None:
        if step.title != self._title:
            self._title = step.title
            total = f" ({size(step.total)})" if step.total else ""
            output.note(step.title + total)


class Meter:
    """Shows a transfer of this command's own: counts bytes, measures their rate. Safe in threads.

    Args:
        shown: Where it is shown.
        title: What is transferred.
        total: Bytes in all.
    """

    def __init__(self, shown: Display, title: str, total: int) -> None:
        self._display = shown
        self._title = title
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._show(0)

    def advance(self, count: int) -> None:
        """Note that so many more bytes are through."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            self._seen.append((now, self._done))
            while now - self._seen[0][0] > RATE_SECONDS and len(self._seen) > 1:
                self._seen.popleft()
            since, before = self._seen[0]
            self._show(int((self._done - before) / (now - since)) if now > since else 0)

    def _show(self, rate: int) -> None:
        left = (self._total - self._done) // rate if rate else None
        self._display.show(Step(self._title, self._done, self._total, rate, left))
