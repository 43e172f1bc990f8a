"""``imageferry keys``: the access keys of the installation on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imageferry.cli import output
from imageferry.cli.errors import CommandError
from imageferry.cli.options import Invocation, client_options, pass_invocation
from imageferry.cli.verb import Verb
from imageferry.settings import SettingError

if TYPE_CHECKING:
    from imageferry.service.local import Key


@click.command(
    "keys",
    cls=Verb,
    examples=(
        "imageferry keys --show-secrets",
        "imageferry keys --create",
    ),
)
@click.option("--create", is_flag=True, help="Give the account one more key, and show it.")
@click.option("--show-secrets", is_flag=True, help="Show the secrets too.")
@client_options
@pass_invocation
def keys(invocation: Invocation, /, create: bool, show_secrets: bool) -> None:
    """List this installation's access keys, or make one.

    It reads the installation's database, so it works while the service is
    stopped, and on no other machine's.
    """
    from imageferry.service import local  # noqa: PLC0415 - slow to import

    settings = invocation.settings()
    try:
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


def _row(key: Key, *, show_secret: bool) -> dict[str, Any]:
    row = {
        "AccessKeyId": key.access_key_id,
        "AccountId": key.account_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return row | {"AccessKeySecret": key.secret} if show_secret else row
