"""The steps of an import: transfer, verify, publish.

Each may be begun again at any moment: what is found done is not done again. A
disk is written under a temporary name in scratch, renamed there when it is
whole, and moved into the catalogue in the transaction that makes the image
Available and the task Finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imageferry.buckets.interface import (
    ObjectChangedError,
    ObjectNotFoundError,
    ObjectReader,
    StagedObject,
)
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.failures import reported_for
from imageferry.engine.ownership import Ownership
from imageferry.engine.staging import FileToPublish, stage
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.imaging.convert import Conversion, convert
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import uninterrupted
from imageferry.imaging.verify import compare, verify
from imageferry.tasks.model import DiskStatus, Phase


class ImportImage:
    """The work of one step of one import.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        image: The image that the task makes.
    """

    def __init__(self, context: WorkerContext, ownership: Ownership, image: Image) -> None:
        self._context = context
        self._ownership = ownership
        self._image = image
        self._folder = context.folder(ownership.task.task_id)

    async def transfer(self) -> None:
        """Convert every disk that is not in scratch yet, and hash its object."""
        total = sum(disk.source_size for disk in self._image.disks)
        self._ownership.enter(Phase.TRANSFER, total)
        for disk in self._image.disks:
            with reported_for(disk.position):
                await self._transfer_disk(disk)
            self._ownership.meter.advance(disk.position, disk.source_size)

    async def verify(self) -> None:
        """Check every result, and in full where that is asked for."""
        await self._complete_scratch()
        total = sum(disk.virtual_size for disk in self._image.disks)
        self._ownership.enter(Phase.VERIFY, total)
        for disk in self._image.disks:
            if not self._is_published(disk):
                with reported_for(disk.position):
                    await self._verify_disk(disk)
            self._ownership.meter.advance(disk.position, disk.virtual_size)

    async def publish(self) -> None:
        """Move the disks into the catalogue, and let the image be used."""
        await self._complete_scratch()
        files = await asyncio.to_thread(self._files)
        staged = await stage(self._context.catalogue, files, self._ownership)
        await uninterrupted(asyncio.to_thread(self._publish, staged))

    def _files(self) -> list[FileToPublish]:
        metadata = {TASK_METADATA: self._ownership.task.task_id}
        return [
            FileToPublish(disk.position, self._scratch(disk), self._image.key(disk), metadata)
            for disk in self._image.disks
            if not self._is_published(disk)
        ]

    def _publish(self, staged: Sequence[StagedObject]) -> None:
        with self._ownership.finishing() as connection:
            for disk in staged:
                disk.publish()
            images.set_status(connection, self._image.image_id, ImageStatus.AVAILABLE)

    async def _complete_scratch(self) -> None:
        """Make disks again that a step before this one left on another machine."""
        missing = [disk for disk in self._image.disks if not self._is_done(disk)]
        if missing:
            await self.transfer()

    async def _transfer_disk(self, disk: ImageDisk) -> None:
        if self._is_done(disk):
            return
        partial_file = self._scratch(disk).with_suffix(".partial")
        with self._source(disk) as (reader, inspection):
            conversion = await convert(
                reader,
                inspection,
                partial_file,
                Format.QCOW2,
                qemu_img=self._context.qemu_img,
                lease=self._ownership.lease,
                progress=partial(self._ownership.meter.advance, disk.position),
            )
        self._check_unchanged(disk)
        self._record(disk, conversion)
        partial_file.rename(self._scratch(disk))

    def _record(self, disk: ImageDisk, conversion: Conversion) -> None:
        with self._context.database.write() as connection:
            images.record_disk(
                connection,
                self._image.image_id,
                disk.position,
                source_sha256=conversion.source_sha256,
                stored_size=conversion.size,
            )
        self._ownership.record_disk(
            disk.position,
            DiskStatus.PROCESSING,
            [
                ("BytesRead", str(conversion.source_size)),
                ("SHA256", conversion.source_sha256),
                ("StoredSize", str(conversion.size)),
            ],
        )

    async def _verify_disk(self, disk: ImageDisk) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        result = self._scratch(disk)
        found = await verify(
            result, Format.QCOW2, disk.virtual_size, qemu_img=qemu_img, lease=lease
        )
        if self._context.compares_fully:
            with self._source(disk) as (reader, inspection), FileSource(result) as stored:
                await compare(reader, inspection, stored, found, qemu_img=qemu_img, lease=lease)
        self._ownership.record_disk(disk.position, DiskStatus.SUCCESS)

    @contextmanager
    def _source(self, disk: ImageDisk) -> Iterator[tuple[ObjectReader, Inspection]]:
        """The disk's object in the version that was admitted, looked into once more."""
        bucket = self._context.store.bucket(disk.source_bucket)
        declared = Format.from_ecs(disk.source_format)
        with bucket.open(disk.source_object, if_match=disk.source_etag) as reader:
            yield (
                reader,
                inspect(reader, declared=declared, max_virtual_size=self._context.max_virtual_size),
            )

    def _check_unchanged(self, disk: ImageDisk) -> None:
        """Make sure that the object was the same from the first byte to the last.

        Raises:
            ObjectChangedError: it was written to meanwhile.
        """
        bucket = self._context.store.bucket(disk.source_bucket)
        try:
            etag = bucket.head(disk.source_object).etag
        except ObjectNotFoundError:
            etag = ""
        if etag != disk.source_etag:
            raise ObjectChangedError(
                f"Object {disk.source_object} of bucket {disk.source_bucket} changed while it "
                "was imported."
            )

    def _is_done(self, disk: ImageDisk) -> bool:
        return self._scratch(disk).exists() or self._is_published(disk)

    def _is_published(self, disk: ImageDisk) -> bool:
        """Whether an earlier attempt moved the disk into the catalogue and died then."""
        try:
            stored = self._context.catalogue.head(self._image.key(disk))
        except ObjectNotFoundError:
            return False
        return stored.metadata.get(TASK_METADATA) == self._ownership.task.task_id

    def _scratch(self, disk: ImageDisk) -> Path:
        return self._folder / f"disk-{disk.position}.qcow2"
