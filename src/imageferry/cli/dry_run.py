"""Requests that are only to be checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from imageferry.cli import output
from imageferry.cli.errors import ApiError, ExitCode
from imageferry.cli.options import Invocation

_PASSED = "DryRunOperation"
"""The API's answer to a dry run of what it would carry out is this error."""


option = click.option(
    "--dry-run", is_flag=True, help="Only check whether the request would be carried out."
)
"""The option, for the commands whose actions know it."""


@contextmanager
def understood(invocation: Invocation, what: str) -> Iterator[None]:
    """End the command well where the API answers that it would carry the request out.

    Args:
        invocation: What the command line said.
        what: What was asked for, as ``import``.
    """
    try:
        yield
    except ApiError as error:
        if error.code != _PASSED:
            raise
        if invocation.as_json:
            output.document({"DryRun": True, "RequestId": error.request_id})
        else:
            output.line(f"The {what} would be carried out.")
        click.get_current_context().exit(ExitCode.OK)
