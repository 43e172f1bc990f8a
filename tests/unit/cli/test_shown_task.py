"""What ``imageferry task`` tells of a task that waits."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from imageferry.cli import following, tasks
from imageferry.cli.options import Invocation
from imageferry.cli.tasks import show_task

NOT_MOVING = {"Phase": "queued", "BytesTotal": 0, "Attempt": 0}


@pytest.mark.parametrize(
    ("waiting", "lines"),
    [
        ({"PlaceInQueue": 0}, []),
        (
            {
                "PlaceInQueue": 3,
                "Priority": 5,
                "AccountShare": 2,
                "WaitingFor": "FreeSlot",
                "WaitingForReason": "It waits.",
            },
            ["PlaceInQueue 3", "Priority 5", "AccountShare 2", "WaitingFor It waits."],
        ),
        (
            {"PlaceInQueue": 0, "WaitingFor": "Resume", "WaitingForReason": "It is paused."},
            ["WaitingFor It is paused."],
        ),
    ],
)
def test_a_task_s_place_and_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch, waiting: dict[str, Any], lines: list[str]
) -> None:
    task = {
        "TaskId": "t-1",
        "TaskProgress": NOT_MOVING | waiting,
        "OperationProgressSet": {"OperationProgress": []},
    }
    monkeypatch.setattr(following, "describe", lambda _ecs, _task_id: task)
    monkeypatch.setattr(tasks, "Session", lambda _: type("Session", (), {"ecs": None}))

    shown = CliRunner().invoke(show_task, ["t-1"], obj=Invocation(), catch_exceptions=False)

    told = [" ".join(line.split()) for line in shown.output.splitlines()]
    shown_of_queue = ("PlaceInQueue", "Priority", "AccountShare", "WaitingFor")
    assert [line for line in told if line.startswith(shown_of_queue)] == lines
