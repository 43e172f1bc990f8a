"""The gateway on an ASGI server: reads bodies within bounds, and runs calls in threads.

It takes every path and every method that no other route does: an endpoint may be set with a
path prefix, which no signature covers.
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import anyio.to_thread
from starlette import requests, responses
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from imageferry.actions import error_codes
from imageferry.actions.errors import ServiceError
from imageferry.gateway.gateway import Gateway
from imageferry.gateway.rendering import Response
from imageferry.gateway.request import MAX_BODY_BYTES, Request

BODY_SECONDS = 30.0
"""How long a body may take to arrive; the largest allowed does at 9 KB a second."""

CONSOLE_PATH = "/console/"


def routes(
    gateway: Gateway, others: Sequence[BaseRoute], *, body_seconds: float = BODY_SECONDS
) -> list[BaseRoute]:
    """The gateway's routes before and after those of others.

    Nearly all calls are made at ``/``: they are not to be compared with every other path first.

    Args:
        gateway: What answers.
        others: The routes of others, of which none is at ``/``.
        body_seconds: How long a body may take to arrive.
    """
    endpoint = _Endpoint(gateway, body_seconds)
    return [Route("/", endpoint), *others, Route("/{path:path}", endpoint)]


class _Endpoint:
    """An ASGI application rather than a function, because Starlette gives it every method."""

    def __init__(self, gateway: Gateway, body_seconds: float) -> None:
        self._gateway = gateway
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = _head(scope)
        if _is_browser(head):
            response: responses.Response = responses.RedirectResponse(CONSOLE_PATH, 303)
        else:
            try:
                response = await self._answer(head, requests.Request(scope, receive))
            except requests.ClientDisconnect:
                return
        await response(scope, receive, send)

    async def _answer(self, head: Request, incoming: requests.Request) -> responses.Response:
        try:
            with anyio.fail_after(self._body_seconds):
                body = await _body(head, incoming)
        except TimeoutError:
            return self._refusal(head, error_codes.REQUEST_TIMEOUT.error())
        except ServiceError as error:
            return self._refusal(head, error)
        request = Request(head.method, head.path, head.raw_query, head.headers, body)
        return _outgoing(await anyio.to_thread.run_sync(self._gateway.handle, request))

    def _refusal(self, head: Request, error: ServiceError) -> responses.Response:
        response = _outgoing(self._gateway.refuse(head, error))
        # The rest of the body would be taken for the next request.
        response.headers["Connection"] = "close"
        return response


def _head(scope: Scope) -> Request:
    headers = tuple(
        (name.decode("latin-1"), value.decode(errors="replace")) for name, value in scope["headers"]
    )
    return Request(scope["method"], scope["path"], scope["query_string"], headers)


def _is_browser(head: Request) -> bool:
    """Whether a person has opened the service's address in a browser."""
    is_page = head.method == "GET" and head.path == "/"
    return is_page and "text/html" in head.header("accept").lower() and not head.loose("Action")


async def _body(head: Request, incoming: requests.Request) -> bytes:
    if _declared_bytes(head) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in incoming.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _declared_bytes(head: Request) -> int:
    try:
        return int(head.header("content-length"))
    except ValueError:
        return 0


def _too_large() -> ServiceError:
    return error_codes.REQUEST_TOO_LARGE.error(limit=f"at most {MAX_BODY_BYTES} bytes in the body")


def _outgoing(response: Response) -> responses.Response:
    return responses.Response(response.body, response.status, dict(response.headers))
