"""A copy: an image made of another one, its disks as they lie in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from imageferry.buckets.draft import Draft
from imageferry.buckets.interface import ObjectReader
from imageferry.engine.checkpoints import Keeper, Saved
from imageferry.engine.new_image import NewImage
from imageferry.engine.whole_copy import WholeCopy
from imageferry.images.model import ImageDisk, catalogue_key
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import StopSignal


class CopyImage(NewImage):
    """The work of one step of one copy. Its source is not deleted while it lasts."""

    def _version(self, disk: ImageDisk) -> str:
        return self._context.catalogue.head(self._source_key(disk)).etag

    def _write(self, disk: ImageDisk, draft: Draft, saved: Saved | None, stop: StopSignal) -> int:
        with self._open(disk) as reader:
            copy = WholeCopy(reader, draft, saved)
            with Keeper(
                self._ownership,
                disk.position,
                source=reader.info.etag,
                draft=draft,
                writer=copy,
                begun=saved,
                interval=self._context.checkpoint_interval,
            ) as keeper:
                progress = partial(self._ownership.meter.advance, disk.position)
                copy.run(keeper, stop=stop, progress=progress)
            size = reader.size
        self._record(disk, [("BytesRead", str(size))], stored_size=size)
        return size

    @contextmanager
    def _source(self, disk: ImageDisk) -> Iterator[tuple[ByteSource, Inspection]]:
        """The disk that is copied."""
        with self._open(disk) as reader:
            yield (
                reader,
                inspect(reader, declared=Format.QCOW2, max_virtual_size=disk.virtual_size),
            )

    def _open(self, disk: ImageDisk) -> ObjectReader:
        return self._context.catalogue.open(self._source_key(disk))

    def _source_key(self, disk: ImageDisk) -> str:
        return catalogue_key(self._image.copied_from, disk.position)
