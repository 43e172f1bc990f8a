"""Access keys: who may sign requests, and for which account."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.accounts.tables import access_keys, accounts
from imageferry.database.metadata import now

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class AccessKey:
    """An access key as the API needs it.

    ``security_token`` and ``expires`` are set on temporary keys alone.
    """

    access_key_id: str
    secret: str
    account_id: str
    active: bool
    security_token: str | None
    expires: datetime | None
    created: datetime


def find(connection: sa.Connection, access_key_id: str) -> AccessKey | None:
    """The key of that id, also when it is inactive or expired."""
    row = connection.execute(
        sa.select(access_keys).where(access_keys.c.access_key_id == access_key_id)
    ).one_or_none()
    return None if row is None else AccessKey(**row._mapping)


def of_account(connection: sa.Connection, account_id: str) -> Sequence[AccessKey]:
    """Every key of an account, oldest first."""
    rows = connection.execute(
        sa.select(access_keys)
        .where(access_keys.c.account_id == account_id)
        .order_by(access_keys.c.created, access_keys.c.access_key_id)
    )
    return [AccessKey(**row._mapping) for row in rows]


def first_account(connection: sa.Connection) -> str | None:
    """The account that was made first."""
    return connection.execute(
        sa.select(accounts.c.account_id).order_by(accounts.c.created).limit(1)
    ).scalar_one_or_none()


def create_account(connection: sa.Connection, name: str) -> str:
    """Make an account and return its id: 16 digits, as Alibaba Cloud's are."""
    account_id = str(secrets.randbelow(9 * 10**15) + 10**15)
    connection.execute(sa.insert(accounts).values(account_id=account_id, name=name, created=now()))
    return account_id


def create_key(
    connection: sa.Connection, account_id: str, access_key_id: str = "", secret: str = ""
) -> AccessKey:
    """Give an account a key, generated where none is given, or renew the secret of one it has."""
    key = AccessKey(
        access_key_id=access_key_id or "LTAI" + _random(20),
        secret=secret or _random(30),
        account_id=account_id,
        active=True,
        security_token=None,
        expires=None,
        created=now(),
    )
    connection.execute(
        sa.delete(access_keys).where(access_keys.c.access_key_id == key.access_key_id)
    )
    connection.execute(sa.insert(access_keys).values(**vars(key)))
    return key


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
