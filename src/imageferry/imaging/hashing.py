"""SHA-256 of a source, in which holes cost no reading."""

from __future__ import annotations

from collections.abc import Iterator

from imageferry.imaging.checkpoint import NOTHING_HASHED, SourceState
from imageferry.imaging.source import ByteSource, ended_early
from imageferry.imaging.source_digest import CheckedPart, SourceDigest
from imageferry.imaging.threads import StopSignal

_CHUNK = 1024 * 1024
_ZEROES = bytearray(_CHUNK)


class SourceHash:
    """The SHA-256 of a whole source, computed in order.

    Attributes:
        hexdigest: The hash as hexadecimal digits; empty until it is complete.
        state: What another one can go on with, at any moment and from any thread.
        hashed: The bytes that were hashed.

    Args:
        source: What is hashed.
        begun: The state to go on with; none for the beginning.
        part: A part of the source whose digest is checked.
    """

    def __init__(
        self,
        source: ByteSource,
        begun: SourceState = NOTHING_HASHED,
        part: CheckedPart | None = None,
    ) -> None:
        self._source = source
        self.hexdigest = ""
        self.state = begun
        self.hashed = begun.hashed
        self._part = part

    def compute(self, stop: StopSignal) -> None:
        """Compute the hash.

        Args:
            stop: Ends the work early.

        Raises:
            ImageError: the source ends before its size, or its part has another digest.
            StoppedError: it was stopped.
        """
        digest = SourceDigest(self.state, self._part)
        for chunk in self._chunks(digest.hashed):
            stop.check()
            digest.update(chunk)
            self.state, self.hashed = digest.state(), digest.hashed
        self.hexdigest = digest.hexdigest()

    def _chunks(self, done: int) -> Iterator[bytes | memoryview]:
        for offset, end, holds_data in _parts(self._source):
            for start in range(max(offset, done), end, _CHUNK):
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
