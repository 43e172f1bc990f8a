"""An installation as the commands of its own machine see it: keys, without the API."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.accounts.access_keys import AccessKey
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
            account = access_keys.first_account(connection)
            if account is None:
                account = access_keys.create_account(connection, "default")
            return access_keys.create_key(connection, account)
    finally:
        installation.database.close()
