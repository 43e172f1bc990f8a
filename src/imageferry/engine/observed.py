"""What operators see of a task's work: log lines, metrics and spans, all in one place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from imageferry.engine.progress import Reading
from imageferry.tasks.model import Phase, Task, TaskStatus
from imageferry.telemetry import logs, metrics, tracing
from imageferry.telemetry.tally import StoreWork, Tally, tallied
from imageferry.telemetry.tracing import Attributes, TraceSpan

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _BegunPhase:
    phase: Phase
    moment: float
    bytes_done: int
    work: StoreWork
    span: TraceSpan


class StepObserver:
    """Tells of one step of one task, while a worker has it.

    Args:
        task: The task as it was when it was claimed.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._action = task.action.value
        self._bytes_done = task.bytes_done
        self._tally = Tally()
        self._span: TraceSpan | None = None
        self._phase: _BegunPhase | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The time in which the step is worked on; errors that end it are told and go on."""
        task = self._task
        attributes: Attributes = {
            "imageferry.task_id": task.task_id,
            "imageferry.attempt": task.attempt,
            "imageferry.resource_id": task.resource_id,
        }
        with (
            about_task(task, name),
            tallied() as self._tally,
            tracing.work(f"{self._action} {name}", task.trace_parent, attributes) as self._span,
            metrics.LEASES_HELD.track_inprogress(),
            metrics.STEP_SECONDS.labels(self._action, name).time(),
        ):
            try:
                yield
            finally:
                self._end_phase()

    def taken_up(self) -> None:
        """This worker begins to work on the task, or goes on with it."""
        task = self._task
        metrics.TASKS_TAKEN_UP.labels(self._action).inc()
        if task.attempt > 1:
            metrics.TASK_RETRIES.labels(self._action).inc()
        with about_task(task):
            _log.info("task_taken_up", action=self._action, resource_id=task.resource_id)

    def entered(self, phase: Phase) -> None:
        """The task is in a phase now, perhaps in the one it was in."""
        if self._span is None or (self._phase is not None and self._phase.phase is phase):
            return
        self._end_phase()
        span = tracing.begin(phase.value, self._span, {})
        self._phase = _BegunPhase(
            phase, time.monotonic(), self._bytes_done, self._tally.read(), span
        )
        _log.info("phase_begun", phase=phase.value)

    def progressed(self, reading: Reading) -> None:
        """So much of the task is noted in its row now."""
        moved = reading.bytes_done - self._bytes_done
        if moved > 0:
            metrics.TASK_BYTES.labels(self._action).inc(moved)
            self._bytes_done = reading.bytes_done

    def finished(self) -> None:
        """The task has ended well."""
        self._end_phase()
        metrics.TASKS_ENDED.labels(self._action, TaskStatus.FINISHED.value).inc()
        _log.info("task_finished", action=self._action, resource_id=self._task.resource_id)

    def failed(self, code: str, message: str) -> None:
        """The task has ended for the reason given."""
        self._end_phase()
        metrics.TASKS_ENDED.labels(self._action, TaskStatus.FAILED.value).inc()
        metrics.TASK_FAILURES.labels(self._action, code).inc()
        if self._span is not None:
            tracing.fail(self._span, code)
        _log.info("task_failed", action=self._action, code=code, message=message)

    def _end_phase(self) -> None:
        begun, self._phase = self._phase, None
        if begun is None:
            return
        seconds = time.monotonic() - begun.moment
        done = self._tally.read() - begun.work
        moved = self._bytes_done - begun.bytes_done
        metrics.PHASE_SECONDS.labels(self._action, begun.phase.value).observe(seconds)
        begun.span.set_attributes(
            {"imageferry.bytes": moved}
            | {f"imageferry.store.{name}": value for name, value in vars(done).items()}
        )
        begun.span.end()
        _log.info(
            "phase_ended",
            phase=begun.phase.value,
            seconds=round(seconds, 3),
            bytes=moved,
            store=vars(done),
        )


@contextmanager
def about_task(task: Task, step: str | None = None) -> Iterator[None]:
    """Have the lines of this block carry the ids of a task."""
    with logs.about(
        task_id=task.task_id, request_id=task.request_id, attempt=task.attempt, step=step
    ):
        yield
