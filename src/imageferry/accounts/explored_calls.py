"""The calls that an account has made in the API Explorer: a history that follows it everywhere.

Kept are the last :data:`MAX_CALLS` of each account, with the parameters of each up to
:data:`MAX_CHARACTERS` in all: a call that is larger is kept without them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.accounts.newest import keep_newest
from imageferry.accounts.tables import explored_calls
from imageferry.database.connection import Database
from imageferry.database.upsert import upsert

MAX_CALLS = 50
"""How many of an account are kept."""

MAX_CHARACTERS = 8192
"""How much of a call's parameters is kept: the names and values of a long import."""


@dataclass(frozen=True, kw_only=True)
class ExploredCall:
    """One call and how it was answered.

    Attributes:
        request_id: The id that the reply carries.
        account_id: Whose call it was.
        time: When it was made, UTC.
        product, action: What was called.
        parameters: Names and values, without what signs a request.
        status: The HTTP status.
        code: The error's code, where there was one.
    """

    request_id: str
    account_id: str
    time: datetime
    product: str
    action: str
    parameters: Mapping[str, str]
    status: int
    code: str


def remember(database: Database, call: ExploredCall) -> None:
    """Keep a call, and forget those that are too many."""
    values = asdict(call)
    if len(json.dumps(values["parameters"])) > MAX_CHARACTERS:
        values["parameters"] = {}
    with database.write_relaxed() as connection:
        upsert(connection, explored_calls, values)
        keep_newest(connection, explored_calls, call.account_id, MAX_CALLS)


def latest(connection: sa.Connection, account_id: str) -> Sequence[ExploredCall]:
    """The account's calls that are kept, newest first."""
    rows = connection.execute(
        sa.select(explored_calls)
        .where(explored_calls.c.account_id == account_id)
        .order_by(explored_calls.c.time.desc())
        .limit(MAX_CALLS)
    )
    return [ExploredCall(**row._mapping) for row in rows]
