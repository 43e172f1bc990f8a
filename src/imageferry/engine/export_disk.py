"""The export of one disk: written, verified, stored where nobody sees it yet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from imageferry.buckets.draft import Draft, StagedObject
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import Bucket, ObjectReader
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.ownership import Ownership
from imageferry.images.model import ImageDisk
from imageferry.imaging.disk import DiskReader, Output
from imageferry.imaging.formats import Format
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import move
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.readers.raw import RawReader
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal, in_thread, uninterrupted
from imageferry.imaging.verify import compare, verify
from imageferry.imaging.writers.opening import QCOW2, RAW, RAW_TAR_GZ, Layout, PlannedDisk

_STEP = 8 << 20


@dataclass(frozen=True)
class ExportedDisk:
    """An object that is stored and not yet seen.

    Attributes:
        staged: The object.
        size: Its size in bytes.
        sha256: Its SHA-256 in hexadecimal digits.
    """

    staged: StagedObject
    size: int
    sha256: str


class ExportDisk:
    """Writes one disk of the catalogue into an object.

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
        self._context = context
        self._ownership = ownership
        self._disk = disk
        self._source_key = source_key
        self._bucket = bucket
        self._key = key
        self._layout = layout
        self._folder = context.folder(ownership.task.task_id)
        self._path = self._folder / f"disk-{disk.position}{layout.suffix}"

    async def make(self) -> ExportedDisk:
        """Write, verify and store the disk.

        A remote store gives nothing back before the object is seen: what is to be compared, and
        a hash that has to wait for the head, need a file of scratch.
        """
        needs_file = self._context.compares_fully or not self._in_order
        if needs_file and not self._bucket.keeps_files:
            return await self._make_by_scratch()
        draft = await asyncio.to_thread(self._draft)
        size, sha256 = await self._write_to(draft)
        staged = await asyncio.to_thread(draft.finish, size)
        if self._bucket.keeps_files:
            sha256 = await self._verified(sha256)
        return ExportedDisk(staged, size, sha256)

    async def _make_by_scratch(self) -> ExportedDisk:
        scratch = FileDraft(self._path, Path)
        size, sha256 = await self._write_to(scratch)
        await asyncio.to_thread(scratch.finish, size)
        sha256 = await self._verified(sha256)
        staged = await in_thread(self._send)
        return ExportedDisk(staged, size, sha256)

    def _draft(self) -> Draft:
        task_id = self._ownership.task.task_id
        return self._bucket.draft(
            self._key, self._path, token=task_id, metadata={TASK_METADATA: task_id}
        )

    async def _write_to(self, draft: Draft | FileDraft[Path]) -> tuple[int, str]:
        """Write the object; its size in bytes, and its hash if everything came in order."""
        try:
            return await in_thread(partial(self._write, draft))
        except BaseException:
            await uninterrupted(asyncio.to_thread(draft.abort))
            raise

    def _write(self, draft: Output, stop: StopSignal) -> tuple[int, str]:
        output = HashedOutput(draft, stop) if self._in_order else draft
        meter = self._ownership.meter
        with self._source() as (source, inspection):
            reader = self._reader(source, inspection)
            moved = move(
                source,
                reader,
                self._written_as.open(output, self._planned(reader)),
                scratch=self._folder,
                hash_source=False,
                stop=stop,
                begin=partial(meter.expect, self._disk.position),
                progress=partial(meter.advance, self._disk.position),
            )
        size = moved.transferred.size
        return size, output.finish(size) if isinstance(output, HashedOutput) else ""

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

    async def _verified(self, sha256: str) -> str:
        """Check the file before anybody sees it, and return its hash."""
        if self._layout is not RAW_TAR_GZ:
            await self._verify()
        return sha256 or await in_thread(self._hash)

    async def _verify(self) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        with FileSource(self._path) as written, self._source() as (source, inspection):
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

    def _send(self, stop: StopSignal) -> StagedObject:
        """Have the bucket store the file of scratch."""
        draft = self._draft()
        try:
            with FileSource(self._path) as file:
                for start, length in file.data_ranges():
                    for offset in range(start, start + length, _STEP):
                        stop.check()
                        draft.copy(file, offset, min(_STEP, start + length - offset))
                staged = draft.finish(file.size)
        except BaseException:
            draft.abort()
            raise
        self._path.unlink()
        return staged

    @contextmanager
    def _source(self) -> Iterator[tuple[ObjectReader, Inspection]]:
        with self._context.catalogue.open(self._source_key) as source:
            yield (
                source,
                inspect(source, declared=Format.QCOW2, max_virtual_size=self._disk.virtual_size),
            )
