"""An import: an image made of objects of a bucket, converted on their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imageferry.buckets.draft import Draft
from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import ObjectChangedError, ObjectNotFoundError, ObjectReader
from imageferry.engine import scratch_room
from imageferry.engine.checkpoints import Keeper, Saved
from imageferry.engine.detection import detect
from imageferry.engine.failures import reported_for
from imageferry.engine.new_image import NewImage
from imageferry.images.model import ImageDisk
from imageferry.imaging.errors import CHECKSUM_MISMATCH
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.packaging.any_source import inspect_any, move_any
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.package import Archived, Compressed
from imageferry.imaging.source import ByteSource, FileSource
from imageferry.imaging.threads import StopSignal, entered, in_thread
from imageferry.imaging.verify import compare
from imageferry.imaging.writers.qcow2 import Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter
from imageferry.tasks.model import Phase

_GIB = 2**30


class ImportImage(NewImage):
    """The work of one step of one import."""

    async def detect(self) -> None:
        """Check what the disks hold, where that was asked for."""
        if not self._image.detection_strategy:
            return
        await self._verify_again_what_is_gone()
        self._ownership.enter(Phase.DETECT)
        for disk in self._image.disks:
            with reported_for(disk.position):
                await self._detect(disk)

    async def _detect(self, disk: ImageDisk) -> None:
        async with entered(partial(self._context.catalogue.open, self._image.key(disk))) as stored:
            await detect(
                self._image, disk, stored, context=self._context, ownership=self._ownership
            )

    def _version(self, disk: ImageDisk) -> str:
        return disk.source_etag

    def _write(self, disk: ImageDisk, draft: Draft, saved: Saved | None, stop: StopSignal) -> int:
        meter = self._ownership.meter
        writer = Qcow2Writer(draft, state=saved.writer if saved else b"")
        keeper = Keeper(
            self._ownership,
            disk.position,
            source=disk.source_etag,
            draft=draft,
            writer=writer,
            begun=saved,
            interval=self._context.checkpoint_interval,
        )
        with self._object(disk) as source, keeper:
            packaged = move_any(
                source,
                writer,
                declared=_declared(disk),
                max_virtual_size=self._largest(disk),
                scratch=self._scratch(disk),
                hash_source=bool(disk.expected_sha256) or _is_worth_hashing(source),
                stop=stop,
                begin=partial(meter.expect, disk.position),
                progress=partial(meter.advance, disk.position),
                checkpoints=keeper,
            )
        self._check_unchanged(disk)
        moved, written = packaged.moved, packaged.moved.transferred
        image_format = packaged.inspection.format.ecs_name
        self._record(
            disk,
            [
                ("BytesRead", str(source.size if moved.source_sha256 else moved.taken)),
                *([("SHA256", moved.source_sha256)] if moved.source_sha256 else []),
                *([("ManifestDigest", str(packaged.digest))] if packaged.digest else []),
                ("ContentHash", written.content_hash),
                ("ImageFormat", image_format),
                ("VirtualSize", str(written.virtual_size)),
            ],
            source_format=image_format,
            virtual_size=written.virtual_size,
            size_gib=disk.size_gib or -(-written.virtual_size // _GIB),
            source_sha256=moved.source_sha256,
            content_hash=written.content_hash,
            content_crc32=written.content_crc32,
            stored_size=written.size,
        )
        _check_hash(disk, moved.source_sha256)
        return written.size

    @contextmanager
    def _source(self, disk: ImageDisk) -> Iterator[tuple[ByteSource, Inspection]]:
        """The disk's image, looked into once more; one that is compressed has none to be read."""
        with self._object(disk) as source:
            inspection, package = inspect_any(
                source,
                declared=_declared(disk),
                max_virtual_size=self._context.max_virtual_size,
            )
            assert inspection is not None  # noqa: S101 - see _compare
            yield package.image(source) if isinstance(package, Archived) else source, inspection

    async def _compare(self, disk: ImageDisk, stored: ObjectReader, found: Inspection) -> None:
        path = self._folder / f"disk-{disk.position}.unpacked"
        if not await in_thread(partial(self._unpack, disk, path)):
            await super()._compare(disk, stored, found)
            return
        with FileSource(path) as source:
            inspection = Inspection(Format.RAW, "flat", source.size)
            qemu_img, lease = self._context.qemu_img, self._ownership.lease
            await compare(source, inspection, stored, found, qemu_img=qemu_img, lease=lease)
        path.unlink()

    def _unpack(self, disk: ImageDisk, path: Path, stop: StopSignal) -> bool:
        """Unpack a compressed image to a raw file; whether it was one."""
        with self._object(disk) as source:
            if not isinstance(find_package(source), Compressed):
                return False
            scratch = self._scratch(disk)
            scratch.claim(scratch_room.for_a_layout(disk.stored_size))
            draft = FileDraft(path, Path)
            try:
                packaged = move_any(
                    source,
                    RawWriter(draft),
                    declared=_declared(disk),
                    max_virtual_size=self._largest(disk),
                    scratch=scratch,
                    hash_source=False,
                    stop=stop,
                    begin=_unnoticed,
                    progress=_unnoticed,
                )
                draft.finish(packaged.moved.transferred.size)
                draft.leave()
            except BaseException:
                draft.abort()
                raise
        return True

    def _largest(self, disk: ImageDisk) -> int:
        """The largest virtual size that the disk may turn out to have, in bytes."""
        largest = self._context.max_virtual_size
        return min(largest, disk.size_gib * _GIB) if disk.size_gib else largest

    @contextmanager
    def _object(self, disk: ImageDisk) -> Iterator[ObjectReader]:
        """The disk's object in the version that was admitted."""
        bucket = self._context.store.bucket(disk.source_bucket)
        with bucket.open(disk.source_object, if_match=disk.source_etag) as source:
            yield source

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


def _declared(disk: ImageDisk) -> Format | None:
    return Format.from_ecs(disk.source_format) if disk.source_format else None


def _unnoticed(_done: int) -> None:
    """Progress that nobody looks at."""


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
