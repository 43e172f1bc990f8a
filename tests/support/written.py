"""Images that our writers write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imageferry.imaging.blocks import blocks
from imageferry.imaging.disk import BLOCK_SIZE, DiskReader, DiskWriter, Output, PlannedDisk
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.inspect import inspect
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.transfer import Transferred, transfer
from imageferry.imaging.writers.opening import Layout
from support.guest import Planned

MEMBER = "disk.raw"


class FileOutput:
    """An image that becomes a file."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert os.pwrite(self._descriptor, data, offset) == len(data)

    def finish(self, size: int) -> None:
        os.truncate(self._descriptor, size)
        os.close(self._descriptor)


class MemoryOutput:
    """An image that stays in memory, and must be written in order."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert offset >= len(self._data)
        self._data[offset:] = bytes(offset - len(self._data)) + data

    def finish(self, size: int) -> bytes:
        return bytes(self._data).ljust(size, b"\0")


class AnyOrderOutput:
    """An image that stays in memory, and remembers the order in which it was written."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}

    @property
    def places(self) -> list[int]:
        return list(self._pieces)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert offset not in self._pieces
        self._pieces[offset] = bytes(data)

    def finish(self, size: int) -> bytes:
        image = bytearray(size)
        for offset, data in self._pieces.items():
            image[offset : offset + len(data)] = data
        assert len(image) == size
        return bytes(image)


class ForgetfulOutput:
    """An image of which nothing is kept but how many bytes were written."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.written += len(data)


@dataclass(frozen=True)
class MadeBlock:
    """A block of a disk that no image has."""

    offset: int
    data: bytes

    @property
    def cost(self) -> int:
        return len(self.data)

    def load(self) -> bytes:
        return self.data


def made_blocks(virtual_size: int, pieces: Mapping[int, bytes]) -> Iterator[MadeBlock]:
    """The blocks of a disk that has pieces of data, none of which lies in two blocks."""
    touched = sorted({offset // BLOCK_SIZE * BLOCK_SIZE for offset in pieces})
    for begin in touched:
        block = bytearray(min(BLOCK_SIZE, virtual_size - begin))
        for offset, data in pieces.items():
            if offset // BLOCK_SIZE * BLOCK_SIZE == begin:
                block[offset - begin : offset - begin + len(data)] = data
        yield MadeBlock(begin, bytes(block))


def planned(virtual_size: int, pieces: Mapping[int, bytes]) -> PlannedDisk:
    """What is known beforehand of a disk that has pieces of data."""
    return PlannedDisk(virtual_size, [(at, len(data)) for at, data in pieces.items()], MEMBER)


def write_pieces(
    layout: Layout, output: Output, virtual_size: int, pieces: Mapping[int, bytes]
) -> int:
    """Write a disk that has pieces of data; the image's size."""
    writer: DiskWriter[object] = layout.open(output, planned(virtual_size, pieces))
    return transfer(
        made_blocks(virtual_size, pieces),
        writer,
        lambda: virtual_size,
        stop=StopSignal(),
        progress=lambda _: None,
    ).size


def image_of(layout: Layout, virtual_size: int, pieces: Mapping[int, bytes]) -> bytes:
    """The image of a disk that has pieces of data, for a layout that is written in order."""
    output = MemoryOutput()
    return output.finish(write_pieces(layout, output, virtual_size, pieces))


def export(raw: Path, target: Path, layout: Layout) -> tuple[Transferred, str]:
    """Write a raw disk's image as an export does; what came of it, and the hash of the image.

    The hash is empty for a layout that is not written in order.
    """
    file = FileOutput(target)
    hashed = HashedOutput(file, StopSignal())
    with FileSource(raw) as source:
        reader: DiskReader = open_reader(source, inspect(source, max_virtual_size=1 << 42))
        data = ((extent.offset, extent.length) for extent in reader.extents())
        disk = PlannedDisk(reader.virtual_size, data, MEMBER)
        transferred = transfer(
            blocks(reader, Planned(source, reader)),
            layout.open(hashed if layout.in_order else file, disk),
            lambda: reader.virtual_size,
            stop=StopSignal(),
            progress=lambda _: None,
        )
    file.finish(transferred.size)
    return transferred, hashed.finish(transferred.size) if layout.in_order else ""
