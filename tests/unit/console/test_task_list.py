from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from imageferry.console.interface import Task, TaskPage
from imageferry.console.task_list import TaskList
from support.visits import NOW, TASK, backend, text, visit


class Tasks:
    """Stands for the tasks of the account."""

    def __init__(self, *tasks: Task) -> None:
        self.tasks = list(tasks)
        self.workers = True

    def page(self, *_: object) -> TaskPage:
        """All of them."""
        return TaskPage(self.tasks, has_newer=False, has_older=False)

    def count(self, *_: object) -> int:
        """How many there are."""
        return len(self.tasks)

    def has_workers(self) -> bool:
        """Whether somebody does them."""
        return self.workers


def shown(headers: Mapping[str, str], **others: Any) -> str:
    """The answer to a visit."""
    return text(TaskList(backend(tasks=Tasks(TASK))).show(visit(headers=headers, **others)))


def test_a_page_that_is_there_is_sent_its_list_alone() -> None:
    whole = shown({})
    part = shown({"hx-request": "true", "hx-target": "list"})

    assert part.startswith('<div id="list">')
    assert "<html" in whole
    assert part in whole


@pytest.mark.parametrize(
    "headers",
    [
        {"hx-request": "true", "hx-target": "else"},
        {"hx-request": "true", "hx-target": "list", "hx-history-restore-request": "true"},
    ],
)
def test_who_asks_for_the_page_is_sent_all_of_it(headers: Mapping[str, str]) -> None:
    assert "<html" in shown(headers)


def test_only_the_rows_that_have_changed_are_sent() -> None:
    tasks = Tasks(TASK, replace(TASK, task_id="t-2", sequence=0))
    changes = TaskList(backend(tasks=tasks)).changes(visit())
    next(changes)

    tasks.tasks[1] = replace(tasks.tasks[1], percent=11)
    (changed,) = next(changes)

    assert 'id="progress-t-2"' in changed
    assert "11%" in changed
    assert "t-1" not in changed
    assert next(changes) == []


def test_an_age_that_reads_otherwise_is_sent_too() -> None:
    clock = [NOW]
    source = backend(tasks=Tasks(TASK), clock=lambda: clock[0])
    changes = TaskList(source).changes(visit())
    next(changes)

    clock[0] = NOW.replace(hour=NOW.hour + 2)

    assert any("2 h" in fragment for fragment in next(changes))


def test_a_list_says_that_nobody_does_its_tasks_until_somebody_does() -> None:
    tasks = Tasks(replace(TASK, status="Waiting", place=1, waiting_for="FreeSlot", priority=2))
    tasks.workers = False
    source = TaskList(backend(tasks=tasks))
    changes = source.changes(visit())

    whole = text(source.show(visit()))
    assert "No worker gives signs of life" in whole
    assert "Priority 2" in whole
    assert any("No worker" in fragment for fragment in next(changes))
    tasks.workers = True
    (changed,) = next(changes)
    assert '<p id="workers-note" hidden' in changed
    assert next(changes) == []


def test_a_list_of_what_has_ended_lacks_no_worker() -> None:
    tasks = Tasks(replace(TASK, status="Finished"))
    tasks.workers = False

    assert "No worker" not in text(TaskList(backend(tasks=tasks)).show(visit()))


def test_one_task_is_counted_as_one() -> None:
    assert "1 task<" in shown({})
