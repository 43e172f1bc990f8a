"""Access keys: who may sign requests, and for which account."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.accounts.roles import Role, create_default_roles
from imageferry.accounts.tables import access_keys, accounts
from imageferry.database.metadata import now

LOCK = "imageferry-accounts"
"""The name to have to oneself for making accounts, of which one may be the first."""

KEPT_AFTER_EXPIRY = timedelta(days=1)
"""How long temporary credentials are remembered after they ran out, so that their user is told."""

_MICROSECOND = timedelta(microseconds=1)
_LETTERS = string.ascii_letters + string.digits
_SECURITY_TOKEN_BYTES = 96


@dataclass(frozen=True)
class AccessKey:
    """An access key as the API needs it.

    ``security_token``, ``expires``, ``role_name`` and ``role_session_name`` are set on
    temporary keys alone: those of a role that was assumed.
    """

    access_key_id: str
    secret: str
    account_id: str
    active: bool
    security_token: str | None
    expires: datetime | None
    role_name: str | None
    role_session_name: str | None
    created: datetime


def find(connection: sa.Connection, access_key_id: str) -> AccessKey | None:
    """The key of that id, also when it is inactive or expired."""
    row = connection.execute(
        sa.select(access_keys).where(access_keys.c.access_key_id == access_key_id)
    ).one_or_none()
    return None if row is None else AccessKey(**row._mapping)


def of_account(connection: sa.Connection, account_id: str) -> Sequence[AccessKey]:
    """Every key of an account but temporary ones, oldest first."""
    rows = connection.execute(
        sa.select(access_keys)
        .where(access_keys.c.account_id == account_id, access_keys.c.expires.is_(None))
        .order_by(access_keys.c.created, access_keys.c.access_key_id)
    )
    return [AccessKey(**row._mapping) for row in rows]


def first_account(connection: sa.Connection) -> str | None:
    """The account that was made first."""
    return connection.execute(
        sa.select(accounts.c.account_id).order_by(accounts.c.created).limit(1)
    ).scalar_one_or_none()


def first_or_new_account(connection: sa.Connection) -> str:
    """The account that was made first, made where there is none.

    Args:
        connection: A transaction that has :data:`LOCK` to itself.
    """
    return first_account(connection) or create_account(connection, "default")


def create_account(connection: sa.Connection, name: str) -> str:
    """Make an account with its default roles, and return its id: 16 digits, as Alibaba Cloud's."""
    account_id = str(secrets.randbelow(9 * 10**15) + 10**15)
    latest = connection.execute(sa.select(sa.func.max(accounts.c.created))).scalar_one()
    # The first account stays the first, also where the clock has been set back since.
    created = now() if latest is None else max(now(), latest + _MICROSECOND)
    connection.execute(
        sa.insert(accounts).values(account_id=account_id, name=name, created=created)
    )
    create_default_roles(connection, account_id)
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
        role_name=None,
        role_session_name=None,
        created=now(),
    )
    delete(connection, key.access_key_id)
    connection.execute(sa.insert(access_keys).values(**vars(key)))
    return key


def set_active(connection: sa.Connection, access_key_id: str, active: bool) -> None:
    """Switch a key on or off."""
    connection.execute(
        sa.update(access_keys)
        .where(access_keys.c.access_key_id == access_key_id)
        .values(active=active)
    )


def delete(connection: sa.Connection, access_key_id: str) -> None:
    """Forget a key."""
    connection.execute(sa.delete(access_keys).where(access_keys.c.access_key_id == access_key_id))


def create_temporary_key(
    connection: sa.Connection, role: Role, session_name: str, expires: datetime
) -> AccessKey:
    """Make the key of somebody who assumes a role, and forget those that ran out long ago."""
    moment = now()
    key = AccessKey(
        access_key_id="STS." + _random(25),
        secret=_random(44),
        account_id=role.account_id,
        active=True,
        security_token=secrets.token_urlsafe(_SECURITY_TOKEN_BYTES),
        expires=expires,
        role_name=role.role_name,
        role_session_name=session_name,
        created=moment,
    )
    connection.execute(
        sa.delete(access_keys).where(access_keys.c.expires < moment - KEPT_AFTER_EXPIRY)
    )
    connection.execute(sa.insert(access_keys).values(**vars(key)))
    return key


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
