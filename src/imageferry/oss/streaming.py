"""An object's bytes on their way to a client."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from concurrent.futures import Executor, Future
from contextlib import suppress

from imageferry.oss.reply import ByteRange, Reply

_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 256 << 10


def with_small_content_read(reply: Reply) -> Reply:
    """The reply with the bytes of a small object as its body, which saves changes of thread.

    Raises:
        EOFError: the object has become shorter.
    """
    content = reply.content
    if content is None or content.length > _SMALL_BYTES:
        return reply
    with content.reader as reader:
        body = reader.pread(content.offset, content.length)
    if len(body) != content.length:
        raise EOFError("an object became shorter while it was read")
    return dataclasses.replace(reply, body=body, content=None)


class ObjectStream:
    """Reads a range of an open object in threads, one chunk ahead of what is sent.

    Args:
        content: The range; its reader is closed with the stream.
        pool: The threads.
    """

    def __init__(self, content: ByteRange, pool: Executor) -> None:
        self._content = content
        self._pool = pool
        self._end = content.offset + content.length
        self._ahead: Future[bytes] | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes in chunks.

        Raises:
            EOFError: the object has become shorter.
        """
        offset = self._content.offset
        self._read_ahead(offset)
        while self._ahead is not None:
            chunk = await asyncio.wrap_future(self._ahead)
            if not chunk:
                raise EOFError("an object became shorter while it was sent")
            offset += len(chunk)
            self._read_ahead(offset)
            yield chunk

    async def close(self) -> None:
        """Let go of the object, after the read that may still be going on."""
        if self._ahead is not None and not self._ahead.cancel():
            with suppress(Exception):
                await asyncio.wrap_future(self._ahead)
        self._content.reader.close()

    def _read_ahead(self, offset: int) -> None:
        size = min(_CHUNK_BYTES, self._end - offset)
        pread = self._content.reader.pread
        self._ahead = self._pool.submit(pread, offset, size) if size else None
