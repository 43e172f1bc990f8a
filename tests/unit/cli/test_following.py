from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from imageferry.cli import following
from imageferry.cli.errors import ApiError, ExitCode, InterruptedTaskError, UnreachableError


class Clock:
    """Time that passes only while one sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


class Client:
    """Gives one answer after another; the last one for ever."""

    def __init__(self, answers: Sequence[Mapping[str, Any] | BaseException]) -> None:
        self.answers = list(answers)

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (action, dict(parameters)) == ("DescribeTaskAttribute", {"TaskId": "t-1"})
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return dict(answer)


Follow = Callable[..., dict[str, Any]]


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Follows a task through such answers."""
    monkeypatch.setattr(following, "time", Clock())

    def run(*answers: Mapping[str, Any] | BaseException) -> dict[str, Any]:
        return following.follow(Client(answers), "t-1")  # type: ignore[arg-type]

    return run


def task(status: str, phase: str = "transfer") -> dict[str, Any]:
    progress = {"Phase": phase, "BytesDone": 1, "BytesTotal": 2, "BytesPerSecond": 0}
    return {
        "TaskId": "t-1",
        "TaskStatus": status,
        "FailedReason": "Bad: \x1b[0m",
        "TaskProgress": {**progress, "PlaceInQueue": 1 if status == "Waiting" else 0},
    }


def refused(status: int) -> ApiError:
    return ApiError(code="C", message="M", recommend="", request_id="r", status=status)


def test_a_task_is_followed_to_its_end(follow: Follow, capsys: pytest.CaptureFixture[str]) -> None:
    ended = follow(task("Waiting", "queued"), task("Processing"), task("Finished"))

    assert ended["TaskStatus"] == "Finished"
    assert capsys.readouterr().err == "Task t-1\nqueued (2 B)\ntransfer (2 B)\n"


def test_a_service_that_comes_back_is_waited_for(follow: Follow) -> None:
    ended = follow(task("Processing"), UnreachableError("away"), refused(503), task("Finished"))

    assert ended["TaskStatus"] == "Finished"


def test_a_service_that_stays_away_is_given_up(follow: Follow) -> None:
    with pytest.raises(UnreachableError, match="away"):
        follow(task("Processing"), UnreachableError("away"))


def test_a_refusal_is_no_matter_of_patience(follow: Follow) -> None:
    with pytest.raises(ApiError):
        follow(refused(403), task("Finished"))


def test_an_interrupted_task_goes_on_and_it_is_said_how(follow: Follow) -> None:
    with pytest.raises(InterruptedTaskError) as interrupted:
        follow(task("Processing"), KeyboardInterrupt())

    assert interrupted.value.exit_code == ExitCode.INTERRUPTED
    assert "imageferry wait t-1" in interrupted.value.message
    assert "imageferry cancel t-1" in interrupted.value.message


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("Finished",), ExitCode.OK),
        (("Finished", "Deleted"), ExitCode.TASK_CANCELLED),
        (("Deleted", "Failed", "Finished"), ExitCode.TASK_FAILED),
        (("Failed", "Deleted"), ExitCode.TASK_FAILED),
    ],
)
def test_the_exit_code_is_that_of_the_worst_end(
    capsys: pytest.CaptureFixture[str], statuses: tuple[str, ...], code: ExitCode
) -> None:
    assert following.conclude(map(task, statuses)) is code
    told = capsys.readouterr().err
    assert told.count("Task t-1 failed: Bad: \\x1b[0m\n") == statuses.count("Failed")
    assert told.count("Task t-1 was cancelled.\n") == statuses.count("Deleted")
