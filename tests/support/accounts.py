"""Accounts of a service that runs."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from support.service import Service


@dataclass(frozen=True)
class OtherAccount:
    """An account that is not the first one.

    Attributes:
        account_id: Its number.
        key: Its access key, as clients are opened with: ``key_id`` and ``secret``.
    """

    account_id: str
    key: dict[str, str]


def create_account(service: Service, name: str) -> OtherAccount:
    """Make an account with a key."""
    database = Database(f"sqlite:///{service.data_dir / 'imageferry.db'}")
    with closing(database), database.write() as connection:
        account_id = access_keys.create_account(connection, name)
        key = access_keys.create_key(connection, account_id)
    return OtherAccount(account_id, {"key_id": key.access_key_id, "secret": key.secret})
