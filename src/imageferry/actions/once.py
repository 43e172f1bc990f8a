"""Requests that are carried out once, however often they are sent: the client token."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
import sqlalchemy as sa

from imageferry.accounts import client_tokens
from imageferry.accounts.client_tokens import TokenMismatchError, TokenUse
from imageferry.actions.call import Call
from imageferry.actions.declaration import Model, Parameter, Reply, to_wire
from imageferry.actions.error_codes import IDEMPOTENT_PARAMETER_MISMATCH, INVALID_CLIENT_TOKEN

AnyReply = TypeVar("AnyReply", bound=Reply)

ClientToken = Annotated[
    str | None,
    Parameter(
        description="A text of the caller's choice: a request that is sent twice with it is "
        "carried out once, and answered alike.",
        example="0c593ea1-3bea-11e9-b96b-88e9fe637760",
        max_length=64,
        ascii_only=True,
        malformed=INVALID_CLIENT_TOKEN,
    ),
]


def token_use(call: Call, action: str, token: str | None, request: Model) -> TokenUse | None:
    """The use that a request makes of its token; ``None`` where it has none."""
    if token is None:
        return None
    return TokenUse(call.account_id, action, token, client_tokens.fingerprint(to_wire(request)))


def answered(
    connection: sa.Connection, use: TokenUse | None, reply: type[AnyReply]
) -> AnyReply | None:
    """The answer that was given to the request before.

    Raises:
        ServiceError: ``IdempotentParameterMismatch``.
    """
    if use is None:
        return None
    try:
        answer = client_tokens.recall(connection, use)
    except TokenMismatchError:
        raise IDEMPOTENT_PARAMETER_MISMATCH.error() from None
    return None if answer is None else msgspec.convert(answer, reply)


def remember(connection: sa.Connection, use: TokenUse | None, reply: Reply) -> None:
    """Keep the answer for the token, in the transaction that carries the request out."""
    if use is not None:
        client_tokens.remember(connection, use, to_wire(reply))
