"""Move the disk of a wrapped image into another image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from imageferry.imaging.checkpoint import NO_CHECKPOINTS, Checkpoints
from imageferry.imaging.disk import DiskReader, DiskWriter, Extent
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import Moved, move
from imageferry.imaging.packaging.manifest import Digest
from imageferry.imaging.packaging.package import Archived, Package
from imageferry.imaging.packaging.unwrapping import Unwrapping
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource, StoppableSource
from imageferry.imaging.threads import StopSignal


@dataclass(frozen=True)
class MovedPackage:
    """What came of moving the disk of a wrapped image.

    Attributes:
        moved: The same as for an image that was not wrapped; its bytes taken and its SHA-256 are
            those of the source with its wrapping.
        inspection: What the image inside was found to be.
        digest: The one in its archive's manifest, which it was found to have.
    """

    moved: Moved
    inspection: Inspection
    digest: Digest | None = None


def move_packaged(
    source: ByteSource,
    package: Package,
    writer: DiskWriter[Any],
    *,
    declared: Format | None,
    max_virtual_size: int,
    scratch: Scratch,
    hash_source: bool,
    stop: StopSignal,
    begin: Callable[[int], None],
    progress: Callable[[int], None],
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> MovedPackage:
    """Write the disk of a wrapped image anew.

    Args:
        source: The bytes of the image with its wrapping; it stays open until this returns.
        package: What it is wrapped in.
        writer: Writes the disk.
        declared: The format that the image's owner says it has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes. What unpacks to more is
            stopped when it does.
        scratch: For an image that is not read from its front to its back, which is unpacked
            there, and for what memory has no room for. It is claimed beforehand: as much as the
            image has where that is known, else no more than there is room for.
        hash_source: Whether the SHA-256 of the whole source is wanted.
        stop: Ends the work early.
        begin: Gets the bytes of the source that will be gone through, before the first is.
        progress: Gets how many of them are done with.
        checkpoints: Where to go on and where to note how far the transfer has come. What is
            compressed as a whole is unpacked again from the last place at which that can begin,
            but not written again.

    Raises:
        ImageError: the image or its wrapping is refused, or damaged.
        StoppedError: it was stopped.
        Exception: whatever reading the source or writing the target raised.
    """
    if isinstance(package, Archived):
        image = package.image(source)
        inspection = inspect(image, declared=declared, max_virtual_size=max_virtual_size)
        disk = open_reader(StoppableSource(image, stop), inspection)
        reader = _ReaderWithin(disk, package.offset)
        moved = move(
            source,
            reader,
            writer,
            scratch=scratch,
            hash_source=hash_source,
            stop=stop,
            begin=begin,
            progress=progress,
            checkpoints=checkpoints,
            part=package.checked_part(),
        )
        return MovedPackage(moved, inspection, package.digest)
    begin(source.size)
    unwrapping = Unwrapping(
        source,
        package.compression,
        writer,
        declared,
        max_virtual_size,
        scratch,
        stop,
        progress,
        checkpoints,
    )
    return MovedPackage(*unwrapping.move(hash_source=hash_source))


class _ReaderWithin:
    """A disk in an image that is a part of another source, seen from there."""

    def __init__(self, reader: DiskReader, offset: int) -> None:
        self.virtual_size = reader.virtual_size
        self._reader = reader
        self._offset = offset

    def extents(self) -> Iterator[Extent]:
        for extent in self._reader.extents():
            yield replace(extent, place=extent.place + self._offset)
