"""An installation as the commands of its own machine see it: keys, without the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from imageferry.accounts import access_keys, bearer_tokens
from imageferry.accounts.access_keys import AccessKey
from imageferry.console.interface import Key as ConsoleKey
from imageferry.console.sessions import issue_link
from imageferry.database.metadata import now
from imageferry.service.installation import Installation, open_installation
from imageferry.settings import SettingError, Settings

Key: TypeAlias = AccessKey
"""An access key, for the commands that show it."""


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


def list_keys(settings: Settings) -> Sequence[Key]:
    """Every key of the first account, oldest first.

    Raises:
        SettingError: there is no installation.
    """
    installation = open_existing(settings)
    try:
        with installation.database.read() as connection:
            account = access_keys.first_account(connection)
            return [] if account is None else access_keys.of_account(connection, account)
    finally:
        installation.database.close()


def create_key(settings: Settings) -> Key:
    """Give the first account one more key.

    Raises:
        SettingError: there is no installation.
    """
    installation = open_existing(settings)
    try:
        with installation.database.write() as connection:
            return access_keys.create_key(connection, _first_account(connection))
    finally:
        installation.database.close()


def issue_bearer_token(settings: Settings, lasting: timedelta) -> str:
    """A token that stands for the first account, without a signature.

    Raises:
        SettingError: there is no installation.
    """
    installation = open_existing(settings)
    try:
        with installation.database.write() as connection:
            return bearer_tokens.issue(connection, _first_account(connection), lasting)
    finally:
        installation.database.close()


def _first_account(connection: sa.Connection) -> str:
    """The account that was made first, made where there is none."""
    account = access_keys.first_account(connection)
    return access_keys.create_account(connection, "default") if account is None else account


def console_link(settings: Settings) -> str:
    """The path of a page that signs in to the console, as the first account, once.

    Raises:
        SettingError: there is no installation, or its account has no key that is active.
    """
    active = [key for key in list_keys(settings) if key.active]
    if not active:
        raise SettingError("There is no active key: make one with `imageferry keys --create`.")
    key = active[0]
    return issue_link(ConsoleKey(key.access_key_id, key.secret, key.account_id), now())
