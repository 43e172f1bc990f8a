"""What a visitor does with tasks: cancels, pauses and resumes them, and runs one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import RedirectResponse, Response

from imageferry.actions.cancel_task import CANCEL_TASK
from imageferry.actions.declaration import Model, fields
from imageferry.actions.errors import ServiceError
from imageferry.actions.pause_task import PAUSE_TASK
from imageferry.actions.product import AnyAction
from imageferry.actions.resume_task import RESUME_TASK
from imageferry.console.again import same_request
from imageferry.console.endpoints import Handler
from imageferry.console.interface import Backend, Task, TaskDetails
from imageferry.console.task_view import PATH
from imageferry.console.templating import page
from imageferry.console.visit import Visit

MAX_TASKS = 100
"""The most tasks that are changed at once: as many as a page has."""


@dataclass(frozen=True)
class Change:
    """Something that is done with tasks.

    Attributes:
        name: Its name in addresses and texts.
        action: The action that does it.
        done: What came of a task, as the address of the list says it.
        statuses: The statuses in which it can be done.
    """

    name: str
    action: AnyAction
    done: str
    statuses: frozenset[str]

    @property
    def max_reason(self) -> int:
        """The most characters of the reason that it takes; 0 where it takes none."""
        model: type[Model] = self.action.request
        known = {field.name: field.parameter.max_length for field in fields(model)}
        return known.get("reason") or 0


CHANGES = (
    Change("pause", PAUSE_TASK, "paused", frozenset({"Waiting", "Processing"})),
    Change("resume", RESUME_TASK, "resumed", frozenset({"Paused"})),
    Change("cancel", CANCEL_TASK, "cancelled", frozenset({"Waiting", "Processing", "Paused"})),
)


class TaskChanges:
    """The pages that change tasks.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def ask(self, change: Change) -> Handler:
        """The page that asks whether something is to be done with the chosen tasks, and why."""
        return partial(self._ask, change)

    def make(self, change: Change) -> Handler:
        """Does it, and goes where one sees it."""
        return partial(self._make, change)

    def run_again(self, visit: Visit) -> Response:
        """Start a task that does what an ended one was to do."""
        details = self._find(visit, visit.request.path_params["task_id"])
        if details is None or not details.task.ended:
            return page(visit, "no_task.html", 404)
        action, parameters = same_request(details.task)
        try:
            reply = self._backend.call(visit.key, action, parameters, visit.host)
        except ServiceError as error:
            return page(visit, "not_started.html", 409, task=details.task, error=error)
        return RedirectResponse(f"{PATH}/{reply['TaskId']}", 303)

    def _ask(self, change: Change, visit: Visit) -> Response:
        tasks = self._own(visit, visit.request.query_params.getlist("task"))
        chosen = [task for task in tasks if task.status in change.statuses]
        return page(
            visit,
            "task_change.html",
            change=change,
            tasks=chosen,
            others=len(tasks) - len(chosen),
        )

    def _make(self, change: Change, visit: Visit) -> Response:
        tasks = self._own(visit, visit.form.get("task", ()))
        reason = visit.field("reason").strip() if change.max_reason else ""
        refused = [task for task in tasks if not self._is_done(visit, change, task, reason)]
        if len(tasks) == 1 and not refused:
            return RedirectResponse(f"{PATH}/{tasks[0].task_id}", 303)
        done = len(tasks) - len(refused)
        return RedirectResponse(f"{PATH}?{change.done}={done}&refused={len(refused)}", 303)

    def _own(self, visit: Visit, task_ids: Sequence[str]) -> Sequence[Task]:
        found = (self._find(visit, task_id) for task_id in dict.fromkeys(task_ids[:MAX_TASKS]))
        return [details.task for details in found if details is not None]

    def _find(self, visit: Visit, task_id: str) -> TaskDetails | None:
        return self._backend.tasks.find(visit.key.account_id, task_id)

    def _is_done(self, visit: Visit, change: Change, task: Task, reason: str) -> bool:
        wanted = {"RegionId": task.region_id, "TaskId": task.task_id}
        if reason:
            wanted["Reason"] = reason
        try:
            self._backend.call(visit.key, change.action.name, wanted, visit.host)
        except ServiceError:
            return False
        return True
