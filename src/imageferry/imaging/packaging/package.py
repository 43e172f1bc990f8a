"""What a disk image can be wrapped in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

from imageferry.imaging.packaging.manifest import Digest
from imageferry.imaging.source import ByteSource
from imageferry.imaging.source_digest import CheckedPart


class Compression(Enum):
    """A way to compress a whole file; the value is what people call it."""

    GZIP = "gzip"
    XZ = "xz"
    ZSTD = "zstd"


@dataclass(frozen=True)
class Compressed:
    """A source that has to be decompressed from its beginning.

    Attributes:
        compression: How it is compressed.
    """

    compression: Compression


@dataclass(frozen=True)
class Archived:
    """An archive that keeps a disk image as it is.

    Attributes:
        archive: What people call the archive: ``OVA`` or ``tar``.
        member: The image's name in it, for people.
        offset: Where the image begins in the archive, in bytes.
        length: The image's length in bytes.
        digest: The digest that the image is to have, where the archive tells one.
    """

    archive: str
    member: str
    offset: int
    length: int
    digest: Digest | None = None

    def checked_part(self) -> CheckedPart | None:
        """The image as a part of the archive that is to have that digest."""
        if self.digest is None:
            return None
        check = partial(self.digest.check, self.member)
        return CheckedPart(self.offset, self.length, self.digest.algorithm, check)

    def image(self, source: ByteSource) -> SliceSource:
        """The image's bytes, to be inspected and read like those of any other image.

        Args:
            source: The archive; it stays open as long as the result is used.
        """
        return SliceSource(source, self.offset, self.length)


Package = Compressed | Archived


class SliceSource:
    """A part of another source."""

    def __init__(self, source: ByteSource, offset: int, length: int) -> None:
        """Take ``length`` bytes of ``source`` from ``offset``; they must lie within it."""
        self._source = source
        self._offset = offset
        self.size = length

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end. Safe in threads."""
        return self._source.pread(self._offset + offset, max(0, min(length, self.size - offset)))

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges ``(offset, length)`` in order outside of which every byte is known to be zero."""
        for offset, length in self._source.data_ranges():
            start = max(offset - self._offset, 0)
            end = min(offset + length - self._offset, self.size)
            if start < end:
                yield start, end - start

    def fileno(self, _moving: int = 0) -> None:
        """There is no descriptor with the same bytes at the same offsets."""
