"""What the API Explorer and the Error Center are given by the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imageferry.actions.declaration import Field
from imageferry.console.explanation import Explanation
from imageferry.signing.acs_v3 import SignedRequest
from imageferry.signing.encoding import Pair


@dataclass(frozen=True)
class ObjectCode:
    """A code that the OSS API answers with, as it is declared.

    Attributes:
        code: The code on the wire.
        status: The HTTP status.
        message: The usual message.
        explanation: What it means, and what to do.
        operations: The operations that answer with it; every one where empty.
    """

    code: str
    status: int
    message: str
    explanation: Explanation
    operations: Sequence[str]


@dataclass(frozen=True)
class Exchange:
    """An answer of the API.

    Attributes:
        status: The HTTP status.
        headers: Names and values.
        json: The body.
        xml: The body as it would be had XML been asked for.
    """

    status: int
    headers: Sequence[Pair]
    json: str
    xml: str


class FailedCall(Protocol):
    """A call that was refused, and is still kept."""

    @property
    def request_id(self) -> str:
        """The id that the reply and the log carry."""

    @property
    def time(self) -> datetime:
        """When it was refused, UTC."""

    @property
    def access_key_id(self) -> str:
        """The credentials that were used."""

    @property
    def action(self) -> str:
        """The action's name."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Names and values, without what signs a request."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def code(self) -> str:
        """The error's code."""

    @property
    def message(self) -> str:
        """What has happened, in words."""

    @property
    def recommend(self) -> str:
        """What to do about it."""


class FailedCalls(Protocol):
    """The refused calls of accounts. Nobody is shown those of another account."""

    def find(self, account_id: str, request_id: str) -> FailedCall | None:
        """The call of an id, if it was the account's and is still kept."""

    def latest(self, account_id: str, limit: int, code: str = "") -> Sequence[FailedCall]:
        """The account's last calls, newest first; only those of a code, where given."""


class ExploredCall(Protocol):
    """A call that was made in the API Explorer."""

    @property
    def time(self) -> datetime:
        """When it was made, UTC."""

    @property
    def product(self) -> str:
        """The product's name."""

    @property
    def action(self) -> str:
        """The action's name."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Names and values, without what signs a request."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def code(self) -> str:
        """The error's code, where there was one."""


class ExploredCalls(Protocol):
    """The last calls that accounts made in the API Explorer. Nobody is shown those of others."""

    def remember(
        self,
        account_id: str,
        product: str,
        action: str,
        parameters: Mapping[str, str],
        reply: Exchange,
    ) -> None:
        """Keep a call with its answer."""

    def latest(self, account_id: str) -> Sequence[ExploredCall]:
        """The account's calls that are kept, newest first."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The service as the tools of developers see it.

    Attributes:
        problem: What is wrong with a text as the value of a parameter; empty where nothing is.
        exchange: Sends a signed call of an action and returns the answer.
        failed_calls: The calls that were refused.
        object_codes: Every code of the OSS API.
        explored_calls: The calls that were made in the API Explorer.
    """

    problem: Callable[[Field, str], str]
    exchange: Callable[[SignedRequest], Exchange]
    failed_calls: FailedCalls
    object_codes: Sequence[ObjectCode]
    explored_calls: ExploredCalls
