"""The one step of an export: transfer, with its verification and its publication.

The objects of all disks are made and verified first. They appear in the transaction that
makes the task Finished, so that none is seen before all are whole. An export that was
interrupted goes on from its checkpoints, but for objects that have appeared.
"""

from __future__ import annotations

import asyncio

from imageferry.buckets.interface import Bucket
from imageferry.engine.context import WorkerContext
from imageferry.engine.disks import for_each
from imageferry.engine.drafts import TaskDrafts
from imageferry.engine.export_disk import ExportDisk
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
        """Write every disk into the bucket that is not there yet, and publish them together."""
        with reported_for(0):
            bucket = await asyncio.to_thread(self._begin)
        drafts = TaskDrafts(self._context, self._ownership, bucket)
        exports = [self._export(bucket, drafts, disk) for disk in self._image.disks]
        missing = await asyncio.to_thread(self._missing, exports)
        await asyncio.to_thread(_look_what_is_left, drafts, missing)

        async def make(export: ExportDisk) -> None:
            with reported_for(export.position):
                await export.make()
            self._ownership.meter.complete(export.position)

        try:
            await for_each(missing, make)
            await self._verify(missing)
            with reported_for(0):
                await uninterrupted(asyncio.to_thread(self._publish, bucket, missing))
        finally:
            for export in missing:
                export.leave()

    def _begin(self) -> Bucket:
        self._ownership.enter(
            Phase.TRANSFER, {disk.position: disk.stored_size for disk in self._image.disks}
        )
        return self._context.store.bucket(self._bucket_name)

    def _missing(self, exports: list[ExportDisk]) -> list[ExportDisk]:
        """Those of which no earlier attempt has published the object."""
        missing = []
        for export in exports:
            with reported_for(export.position):
                if export.is_published():
                    self._ownership.meter.complete(export.position)
                else:
                    missing.append(export)
        return missing

    def _export(self, bucket: Bucket, drafts: TaskDrafts, disk: ImageDisk) -> ExportDisk:
        return ExportDisk(
            self._context,
            self._ownership,
            disk,
            source_key=self._image.key(disk),
            bucket=bucket,
            drafts=drafts,
            key=self._objects[disk.position - 1],
            layout=self._layout,
        )

    async def _verify(self, exports: list[ExportDisk]) -> None:
        self._ownership.enter(Phase.VERIFY, {export.position: export.size for export in exports})
        for export in exports:
            with reported_for(export.position):
                await export.verify()
            self._ownership.record_disk(
                export.position,
                DiskStatus.SUCCESS,
                [("ObjectSize", str(export.size)), ("SHA256", export.sha256)],
            )
            self._ownership.meter.complete(export.position)

    def _publish(self, bucket: Bucket, exports: list[ExportDisk]) -> None:
        """Let the objects appear, and finish the task.

        A file gets its name within the transaction. A remote store may take its time, in which
        nobody could write to the database: its objects appear just before, and are withdrawn
        if the task was cancelled meanwhile.
        """
        self._ownership.enter(Phase.PUBLISH)
        if not bucket.keeps_files:
            _let_appear(exports)
        with self._ownership.finishing():
            if bucket.keeps_files:
                _let_appear(exports)


def _let_appear(exports: list[ExportDisk]) -> None:
    for export in exports:
        with reported_for(export.position):
            export.publish()


def _look_what_is_left(drafts: TaskDrafts, exports: list[ExportDisk]) -> None:
    versions = {}
    for export in exports:
        with reported_for(export.position):
            versions[export.position] = export.source_version
    with reported_for(0):
        drafts.look(versions)
