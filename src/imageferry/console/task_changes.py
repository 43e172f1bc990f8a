"""What a visitor does with tasks: cancels them, and runs one again."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import RedirectResponse, Response

from imageferry.actions.cancel_task import CANCEL_TASK, CancelTaskRequest
from imageferry.actions.declaration import fields
from imageferry.actions.errors import ServiceError
from imageferry.console.again import same_request
from imageferry.console.interface import Backend, Task, TaskDetails
from imageferry.console.task_view import PATH
from imageferry.console.templating import page
from imageferry.console.visit import Visit

MAX_TASKS = 100
"""The most tasks that are cancelled at once: as many as a page has."""

MAX_REASON_CHARACTERS = next(
    field.parameter.max_length for field in fields(CancelTaskRequest) if field.name == "reason"
)


class TaskChanges:
    """The pages that change tasks.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def ask(self, visit: Visit) -> Response:
        """The page that asks whether the chosen tasks are to be cancelled, and why."""
        tasks = self._own(visit, visit.request.query_params.getlist("task"))
        return page(
            visit,
            "cancel.html",
            tasks=[task for task in tasks if not task.ended],
            ended=[task for task in tasks if task.ended],
            max_reason=MAX_REASON_CHARACTERS,
        )

    def cancel(self, visit: Visit) -> Response:
        """Cancel the chosen tasks, and go where one sees it."""
        tasks = self._own(visit, visit.form.get("task", ()))
        reason = visit.field("reason").strip()
        refused = [task for task in tasks if not self._cancelled(visit, task, reason)]
        if len(tasks) == 1 and not refused:
            return RedirectResponse(f"{PATH}/{tasks[0].task_id}", 303)
        cancelled = len(tasks) - len(refused)
        return RedirectResponse(f"{PATH}?cancelled={cancelled}&refused={len(refused)}", 303)

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

    def _own(self, visit: Visit, task_ids: Sequence[str]) -> Sequence[Task]:
        found = (self._find(visit, task_id) for task_id in dict.fromkeys(task_ids[:MAX_TASKS]))
        return [details.task for details in found if details is not None]

    def _find(self, visit: Visit, task_id: str) -> TaskDetails | None:
        return self._backend.tasks.find(visit.key.account_id, task_id)

    def _cancelled(self, visit: Visit, task: Task, reason: str) -> bool:
        wanted = {"RegionId": task.region_id, "TaskId": task.task_id, "Reason": reason}
        try:
            self._backend.call(visit.key, CANCEL_TASK.name, wanted, visit.host)
        except ServiceError:
            return False
        return True
