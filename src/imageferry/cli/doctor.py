"""``imageferry doctor``: look at the installation on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

import click
import urllib3

from imageferry.cli import connection, output
from imageferry.cli.errors import CommandError, ExitCode
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.verb import Verb
from imageferry.settings import Settings

if TYPE_CHECKING:
    from imageferry.service.diagnosis import Check

_PROBE_SECONDS = 5.0


@click.command(
    "doctor",
    cls=Verb,
    examples=(
        "imageferry doctor",
        "imageferry doctor --repair",
    ),
)
@click.option(
    "--repair",
    is_flag=True,
    help="Remove what belongs to no task and no image, and set stuck tasks going.",
)
@client_options
@pass_invocation
def doctor(invocation: Invocation, /, repair: bool) -> None:
    """Check this installation: what is wrong, and the remedy.

    It looks at qemu-img, the data folder, the database, the service and at
    files that a crash has left. A warning leaves the exit code at 0; where a
    check failed it is 6.
    """
    from imageferry.service import diagnosis  # noqa: PLC0415 - slow to import
    from imageferry.service.failures import START_FAILURES, sentence  # noqa: PLC0415 - slow to import

    settings = invocation.settings()
    try:
        removed = diagnosis.repair(settings) if repair else None
        found = [*diagnosis.checks(settings), *_service_checks(settings)]
    except START_FAILURES as error:
        raise CommandError(sentence(error)) from error
    if invocation.as_json:
        output.document(_document(found, removed))
    else:
        _show(found, removed)
    healthy = all(check.state is not diagnosis.State.FAILED for check in found)
    click.get_current_context().exit(ExitCode.OK if healthy else ExitCode.UNHEALTHY)


def _service_checks(settings: Settings) -> Iterator[Check]:
    ecs, oss = connection.endpoints(settings)
    yield _answers("ECS API", f"{ecs}/readyz")
    yield _answers("OSS API", oss)


def _answers(name: str, address: str) -> Check:
    from imageferry.service.diagnosis import Check, State  # noqa: PLC0415 - slow to import

    timeout = urllib3.Timeout(_PROBE_SECONDS)
    try:
        with urllib3.PoolManager(retries=False, timeout=timeout) as http:
            reply = http.request("GET", address)
    except urllib3.exceptions.HTTPError:
        return Check(
            name,
            State.WARNING,
            f"It does not answer at {address}.",
            "Start it with `imageferry serve`.",
        )
    # The OSS API answers a request without a signature too, by refusing it.
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Check(
            name,
            State.FAILED,
            f"It answers at {address} with status {reply.status}.",
            "See the service's log.",
        )
    return Check(name, State.OK, f"It answers at {address}.")


def _document(found: list[Check], removed: int | None) -> dict[str, object]:
    checks = [
        {
            "Name": check.name,
            "State": check.state,
            "Finding": check.finding,
            "Remedy": check.remedy,
        }
        for check in found
    ]
    return {"Checks": checks} | ({} if removed is None else {"Removed": removed})


def _show(found: list[Check], removed: int | None) -> None:
    if removed is not None:
        output.line(f"Leftovers removed and stuck tasks set going: {removed}.")
    output.table(
        ("State", "Check", "Finding"),
        [(check.state, check.name, f"{check.finding} {check.remedy}".strip()) for check in found],
    )
