"""An installation as the commands of its own machine see it: keys, without the API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from imageferry.accounts import access_keys, accounts, bearer_tokens
from imageferry.accounts.access_keys import AccessKey
from imageferry.accounts.accounts import Account
from imageferry.console.interface import Key as ConsoleKey
from imageferry.console.sessions import issue_link
from imageferry.database.metadata import now
from imageferry.service.installation import Installation, open_installation, replace_credentials
from imageferry.settings import SettingError, Settings

_ACCOUNT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,63}")


@dataclass(frozen=True)
class Key:
    """An access key, for the commands that show it."""

    access_key_id: str
    secret: str
    account: Account
    active: bool
    created: datetime


def exists(settings: Settings) -> bool:
    """Whether there is an installation: a database server, or the file of a SQLite database."""
    url = sa.make_url(settings.resolved_database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def open_existing(settings: Settings) -> Installation:
    """Open an installation that is there.

    Raises:
        SettingError: there is none.
    """
    if not exists(settings):
        raise SettingError(
            f"There is no installation in {settings.data_dir.absolute()}: name its folder with "
            "--data-dir, or make one with `imageferry serve`."
        )
    return open_installation(settings)


def list_keys(settings: Settings, account: str = "") -> Sequence[Key]:
    """Every key but temporary ones, account by account, oldest first.

    Args:
        settings: Where the installation is.
        account: The id or name of the only account that is asked for; empty for all.

    Raises:
        SettingError: there is no installation, or no such account.
    """
    with (
        closing(open_existing(settings)) as installation,
        installation.database.read() as connection,
    ):
        owners = [_known(connection, account)] if account else accounts.every(connection)
        return [
            _shown(key, owner)
            for owner in owners
            for key in access_keys.of_account(connection, owner.account_id)
        ]


def create_key(settings: Settings, account: str = "") -> Key:
    """Give an account one more key.

    Args:
        settings: Where the installation is.
        account: The account's id or name; one of a new name is made. Empty for the first.

    Raises:
        SettingError: there is no installation, or the name is none that an account can have.
    """
    with (
        closing(open_existing(settings)) as installation,
        installation.database.write_alone(access_keys.LOCK) as connection,
    ):
        owner = _known_or_new(connection, account) if account else _first(connection)
        return _shown(access_keys.create_key(connection, owner.account_id), owner)


def switch_key(settings: Settings, access_key_id: str, active: bool) -> Key:
    """Switch a key on or off.

    Raises:
        SettingError: there is no installation, or no such key.
    """
    with closing(open_existing(settings)) as installation:
        with installation.database.write() as connection:
            _find(connection, access_key_id)
            access_keys.set_active(connection, access_key_id, active)
            key = _find(connection, access_key_id)
        if not active:
            replace_credentials(installation, access_key_id)
        return key


def delete_key(settings: Settings, access_key_id: str) -> Key:
    """Delete a key for good.

    Returns:
        The key as it was.

    Raises:
        SettingError: there is no installation, or no such key.
    """
    with closing(open_existing(settings)) as installation:
        with installation.database.write() as connection:
            key = _find(connection, access_key_id)
            access_keys.delete(connection, access_key_id)
        replace_credentials(installation, access_key_id)
        return key


def issue_bearer_token(settings: Settings, lasting: timedelta, account: str = "") -> str:
    """A token that stands for an account, the first where none is named, without a signature.

    Raises:
        SettingError: there is no installation, or no such account.
    """
    with _owner(settings, account) as (connection, owner):
        return bearer_tokens.issue(connection, owner.account_id, lasting)


def withdraw_bearer_tokens(settings: Settings, account: str = "") -> int:
    """Forget every bearer token of an account, the first where none is named.

    Returns:
        How many of them had not run out.

    Raises:
        SettingError: there is no installation, or no such account.
    """
    with _owner(settings, account) as (connection, owner):
        return bearer_tokens.withdraw(connection, owner.account_id)


def console_link(settings: Settings, account: str = "") -> str:
    """The path of a page that signs in to the console, once.

    Args:
        settings: Where the installation is.
        account: The id or name of the account; empty for the first.

    Raises:
        SettingError: there is no installation, no such account, or none of its keys is active.
    """
    with _owner(settings, account) as (connection, owner):
        keys = access_keys.of_account(connection, owner.account_id)
    for key in keys:
        if key.active:
            return issue_link(ConsoleKey(key.access_key_id, key.secret, key.account_id), now())
    raise SettingError(
        f"The account {owner.name} has no active key: make one with `imageferry keys --create`, "
        "or switch one on with --enable."
    )


@contextmanager
def _owner(settings: Settings, id_or_name: str) -> Iterator[tuple[sa.Connection, Account]]:
    """A write transaction, and the account that is named, else the first one."""
    with (
        closing(open_existing(settings)) as installation,
        installation.database.write_alone(access_keys.LOCK) as connection,
    ):
        yield connection, _known(connection, id_or_name) if id_or_name else _first(connection)


def _known(connection: sa.Connection, id_or_name: str) -> Account:
    found = accounts.find(connection, id_or_name)
    if found is None:
        raise SettingError(
            f"There is no account {id_or_name!r}: `imageferry keys` lists those that there are, "
            "`imageferry keys --create --account NAME` makes one."
        )
    return found


def _known_or_new(connection: sa.Connection, id_or_name: str) -> Account:
    found = accounts.find(connection, id_or_name)
    if found is not None:
        return found
    if not _ACCOUNT_NAME.fullmatch(id_or_name):
        raise SettingError(
            f"There is no account {id_or_name!r}, and a new one cannot be called so: use 2 to 64 "
            "letters, digits, '.', '_' and '-', beginning with a letter."
        )
    return Account(access_keys.create_account(connection, id_or_name), id_or_name)


def _first(connection: sa.Connection) -> Account:
    return _known(connection, access_keys.first_or_new_account(connection))


def _find(connection: sa.Connection, access_key_id: str) -> Key:
    key = access_keys.find(connection, access_key_id)
    if key is None:
        raise SettingError(
            f"There is no access key {access_key_id!r}: `imageferry keys` lists those that there "
            "are."
        )
    return _shown(key, _known(connection, key.account_id))


def _shown(key: AccessKey, owner: Account) -> Key:
    return Key(key.access_key_id, key.secret, owner, key.active, key.created)
