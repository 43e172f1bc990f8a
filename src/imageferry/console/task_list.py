"""The list of tasks, and its changes as they happen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from imageferry.console.interface import Backend, TaskPage
from imageferry.console.progress import Progress, progress
from imageferry.console.streams import Changes
from imageferry.console.task_changes import CHANGES
from imageferry.console.task_view import ACTIONS, SIZES, STATUSES, TaskView, number, read_view
from imageferry.console.templating import page, render
from imageferry.console.visit import Visit

COUNT_SECONDS = 2
"""How often, at the most, a list's tasks are counted anew: of thousands that takes a while."""


class TaskList:
    """The list of tasks.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, visit: Visit) -> Response:
        """One page of the list; where the page is there already, the list alone."""
        view = self._view(visit)
        found, rows = self._read(visit, view)
        return page(
            visit,
            "task_list.html" if visit.asks_for("list") else "tasks.html",
            view=view,
            rows=rows,
            total=self._total(visit, view, found),
            lacks_workers=self.lacks_workers(rows),
            newer=view.newer_than(rows[0].task.sequence) if found.has_newer else "",
            older=view.older_than(rows[-1].task.sequence) if found.has_older else "",
            stream=view.stream(_listed(rows), _seen(rows)),
            notice=_notice(visit),
            changes=CHANGES,
            actions=ACTIONS,
            statuses=STATUSES,
            regions=self._backend.regions,
            sizes=SIZES,
        )

    def changes(self, visit: Visit) -> Changes:
        """What changes on a page of the list."""
        return _Changes(self, visit, self._view(visit))

    def read(self, visit: Visit, view: TaskView) -> Sequence[Progress]:
        """The tasks of a page as they are now."""
        return self._read(visit, view)[1]

    def lacks_workers(self, rows: Sequence[Progress]) -> bool:
        """Whether tasks of a page have to wait until a worker is started."""
        return not all(row.task.ended for row in rows) and not self._backend.tasks.has_workers()

    def now(self) -> datetime:
        """The time, UTC."""
        return self._backend.clock()

    def count(self, visit: Visit, view: TaskView) -> int:
        """How many tasks the whole list has."""
        return self._backend.tasks.count(visit.key.account_id, view.condition)

    def _total(self, visit: Visit, view: TaskView, found: TaskPage) -> int:
        """How many tasks the whole list has: counted where the page is not all of it."""
        if found.has_newer or found.has_older:
            return self.count(visit, view)
        return len(found.tasks)

    def _read(self, visit: Visit, view: TaskView) -> tuple[TaskPage, Sequence[Progress]]:
        found = self._backend.tasks.page(visit.key.account_id, view.condition, view.window)
        now = self._backend.clock()
        return found, [progress(task, now) for task in found.tasks]

    def _view(self, visit: Visit) -> TaskView:
        return read_view(visit.request.query_params, self._backend.regions)


class _Changes:
    """The changes of a page of the list, at each step since the one before."""

    def __init__(self, source: TaskList, visit: Visit, view: TaskView) -> None:
        self._source = source
        self._visit = visit
        self._view = view
        self._shown: dict[str, Progress] | None = None
        self._total = -1
        self._lacks_workers: bool | None = None
        self._counted = datetime.min.replace(tzinfo=UTC)

    def __iter__(self) -> _Changes:
        return self

    def __next__(self) -> list[str]:
        rows = self._source.read(self._visit, self._view)
        before, self._shown = self._shown, {row.task.task_id: row for row in rows}
        changes = self._first(rows) if before is None else self._since(before, self._shown)
        return changes + self._workers(rows) + self._count()

    def _first(self, rows: Sequence[Progress]) -> list[str]:
        """What the page lacks that was made a moment ago, or before the connection was lost."""
        if self._visit.query("listed") != _listed(rows):
            return [self._all(rows)]
        if self._visit.query("seen") != _seen(rows):
            return [self._cells(row) for row in rows]
        return []

    def _since(self, before: dict[str, Progress], now: dict[str, Progress]) -> list[str]:
        rows = list(now.values())
        gone = [task_id for task_id in before if task_id not in now]
        kept = [task_id for task_id in now if task_id in before]
        ids = list(now)
        begin = ids.index(kept[0]) if kept else 0
        if not kept or ids[begin : begin + len(kept)] != kept:
            return [] if ids == list(before) else [self._all(rows)]
        changed = [
            self._cells(now[task_id])
            for task_id in kept
            if now[task_id].state != before[task_id].state
        ]
        above = [self._row(row, "afterbegin") for row in reversed(rows[:begin])]
        below = [self._row(row, "beforeend") for row in rows[begin + len(kept) :]]
        removed = [render(self._visit, "task_gone.html", task_id=task_id) for task_id in gone]
        return removed + changed + above + below

    def _cells(self, row: Progress) -> str:
        return render(self._visit, "task_cells.html", row=row)

    def _row(self, row: Progress, where: str) -> str:
        return render(self._visit, "task_added.html", rows=[row], where=where)

    def _all(self, rows: Sequence[Progress]) -> str:
        values = {"rows": rows, "is_filtered": self._view.is_filtered}
        return render(self._visit, "task_rows.html", **values)

    def _workers(self, rows: Sequence[Progress]) -> list[str]:
        before, self._lacks_workers = self._lacks_workers, self._source.lacks_workers(rows)
        if before == self._lacks_workers:
            return []
        lacks = self._lacks_workers
        return [render(self._visit, "workers_note.html", live=True, lacks_workers=lacks)]

    def _count(self) -> list[str]:
        now = self._source.now()
        if now - self._counted < timedelta(seconds=COUNT_SECONDS):
            return []
        self._counted = now
        before, self._total = self._total, self._source.count(self._visit, self._view)
        if before == self._total:
            return []
        return [render(self._visit, "task_count.html", total=self._total, live=True)]


def _listed(rows: Sequence[Progress]) -> str:
    """Which tasks are on a page, in short."""
    return _digest([row.task.task_id for row in rows])


def _seen(rows: Sequence[Progress]) -> str:
    """All that a page shows of its tasks, in short."""
    return _digest([row.task for row in rows])


def _digest(state: object) -> str:
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def _notice(visit: Visit) -> dict[str, int]:
    """How a change of many tasks ended, as the address after it says: what was done, how often."""
    done = (*(change.done for change in CHANGES), "refused")
    return {name: count for name in done if (count := number(visit.query(name)))}
