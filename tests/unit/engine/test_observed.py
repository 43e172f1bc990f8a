from __future__ import annotations

from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from imageferry.engine.observed import StepObserver
from imageferry.engine.progress import Reading
from imageferry.tasks import transitions
from imageferry.tasks.model import Origin, Phase, Task
from imageferry.telemetry import tally
from imageferry.telemetry.tally import StoreWork
from support.measured import value
from support.rows import Rows

REQUEST = "9E1BE7C4-1B1C-4F2C-8C33-2F5C1D3C9E1B"


@pytest.fixture
def task(rows: Rows) -> Task:
    task_id = rows.task(origin=Origin(REQUEST))
    assert rows.change(transitions.claim, task_id, "worker")
    return rows.find(task_id)


def reading(bytes_done: int) -> Reading:
    return Reading(Phase.TRANSFER, 50, bytes_done, 100, 0)


def events(lines: list[Any]) -> list[str]:
    return [line["event"] for line in lines]


def test_the_lines_of_a_step_name_task_request_attempt_and_step(task: Task) -> None:
    observer = StepObserver(task)

    with observer.step("transfer"):
        found = structlog.contextvars.get_contextvars()

    assert found == {
        "task_id": task.task_id,
        "request_id": REQUEST,
        "attempt": 1,
        "step": "transfer",
    }
    assert structlog.contextvars.get_contextvars() == {}


def test_a_phase_is_told_with_what_was_moved_and_asked_of_stores(task: Task) -> None:
    observer = StepObserver(task)

    with capture_logs() as lines, observer.step("transfer"):
        observer.entered(Phase.TRANSFER)
        tally.add(StoreWork(requests=3, bytes_read=70))
        observer.progressed(reading(60))
        observer.entered(Phase.VERIFY)
        tally.add(StoreWork(requests=1))

    assert events(lines) == ["phase_begun", "phase_ended", "phase_begun", "phase_ended"]
    transfer, verify = lines[1], lines[3]
    assert (transfer["phase"], transfer["bytes"]) == ("transfer", 60)
    assert transfer["store"] == vars(StoreWork(requests=3, bytes_read=70))
    assert (verify["phase"], verify["bytes"]) == ("verify", 0)
    assert verify["store"] == vars(StoreWork(requests=1))


def test_entering_the_present_phase_again_tells_nothing(task: Task) -> None:
    observer = StepObserver(task)

    with capture_logs() as lines, observer.step("publish"):
        observer.entered(Phase.PUBLISH)
        observer.entered(Phase.PUBLISH)

    assert events(lines) == ["phase_begun", "phase_ended"]


def test_bytes_are_counted_once_however_often_they_are_noted(task: Task) -> None:
    before = value("imageferry_task_bytes_total", action="ImportImage")
    observer = StepObserver(task)

    for done in (10, 40, 40, 30, 100):
        observer.progressed(reading(done))

    assert value("imageferry_task_bytes_total", action="ImportImage") == before + 100


def test_a_lease_is_held_while_a_step_lasts(task: Task) -> None:
    before = value("imageferry_leases_held")

    with StepObserver(task).step("verify"):
        within = value("imageferry_leases_held")

    assert (within, value("imageferry_leases_held")) == (before + 1, before)


def test_a_first_attempt_is_no_retry(task: Task) -> None:
    before = value("imageferry_task_retries_total", action="ImportImage")

    with capture_logs() as lines:
        StepObserver(task).taken_up()

    assert value("imageferry_task_retries_total", action="ImportImage") == before
    assert events(lines) == ["task_taken_up"]


def test_a_task_that_another_worker_had_is_a_retry(task: Task, rows: Rows) -> None:
    before = value("imageferry_task_retries_total", action="ImportImage")
    rows.change(transitions.claim, task.task_id, "another")

    StepObserver(rows.find(task.task_id)).taken_up()

    assert value("imageferry_task_retries_total", action="ImportImage") == before + 1


def test_ends_are_counted_and_told(task: Task) -> None:
    labels = {"action": "ImportImage", "status": "Finished"}
    finished = value("imageferry_tasks_ended_total", **labels)
    failed = value("imageferry_task_failures_total", action="ImportImage", code="Broken")

    with capture_logs() as lines:
        with StepObserver(task).step("publish"):
            StepObserver(task).finished()
        StepObserver(task).failed("Broken", "It broke.")

    assert events(lines) == ["task_finished", "task_failed"]
    assert value("imageferry_tasks_ended_total", **labels) == finished + 1
    assert (
        value("imageferry_task_failures_total", action="ImportImage", code="Broken") == failed + 1
    )
