"""``imageferry keys``: who may call the installation on this machine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from imageferry.cli import output
from imageferry.cli.connection import endpoints
from imageferry.cli.errors import CommandError
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.values import WholeNumber
from imageferry.cli.verb import Verb
from imageferry.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imageferry.service.local import Key

MAX_HOURS = 24 * 365
"""The longest that a bearer token lasts: whoever has one needs no secret."""

_KEY_CHANGES = ("create", "disable", "enable", "delete")


@click.command(
    "keys",
    cls=Verb,
    examples=(
        "imageferry keys --show-secrets",
        "imageferry keys --create",
        "imageferry keys --create --account team-b",
        "imageferry keys --disable LTAI5tExample",
        "imageferry keys --bearer-token 24",
        "imageferry keys --console",
    ),
)
@click.option("--create", is_flag=True, help="Make one more key, and show it.")
@click.option(
    "--disable",
    metavar="KEY_ID",
    help="Switch a key off: within a second, no API takes it any more.",
)
@click.option("--enable", metavar="KEY_ID", help="Switch a key on again.")
@click.option("--delete", metavar="KEY_ID", help="Delete a key for good.")
@click.option("--show-secrets", is_flag=True, help="Show the secrets too.")
@click.option(
    "--bearer-token",
    "hours",
    metavar="HOURS",
    type=WholeNumber(1, MAX_HOURS),
    help="Issue a bearer token that stands for the account for so many hours, and show it.",
)
@click.option(
    "--withdraw-bearer-tokens", is_flag=True, help="Withdraw all bearer tokens of the account."
)
@click.option(
    "--console",
    is_flag=True,
    help="Show a link that opens the console, signed in: once, and within ten minutes.",
)
@click.option(
    "--account",
    default="",
    metavar="ID_OR_NAME",
    help="The account. Without it the keys of all are listed, and what is made is for the first. "
    "With --create, a new name makes an account.",
)
@client_options
@pass_invocation
def keys(invocation: Invocation, /, *, show_secrets: bool, account: str, **wanted: Any) -> None:
    """List this installation's access keys, and make, switch off or delete them.

    It issues bearer tokens and opens the console too. It works on the
    installation's database, so also while the service is stopped, and on no
    other machine's.
    """
    chosen = [name for name, value in wanted.items() if value]
    if len(chosen) > 1:
        raise click.UsageError(
            "--create, --disable, --enable, --delete, --bearer-token, --withdraw-bearer-tokens "
            "and --console: choose one of them."
        )
    from imageferry.service.failures import START_FAILURES, sentence  # noqa: PLC0415 - slow to import

    settings = invocation.settings()
    (choice,) = chosen or ("list",)
    try:
        if choice == "list" or choice in _KEY_CHANGES:
            shown = _keys(settings, choice, wanted.get(choice), account)
            rows = [_row(key, show_secret=show_secrets or choice == "create") for key in shown]
            if choice == "delete":
                rows = [row | {"Status": "Deleted"} for row in rows]
            _show_keys(invocation, rows, one=choice in _KEY_CHANGES)
        else:
            _show(invocation, _issued(settings, choice, wanted["hours"], account))
    except START_FAILURES as error:
        raise CommandError(sentence(error)) from error


def _keys(settings: Settings, choice: str, key_id: Any, account: str) -> Sequence[Key]:
    """The keys to show, once that which was chosen is done."""
    from imageferry.service import local  # noqa: PLC0415 - slow to import

    if choice == "list":
        return local.list_keys(settings, account)
    if choice == "create":
        return [local.create_key(settings, account)]
    if account:
        raise click.UsageError(f"--{choice} names a key: leave --account out.")
    if choice == "delete":
        return [local.delete_key(settings, key_id)]
    return [local.switch_key(settings, key_id, active=choice == "enable")]


def _issued(settings: Settings, choice: str, hours: int, account: str) -> dict[str, Any]:
    """What was made or withdrawn besides keys, by its name."""
    from imageferry.service import local  # noqa: PLC0415 - slow to import

    if choice == "hours":
        token = local.issue_bearer_token(settings, timedelta(hours=hours), account)
        return {"BearerToken": token}
    if choice == "withdraw_bearer_tokens":
        return {"Withdrawn": local.withdraw_bearer_tokens(settings, account)}
    ecs, _ = endpoints(settings)
    return {"Console": ecs + local.console_link(settings, account)}


def _show_keys(invocation: Invocation, rows: Sequence[dict[str, Any]], *, one: bool) -> None:
    if invocation.as_json:
        output.document({"AccessKeys": rows})
    elif one:
        output.record(list(rows[0].items()))
    else:
        output.table(tuple(rows[0]) if rows else (), [list(row.values()) for row in rows])


def _show(invocation: Invocation, shown: dict[str, Any]) -> None:
    if invocation.as_json:
        output.document(shown)
    else:
        output.record(list(shown.items()))


def _row(key: Key, *, show_secret: bool) -> dict[str, Any]:
    row = {
        "AccessKeyId": key.access_key_id,
        "AccountId": key.account.account_id,
        "AccountName": key.account.name,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return row | {"AccessKeySecret": key.secret} if show_secret else row
