"""Decompress a whole file from its beginning, in bounded memory.

xz is decoded by all processors where it allows it; see
:mod:`imageferry.imaging.packaging.parallel_xz`. zstd is decoded in one thread, at 1 GiB/s faster
than the rest of an import.

gzip is decoded by isal in one thread. rapidgzip, which decodes on all processors, was measured
against it and is not used: on two of them it was slower (0.8 to 0.95 GiB/s against 1.13), took
2.5 GiB of memory for 4 MiB of compressed zeros, and ends the whole process on some failures.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from isal import igzip_lib

from imageferry.imaging.errors import (
    ARCHIVE_CORRUPT,
    ARCHIVE_REFUSED,
    MORE_THAN_DECLARED,
    TRUNCATED,
    ImageError,
)
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.parallel_xz import ParallelXzDecoder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_SIZE = 1024 * 1024
"""Bytes that are unpacked at once, at most."""

_INPUT_SIZE = 128 * 1024
"""Bytes that a decoder is given at once: what follows the end of one of many short members is
copied for each of them."""

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

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


_DECODERS: dict[Compression, Callable[[], _Decoder]] = {
    Compression.GZIP: lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    Compression.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _WINDOW + _XZ_OVERHEAD),
    Compression.ZSTD: lambda: zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    ),
}
_PADDED = (Compression.GZIP, Compression.XZ)
"""Formats in which zeros may follow a member."""


@dataclass(frozen=True)
class Piece:
    """A part of what was decompressed.

    Attributes:
        data: Its bytes: some, at most the size of a piece.
        consumed: The compressed bytes that were used up to here.
    """

    data: bytes
    consumed: int


def decompressed(
    chunks: Iterable[bytes], compression: Compression, *, max_bytes: int, threads: int = 1
) -> Iterator[Piece]:
    """What a compressed file holds: all members, streams or frames that follow one another.

    Args:
        chunks: The file, in order.
        compression: How it is compressed.
        max_bytes: Where to stop, at most a piece later.
        threads: How many may decode at once. With one, all that some chunks hold comes before the
            next chunk is asked for.

    Raises:
        ImageError: it is damaged, is cut off, asks for too much memory, or holds more than
            ``max_bytes``.
        Exception: whatever getting a chunk raised.
    """
    size = 0
    stream = _Stream(compression, threads)
    for chunk in chunks:
        for start in range(0, len(chunk), _INPUT_SIZE):
            for data in stream.feed(chunk[start : start + _INPUT_SIZE]):
                size += len(data)
                if size > max_bytes:
                    raise MORE_THAN_DECLARED.error(
                        f"The {compression.value} data holds more than {max_bytes} bytes."
                    )
                yield Piece(data, stream.consumed)
    stream.finish()


class _Stream:
    """Members, streams or frames that follow one another."""

    def __init__(self, compression: Compression, threads: int) -> None:
        self.consumed = 0
        self._threads = threads
        self._compression = compression
        self._decoder: _Decoder | None = None
        self._members = 0
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out for some more bytes."""
        self.consumed += len(data)
        while True:
            if self._decoder is None:
                if self._compression in _PADDED:
                    data = data.lstrip(b"\0")
                if not data:
                    return
                self._decoder = self._begin()
            unpacked = self._decompress(self._decoder, data)
            if unpacked:
                self._size += len(unpacked)
                yield unpacked
            if self._decoder.eof:
                data, self._decoder = self._decoder.unused_data, None
            elif self._decoder.needs_input:
                return
            else:
                data = b""

    def finish(self) -> None:
        """Make sure that the last one has ended."""
        if self._decoder is not None:
            raise TRUNCATED.error(
                f"The {self._compression.value} data breaks off after {self.consumed} bytes."
            )

    def _begin(self) -> _Decoder:
        self._members += 1
        if self._members > _FREE_MEMBERS + self._size // _MEMBER_BYTES:
            raise ARCHIVE_REFUSED.error(
                f"The {self._compression.value} data consists of {self._members} parts and more"
                f" that hold no {_MEMBER_BYTES} bytes each."
            )
        if self._compression is Compression.XZ and self._threads > 1:
            return ParallelXzDecoder(_WINDOW + _XZ_OVERHEAD, self._threads)
        return _DECODERS[self._compression]()

    def _decompress(self, decoder: _Decoder, data: bytes) -> bytes:
        try:
            unpacked = decoder.decompress(data, PIECE_SIZE)
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
            f"The {name} data is damaged before byte {self.consumed}: {reason}."
        )
