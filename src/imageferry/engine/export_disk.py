"""The export of one disk: written, verified, stored where nobody sees it yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from imageferry.buckets.draft import Draft, DraftBytes, StagedObject
from imageferry.buckets.interface import (
    Bucket,
    ObjectNotFoundError,
    ObjectReader,
    UploadNotFoundError,
)
from imageferry.buckets.sent_file import SentFile
from imageferry.engine import scratch_room
from imageferry.engine.checkpoints import Keeper, ResumableWork, Saved
from imageferry.engine.context import SHA256_METADATA, WorkerContext
from imageferry.engine.drafts import TaskDrafts, with_a_second_draft
from imageferry.engine.ownership import Ownership
from imageferry.images.model import ImageDisk
from imageferry.imaging.disk import DiskReader, PlannedDisk
from imageferry.imaging.errors import VERIFICATION_FAILED
from imageferry.imaging.formats import Format
from imageferry.imaging.hashed_output import NOTHING_WRITTEN, HashedOutput
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import move
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.readers.raw import RawReader
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal, entered, in_thread
from imageferry.imaging.verify import compare, verify
from imageferry.imaging.writers.opening import QCOW2, RAW, RAW_TAR_GZ, Layout

_STEP = 8 << 20


class ExportDisk:
    """Writes one disk of the catalogue into an object.

    Attributes:
        size: The object's size in bytes, once it is made.
        sha256: Its SHA-256 in hexadecimal digits, once it is verified.

    Args:
        context: What is below the steps.
        ownership: The hold of the task.
        disk: The disk.
        source_key: Its key in the catalogue.
        bucket: The bucket that gets the object.
        drafts: What the task has in the making there.
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
        drafts: TaskDrafts,
        key: str,
        layout: Layout,
    ) -> None:
        self.size = 0
        self.sha256 = ""
        self._context = context
        self._ownership = ownership
        self._disk = disk
        self._source_key = source_key
        self._bucket = bucket
        self._key = key
        self._layout = layout
        self._drafts = drafts
        self._draft: Draft | None = None
        self._staged: StagedObject | None = None
        folder = context.folder(ownership.task.task_id)
        self._scratch = scratch_room.of_disk(folder, ownership, disk.position)
        self._path = Path()

    @property
    def position(self) -> int:
        """The disk's place in the image, from 1."""
        return self._disk.position

    def is_published(self) -> bool:
        """Whether an earlier attempt let the whole object appear and died then."""
        try:
            found = self._bucket.head(self._key)
        except ObjectNotFoundError:
            return False
        is_ours = self._drafts.metadata.items() <= found.metadata.items()
        # Some stores let an object appear before the metadata that was found out meanwhile.
        return is_ours and SHA256_METADATA in found.metadata

    @cached_property
    def source_version(self) -> str:
        """The version of the disk in the catalogue: its ETag."""
        return self._context.catalogue.head(self._source_key).etag

    async def make(self) -> None:
        """Write the object, or what is left of it, and store it where nobody sees it."""
        await in_thread(self._make)

    def leave(self) -> None:
        """Let go of the object in the making.

        Not before it has appeared: whoever has the task by then is not to go on with a file that
        this worker gives the object's name when it wakes.
        """
        if self._draft is not None:
            self._draft.leave()

    async def verify(self) -> None:
        """Check what was written before anybody sees it, as far as it can be read again."""
        if self._is_file:
            if self._layout is not RAW_TAR_GZ:
                await self._verify()
            self.sha256 = self.sha256 or await in_thread(self._hash)

    def publish(self) -> None:
        """Let the object appear, if it was made here."""
        if self._staged is None:
            return
        try:
            self._staged.publish({**self._drafts.metadata, SHA256_METADATA: self.sha256})
        except UploadNotFoundError:
            # Whoever had the task before may have let it appear at the last moment.
            if not self.is_published():
                raise

    @property
    def _needs_scratch(self) -> bool:
        """Whether the object is written into a file as well while it is sent.

        A remote store gives nothing back before the object is seen: what is to be compared, and
        a hash that has to wait for the head, need a file of scratch.
        """
        needs_file = self._context.compares_fully or not self._in_order
        return needs_file and not self._bucket.keeps_files

    @property
    def _is_file(self) -> bool:
        """Whether what was written is in a file."""
        return self._needs_scratch or self._bucket.keeps_files

    def _make(self, stop: StopSignal) -> None:
        with_a_second_draft(self.position, partial(self._store, stop))

    def _store(self, stop: StopSignal) -> None:
        """Have the bucket store the object."""
        draft, saved = self._opened()
        self._draft = draft
        try:
            if isinstance(draft, SentFile):
                self._path = draft.path
                most = scratch_room.for_a_layout(self._disk.stored_size)
                self._scratch.claim(most, taken=saved.end if saved is not None else 0)
            else:
                self._path = self._drafts.path(draft.id)
            self._write(draft, saved, stop)
            self._staged = draft.finish(self.size)
        except BaseException:
            self.leave()
            raise

    def _opened(self) -> tuple[Draft, Saved | None]:
        """The object in the making, and what is known of it if an earlier worker left it."""
        suffix, head_size = self._layout.suffix, self._written_as.head_size
        opened = self._drafts.in_bucket_and_file if self._needs_scratch else self._drafts.in_bucket
        return opened(self.position, self._key, suffix=suffix, head_size=head_size)

    def _write(self, draft: DraftBytes, saved: Saved | None, stop: StopSignal) -> None:
        hashed = None
        if self._in_order:
            begun = saved.output_hash if saved is not None else NOTHING_WRITTEN
            hashed = HashedOutput(draft, stop, begun)
        meter = self._ownership.meter
        with self._source() as (source, inspection):
            reader = self._reader(source, inspection)
            writer = self._written_as.open(
                hashed or draft,
                self._planned(reader),
                saved.writer if saved is not None else b"",
            )
            with self._keeper(draft, writer, saved, hashed=hashed) as keeper:
                moved = move(
                    source,
                    reader,
                    writer,
                    scratch=self._scratch,
                    hash_source=False,
                    stop=stop,
                    begin=self._begin,
                    progress=partial(meter.advance, self.position),
                    hash_content=False,
                    checkpoints=keeper,
                )
        self._check_content(moved.transferred.content_crc32)
        self.size = moved.transferred.size
        self.sha256 = hashed.finish(self.size) if hashed is not None else ""

    def _keeper(
        self,
        draft: DraftBytes,
        writer: ResumableWork,
        saved: Saved | None,
        *,
        hashed: HashedOutput | None,
    ) -> Keeper:
        return Keeper(
            self._ownership,
            self.position,
            source=self.source_version,
            draft=draft,
            writer=writer,
            begun=saved,
            interval=self._context.checkpoint_interval,
            hashed=hashed,
            file=self._path.name if self._needs_scratch else "",
        )

    def _check_content(self, checksum: int) -> None:
        """Make sure that the catalogue gave what was imported; a copy as it is has its own hash."""
        expected = self._disk.content_crc32
        if self._layout is not QCOW2 and expected is not None and checksum != expected:
            raise VERIFICATION_FAILED.error(
                f"The catalogue's disk has the checksum {checksum:08x}, "
                f"and had {expected:08x} when it was made."
            )

    def _begin(self, taken: int) -> None:
        """Note how much there is to move."""
        self._ownership.meter.expect(self.position, taken)

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

    async def _verify(self) -> None:
        async with entered(self._source) as (source, inspection):
            await self._verify_against(source, inspection)

    async def _verify_against(self, source: ObjectReader, inspection: Inspection) -> None:
        qemu_img, lease = self._context.qemu_img, self._ownership.lease
        with FileSource(self._path) as written:
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

    @contextmanager
    def _source(self) -> Iterator[tuple[ObjectReader, Inspection]]:
        with self._context.catalogue.open(self._source_key) as source:
            yield (
                source,
                inspect(source, declared=Format.QCOW2, max_virtual_size=self._disk.virtual_size),
            )
