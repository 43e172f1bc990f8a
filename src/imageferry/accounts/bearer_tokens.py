"""Bearer tokens: they stand for an account by themselves, without a signature.

The database knows their digests alone, so that nobody who reads it can use one.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.accounts.access_keys import KEPT_AFTER_EXPIRY
from imageferry.accounts.tables import bearer_tokens
from imageferry.database.metadata import now

_TOKEN_BYTES = 48


@dataclass(frozen=True)
class BearerToken:
    """What is known of a token.

    Attributes:
        digest: Its SHA-256.
        account_id: The account that it stands for.
        created: When it was issued.
        expires: When it runs out.
    """

    digest: str
    account_id: str
    created: datetime
    expires: datetime

    @property
    def access_key_id(self) -> str:
        """What stands for the id of an access key where one is told, as in a log."""
        return f"bearer-{self.digest[:16]}"


def issue(connection: sa.Connection, account_id: str, lasting: timedelta) -> str:
    """Make a token for an account, and forget those that ran out long ago.

    Returns:
        The token, which cannot be told again.
    """
    moment = now()
    connection.execute(
        sa.delete(bearer_tokens).where(bearer_tokens.c.expires < moment - KEPT_AFTER_EXPIRY)
    )
    text = secrets.token_urlsafe(_TOKEN_BYTES)
    token = BearerToken(_digest(text), account_id, moment, moment + lasting)
    connection.execute(sa.insert(bearer_tokens).values(**vars(token)))
    return text


def find(connection: sa.Connection, token: str) -> BearerToken | None:
    """What is known of a token, also when it has run out."""
    row = connection.execute(
        sa.select(bearer_tokens).where(bearer_tokens.c.digest == _digest(token))
    ).one_or_none()
    return None if row is None else BearerToken(**row._mapping)


def withdraw(connection: sa.Connection, account_id: str) -> int:
    """Forget every token of an account.

    Returns:
        How many of them had not run out.
    """
    of_account = bearer_tokens.c.account_id == account_id
    count = connection.execute(
        sa.select(sa.func.count()).where(of_account, bearer_tokens.c.expires > now())
    ).scalar_one()
    connection.execute(sa.delete(bearer_tokens).where(of_account))
    return int(count)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
