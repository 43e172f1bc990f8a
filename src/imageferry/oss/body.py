"""A request's body, brought from the event loop to the thread that works on it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import Future

from starlette.types import Receive

from imageferry.buckets.crc64 import Crc64
from imageferry.oss.error_codes import (
    BAD_DIGEST,
    INVALID_ARGUMENT,
    MALFORMED_XML,
    REQUEST_TIMEOUT,
)
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest

SMALL_BODY_BYTES = 64 << 10
"""Up to this size the server holds a body in memory anyway, before anybody asks for it."""

_BATCH_BYTES = 1 << 20
_WHOLE_NUMBER = re.compile(r"[0-9]{1,20}")


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class RequestBody:
    """The bytes of a body, as they come.

    One batch is fetched while the one before it is worked on, and no more is
    kept than these two, so memory does not grow with the body.

    Args:
        receive: The server's channel for what the client sends.
        loop: The event loop that the channel belongs to.
        idle_seconds: How long a client may send nothing.
    """

    def __init__(
        self, receive: Receive, loop: asyncio.AbstractEventLoop, *, idle_seconds: float
    ) -> None:
        self._receive = receive
        self._loop = loop
        self._idle_seconds = idle_seconds
        self._complete = False
        self._next: Future[bytes] | None = None

    async def fetch_first(self) -> None:
        """Fetch the first batch ahead of :meth:`chunks`, which saves it two changes of thread.

        Nobody knows yet who sends it, so all of it has to come in the time of one pause.
        """
        self._next = Future()
        try:
            async with asyncio.timeout(self._idle_seconds):
                batch = await self._batch()
            self._next.set_result(batch)
        except TimeoutError:
            self._next.set_exception(REQUEST_TIMEOUT.error())
        except (ClientGoneError, OssError) as error:
            self._next.set_exception(error)

    def chunks(self) -> Iterator[bytes]:
        """The body in chunks; for a thread that is not the event loop's.

        Raises:
            ClientGoneError: the client hung up.
            OssError: the client sent nothing for too long.
        """
        self._next = self._next or self._fetch()
        while self._next is not None:
            batch = self._next.result()
            self._next = None if self._complete else self._fetch()
            if batch:
                yield batch

    def close(self) -> None:
        """Stop fetching."""
        if self._next is not None:
            self._next.cancel()

    def _fetch(self) -> Future[bytes]:
        return asyncio.run_coroutine_threadsafe(self._batch(), self._loop)

    async def _batch(self) -> bytes:
        parts, size = [], 0
        while size < _BATCH_BYTES and not self._complete:
            part = await self._part()
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    async def _part(self) -> bytes:
        try:
            async with asyncio.timeout(self._idle_seconds):
                message = await self._receive()
        except TimeoutError:
            raise REQUEST_TIMEOUT.error() from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        self._complete = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


class CheckedBody:
    """A body that is compared, on its way, with the digests its sender announced.

    Args:
        request: The request; its Content-MD5 and CRC-64 headers are honoured.
        body: Its body.
    """

    def __init__(self, request: OssRequest, body: RequestBody) -> None:
        self._body = body
        self._md5 = _announced_md5(request.header("content-md5"))
        self._crc64 = _announced_crc64(request.header("x-oss-hash-crc64ecma"))

    def chunks(self) -> Iterator[bytes]:
        """The body in chunks.

        Raises:
            ClientGoneError: the client hung up.
            OssError: the client sent nothing for too long; or, at the end, what
                came is not what was announced.
        """
        chunks = self._body.chunks()
        if self._md5 is not None:
            chunks = _with_md5(chunks, self._md5)
        if self._crc64 is not None:
            chunks = _with_crc64(chunks, self._crc64)
        return chunks

    def read(self, limit: int) -> bytes:
        """The whole body, checked.

        Raises:
            OssError: it has more than ``limit`` bytes, or is not what was announced.
        """
        parts, size = [], 0
        for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise MALFORMED_XML.error(f"The body has more than {limit} bytes.")
            parts.append(chunk)
        return b"".join(parts)


def _with_md5(chunks: Iterator[bytes], announced: bytes) -> Iterator[bytes]:
    md5 = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        md5.update(chunk)
        yield chunk
    if md5.digest() != announced:
        raise BAD_DIGEST.error()


def _with_crc64(chunks: Iterator[bytes], announced: int) -> Iterator[bytes]:
    crc64 = Crc64()
    for chunk in chunks:
        crc64.update(chunk)
        yield chunk
    if crc64.value != announced:
        raise INVALID_ARGUMENT.error(
            "The x-oss-hash-crc64ecma you specified did not match what was received."
        )


def _announced_md5(header: str) -> bytes | None:
    if not header:
        return None
    try:
        digest = base64.b64decode(header, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.md5(usedforsecurity=False).digest_size:
        raise BAD_DIGEST.error("The Content-MD5 you specified is not valid.")
    return digest


def _announced_crc64(header: str) -> int | None:
    if not header:
        return None
    if not _WHOLE_NUMBER.fullmatch(header):
        raise INVALID_ARGUMENT.error("x-oss-hash-crc64ecma is no whole number.")
    return int(header)
