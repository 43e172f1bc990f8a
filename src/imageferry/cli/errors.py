"""How the command ends: its exit codes, and the errors that lead to them."""

from __future__ import annotations

from enum import IntEnum
from typing import IO, Any

import click

from imageferry.cli.text import clean


class ExitCode(IntEnum):
    """What the command's exit code tells, declared once."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """Make a member of a number and the sentence that documents it."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "It is done."
    REFUSED = 1, "The API refused the request; the message has its code and the remedy."
    USAGE = 2, "The command line or a setting is wrong, or an access key is missing."
    TASK_FAILED = 3, "The task failed; the message says why."
    TASK_CANCELLED = 4, "The task was cancelled."
    UNREACHABLE = 5, "The service does not answer."
    UNHEALTHY = 6, "`doctor` found something that has to be put right."
    FAILED = 7, "The command could not go on here: a file, the disk, a port or qemu-img."
    INTERRUPTED = 130, "Interrupted by Ctrl-C; a task that was followed goes on."


class CommandError(click.ClickException):
    """The command ends without having done what it was asked for.

    Attributes:
        exit_code: The exit code it ends with.
    """

    exit_code = ExitCode.FAILED

    def document(self) -> dict[str, Any]:
        """The error as ``--json`` prints it."""
        return {"Error": {"Message": self.message}}

    def format_message(self) -> str:
        """The error as people read it."""
        return clean(self.message)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on standard error."""
        click.echo(f"Error: {self.format_message()}", file=file, err=file is None)


class ApiError(CommandError):
    """The API refused a request.

    Attributes:
        code: The error's code, as ``InvalidImageName.Duplicated``.
        recommend: What to do about it; may be empty.
        request_id: The request's id, as the service's log has it.
        status: The HTTP status.
    """

    exit_code = ExitCode.REFUSED

    def __init__(
        self, *, code: str, message: str, recommend: str, request_id: str, status: int
    ) -> None:
        super().__init__(message)
        self.code = code
        self.recommend = recommend
        self.request_id = request_id
        self.status = status

    def document(self) -> dict[str, Any]:
        """The error as ``--json`` prints it."""
        return {
            "Error": {
                "Code": self.code,
                "Message": self.message,
                "Recommend": self.recommend,
                "RequestId": self.request_id,
                "Status": self.status,
            }
        }

    def format_message(self) -> str:
        """The error as people read it: code and message, remedy, request."""
        lines = [f"{self.code}: {self.message}", self.recommend, f"Request {self.request_id}"]
        return "\n  ".join(clean(line) for line in lines if line)


class UnreachableError(CommandError):
    """The service does not answer."""

    exit_code = ExitCode.UNREACHABLE


class InterruptedTaskError(CommandError):
    """Ctrl-C while a task was followed."""

    exit_code = ExitCode.INTERRUPTED


class MissingKeyError(CommandError):
    """There is no access key to sign with."""

    exit_code = ExitCode.USAGE
