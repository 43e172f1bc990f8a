"""Move the disk of an image that is compressed as a whole, which is read from front to back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from msgspec import structs

from imageferry.imaging.checkpoint import (
    BEGINNING,
    NOTHING_HASHED,
    Checkpoint,
    Checkpoints,
    CompletedCheckpoints,
    Restart,
)
from imageferry.imaging.disk import DiskWriter
from imageferry.imaging.errors import IMAGE_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import Moved, move
from imageferry.imaging.packaging.ahead import ahead
from imageferry.imaging.packaging.decompression import Buffer, Decompressed
from imageferry.imaging.packaging.glance import is_raw
from imageferry.imaging.packaging.inflow import Inflow, Payload
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.parallel_xz import processors
from imageferry.imaging.packaging.raw_stream import StreamedDisk, passed_over
from imageferry.imaging.packaging.scratch import unpacked_file
from imageferry.imaging.packaging.xz_index import XzIndex
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

_BLOCKS_AHEAD = 4
_FOOTER_BYTES = 512
_METADATA_FREE_BYTES = 16 * 1024 * 1024
_METADATA_SHARE = 32
"""A disk's tables take a 32nd of its size at most, where its clusters are the smallest there are,
but for the least of 16 MiB."""


@dataclass(frozen=True)
class Unwrapping:
    """Moves the disk of a compressed image.

    Attributes:
        source: The bytes of the compressed image; it stays open while the disk is moved.
        compression: How it is compressed.
        writer: Writes the disk.
        declared: The format that the image's owner says it has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes.
        scratch: For an image that is not read from its front to its back.
        stop: Ends the work early.
        progress: Gets the bytes of the source that are done with.
        checkpoints: Where to go on, and where to note how far the transfer has come.
    """

    source: ByteSource
    compression: Compression
    writer: DiskWriter[Any]
    declared: Format | None
    max_virtual_size: int
    scratch: Scratch
    stop: StopSignal
    progress: Callable[[int], None]
    checkpoints: Checkpoints

    def move(self, *, hash_source: bool) -> tuple[Moved, Inspection]:
        """Move it: what came of it, and what the image inside was found to be.

        Args:
            hash_source: Whether the SHA-256 of the whole source is wanted.

        Raises:
            ImageError: the image or its wrapping is refused, or damaged.
            StoppedError: it was stopped.
            Exception: whatever reading the source or writing the target raised.
        """
        begun, size = self.checkpoints.begun, self.source.size
        restart = begun.restart if begun is not None else BEGINNING
        with plan_source(
            self.source,
            Plan.ends(size, restart.place) if restart.place else Plan.whole(size),
            scratch=self.scratch,
            hash_source=hash_source,
            begun=begun.source if begun is not None else NOTHING_HASHED,
            memory_chunks=_CHUNKS_AHEAD,
        ) as planned:
            hashed = planned.hashed if hash_source else None
            done = SourceProgress(self.progress, total=size, size=size, hashed=hashed)
            unpacked = self._unpacked(planned, BEGINNING)
            payload = Payload(Inflow(unpacked), self.compression)
            if is_raw(payload, self.declared):
                if restart.place:
                    unpacked = self._unpacked(planned, restart)
                moved, inspection = self._stream(payload, unpacked, planned, done.taken)
            else:
                moved, inspection = self._unpack(payload, planned, done.taken)
            done.taken(size)
            planned.finish(self.stop, done.show)
            return replace(moved, taken=size, source_sha256=planned.sha256), inspection

    @property
    def _largest_file(self) -> int:
        size = self.max_virtual_size
        return size + max(size // _METADATA_SHARE, _METADATA_FREE_BYTES)

    @cached_property
    def _xz_index(self) -> XzIndex:
        return XzIndex.of(self.source)

    def _unpacked(self, planned: PlannedSource, begun: Restart) -> Decompressed:
        """What the source holds, from a place on."""
        chunks: Iterator[Buffer] = self._chunks(planned, begun.place)
        if begun.place and self.compression is Compression.XZ:
            chunks = self._xz_index.whole(begun.place, chunks)
        return Decompressed(
            chunks,
            self.compression,
            max_bytes=self._largest_file,
            threads=processors(),
            begun=begun,
            check=self.stop.check,
        )

    def _chunks(self, planned: PlannedSource, begin: int) -> Iterator[Buffer]:
        """The source from a place on, cut where its chunks end."""
        while begin < self.source.size:
            self.stop.check()
            end = min(begin - begin % CHUNK_SIZE + CHUNK_SIZE, self.source.size)
            data = planned.take(begin, end - begin)
            if len(data) != end - begin:
                raise ended_early(begin + len(data))
            yield data
            begin = end

    def _restart(self, unpacked: Decompressed, position: int) -> Restart:
        """Where unpacking can begin to reach a position of what the source holds.

        The first chunk is always read, to see what the image is.
        """
        if self.compression is Compression.XZ:
            restart = self._xz_index.before(position)
        else:
            restart = unpacked.restarts.before(position)
        return restart if restart.place >= CHUNK_SIZE else BEGINNING

    def _stream(
        self,
        payload: Payload,
        unpacked: Decompressed,
        planned: PlannedSource,
        taken: Callable[[int], None],
    ) -> tuple[Moved, Inspection]:
        """Move a disk as it comes."""
        payload.limit(self.max_virtual_size + _FOOTER_BYTES, IMAGE_SIZE)
        disk = StreamedDisk(
            payload,
            declared=self.declared,
            max_virtual_size=self.max_virtual_size,
            begun=self.checkpoints.begun,
        )
        first_chunk_tells = payload.consumed <= CHUNK_SIZE

        def complete(checkpoint: Checkpoint) -> Checkpoint:
            if not first_chunk_tells:
                return checkpoint
            position = payload.offset + passed_over(checkpoint.offset)
            return structs.replace(checkpoint, restart=self._restart(unpacked, position))

        with closing(ahead(disk.blocks(unpacked), _BLOCKS_AHEAD)) as blocks:
            transferred = transfer(
                blocks,
                self.writer,
                disk.virtual_size,
                stop=self.stop,
                progress=taken,
                checkpoints=CompletedCheckpoints(self.checkpoints, complete),
                source_state=planned.state,
            )
        return Moved(transferred, 0, ""), disk.inspection

    def _unpack(
        self, payload: Payload, planned: PlannedSource, taken: Callable[[int], None]
    ) -> tuple[Moved, Inspection]:
        """Unpack an image, then move its disk: each counts for half of the source."""
        meter = _HalfMeter(self.source.size, taken)
        largest = self._largest_file

        def complete(checkpoint: Checkpoint) -> Checkpoint:
            return structs.replace(checkpoint, source=planned.state())

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
                checkpoints=CompletedCheckpoints(self.checkpoints, complete),
            )
        return moved, inspection


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
