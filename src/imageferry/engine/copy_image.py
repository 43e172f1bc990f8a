"""A copy: an image made of another one, its disks as they lie in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.buckets.draft import Draft
from imageferry.buckets.interface import ObjectReader
from imageferry.engine.checkpoints import Saved
from imageferry.engine.new_image import NewImage
from imageferry.images.model import ImageDisk, catalogue_key
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import StopSignal

COPY_STEP = 8 << 20
"""Bytes copied between two looks at whether to stop: some milliseconds' worth."""


class CopyImage(NewImage):
    """The work of one step of one copy, which begins at its beginning.

    Its source is not deleted while it lasts.
    """

    def _write(self, disk: ImageDisk, draft: Draft, _saved: Saved | None, stop: StopSignal) -> int:
        with self._open(disk) as reader:
            for offset, length in _steps(reader):
                stop.check()
                draft.copy(reader, offset, length)
                self._ownership.meter.advance(disk.position, offset + length)
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
        key = catalogue_key(self._image.copied_from, disk.position)
        return self._context.catalogue.open(key)


def _steps(reader: ObjectReader) -> Iterator[tuple[int, int]]:
    """The ranges that hold data, in pieces."""
    for start, length in reader.data_ranges():
        for offset in range(start, start + length, COPY_STEP):
            yield offset, min(COPY_STEP, start + length - offset)
