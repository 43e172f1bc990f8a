"""Visits to the console without a browser and without a service behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from imageferry.console import tokens
from imageferry.console.interface import Backend, Key, Task
from imageferry.console.sessions import COOKIE
from imageferry.console.tokens import Purpose, Token
from imageferry.console.tools import Exchange, Tools
from imageferry.console.visit import Session, Visit
from imageferry.service.console import explanations
from imageferry.service.console_tools import object_codes
from imageferry.signing.acs_v3 import SignedRequest

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
KEY = Key("LTAIvisitor", "secret", "1234567890123456")
TASK = Task(
    sequence=1,
    task_id="t-1",
    region_id="cn-hangzhou",
    action="ImportImage",
    status="Processing",
    resource_id="m-1",
    name="<b>name</b>",
    created=NOW,
    finished=None,
    phase="transfer",
    percent=10,
    bytes_done=1 << 20,
    bytes_total=1 << 24,
    bytes_per_second=1 << 20,
    place=0,
    waiting_for="",
    priority=5,
    attempt=1,
    error_code="",
    error_message="",
    cancel_reason="",
    pause_reason="",
    moved=None,
    request={},
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as the service keeps it, of whatever kind."""

    request_id: str = "00000000-0000-0000-0000-000000000001"
    time: datetime = NOW
    access_key_id: str = KEY.access_key_id
    product: str = "ecs"
    action: str = "DescribeTasks"
    parameters: Mapping[str, str] = field(default_factory=lambda: {"RegionId": "cn-hangzhou"})
    status: int = 400
    code: str = "InvalidParameter"
    message: str = "It is wrong."
    recommend: str = "Correct it."


class Calls:
    """The calls of one account, kept in memory: those that were refused, or explored."""

    def __init__(self, *calls: Call) -> None:
        self.calls = list(calls)
        self.remembered: list[tuple[object, ...]] = []

    def find(self, account_id: str, request_id: str) -> Call | None:
        """The call of an id."""
        own = self.calls if account_id == KEY.account_id else []
        return next((call for call in own if call.request_id == request_id), None)

    def latest(self, account_id: str, limit: int = 50, code: str = "") -> Sequence[Call]:
        """The calls, newest first."""
        own = self.calls if account_id == KEY.account_id else []
        return [call for call in own if code in {"", call.code}][:limit]

    def remember(self, *what: object) -> None:
        """Note that a call was to be kept."""
        self.remembered.append(what)


class Answers:
    """Stands for the gateway: gives an answer, and keeps what it was sent."""

    def __init__(self, status: int = 200, json: str = '{"RequestId":"R-1"}') -> None:
        self.exchange = Exchange(status, (("x-acs-request-id", "R-1"),), json, "<Reply/>")
        self.sent: list[SignedRequest] = []

    def __call__(self, signed: SignedRequest) -> Exchange:
        self.sent.append(signed)
        return self.exchange


def backend(
    *,
    refused: Calls | None = None,
    explored: Calls | None = None,
    answers: Answers | None = None,
    problem: str = "",
    **others: Any,
) -> Backend:
    """A service that knows one key; ``problem`` is what is wrong with every value."""
    tools = Tools(
        problem=lambda _field, _text: problem,
        exchange=answers or Answers(),
        failed_calls=refused or Calls(),
        object_codes=object_codes(),
        explored_calls=explored or Calls(),
    )
    values: dict[str, Any] = {
        "regions": ("cn-hangzhou",),
        "explanations": explanations(),
        "find_key": {KEY.access_key_id: KEY}.get,
        "spend_nonce": lambda *_: True,
        "is_spent": lambda *_: False,
        "call": None,
        "tasks": None,
        "images": None,
        "buckets": None,
        "tools": tools,
        "version": lambda: "1",
        "clock": lambda: NOW,
        "unavailable": (TimeoutError,),
        "is_stopping": lambda: False,
    }
    return Backend(**(values | others))


def visit(
    path: str = "/console/",
    form: Mapping[str, str] | None = None,
    *,
    language: str = "en",
    nonce: str = "nonce",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **path_params: str,
) -> Visit:
    """A request of somebody who has signed in; with a form it is one that sends it."""
    scope = {
        "type": "http",
        "method": "GET" if form is None else "POST",
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "path": path,
        "query_string": urlencode(query or {}).encode(),
        "headers": [
            (name.encode(), value.encode())
            for name, value in {"host": "127.0.0.1:8080", **(headers or {})}.items()
        ],
        "path_params": path_params,
    }
    fields = {name: [value] for name, value in (form or {}).items()}
    return Visit(Request(scope), language, Session(Token(KEY, nonce, NOW)), fields)


def cookie() -> tuple[bytes, bytes]:
    """The header of a browser that has signed in."""
    token = tokens.issue(KEY, Purpose.SESSION, NOW + timedelta(hours=1))
    return b"cookie", f"{COOKIE}={token}".encode()


def text(response: Any) -> str:
    """The page of an answer."""
    body: bytes = response.body
    return body.decode()
