"""The steps of a task that makes an image: transfer, verify, publish.

Each may be begun again at any moment: what is found done is not done again. A
disk is written under a temporary name in scratch, renamed there when it is
whole, and moved into the catalogue in the transaction that makes the image
Available and the task Finished.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from imageferry.buckets.interface import ObjectNotFoundError, ObjectReader, StagedObject
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.failures import reported_for
from imageferry.engine.ownership import Ownership
from imageferry.engine.staging import FileToPublish, stage
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import uninterrupted
from imageferry.imaging.verify import compare, verify
from imageferry.tasks.model import DiskStatus, Phase


class NewImage(ABC):
    """The work of one step of a task that makes an image, wherever the bytes come from.

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
        """Write every disk that is not in scratch yet."""
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

    @abstractmethod
    async def _write(self, disk: ImageDisk, target: Path) -> None:
        """Write a disk as qcow2, and note what was found out of it."""

    @abstractmethod
    def _source(self, disk: ImageDisk) -> AbstractContextManager[tuple[ObjectReader, Inspection]]:
        """What a disk is made of, in the version that was admitted."""

    def _record(
        self,
        disk: ImageDisk,
        related_items: Sequence[tuple[str, str]],
        **values: str | int,
    ) -> None:
        """Note what was found out of a disk, with the image and with the task."""
        with self._context.database.write() as connection:
            images.record_disk(connection, self._image.image_id, disk.position, **values)
        self._ownership.record_disk(disk.position, DiskStatus.PROCESSING, related_items)

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
        await self._write(disk, partial_file)
        partial_file.rename(self._scratch(disk))

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
