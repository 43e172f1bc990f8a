"""Decompress a whole file from its beginning, in bounded memory.

xz is decoded by all processors where it allows it; see
:mod:`imageferry.imaging.packaging.parallel_xz`. zstd is decoded in one thread, which is faster than
the rest of an import.

gzip is decoded by isal in one thread. rapidgzip, which decodes on all processors, was measured
against it and is not used: on two of them it was slower (0.8 to 0.95 GiB/s against 1.13), took
2.5 GiB of memory for 4 MiB of compressed zeros, and ends the whole process on some failures.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from isal import igzip_lib

from imageferry.imaging.checkpoint import BEGINNING, Restart
from imageferry.imaging.errors import (
    ARCHIVE_CORRUPT,
    ARCHIVE_REFUSED,
    MORE_THAN_DECLARED,
    TRUNCATED,
    ImageError,
)
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.parallel_xz import ParallelXzDecoder
from imageferry.imaging.packaging.restarts import Restarts
from imageferry.imaging.threads import nothing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Buffer = bytes | memoryview

PIECE_SIZE = 1024 * 1024
"""Bytes that are unpacked at once where no other number is asked for."""

_LEAST_INPUT = 128 * 1024
"""Bytes that a decoder is given first: what follows the end of one of many short members is copied
for each of them."""
_MOST_INPUT = 1024 * 1024
"""And later, as each call waits for its turn among the other threads."""

_MEMBER_BYTES = 4096
"""What members, streams or frames hold on average at least: to begin one costs as much as to
unpack so many bytes, so that a small file of millions would keep a processor busy for hours."""
_FREE_MEMBERS = 1024

_WINDOW_LOG = 27
_WINDOW = 1 << _WINDOW_LOG
"""How far back compressed data may refer: as ``zstd`` and ``xz -9`` at most write it without
being asked to, and a quarter of the memory of a slot."""
_XZ_OVERHEAD = 8 * 1024 * 1024
# isal's types say of its exception that it is an instance of one.
_ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)
_ERRORS = (_ISAL_ERROR, lzma.LZMAError, zstd.ZstdError)
_TOO_MUCH_MEMORY = ("Memory usage limit exceeded", "Frame requires too much memory")


class _Decoder(Protocol):
    """A decoder of one member, stream or frame, in the words of Python's library."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: Buffer, max_length: int) -> bytes: ...


_DECODERS: dict[Compression, Callable[[], _Decoder]] = {
    Compression.GZIP: lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    Compression.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _WINDOW + _XZ_OVERHEAD),
    Compression.ZSTD: lambda: zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    ),
}
_PADDED = (Compression.GZIP, Compression.XZ)
"""Formats in which zeros may follow a member."""


class Unpacked(Protocol):
    """Decompressed bytes that come in order."""

    @property
    def position(self) -> int:
        """The decompressed bytes that lie before the next one."""
        ...

    @property
    def consumed(self) -> int:
        """The compressed bytes that were used up to here."""
        ...

    def read(self, length: int) -> bytes:
        """The next bytes: some, at most so many; none at the end."""
        ...


