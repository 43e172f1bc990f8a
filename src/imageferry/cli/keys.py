"""``imageferry keys``: the access keys of the installation on this machine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from imageferry.cli import output
from imageferry.cli.connection import endpoints
from imageferry.cli.errors import CommandError
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.verb import Verb
from imageferry.settings import SettingError

if TYPE_CHECKING:
    from imageferry.service.local import Key

MAX_HOURS = 24 * 365
"""The longest that a bearer token lasts: whoever has one needs no secret."""


@click.command(
    "keys",
    cls=Verb,
    examples=(
        "imageferry keys --show-secrets",
        "imageferry keys --create",
        "imageferry keys --bearer-token 24",
        "imageferry keys --console",
    ),
)
@click.option("--create", is_flag=True, help="Give the account one more key, and show it.")
@click.option("--show-secrets", is_flag=True, help="Show the secrets too.")
@click.option(
    "--bearer-token",
    "hours",
    metavar="HOURS",
    type=click.IntRange(1, MAX_HOURS),
    help="Issue a bearer token that stands for the account for so many hours, and show it.",
)
@click.option(
    "--console",
    is_flag=True,
    help="Show a link that opens the console, signed in: once, and within ten minutes.",
)
@client_options
@pass_invocation
def keys(
    invocation: Invocation,
    /,
    create: bool,
    show_secrets: bool,
    hours: int | None,
    console: bool,
) -> None:
    """List this installation's access keys, make one, issue a token, or open the console.

    It reads the installation's database, so it works while the service is
    stopped, and on no other machine's.
    """
    if create + console + (hours is not None) > 1:
        raise click.UsageError("--create, --bearer-token and --console: choose one of them.")
    from imageferry.service import local  # noqa: PLC0415 - slow to import

    settings = invocation.settings()
    try:
        if hours is not None:
            token = local.issue_bearer_token(settings, timedelta(hours=hours))
            _show(invocation, {"BearerToken": token})
            return
        if console:
            ecs, _ = endpoints(settings)
            _show(invocation, {"Console": ecs + local.console_link(settings)})
            return
        found = [local.create_key(settings)] if create else local.list_keys(settings)
    except SettingError as error:
        raise CommandError(str(error)) from None
    rows = [_row(key, show_secret=create or show_secrets) for key in found]
    if invocation.as_json:
        output.document({"AccessKeys": rows})
    elif create:
        output.record(list(rows[0].items()))
    else:
        output.table(tuple(rows[0]) if rows else (), [list(row.values()) for row in rows])


def _show(invocation: Invocation, shown: dict[str, str]) -> None:
    if invocation.as_json:
        output.document(shown)
    else:
        output.record(list(shown.items()))


def _row(key: Key, *, show_secret: bool) -> dict[str, Any]:
    row = {
        "AccessKeyId": key.access_key_id,
        "AccountId": key.account_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return row | {"AccessKeySecret": key.secret} if show_secret else row
