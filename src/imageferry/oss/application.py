"""The OSS API as an ASGI application."""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from starlette.responses import Response, StreamingResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from imageferry.accounts.failed_calls import FailedCall
from imageferry.buckets.interface import Store
from imageferry.oss.authentication import Authenticated, FindAccessKey, authenticate
from imageferry.oss.body import SMALL_BODY_BYTES, CheckedBody, ClientGoneError, RequestBody
from imageferry.oss.call import Call, store_errors
from imageferry.oss.error_codes import INSUFFICIENT_STORAGE, INTERNAL_ERROR
from imageferry.oss.errors import OssError
from imageferry.oss.observed import RequestObserver, observed
from imageferry.oss.operations import OPERATION_NAMES, operation_for
from imageferry.oss.refusals import is_kept, refused_call
from imageferry.oss.reply import Reply, error_reply
from imageferry.oss.request import OssRequest, parse_request
from imageferry.oss.streaming import ObjectStream, with_small_content_read

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_log = structlog.get_logger(__name__)


def create_app(
    store: Store,
    find_access_key: FindAccessKey,
    regions: Sequence[str],
    clock: Callable[[], datetime],
    *,
    note_failure: Callable[[FailedCall], None],
    max_requests: int = 128,
    idle_seconds: float = 60,
) -> ASGIApp:
    """Make the application.

    Args:
        store: Where the buckets are.
        find_access_key: Looks access keys up; called in threads.
        regions: The regions that buckets may be in; the first is the default.
        clock: The time now, with its time zone.
        note_failure: Keeps a request that was refused, for the account that sent it; called in
            threads. What keeps it may be out of reach, and must not raise then.
        max_requests: How many requests are worked on at the same time; the rest wait.
        idle_seconds: How long a client may stop in the middle of a body.
    """
    pool = ThreadPoolExecutor(max_requests, "oss")
    endpoint = _Endpoint(store, find_access_key, regions, clock, note_failure, pool, idle_seconds)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        with pool:
            yield

    return Router(default=endpoint, redirect_slashes=False, lifespan=lifespan)


@dataclass(frozen=True)
class _Endpoint:
    """Answers requests: reads the head, works in a thread, sends the answer."""

    store: Store
    find_access_key: FindAccessKey
    regions: Sequence[str]
    clock: Callable[[], datetime]
    note_failure: Callable[[FailedCall], None]
    pool: ThreadPoolExecutor
    idle_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = secrets.token_hex(12).upper()
        loop = asyncio.get_running_loop()
        body = RequestBody(receive, loop, idle_seconds=self.idle_seconds)
        if _has_small_body(scope):
            await body.fetch_first()
        work = loop.run_in_executor(self.pool, self._answer, scope, body, request_id)
        try:
            reply = await work
        except (ClientGoneError, CancelledError):
            return
        finally:
            body.close()
        await self._send(reply, request_id, scope, receive, send)

    def _answer(self, scope: Scope, body: RequestBody, request_id: str) -> Reply:
        with observed(request_id, scope["headers"]) as observer:
            reply = self._reply(scope, body, request_id, observer)
            observer.answered(reply.status)
            return reply

    def _reply(
        self, scope: Scope, body: RequestBody, request_id: str, observer: RequestObserver
    ) -> Reply:
        request: OssRequest | None = None
        sender: Authenticated | None = None
        try:
            request = _request(scope)
            sender = authenticate(request, self.find_access_key, self.clock())
            return self._carried_out(sender, body, observer)
        except (ClientGoneError, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the client gets an answer
            told = _told(error)
            if sender is not None and is_kept(sender.request):
                operation = OPERATION_NAMES.get(observer.operation, "")
                call = refused_call(sender, operation, told, request_id, self.clock())
                self.note_failure(call)
            return error_reply(told, request, request_id)

    def _carried_out(
        self, sender: Authenticated, body: RequestBody, observer: RequestObserver
    ) -> Reply:
        call = Call(
            request=sender.request,
            body=CheckedBody(sender.request, body),
            store=self.store,
            account_id=sender.account_id,
            region=sender.region,
            regions=self.regions,
        )
        operation = operation_for(call.request)
        observer.understood(operation.__name__, call.account_id)
        with store_errors(call.request):
            return with_small_content_read(operation(call))

    async def _send(
        self, reply: Reply, request_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = {
            **reply.headers,
            "content-length": str(reply.content_length),
            "x-oss-request-id": request_id,
        }
        raw_headers = [_raw_header(*item) for item in headers.items()]
        if reply.content is None:
            response = Response(reply.body, reply.status)
            response.raw_headers = raw_headers
            await response(scope, receive, send)
            return
        stream = ObjectStream(reply.content, self.pool)
        streaming = StreamingResponse(stream.chunks(), reply.status)
        streaming.raw_headers = raw_headers
        try:
            await streaming(scope, receive, send)
        finally:
            await stream.close()


def _request(scope: Scope) -> OssRequest:
    return parse_request(
        scope["method"],
        scope["raw_path"],
        scope["query_string"],
        scope["headers"],
    )


def _has_small_body(scope: Scope) -> bool:
    """Whether a body is announced that is small, and sent without waiting to be asked for."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    return b"expect" not in headers and length.isdigit() and int(length) <= SMALL_BODY_BYTES


def _told(error: Exception) -> OssError:
    """What a client is told of an error."""
    if isinstance(error, OssError):
        return error
    if isinstance(error, OSError) and error.errno in _FULL_DISK:
        return INSUFFICIENT_STORAGE.error()
    _log.error("oss_request_failed", exc_info=error)
    return INTERNAL_ERROR.error()


def _raw_header(name: str, value: str) -> tuple[bytes, bytes]:
    # No header has spaces around its value.
    return name.encode("latin-1"), _CONTROL.sub(" ", value).strip(" ").encode()
