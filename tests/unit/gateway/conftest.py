"""A small service with actions of its own: the gateway knows none by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from imageferry.accounts.failed_calls import FailedCall
from imageferry.actions import error_codes
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.product import Product, product
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.gateway import CallContext, Gateway
from imageferry.gateway.request import Request
from imageferry.signing import acs_v3, rpc_v1
from imageferry.signing.encoding import Pair, canonical_query

VERSION = "2014-05-26"
HOST = "127.0.0.1:8080"


class EchoRequest(Model, frozen=True, kw_only=True):
    region_id: Annotated[str, Parameter(description="The region.", example="cn-hangzhou")]
    text: Annotated[str, Parameter(description="What to say.")] = "nothing"


class EchoReply(Reply, frozen=True, kw_only=True):
    text: Annotated[str, Member(description="What was said.")]
    account_id: Annotated[str, Member(description="Who said it.")]
    host: Annotated[str | None, Member(description="Where.")] = None


def _echo(call: CallContext, request: EchoRequest) -> EchoReply:
    if request.text == "refuse":
        raise error_codes.DRY_RUN_OPERATION.error()
    if request.text == "break":
        raise RuntimeError("the secret is in here")
    return EchoReply(text=request.text, account_id=call.identity.account_id, host=call.host)


ECHO: Action[CallContext, EchoRequest, EchoReply] = Action(
    name="EchoText",
    summary="Says it back.",
    request=EchoRequest,
    reply=EchoReply,
    errors=(error_codes.DRY_RUN_OPERATION,),
    policy="ecs:EchoText",
    handler=_echo,
    example={"Text": "hello"},
)


@dataclass
class Service:
    """Everything that a gateway is given, in memory."""

    now: datetime = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    keys: dict[str, AccessKey] = field(default_factory=dict)
    bearers: dict[str, AccessKey] = field(default_factory=dict)
    nonces: dict[tuple[str, str], datetime] = field(default_factory=dict)
    failures: list[FailedCall] = field(default_factory=list)
    requests_made: int = 0

    def authenticator(self) -> Authenticator:
        return Authenticator(
            find_access_key=self.keys.get,
            find_bearer=self.bearers.get,
            remember_nonce=self._remember,
            clock=lambda: self.now,
        )

    def gateway(self, *actions: Action[Any, Any, Any], others: Sequence[Product] = ()) -> Gateway:
        return Gateway(
            products=(product("ecs", VERSION, (ECHO, *actions)), *others),
            authenticator=self.authenticator(),
            make_call=lambda context: context,
            note_failure=self.failures.append,
        )

    def product(self, name: str, version: str, *actions: str) -> Product:
        """A product with actions that all say back what they are told."""
        return product(name, version, [replace(ECHO, name=action) for action in actions])

    def _remember(self, access_key_id: str, nonce: str, until: datetime) -> bool:
        new = (access_key_id, nonce) not in self.nonces
        self.nonces.setdefault((access_key_id, nonce), until)
        return new

    def nonce(self) -> str:
        self.requests_made += 1
        return f"nonce-{self.requests_made}"

    def v1(
        self,
        parameters: dict[str, str] | None = None,
        *,
        secret: str = "secret",
        method: str = "GET",
        headers: Sequence[Pair] = (),
        without: str = "",
    ) -> Request:
        """A request signed with version 1, everything in the query."""
        everything = {
            "Action": "EchoText",
            "Version": VERSION,
            "AccessKeyId": "LTAI",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": self.nonce(),
            "Timestamp": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **(parameters or {}),
        }
        everything.pop(without, None)
        text = rpc_v1.string_to_sign(method, everything.items())
        signed = {"Signature": rpc_v1.signature(secret, text), **everything}
        if without == "Signature":
            del signed["Signature"]
        query = canonical_query(signed.items()).encode()
        return Request(method, "/", query, (("Host", HOST), *headers))

    def v3(self, query: Sequence[Pair] = (), **changes: Any) -> Request:
        """A request signed with version 3."""
        arguments: dict[str, Any] = {
            "access_key_id": "LTAI",
            "access_key_secret": "secret",
            "host": HOST,
            "action": "EchoText",
            "version": VERSION,
            "date": self.now,
            "nonce": self.nonce(),
        }
        signed = acs_v3.sign(query=query, **(arguments | changes))
        headers = tuple(signed.headers.items())
        return Request(signed.method, "/", signed.query.encode(), headers, signed.body)


@pytest.fixture
def service() -> Service:
    made = Service()
    made.keys["LTAI"] = AccessKey(id="LTAI", secret="secret", account_id="1001")
    return made
