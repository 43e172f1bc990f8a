"""The page of one task, and its changes as they happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from imageferry.console.again import same_request
from imageferry.console.chart import chart
from imageferry.console.interface import Backend, Disk, Event, TaskDetails
from imageferry.console.progress import progress
from imageferry.console.streams import Changes
from imageferry.console.task_log import Entry, log_entries
from imageferry.console.templating import page, render, seconds_between
from imageferry.console.visit import Visit

WARNINGS = frozenset({"Warning"})
"""The related items of a disk that warn."""

SIZES = frozenset({"VirtualSize", "ObjectSize", "StoredSize", "BytesRead"})
"""The related items of a disk that are numbers of bytes."""


@dataclass(frozen=True)
class TimedEvent:
    """An event, and how long it was until the next one; ``None`` for the last one."""

    number: int
    event: Event
    seconds: int | None


class TaskPages:
    """The pages of tasks.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, visit: Visit) -> Response:
        """The page of one task."""
        details = self._find(visit)
        if details is None:
            return page(visit, "no_task.html", 404)
        return page(visit, "task.html", **self._values(details))

    def changes(self, visit: Visit) -> Changes | None:
        """What changes on the page of a task, if it is there."""
        return None if self._find(visit) is None else self._changes(visit)

    def _changes(self, visit: Visit) -> Changes:
        shown: dict[str, str] = {}
        seen: set[Entry] | None = None
        while (details := self._find(visit)) is not None:
            now = self._fragments(visit, details)
            changed = [html for name, html in now.items() if shown.get(name) != html]
            entries = log_entries(details.events, details.lines)
            yield changed + self._log_changes(visit, entries, seen)
            shown, seen = now, set(entries)

    def _log_changes(
        self, visit: Visit, entries: Sequence[Entry], seen: set[Entry] | None
    ) -> list[str]:
        """The whole log at first, then what has come to its end."""
        if seen is None:
            return [render(visit, "task_log.html", live=True, log=entries)]
        new = [entry for entry in entries if entry not in seen]
        return [render(visit, "task_log_added.html", log=new)] if new else []

    def _fragments(self, visit: Visit, details: TaskDetails) -> dict[str, str]:
        """Each part of the page that can change, by its name."""
        values = self._values(details)
        parts = {
            part: render(visit, f"task_{part}.html", live=True, **values)
            for part in ("summary", "outcome", "chart", "events")
        }
        parts["workers"] = render(visit, "workers_note.html", live=True, **values)
        for disk in details.disks:
            parts[f"disk-{disk.position}"] = render(
                visit, "task_disk.html", live=True, disk=disk, **values
            )
        return parts

    def _find(self, visit: Visit) -> TaskDetails | None:
        task_id = visit.request.path_params["task_id"]
        return self._backend.tasks.find(visit.key.account_id, task_id)

    def _values(self, details: TaskDetails) -> Mapping[str, Any]:
        task = details.task
        action, parameters = same_request(task)
        return {
            "row": progress(task, self._backend.clock()),
            "task": task,
            "account_share": details.account_share,
            "lacks_workers": not task.ended and not self._backend.tasks.has_workers(),
            "disks": details.disks,
            "events": _timed(details.events),
            "warnings": _warnings(details.disks),
            "warnings_named": WARNINGS,
            "sizes": SIZES,
            "chart": chart(details.samples),
            "action": action,
            "parameters": parameters,
            "explanation": self._backend.explanations.get(task.error_code),
            "log": log_entries(details.events, details.lines),
        }


def _timed(events: Sequence[Event]) -> Sequence[TimedEvent]:
    ends: list[datetime | None] = [*(event.time for event in events[1:]), None]
    return [
        TimedEvent(number, event, None if end is None else seconds_between(event.time, end))
        for number, (event, end) in enumerate(zip(events, ends, strict=False), start=1)
    ]


def _warnings(disks: Sequence[Disk]) -> Sequence[tuple[int, str]]:
    """What is to be warned of, each with the position of its disk."""
    return [
        (disk.position, value) for disk in disks for name, value in disk.items if name in WARNINGS
    ]
