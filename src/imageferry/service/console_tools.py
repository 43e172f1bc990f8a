"""The installation as the API Explorer and the Error Center see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from imageferry.accounts import explored_calls, failed_calls
from imageferry.accounts.explored_calls import ExploredCall
from imageferry.accounts.failed_calls import FailedCall
from imageferry.actions.declaration import Field
from imageferry.console.explanation import Explanation
from imageferry.console.tools import Exchange, ObjectCode, Tools
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.gateway.gateway import Gateway
from imageferry.gateway.rendering import as_xml
from imageferry.gateway.request import Request
from imageferry.gateway.values import BrokenRuleError, parse
from imageferry.oss import error_codes
from imageferry.signing.acs_v3 import SignedRequest


def console_tools(database: Database, gateway: Gateway) -> Tools:
    """What the tools of developers work with."""
    return Tools(
        problem=_problem,
        exchange=lambda signed: _exchange(gateway, signed),
        failed_calls=KeptCalls(database),
        object_codes=object_codes(),
        explored_calls=KeptExploredCalls(database),
    )


def object_codes() -> Sequence[ObjectCode]:
    """Every code of the OSS API, as it is declared."""
    return [
        ObjectCode(
            code.code,
            code.status,
            code.message,
            Explanation(code.meaning, code.remedy),
            code.operations,
        )
        for code in error_codes.every_code()
    ]


class KeptCalls:
    """The refused calls in a database.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, account_id: str, request_id: str) -> FailedCall | None:
        """The call of an id, if it was the account's and is still kept."""
        with self._database.read() as connection:
            return failed_calls.find(connection, account_id, request_id)

    def latest(self, account_id: str, limit: int, code: str = "") -> Sequence[FailedCall]:
        """The account's last calls, newest first; only those of a code, where given."""
        with self._database.read() as connection:
            return failed_calls.latest(connection, account_id, limit, code=code)


class KeptExploredCalls:
    """The calls of the API Explorer in a database.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(
        self,
        account_id: str,
        product: str,
        action: str,
        parameters: Mapping[str, str],
        reply: Exchange,
    ) -> None:
        """Keep a call with its answer."""
        members = json.loads(reply.json)
        call = ExploredCall(
            request_id=members["RequestId"],
            account_id=account_id,
            time=now(),
            product=product,
            action=action,
            parameters=parameters,
            status=reply.status,
            code=members.get("Code", ""),
        )
        explored_calls.remember(self._database, call)

    def latest(self, account_id: str) -> Sequence[ExploredCall]:
        """The account's calls that are kept, newest first."""
        with self._database.read() as connection:
            return explored_calls.latest(connection, account_id)


def _problem(field: Field, text: str) -> str:
    try:
        parse(field, text)
    except BrokenRuleError as broken:
        return str(broken)
    return ""


def _exchange(gateway: Gateway, signed: SignedRequest) -> Exchange:
    headers = tuple(signed.headers.items())
    request = Request(signed.method, "/", signed.query.encode(), headers, signed.body)
    response = gateway.handle(request)
    members = json.loads(response.body)
    xml = as_xml(signed.headers["x-acs-action"], members)
    return Exchange(response.status, response.headers, response.body.decode(), xml)