class Decompressed:
    """What a compressed file holds: all members, streams or frames that follow one another.

    Attributes:
        position: The decompressed bytes that lie before the next one.
        consumed: The compressed bytes that were used up to here.
        restarts: Where the file could be gone on with.

    Args:
        chunks: The file, in order. With one thread, all that some of them hold comes before the
            next one is asked for.
        compression: How it is compressed.
        max_bytes: The most bytes that it may hold.
        threads: How many may decode at once.
        begun: Where the chunks begin in the file.
        check: Is called before more is unpacked, and may raise.
    """

    def __init__(
        self,
        chunks: Iterable[Buffer],
        compression: Compression,
        *,
        max_bytes: int,
        threads: int = 1,
        begun: Restart = BEGINNING,
        check: Callable[[], None] = nothing,
    ) -> None:
        self.position = begun.position
        self.consumed = begun.place
        self.restarts = Restarts(begun)
        self._input = _Input(chunks, begun.place)
        self._compression = compression
        self._max_bytes = max_bytes
        self._threads = threads
        self._check = check
        self._decoder: _Decoder | None = None
        self._members = 0

    def read(self, length: int) -> bytes:
        """The next bytes: some, at most so many; none at the end.

        Raises:
            ImageError: the file is damaged, is cut off, asks for too much memory, or holds more
                than it may.
            Exception: whatever getting a chunk raised.
        """
        self._check()
        while (decoder := self._decoder or self._begin()) is not None:
            unpacked = self._decompress(decoder, self._wanted(decoder), length)
            if decoder.eof:
                self._input.put_back(decoder.unused_data)
                self._decoder = None
            if unpacked:
                self._count(len(unpacked))
                return unpacked
        return b""

    def _begin(self) -> _Decoder | None:
        """Begin with the next member; there is none where only padding or nothing is left."""
        while data := self._input.take():
            if self._compression in _PADDED:
                data = bytes(data).lstrip(b"\0")
            if data:
                self._input.put_back(data)
                self.restarts.note(Restart(self._input.taken, self.position))
                self._decoder = self._next_decoder()
                break
        return self._decoder

    def _wanted(self, decoder: _Decoder) -> Buffer:
        if not decoder.needs_input:
            return b""
        data = self._input.take()
        if not data:
            raise TRUNCATED.error(
                f"The {self._compression.value} data breaks off after {self._input.taken} bytes."
            )
        self.consumed = max(self.consumed, self._input.taken)
        return data

    def _count(self, length: int) -> None:
        self.position += length
        if self.position > self._max_bytes:
            raise MORE_THAN_DECLARED.error(
                f"The {self._compression.value} data holds more than {self._max_bytes} bytes."
            )

    def _next_decoder(self) -> _Decoder:
        self._members += 1
        if self._members > _FREE_MEMBERS + self.position // _MEMBER_BYTES:
            raise ARCHIVE_REFUSED.error(
                f"The {self._compression.value} data consists of {self._members} parts and more"
                f" that hold no {_MEMBER_BYTES} bytes each."
            )
        if self._compression is Compression.XZ and self._threads > 1:
            return ParallelXzDecoder(_WINDOW + _XZ_OVERHEAD, self._threads)
        return _DECODERS[self._compression]()

    def _decompress(self, decoder: _Decoder, data: Buffer, length: int) -> bytes:
        try:
            unpacked = decoder.decompress(data, length)
        except _ERRORS as error:
            raise self._refusal(str(error)) from error
        if not (unpacked or data or decoder.eof or decoder.needs_input):
            raise self._refusal("the decoder goes on without end")
        return unpacked

    def _refusal(self, reason: str) -> ImageError:
        name = self._compression.value
        if any(text in reason for text in _TOO_MUCH_MEMORY):
            return ARCHIVE_REFUSED.error(
                f"The {name} data needs more than {_WINDOW} bytes of memory to be unpacked."
            )
        return ARCHIVE_CORRUPT.error(
            f"The {name} data is damaged before byte {self._input.taken}: {reason}."
        )


class _Input:
    """The bytes of a file, in portions for a decoder.

    Attributes:
        taken: How many were taken and not put back, those before the first chunk included.
    """

    def __init__(self, chunks: Iterable[Buffer], taken: int) -> None:
        self.taken = taken
        self._chunks = iter(chunks)
        self._parts: list[memoryview] = []
        self._portion = _LEAST_INPUT

    def take(self) -> Buffer:
        """The next bytes; none at the end."""
        if not self._parts:
            self._parts.append(memoryview(next(self._chunks, b"")))
        part = self._parts.pop()
        if len(part) > self._portion:
            self._parts.append(part[self._portion :])
        data = part[: self._portion]
        self._portion = min(2 * self._portion, _MOST_INPUT)
        self.taken += len(data)
        return data

    def put_back(self, data: Buffer) -> None:
        """Give back the last of what was taken: a member has ended before it."""
        self._portion = _LEAST_INPUT
        self.taken -= len(data)
        if data:
            self._parts.append(memoryview(data))
