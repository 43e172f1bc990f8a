"""The steps of a task that makes an image: transfer, verify, publish.

Each may be begun again at any moment: what is found done is not done again. A disk
goes into the catalogue under its own key as soon as it is whole. Nobody sees it there
until the transaction that makes the image Available and the task Finished, so what is
verified before is what will be read after.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial

from imageferry.buckets.draft import Draft
from imageferry.buckets.interface import (
    ObjectExistsError,
    ObjectNotFoundError,
    ObjectReader,
    StoreError,
)
from imageferry.engine import scratch_room
from imageferry.engine.checkpoints import Saved
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.disks import for_each
from imageferry.engine.drafts import TaskDrafts, with_a_second_draft
from imageferry.engine.failures import reported_for
from imageferry.engine.image_bytes import check_bytes
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.imaging.errors import VERIFICATION_FAILED
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import stored_checksum
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import StopSignal, entered, in_thread
from imageferry.imaging.verify import compare, verify
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE
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
        self._drafts = TaskDrafts(context, ownership, context.catalogue)

    async def transfer(self) -> None:
        """Put every disk into the catalogue that is not there yet."""
        meter = self._ownership.meter
        self._ownership.enter(
            Phase.TRANSFER, {disk.position: disk.source_size for disk in self._image.disks}
        )
        await asyncio.to_thread(self._look_what_is_left)

        async def work(disk: ImageDisk) -> None:
            with reported_for(disk.position):
                if not await asyncio.to_thread(self._is_stored, disk):
                    await in_thread(partial(self._store, disk))
            meter.complete(disk.position)

        await for_each(self._image.disks, work)
        self._image = await asyncio.to_thread(self._read_again)

    async def verify(self) -> None:
        """Check every disk as it lies in the catalogue, and in full where that is asked for."""
        if await self._lacks_a_disk():
            await self.transfer()
        self._ownership.enter(
            Phase.VERIFY, {disk.position: disk.virtual_size for disk in self._image.disks}
        )
        for disk in self._image.disks:
            with reported_for(disk.position):
                await self._verify_disk(disk)
            self._ownership.meter.complete(disk.position)

    async def publish(self) -> None:
        """Let the image be used."""
        await self._verify_again_what_is_gone()
        await asyncio.to_thread(self._publish)

    def _look_what_is_left(self) -> None:
        versions = {}
        for disk in self._image.disks:
            with reported_for(disk.position):
                versions[disk.position] = self._version(disk)
        self._drafts.look(versions)

    def _read_again(self) -> Image:
        """The image with what was found out of its disks meanwhile."""
        with self._context.database.read() as connection:
            image = images.find(connection, self._image.image_id)
        if image is None:
            raise OwnershipLostError(self._ownership.task.task_id)
        return image

    @abstractmethod
    def _version(self, disk: ImageDisk) -> str:
        """The version of what a disk is made of: its ETag."""

    @abstractmethod
    def _write(self, disk: ImageDisk, draft: Draft, saved: Saved | None, stop: StopSignal) -> int:
        """Write a disk as qcow2, note what was found out of it, and return its size in bytes.

        Args:
            disk: The disk.
            draft: What takes the bytes.
            saved: What was noted when an earlier worker left the draft; ``None`` for a new one.
            stop: Ends the work early.
        """

    @abstractmethod
    def _source(self, disk: ImageDisk) -> AbstractContextManager[tuple[ByteSource, Inspection]]:
        """What a disk is made of, in the version that was admitted."""

    def _record(
        self,
        disk: ImageDisk,
        related_items: Sequence[tuple[str, str]],
        **values: str | int | None,
    ) -> None:
        """Note what was found out of a disk, with the image and with the task."""
        with self._ownership.recording(
            disk.position, DiskStatus.PROCESSING, related_items
        ) as connection:
            images.record_disk(connection, self._image.image_id, disk.position, **values)

    def _store(self, disk: ImageDisk, stop: StopSignal) -> None:
        with_a_second_draft(disk.position, partial(self._store_once, disk, stop))

    def _store_once(self, disk: ImageDisk, stop: StopSignal) -> None:
        draft, saved = self._drafts.in_bucket(
            disk.position, self._image.key(disk), suffix=".qcow2", head_size=CLUSTER_SIZE
        )
        try:
            self._publish_disk(disk, draft, self._write(disk, draft, saved, stop))
        except (StoreError, OSError):
            # Whoever had the task before may have stored the whole disk at the last moment.
            if not self._is_stored(disk):
                raise
        finally:
            draft.leave()

    def _publish_disk(self, disk: ImageDisk, draft: Draft, size: int) -> None:
        staged = draft.finish(size)
        # The last word of whoever may have lost the task meanwhile.
        self._ownership.record_disk(
            disk.position, DiskStatus.PROCESSING, [("StoredSize", str(size))]
        )
        try:
            staged.publish(self._drafts.metadata, overwrite=False)
        except ObjectExistsError:
            # Whoever has the task by now was faster, and may have verified the object.
            staged.discard()

    async def _verify_again_what_is_gone(self) -> None:
        """Make disks again that are gone from the catalogue since they were verified."""
        if await self._lacks_a_disk():
            await self.verify()

    async def _lacks_a_disk(self) -> bool:
        stored = [await asyncio.to_thread(self._is_stored, disk) for disk in self._image.disks]
        return not all(stored)

    def _publish(self) -> None:
        with self._ownership.finishing() as connection:
            check_bytes(self._context, connection, self._image.account_id)
            images.set_status(connection, self._image.image_id, ImageStatus.AVAILABLE)

    async def _verify_disk(self, disk: ImageDisk) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        async with entered(partial(self._context.catalogue.open, self._image.key(disk))) as stored:
            found = await verify(
                stored, Format.QCOW2, disk.virtual_size, qemu_img=qemu_img, lease=lease
            )
            if self._context.compares_fully:
                if disk.content_crc32 is not None:
                    await in_thread(partial(self._read_back, disk, stored, found))
                await self._compare(disk, stored, found)
        self._ownership.record_disk(disk.position, DiskStatus.SUCCESS)

    async def _compare(self, disk: ImageDisk, stored: ObjectReader, found: Inspection) -> None:
        """Compare every byte that a guest sees with what the disk was made of."""
        async with entered(partial(self._source, disk)) as (source, inspection):
            await compare(
                source,
                inspection,
                stored,
                found,
                qemu_img=self._context.qemu_img,
                lease=self._ownership.lease,
            )

    def _read_back(
        self, disk: ImageDisk, stored: ObjectReader, found: Inspection, stop: StopSignal
    ) -> None:
        """Make sure that the catalogue gives a guest the bytes that were decoded."""
        checksum = stored_checksum(
            stored,
            open_reader(stored, found),
            scratch=self._scratch(disk),
            stop=stop,
            progress=partial(self._ownership.meter.advance, disk.position),
        )
        if checksum != disk.content_crc32:
            raise VERIFICATION_FAILED.error(
                f"The stored disk's checksum is {checksum:08x}, "
                f"that of what was written {disk.content_crc32:08x}."
            )

    def _scratch(self, disk: ImageDisk) -> Scratch:
        """Room for what the work on a disk cannot keep in memory."""
        return scratch_room.of_disk(self._folder, self._ownership, disk.position)

    def _is_stored(self, disk: ImageDisk) -> bool:
        """Whether this attempt or an earlier one put the disk into the catalogue."""
        try:
            stored = self._context.catalogue.head(self._image.key(disk))
        except ObjectNotFoundError:
            return False
        return stored.metadata.get(TASK_METADATA) == self._ownership.task.task_id
