"""The one step of an export: transfer, with its verification and its publication.

The objects of all disks are made and verified first. They appear in the transaction that
makes the task Finished, so that none is seen before all are whole. An export that was
interrupted begins again, but for objects that have appeared.
"""

from __future__ import annotations

import asyncio

from imageferry.buckets.interface import Bucket, ObjectNotFoundError
from imageferry.engine.context import TASK_METADATA, WorkerContext
from imageferry.engine.disks import for_each
from imageferry.engine.export_disk import ExportDisk, ExportedDisk
from imageferry.engine.failures import reported_for
from imageferry.engine.ownership import Ownership
from imageferry.images.model import Image, ImageDisk
from imageferry.imaging.threads import uninterrupted
from imageferry.imaging.writers.opening import LAYOUTS
from imageferry.tasks.model import DiskStatus, Phase


class ExportImage:
    """The work of one export.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        image: The image that is exported.
    """

    def __init__(self, context: WorkerContext, ownership: Ownership, image: Image) -> None:
        self._context = context
        self._ownership = ownership
        self._image = image
        request = ownership.task.request
        self._layout = next(layout for layout in LAYOUTS if layout.name == request["Layout"])
        self._bucket_name: str = request["OSSBucket"]
        self._objects: list[str] = request["Objects"]

    async def transfer(self) -> None:
        """Write every disk into the bucket that is not there yet."""
        with reported_for(0):
            bucket = await asyncio.to_thread(self._begin)
        made: list[ExportedDisk] = []

        async def work(disk: ImageDisk) -> None:
            with reported_for(disk.position):
                if not await asyncio.to_thread(self._is_published, bucket, disk):
                    made.append(await self._make(bucket, disk))
            self._ownership.meter.complete(disk.position)

        try:
            await for_each(self._image.disks, work)
            with reported_for(0):
                await uninterrupted(asyncio.to_thread(self._publish, made))
        except BaseException:
            # What was published is found again, or withdrawn when the task has ended.
            await uninterrupted(asyncio.to_thread(_discard, made))
            raise

    def _begin(self) -> Bucket:
        self._ownership.enter(
            Phase.TRANSFER, {disk.position: disk.stored_size for disk in self._image.disks}
        )
        bucket = self._context.store.bucket(self._bucket_name)
        bucket.discard_staged(self._ownership.task.task_id)
        return bucket

    async def _make(self, bucket: Bucket, disk: ImageDisk) -> ExportedDisk:
        export = ExportDisk(
            self._context,
            self._ownership,
            disk,
            source_key=self._image.key(disk),
            bucket=bucket,
            key=self._objects[disk.position - 1],
            layout=self._layout,
        )
        made = await export.make()
        self._ownership.record_disk(
            disk.position,
            DiskStatus.SUCCESS,
            [("ObjectSize", str(made.size)), ("SHA256", made.sha256)],
        )
        return made

    def _publish(self, made: list[ExportedDisk]) -> None:
        task_id = self._ownership.task.task_id
        with self._ownership.finishing():
            for disk in made:
                disk.staged.publish({TASK_METADATA: task_id, "sha256": disk.sha256})

    def _is_published(self, bucket: Bucket, disk: ImageDisk) -> bool:
        """Whether an earlier attempt let the object appear and died then."""
        try:
            found = bucket.head(self._objects[disk.position - 1])
        except ObjectNotFoundError:
            return False
        return found.metadata.get(TASK_METADATA) == self._ownership.task.task_id


def _discard(made: list[ExportedDisk]) -> None:
    for disk in made:
        disk.staged.discard()
