"""Move the disk of a wrapped image into another image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from imageferry.imaging.checkpoint import NO_CHECKPOINTS, Checkpoints
from imageferry.imaging.disk import DiskReader, DiskWriter, Extent
from imageferry.imaging.errors import IMAGE_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import Moved, move
from imageferry.imaging.packaging.ahead import ahead
from imageferry.imaging.packaging.decompression import Piece, decompressed
from imageferry.imaging.packaging.glance import is_raw
from imageferry.imaging.packaging.inflow import Inflow, Payload
from imageferry.imaging.packaging.manifest import Digest
from imageferry.imaging.packaging.package import Archived, Compressed, Package
from imageferry.imaging.packaging.parallel_xz import processors
from imageferry.imaging.packaging.raw_stream import StreamedDisk
from imageferry.imaging.packaging.scratch import unpacked_file
from imageferry.imaging.plan import Plan
from imageferry.imaging.planned_source import PlannedSource, plan_source
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import CHUNK_SIZE, ByteSource, StoppableSource, ended_early
from imageferry.imaging.source_progress import SourceProgress
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.transfer import transfer

_CHUNKS_AHEAD = 8
"""Chunks of compressed data in memory, which suffice for 400 MiB a second from a store that gives
93 MiB/s a connection: a third of what other sources have leaves room for decoding in parallel."""

_PIECES_AHEAD = 16
_FOOTER_BYTES = 512
_METADATA_FREE_BYTES = 16 * 1024 * 1024
_METADATA_SHARE = 32
"""A disk's tables take a 32nd of its size at most, where its clusters are the smallest there are,
but for the least of 16 MiB."""


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
            compressed as a whole can only be read from its beginning, and begins there.

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
    moving = _Unwrapping(source, writer, declared, max_virtual_size, scratch, stop, progress)
    return moving.move(package, hash_source=hash_source)


class _ReaderWithin:
    """A disk in an image that is a part of another source, seen from there."""

    def __init__(self, reader: DiskReader, offset: int) -> None:
        self.virtual_size = reader.virtual_size
        self._reader = reader
        self._offset = offset

    def extents(self) -> Iterator[Extent]:
        for extent in self._reader.extents():
            yield replace(extent, place=extent.place + self._offset)


@dataclass(frozen=True)
class _Unwrapping:
    """Moves the disk of a compressed image."""

    source: ByteSource
    writer: DiskWriter[Any]
    declared: Format | None
    max_virtual_size: int
    scratch: Scratch
    stop: StopSignal
    progress: Callable[[int], None]

    @property
    def _largest_file(self) -> int:
        size = self.max_virtual_size
        return size + max(size // _METADATA_SHARE, _METADATA_FREE_BYTES)

    def move(self, package: Compressed, *, hash_source: bool) -> MovedPackage:
        plan = Plan.whole(self.source.size)
        with plan_source(
            self.source,
            plan,
            scratch=self.scratch,
            hash_source=hash_source,
            memory_chunks=_CHUNKS_AHEAD,
        ) as planned:
            size = self.source.size
            hashed = planned.hashed if hash_source else None
            done = SourceProgress(self.progress, total=size, size=size, hashed=hashed)
            with self._payload(planned, package) as payload:
                if is_raw(payload, self.declared):
                    moved = self._stream(payload, done.taken)
                else:
                    moved = self._unpack(payload, done.taken)
            done.taken(size)
            planned.finish(self.stop, done.show)
            return replace(moved, moved=replace(moved.moved, source_sha256=planned.sha256))

    @contextmanager
    def _payload(self, planned: PlannedSource, package: Compressed) -> Iterator[Payload]:
        chunks = self._chunks(planned)
        pieces = decompressed(
            chunks, package.compression, max_bytes=self._largest_file, threads=processors()
        )
        with closing(ahead(self._stoppable(pieces), _PIECES_AHEAD)) as coming:
            yield Payload(Inflow(coming), package.compression)

    def _chunks(self, planned: PlannedSource) -> Iterator[bytes]:
        for place in range(0, self.source.size, CHUNK_SIZE):
            wanted = min(CHUNK_SIZE, self.source.size - place)
            data = planned.take(place, wanted)
            if len(data) != wanted:
                raise ended_early(place + len(data))
            yield bytes(data)

    def _stoppable(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            self.stop.check()
            yield piece

    def _stream(self, payload: Payload, taken: Callable[[int], None]) -> MovedPackage:
        """Move a disk as it comes."""
        payload.limit(self.max_virtual_size + _FOOTER_BYTES, IMAGE_SIZE)
        disk = StreamedDisk(payload, declared=self.declared, max_virtual_size=self.max_virtual_size)
        transferred = transfer(
            disk.blocks(), self.writer, disk.virtual_size, stop=self.stop, progress=taken
        )
        return MovedPackage(Moved(transferred, self.source.size, ""), disk.inspection)

    def _unpack(self, payload: Payload, taken: Callable[[int], None]) -> MovedPackage:
        """Unpack an image, then move its disk: each counts for half of the source."""
        meter = _HalfMeter(self.source.size, taken)
        largest = self._largest_file
        with unpacked_file(payload, self.scratch, meter.unpacked, largest=largest) as image:
            inspection = inspect(
                image, declared=self.declared, max_virtual_size=self.max_virtual_size
            )
            moved = move(
                image,
                open_reader(StoppableSource(image, self.stop), inspection),
                self.writer,
                scratch=self.scratch,
                hash_source=False,
                stop=self.stop,
                begin=meter.begin,
                progress=meter.moved,
            )
        return MovedPackage(replace(moved, taken=self.source.size), inspection)


class _HalfMeter:
    """Counts a source's bytes half when they were unpacked, and half when they were moved."""

    def __init__(self, size: int, progress: Callable[[int], None]) -> None:
        self._size = size
        self._progress = progress
        self._total = 1

    def unpacked(self, done: int) -> None:
        self._progress(done // 2)

    def begin(self, total: int) -> None:
        self._total = max(1, total)

    def moved(self, done: int) -> None:
        self._progress((self._size + self._size * done // self._total) // 2)
