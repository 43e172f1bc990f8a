"""An import: an image made of objects of a bucket, converted on their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from imageferry.buckets.draft import Draft
from imageferry.buckets.interface import ObjectChangedError, ObjectNotFoundError, ObjectReader
from imageferry.engine.detection import detect
from imageferry.engine.failures import reported_for
from imageferry.engine.new_image import NewImage
from imageferry.images.model import ImageDisk
from imageferry.imaging.errors import CHECKSUM_MISMATCH
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import move
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.writers.qcow2 import Qcow2Writer
from imageferry.tasks.model import Phase


class ImportImage(NewImage):
    """The work of one step of one import."""

    async def detect(self) -> None:
        """Check what the disks hold, where that was asked for."""
        if not self._image.detection_strategy:
            return
        await self._verify_again_what_is_gone()
        self._ownership.enter(Phase.DETECT)
        for disk in self._image.disks:
            with (
                reported_for(disk.position),
                self._context.catalogue.open(self._image.key(disk)) as stored,
            ):
                await detect(
                    self._image, disk, stored, context=self._context, ownership=self._ownership
                )

    def _write(self, disk: ImageDisk, draft: Draft, stop: StopSignal) -> int:
        meter = self._ownership.meter
        with self._source(disk) as (source, inspection):
            moved = move(
                source,
                open_reader(source, inspection),
                Qcow2Writer(draft),
                scratch=self._folder,
                hash_source=bool(disk.expected_sha256) or _is_worth_hashing(source),
                stop=stop,
                begin=partial(meter.expect, disk.position),
                progress=partial(meter.advance, disk.position),
            )
        self._check_unchanged(disk)
        written = moved.transferred
        self._record(
            disk,
            [
                ("BytesRead", str(source.size if moved.source_sha256 else moved.taken)),
                *([("SHA256", moved.source_sha256)] if moved.source_sha256 else []),
                ("ContentSHA256", written.content_sha256),
            ],
            source_sha256=moved.source_sha256,
            content_sha256=written.content_sha256,
            content_crc32=written.content_crc32,
            stored_size=written.size,
        )
        _check_hash(disk, moved.source_sha256)
        return written.size

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


def _check_hash(disk: ImageDisk, found: str) -> None:
    """Make sure that the object's bytes are those that its owner meant.

    Raises:
        ImageError: they are others.
    """
    if disk.expected_sha256 not in {"", found}:
        raise CHECKSUM_MISMATCH.error(
            f"Object {disk.source_object} of bucket {disk.source_bucket} has SHA-256 {found}, and "
            f"{disk.expected_sha256} was expected."
        )


def _is_worth_hashing(source: ObjectReader) -> bool:
    """Whether hashing a source costs at most twice its data.

    A hash has to be fed the holes of a sparse file too, zero by zero: of a disk of 2 TiB that is
    half an hour for nothing.
    """
    data = sum(length for _, length in source.data_ranges())
    return 2 * data >= source.size
