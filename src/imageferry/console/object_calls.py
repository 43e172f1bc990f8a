"""Calls of the OSS API as the session's account: small ones as a whole, large ones as they flow."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

import anyio.from_thread
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageferry.console.interface import Backend
from imageferry.console.storage import ObjectRequest
from imageferry.console.visit import Visit

_NO_ERROR = 400
_SCOPE: Scope = {"type": "http", "http_version": "1.1"}


@dataclass(frozen=True)
class ObjectError:
    """What the OSS API refused a call with."""

    status: int
    code: str
    message: str


@dataclass
class _Reply:
    """An answer that is collected."""

    status: int = 0
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take a message of the answer."""
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def call(
    backend: Backend, visit: Visit, request: ObjectRequest, body: bytes = b""
) -> ObjectError | None:
    """Make a small call, in a thread of a handler; what it was refused with, if it was."""
    headers = {**request.headers, "content-length": str(len(body))}
    answer = _answer(backend, visit, request, headers)
    sent: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def ask() -> None:
        await answer(_SCOPE, receive, reply.take)

    reply = _Reply()
    anyio.from_thread.run(ask)
    return error_of(reply.status, reply.body)


def error_of(status: int, body: bytes) -> ObjectError | None:
    """The error that an answer of the OSS API tells, if it is one."""
    if status < _NO_ERROR:
        return None
    # The document is our own service's; an answer to HEAD has none.
    root = ET.fromstring(body or b"<Error/>")  # noqa: S314
    return ObjectError(status, root.findtext("Code") or "", root.findtext("Message") or "")


class Forwarded(Response):
    """An answer of the OSS API, passed on as it flows, to a request that flows there.

    Args:
        backend: The service.
        visit: Who asks.
        request: What is asked.
    """

    def __init__(self, backend: Backend, visit: Visit, request: ObjectRequest) -> None:
        super().__init__()
        self._answer = _answer(backend, visit, request, request.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        await self._answer(scope, receive, send)


def _answer(
    backend: Backend, visit: Visit, request: ObjectRequest, headers: Mapping[str, str]
) -> ASGIApp:
    signed = ObjectRequest(
        method=request.method,
        bucket=request.bucket,
        key=request.key,
        parameters=request.parameters,
        headers=headers,
    )
    return backend.buckets.answer(visit.key.access_key_id, visit.key.secret, signed)
