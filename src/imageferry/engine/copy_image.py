"""A copy: an image made of another one, its disks as they lie in the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imageferry.buckets.files import copy_range, write_all
from imageferry.buckets.interface import ObjectReader
from imageferry.engine.new_image import NewImage
from imageferry.images.model import ImageDisk, catalogue_key
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.threads import StopSignal, in_thread

COPY_STEP = 8 << 20
"""Bytes copied between two looks at whether to stop: some milliseconds' worth."""


class CopyImage(NewImage):
    """The work of one step of one copy. Its source is not deleted while it lasts."""

    async def _write(self, disk: ImageDisk, target: Path) -> None:
        with self._open(disk) as reader:
            await in_thread(partial(self._copy, disk, reader, target))
            size = reader.size
        self._record(disk, [("BytesRead", str(size)), ("StoredSize", str(size))], stored_size=size)

    @contextmanager
    def _source(self, disk: ImageDisk) -> Iterator[tuple[ObjectReader, Inspection]]:
        """The disk that is copied."""
        with self._open(disk) as reader:
            yield (
                reader,
                inspect(reader, declared=Format.QCOW2, max_virtual_size=disk.virtual_size),
            )

    def _open(self, disk: ImageDisk) -> ObjectReader:
        key = catalogue_key(self._image.copied_from, disk.position)
        return self._context.catalogue.open(key)

    def _copy(self, disk: ImageDisk, reader: ObjectReader, target: Path, stop: StopSignal) -> None:
        with target.open("wb", buffering=0) as file:
            for offset, length in _steps(reader):
                stop.check()
                _copy_step(reader, file.fileno(), offset, length)
                self._ownership.meter.advance(disk.position, offset + length)
            file.truncate(reader.size)


def _steps(reader: ObjectReader) -> Iterator[tuple[int, int]]:
    """The ranges that hold data, in pieces."""
    for start, length in reader.data_ranges():
        for offset in range(start, start + length, COPY_STEP):
            yield offset, min(COPY_STEP, start + length - offset)


def _copy_step(reader: ObjectReader, target: int, offset: int, length: int) -> None:
    source = reader.fileno()
    if source is not None:
        # By the kernel: on a file system that shares blocks, nothing is copied at all.
        copy_range(source, target, offset, offset, length)
    else:
        os.lseek(target, offset, os.SEEK_SET)
        write_all(target, reader.pread(offset, length))
