"""An import: an image made of objects of a bucket, converted on their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imageferry.buckets.interface import ObjectChangedError, ObjectNotFoundError, ObjectReader
from imageferry.engine.detection import detect
from imageferry.engine.failures import reported_for
from imageferry.engine.new_image import NewImage
from imageferry.images.model import ImageDisk
from imageferry.imaging.convert import convert
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import FileSource
from imageferry.tasks.model import Phase


class ImportImage(NewImage):
    """The work of one step of one import."""

    async def detect(self) -> None:
        """Check what the disks hold, where that was asked for."""
        if not self._image.detection_strategy:
            return
        await self._complete_scratch()
        self._ownership.enter(Phase.DETECT)
        for disk in self._image.disks:
            if self._is_published(disk):
                continue
            with reported_for(disk.position), FileSource(self._scratch(disk)) as stored:
                await detect(
                    self._image, disk, stored, context=self._context, ownership=self._ownership
                )

    async def _write(self, disk: ImageDisk, target: Path) -> None:
        with self._source(disk) as (reader, inspection):
            conversion = await convert(
                reader,
                inspection,
                target,
                Format.QCOW2,
                qemu_img=self._context.qemu_img,
                lease=self._ownership.lease,
                progress=partial(self._ownership.meter.advance, disk.position),
            )
        self._check_unchanged(disk)
        self._record(
            disk,
            [
                ("BytesRead", str(conversion.source_size)),
                ("SHA256", conversion.source_sha256),
                ("StoredSize", str(conversion.size)),
            ],
            source_sha256=conversion.source_sha256,
            stored_size=conversion.size,
        )

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
