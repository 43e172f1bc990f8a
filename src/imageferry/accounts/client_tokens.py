"""Client tokens: a request that is sent twice is carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from imageferry.accounts.tables import client_tokens
from imageferry.database.metadata import now

KEPT_FOR = timedelta(days=7)
"""How long a token stands for its first answer: longer than any client goes on retrying."""


class TokenMismatchError(Exception):
    """The token was used before, with other parameters."""


def fingerprint(request: Any) -> str:
    """A digest of a request's meaning. Signature, nonce and time are not part of a request."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class TokenUse:
    """A token as one request sends it."""

    account_id: str
    action: str
    token: str
    fingerprint: str


def recall(connection: sa.Connection, use: TokenUse) -> Mapping[str, str] | None:
    """The answer that was given to this token before.

    Raises:
        TokenMismatchError: it was given to a request with other parameters.
    """
    row = connection.execute(
        sa.select(client_tokens.c.fingerprint, client_tokens.c.answer).where(
            client_tokens.c.account_id == use.account_id,
            client_tokens.c.action == use.action,
            client_tokens.c.token == use.token,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != use.fingerprint:
        raise TokenMismatchError
    return dict(row.answer)


def remember(connection: sa.Connection, use: TokenUse, answer: Mapping[str, str]) -> None:
    """Keep an answer for the token, and forget those of old tokens."""
    connection.execute(sa.delete(client_tokens).where(client_tokens.c.created < now() - KEPT_FOR))
    connection.execute(
        sa.insert(client_tokens).values(**vars(use), answer=dict(answer), created=now())
    )
