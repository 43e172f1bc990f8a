"""What the engine calls the runs that carry a task out; see :mod:`imageferry.tasks.hand_overs`."""

from __future__ import annotations


def run_id(task_id: str, hand_over: int) -> str:
    """The engine's name of a task's run: the first has the task's id."""
    return task_id if hand_over == 1 else f"{task_id}.{hand_over}"


def hand_over_of(run: str) -> int:
    """The number of a run among those of its task."""
    return int(run.partition(".")[2] or 1)


def task_of(run: str) -> str:
    """The id of the task that a run is of."""
    return run.partition(".")[0]
