from __future__ import annotations

from pathlib import Path

from imageferry.cli.errors import ApiError, CommandError, ExitCode, UnreachableError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cli.md"


def test_every_exit_code_is_documented() -> None:
    page = PAGE.read_text()

    for code in ExitCode:
        assert f"| {code.value} | {code.meaning} |" in page


def test_exit_codes_are_what_scripts_know() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "REFUSED": 1,
        "USAGE": 2,
        "TASK_FAILED": 3,
        "TASK_CANCELLED": 4,
        "UNREACHABLE": 5,
        "UNHEALTHY": 6,
        "FAILED": 7,
        "INTERRUPTED": 130,
    }


def test_errors_end_the_command_with_their_codes() -> None:
    refused = ApiError(code="C", message="M", recommend="", request_id="r", status=400)

    assert refused.exit_code == ExitCode.REFUSED
    assert CommandError("x").exit_code == ExitCode.FAILED
    assert UnreachableError("x").exit_code == ExitCode.UNREACHABLE


def test_a_message_cannot_steer_the_terminal() -> None:
    assert CommandError("\x1b]0;title\x07").format_message() == "\\x1b]0;title\\x07"
