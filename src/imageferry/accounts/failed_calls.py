"""The calls of an account that were refused not long ago, for whoever asks why.

Kept are the last :data:`MAX_CALLS` of each account, for :data:`KEPT_FOR`. Nothing
is kept that a request is signed with, and of long values only the beginning. A
call whose signature was refused belongs to nobody, so it is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from imageferry.accounts.newest import keep_newest
from imageferry.accounts.tables import failed_calls
from imageferry.database.connection import Database
from imageferry.database.metadata import now

KEPT_FOR = timedelta(days=7)
"""How long a call is kept: over a week-end, and until somebody looks at a nightly job."""

MAX_CALLS = 1000
"""How many of an account are kept: a client that fails every second has a quarter of an hour."""

MAX_PARAMETERS = 100
"""How many parameters of a call are kept."""

MAX_CHARACTERS = 256
"""How much of a value is kept."""

NOT_KEPT = frozenset(
    {"accesskeyid", "bearertoken", "securitytoken", "signature", "signaturemethod"}
    | {"signaturenonce", "signaturetype", "signatureversion", "timestamp"}
)
"""The parameters that sign a request, in lower case."""


@dataclass(frozen=True, kw_only=True)
class FailedCall:
    """One call and how it was refused.

    Attributes:
        request_id: The id that the reply and the log carry.
        account_id: Whose call it was.
        time: When it was refused, UTC.
        access_key_id: The credentials that were used.
        action: The action's name.
        parameters: Names and values as they came.
        status: The HTTP status.
        code, message, recommend: What the reply said.
    """

    request_id: str
    account_id: str
    time: datetime
    access_key_id: str
    action: str
    parameters: Mapping[str, str]
    status: int
    code: str
    message: str
    recommend: str


def remember(database: Database, call: FailedCall) -> None:
    """Keep a call, and forget those that are too old or too many."""
    values = {
        **asdict(call),
        "parameters": dict(_kept(call.parameters)),
        "message": _storable(call.message),
        "recommend": _storable(call.recommend),
    }
    with database.write_relaxed() as connection:
        connection.execute(sa.insert(failed_calls).values(**values))
        _forget(connection, call.account_id)


def find(connection: sa.Connection, account_id: str, request_id: str) -> FailedCall | None:
    """The call of an id, if it was the account's and is still kept."""
    row = connection.execute(
        sa.select(failed_calls).where(
            failed_calls.c.request_id == request_id.upper(), _is_kept(account_id)
        )
    ).one_or_none()
    return None if row is None else FailedCall(**row._mapping)


def latest(
    connection: sa.Connection, account_id: str, limit: int, *, code: str = ""
) -> Sequence[FailedCall]:
    """The account's last calls, newest first.

    Args:
        connection: A transaction.
        account_id: Whose.
        limit: How many at the most.
        code: Only those that were refused with this code, where given.
    """
    condition = _is_kept(account_id)
    if code:
        condition &= failed_calls.c.code == code
    newest = failed_calls.c.time.desc()
    rows = connection.execute(
        sa.select(failed_calls).where(condition).order_by(newest).limit(limit)
    )
    return [FailedCall(**row._mapping) for row in rows]


def _is_kept(account_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(failed_calls.c.account_id == account_id, failed_calls.c.time >= now() - KEPT_FOR)


def _forget(connection: sa.Connection, account_id: str) -> None:
    connection.execute(sa.delete(failed_calls).where(failed_calls.c.time < now() - KEPT_FOR))
    keep_newest(connection, failed_calls, account_id, MAX_CALLS)


def _kept(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    wanted = (pair for pair in parameters.items() if pair[0].lower() not in NOT_KEPT)
    for name, value in islice(wanted, MAX_PARAMETERS):
        is_whole = len(value) <= MAX_CHARACTERS
        yield name, value if is_whole else value[:MAX_CHARACTERS] + "…"


def _storable(text: str) -> str:
    # A file's name may have got into a message, and need not be text.
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")
