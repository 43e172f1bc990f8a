"""SHA-256 of a source, in which holes cost no reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from imageferry.imaging.source import ByteSource, ended_early
from imageferry.imaging.threads import StopSignal

_CHUNK = 1024 * 1024
_ZEROES = bytes(_CHUNK)


class SourceHash:
    """The SHA-256 of a whole source, computed in order.

    Attributes:
        hexdigest: The hash as hexadecimal digits; empty until it is complete.
    """

    def __init__(self, source: ByteSource) -> None:
        """Prepare to hash ``source``."""
        self._source = source
        self.hexdigest = ""

    def compute(self, stop: StopSignal) -> None:
        """Compute the hash.

        Args:
            stop: Ends the work early.

        Raises:
            ImageError: the source ends before its size.
            StoppedError: it was stopped.
        """
        digest = hashlib.sha256()
        for chunk in self._chunks():
            stop.check()
            digest.update(chunk)
        self.hexdigest = digest.hexdigest()

    def _chunks(self) -> Iterator[bytes | memoryview]:
        for offset, end, holds_data in _parts(self._source):
            for start in range(offset, end, _CHUNK):
                length = min(_CHUNK, end - start)
                yield self._read(start, length) if holds_data else memoryview(_ZEROES)[:length]

    def _read(self, offset: int, length: int) -> bytes:
        data = self._source.pread(offset, length)
        if len(data) != length:
            raise ended_early(offset + len(data))
        return data


def _parts(source: ByteSource) -> Iterator[tuple[int, int, bool]]:
    """A source's data and holes in order: start, end, and whether it is data."""
    done = 0
    for offset, length in source.data_ranges():
        if offset > done:
            yield done, offset, False
        yield offset, offset + length, True
        done = offset + length
    if done < source.size:
        yield done, source.size, False
