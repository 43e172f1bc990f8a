"""The steps of an export: convert, pack, publish.

Each may be begun again at any moment: what is found done is not done again. The
objects are moved into the bucket in the transaction that makes the task
Finished, so that none is seen before it is whole and verified.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from imageferry.buckets.interface import ObjectNotFoundError, ObjectReader, StagedObject
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.failures import reported_for
from imageferry.engine.ownership import Ownership
from imageferry.engine.staging import FileToPublish, stage
from imageferry.images.model import Image, ImageDisk
from imageferry.imaging.archive import Archive, write_tar_gz
from imageferry.imaging.convert import convert
from imageferry.imaging.formats import Format
from imageferry.imaging.hashing import SourceHash
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal, in_thread, uninterrupted
from imageferry.imaging.verify import compare, verify
from imageferry.tasks import queries
from imageferry.tasks.model import DiskStatus, Phase, TaskDisk

SHA256 = "SHA256"
"""The related item that has the hash of what the bucket got."""


class ExportImage:
    """The work of one step of one export.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        image: The image that is exported.
    """

    def __init__(self, context: WorkerContext, ownership: Ownership, image: Image) -> None:
        self._context = context
        self._ownership = ownership
        self._image = image
        self._folder = context.folder(ownership.task.task_id)
        request = ownership.task.request
        self._format = Format.from_ecs(request["ImageFormat"])
        self._bucket_name: str = request["OSSBucket"]
        self._objects: list[str] = request["Objects"]

    async def convert(self) -> None:
        """Convert and verify every disk that is not in scratch yet."""
        self._ownership.enter(Phase.CONVERT, sum(disk.stored_size for disk in self._image.disks))
        for disk in self._image.disks:
            if not self._is_converted(disk):
                with reported_for(disk.position):
                    await self._convert_disk(disk)
            self._ownership.meter.advance(disk.position, disk.stored_size)

    async def pack(self) -> None:
        """Compress raw disks into archives, and hash what the bucket will get."""
        if not all(self._is_converted(disk) for disk in self._image.disks):
            await self.convert()
        self._ownership.enter(Phase.PACK, sum(self._to_pack(disk) for disk in self._image.disks))
        for disk in self._image.disks:
            size = self._to_pack(disk)
            if size:
                with reported_for(disk.position):
                    await self._pack_disk(disk)
            self._ownership.meter.advance(disk.position, size)

    async def publish(self) -> None:
        """Move the files into the bucket."""
        if not all(self._is_packed(disk) for disk in self._image.disks):
            await self.pack()
        with reported_for(0):
            bucket = await asyncio.to_thread(self._context.store.bucket, self._bucket_name)
            files = await asyncio.to_thread(self._files)
            staged = await stage(bucket, files, self._ownership)
            await uninterrupted(asyncio.to_thread(self._publish, staged))

    def _files(self) -> list[FileToPublish]:
        with self._context.database.read() as connection:
            disks = queries.disks(connection, self._ownership.task.task_id)
        return [self._file(disk) for disk in disks if not self._is_published(disk)]

    def _file(self, disk: TaskDisk) -> FileToPublish:
        metadata = {
            TASK_METADATA: self._ownership.task.task_id,
            "sha256": dict(disk.related_items)[SHA256],
        }
        key = self._objects[disk.position - 1]
        return FileToPublish(disk.position, self._packed(disk), key, metadata)

    def _publish(self, staged: Sequence[StagedObject]) -> None:
        with self._ownership.finishing():
            for disk in staged:
                disk.publish()

    async def _convert_disk(self, disk: ImageDisk) -> None:
        partial_file = self._converted(disk).with_suffix(".partial")
        with self._context.catalogue.open(self._image.key(disk)) as reader:
            inspection = inspect(reader, declared=Format.QCOW2, max_virtual_size=disk.virtual_size)
            await convert(
                reader,
                inspection,
                partial_file,
                self._format,
                qemu_img=self._context.qemu_img,
                lease=self._ownership.lease,
                progress=partial(self._ownership.meter.advance, disk.position),
                hash_source=False,
            )
            await self._verify(disk, reader, inspection, partial_file)
        partial_file.rename(self._converted(disk))

    async def _verify(
        self, disk: ImageDisk, reader: ObjectReader, inspection: Inspection, result: Path
    ) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        found = await verify(
            result, self._format, disk.virtual_size, qemu_img=qemu_img, lease=lease
        )
        if self._context.compares_fully:
            with FileSource(result) as written:
                await compare(reader, inspection, written, found, qemu_img=qemu_img, lease=lease)

    async def _pack_disk(self, disk: ImageDisk) -> None:
        archive = await in_thread(partial(self._pack, disk))
        self._ownership.record_disk(
            disk.position,
            DiskStatus.SUCCESS,
            [("ObjectSize", str(archive.size)), (SHA256, archive.sha256)],
        )
        if self._format is Format.RAW:
            self._packed(disk).with_suffix(".partial").rename(self._packed(disk))
            self._converted(disk).unlink()
        else:
            self._converted(disk).rename(self._packed(disk))

    def _pack(self, disk: ImageDisk, stop: StopSignal) -> Archive:
        advance = partial(self._ownership.meter.advance, disk.position)
        converted = self._converted(disk)
        if self._format is not Format.RAW:
            with FileSource(converted) as source:
                hashing = SourceHash(source)
                hashing.compute(stop, advance)
                return Archive(source.size, hashing.hexdigest)
        return write_tar_gz(
            converted,
            self._objects[disk.position - 1].removesuffix(".tar.gz"),
            self._packed(disk).with_suffix(".partial"),
            stop=stop,
            progress=advance,
        )

    def _is_converted(self, disk: ImageDisk) -> bool:
        return self._converted(disk).exists() or self._is_packed(disk)

    def _is_packed(self, disk: ImageDisk) -> bool:
        return self._packed(disk).exists() or self._is_published(disk)

    def _is_published(self, disk: ImageDisk | TaskDisk) -> bool:
        """Whether an earlier attempt moved the disk into the bucket and died then."""
        bucket = self._context.store.bucket(self._bucket_name)
        try:
            found = bucket.head(self._objects[disk.position - 1])
        except ObjectNotFoundError:
            return False
        return found.metadata.get(TASK_METADATA) == self._ownership.task.task_id

    def _to_pack(self, disk: ImageDisk) -> int:
        """Bytes of the disk that are still to be packed."""
        converted = self._converted(disk)
        return 0 if self._is_packed(disk) else converted.stat().st_size

    def _converted(self, disk: ImageDisk) -> Path:
        return self._folder / f"disk-{disk.position}{self._format.suffix}"

    def _packed(self, disk: ImageDisk | TaskDisk) -> Path:
        return self._folder / f"disk-{disk.position}.packed"
