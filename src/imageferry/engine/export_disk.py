"""The export of one disk: written, verified, stored where nobody sees it yet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from imageferry.buckets.draft import Draft, StagedObject
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import Bucket, ObjectNotFoundError, ObjectReader
from imageferry.engine import scratch_room
from imageferry.engine.context import SHA256_METADATA, TASK_METADATA, WorkerContext
from imageferry.engine.ownership import Ownership
from imageferry.images.model import ImageDisk
from imageferry.imaging.disk import DiskReader
from imageferry.imaging.errors import VERIFICATION_FAILED
from imageferry.imaging.formats import Format
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import move
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.readers.raw import RawReader
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal, entered, in_thread
from imageferry.imaging.verify import compare, verify
from imageferry.imaging.writers.opening import QCOW2, RAW, RAW_TAR_GZ, Layout, PlannedDisk

_STEP = 8 << 20


class ExportDisk:
    """Writes one disk of the catalogue into an object.

    Attributes:
        size: The object's size in bytes, once it is made.
        sha256: Its SHA-256 in hexadecimal digits, once it is verified.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        disk: The disk.
        source_key: Its key in the catalogue.
        bucket: The bucket that gets the object.
        key: The object's key.
        layout: How the object is laid out.
    """

    def __init__(
        self,
        context: WorkerContext,
        ownership: Ownership,
        disk: ImageDisk,
        *,
        source_key: str,
        bucket: Bucket,
        key: str,
        layout: Layout,
    ) -> None:
        self.size = 0
        self.sha256 = ""
        self._context = context
        self._ownership = ownership
        self._disk = disk
        self._source_key = source_key
        self._bucket = bucket
        self._key = key
        self._layout = layout
        self._staged: StagedObject | None = None
        self._taken = 0
        folder = context.folder(ownership.task.task_id)
        self._scratch = scratch_room.of_disk(folder, ownership, disk.position)
        self._path = folder / f"disk-{disk.position}{layout.suffix}"

    @property
    def position(self) -> int:
        """The disk's place in the image, from 1."""
        return self._disk.position

    def is_published(self) -> bool:
        """Whether an earlier attempt let the whole object appear and died then."""
        try:
            found = self._bucket.head(self._key)
        except ObjectNotFoundError:
            return False
        is_ours = found.metadata.get(TASK_METADATA) == self._ownership.task.task_id
        # Some stores let an object appear before the metadata that was found out meanwhile.
        return is_ours and SHA256_METADATA in found.metadata

    async def make(self) -> None:
        """Write the object and store it where nobody sees it."""
        await in_thread(self._make)

    async def verify(self) -> None:
        """Check what was written before anybody sees it, as far as it can be read again."""
        if self._is_file:
            if self._layout is not RAW_TAR_GZ:
                await self._verify()
            self.sha256 = self.sha256 or await in_thread(self._hash)
        if self._by_scratch:
            await asyncio.to_thread(self._path.unlink)

    def publish(self) -> None:
        """Let the object appear, if it was made here."""
        if self._staged is not None:
            self._staged.publish(
                {TASK_METADATA: self._ownership.task.task_id, SHA256_METADATA: self.sha256}
            )

    def discard(self) -> None:
        """Take back what was stored and not published."""
        if self._staged is not None:
            self._staged.discard()

    @property
    def _by_scratch(self) -> bool:
        """Whether the object is written into a file first, and sent from there.

        A remote store gives nothing back before the object is seen: what is to be compared, and
        a hash that has to wait for the head, need a file of scratch.
        """
        needs_file = self._context.compares_fully or not self._in_order
        return needs_file and not self._bucket.keeps_files

    @property
    def _is_file(self) -> bool:
        """Whether what was written is in a file."""
        return self._by_scratch or self._bucket.keeps_files

    def _make(self, stop: StopSignal) -> None:
        draft: Draft
        if self._by_scratch:
            self._scratch.claim(scratch_room.for_a_layout(self._disk.stored_size))
            draft = FileDraft(self._path, partial(self._send, stop))
        else:
            draft = self._draft()
        try:
            self.size, self.sha256 = self._write(draft, stop)
            self._staged = draft.finish(self.size)
        except BaseException:
            draft.abort()
            raise
        draft.leave()

    def _draft(self) -> Draft:
        task_id = self._ownership.task.task_id
        return self._bucket.draft(
            self._key, self._path, token=task_id, metadata={TASK_METADATA: task_id}
        )

    def _write(self, draft: Draft, stop: StopSignal) -> tuple[int, str]:
        output = HashedOutput(draft, stop) if self._in_order else draft
        meter = self._ownership.meter
        with self._source() as (source, inspection):
            reader = self._reader(source, inspection)
            moved = move(
                source,
                reader,
                self._written_as.open(output, self._planned(reader)),
                scratch=self._scratch,
                hash_source=False,
                stop=stop,
                begin=self._begin,
                progress=partial(meter.advance, self.position),
                hash_content=False,
            )
        self._check_content(moved.transferred.content_crc32)
        size = moved.transferred.size
        return size, output.finish(size) if isinstance(output, HashedOutput) else ""

    def _check_content(self, checksum: int) -> None:
        """Make sure that the catalogue gave what was imported; a copy as it is has its own hash."""
        expected = self._disk.content_crc32
        if self._layout is not QCOW2 and expected is not None and checksum != expected:
            raise VERIFICATION_FAILED.error(
                f"The catalogue's disk has the checksum {checksum:08x}, "
                f"and had {expected:08x} when it was made."
            )

    def _begin(self, taken: int) -> None:
        """Note how much there is to move; what goes through a file moves twice."""
        self._taken = taken
        sent = self._disk.stored_size if self._by_scratch else 0
        self._ownership.meter.expect(self.position, taken + sent)

    @property
    def _in_order(self) -> bool:
        return self._written_as.in_order

    @property
    def _written_as(self) -> Layout:
        """The layout of the writer: a plain qcow2 is what the catalogue has, byte for byte."""
        return RAW if self._layout is QCOW2 else self._layout

    def _reader(self, source: ObjectReader, inspection: Inspection) -> DiskReader:
        if self._layout is QCOW2:
            return RawReader(source, Inspection(Format.RAW, "flat", source.size))
        return open_reader(source, inspection)

    def _planned(self, reader: DiskReader) -> PlannedDisk:
        return PlannedDisk(
            virtual_size=reader.virtual_size,
            data=((extent.offset, extent.length) for extent in reader.extents()),
            name=PurePosixPath(self._key).name.removesuffix(".tar.gz"),
        )

    async def _verify(self) -> None:
        async with entered(self._source) as (source, inspection):
            await self._verify_against(source, inspection)

    async def _verify_against(self, source: ObjectReader, inspection: Inspection) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        with FileSource(self._path) as written:
            found = await verify(
                written,
                self._layout.format,
                self._disk.virtual_size,
                qemu_img=qemu_img,
                lease=lease,
            )
            if self._context.compares_fully:
                await compare(source, inspection, written, found, qemu_img=qemu_img, lease=lease)

    def _hash(self, stop: StopSignal) -> str:
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while chunk := file.read(_STEP):
                stop.check()
                digest.update(chunk)
        return digest.hexdigest()

    def _send(self, stop: StopSignal, path: Path) -> StagedObject:
        """Have the bucket store the file of scratch."""
        meter = self._ownership.meter
        draft = self._draft()
        try:
            with FileSource(path) as file:
                meter.expect(self.position, self._taken + file.size)
                for start, length in file.data_ranges():
                    for offset in range(start, start + length, _STEP):
                        stop.check()
                        draft.copy(file, offset, min(_STEP, start + length - offset))
                        meter.advance(self.position, self._taken + offset)
                staged = draft.finish(file.size)
        except BaseException:
            draft.abort()
            raise
        draft.leave()
        return staged

    @contextmanager
    def _source(self) -> Iterator[tuple[ObjectReader, Inspection]]:
        with self._context.catalogue.open(self._source_key) as source:
            yield (
                source,
                inspect(source, declared=Format.QCOW2, max_virtual_size=self._disk.virtual_size),
            )
