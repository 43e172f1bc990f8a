"""The inspections and the readers of all formats.

An image is megabytes of which few hundred bytes matter. So the input is these bytes, one window
after the other, before which stands how much of the image there is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from fuzz.target import Target
from imageferry.imaging.blocks import blocks
from imageferry.imaging.disk import DiskReader
from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspect import inspect
from imageferry.imaging.plan import Plan
from imageferry.imaging.reader import MAX_BYTES_READ
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.threads import StopSignal
from support.images import qcow2, vdi, vhd, vhdx, vmdk

_MAX_VIRTUAL_SIZE = 1 << 40
_MAX_EXTENTS = 20_000
_MAX_BLOCKS = 3
_LENGTH = struct.Struct(">I")

Windows = tuple[tuple[int, int], ...]
"""Which bytes of an image matter: offsets and lengths."""


@dataclass
class SparseSource:
    """A source that is zero outside of a few pieces, and counts what is read."""

    pieces: Mapping[int, bytes]
    size: int
    read: int = field(default=0)

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``."""
        self.read += length
        window = bytearray(max(0, min(length, self.size - offset)))
        for start, data in self.pieces.items():
            low, high = max(start, offset), min(start + len(data), offset + len(window))
            if low < high:
                window[low - offset : high - offset] = data[low - start : high - start]
        return bytes(window)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Nothing is known of holes."""
        yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        """There is no file."""

    def take(self, place: int, length: int) -> bytes:
        """The bytes at a place."""
        return self.pread(place, length)


def check(source: SparseSource) -> None:
    """Inspect and read an image: soundly, or with an error that says why not."""
    try:
        found = inspect(source, max_virtual_size=_MAX_VIRTUAL_SIZE)
        assert source.read <= MAX_BYTES_READ
        reader = open_reader(source, found)
        _check_extents(source, reader)
        plan = Plan.of(reader, source.size, stop=StopSignal())
        assert plan.total >= sum(plan.wanted)
        for block in islice(blocks(reader, source), _MAX_BLOCKS):
            assert len(block.load()) == block.length
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right


def _check_extents(source: SparseSource, reader: DiskReader) -> None:
    end = 0
    for extent in islice(reader.extents(), _MAX_EXTENTS):
        assert end <= extent.offset < extent.offset + extent.length <= reader.virtual_size
        assert 0 < extent.stored_length <= source.size - extent.place
        end = extent.offset + extent.length


def _seed(windows: Windows, image: Mapping[int, bytes]) -> bytes:
    size = max(offset + len(data) for offset, data in image.items())
    source = SparseSource(image, size)
    return _LENGTH.pack(size) + b"".join(source.pread(*window) for window in windows)


def _check_windows(windows: Windows, data: bytes) -> None:
    if len(data) < _LENGTH.size:
        return
    (size,) = _LENGTH.unpack_from(data)
    pieces, position = {}, _LENGTH.size
    for offset, length in windows:
        pieces[offset] = data[position : position + length]
        position += length
    check(SparseSource(pieces, min(size, 1 << 28)))


def _target(name: str, windows: Windows, *images: Mapping[int, bytes]) -> Target:
    seeds = tuple(_seed(windows, image) for image in images)
    return Target(name, seeds, partial(_check_windows, windows))


_CLUSTER = qcow2.CLUSTER
_SECTOR = vmdk.SECTOR
_DATA = struct.pack(">Q", 5 * _CLUSTER)

TARGETS = (
    _target(
        "qcow2",
        ((0, 256), (3 * _CLUSTER, 32), (4 * _CLUSTER, 128), (5 * _CLUSTER, 32)),
        qcow2.qcow2(),
        qcow2.qcow2(version=2, header_length=72),
        qcow2.qcow2(l2=(5 * _CLUSTER | qcow2.PACKED, qcow2.ZERO)),
        qcow2.qcow2(
            features=8, header_length=112, compression_type=1, l2=(5 * _CLUSTER | qcow2.PACKED,)
        ),
        qcow2.qcow2(features=16, l2=(5 * _CLUSTER | qcow2.COPIED, 0xF0F << 32 | 0xF0F0)),
    ),
    _target(
        "vhd",
        ((0, 96), (512, 64), (1536, 32), (2048 + 512 + vhd.BLOCK, 96)),
        vhd.dynamic(),
        vhd.dynamic(table=(vhd.FREE, 4)),
    ),
    _target(
        "vhdx",
        (
            (0, 8),
            (64 * vhdx.KIB, 80),
            (128 * vhdx.KIB, 80),
            (192 * vhdx.KIB, 96),
            (2 * vhdx.MIB, 200),
            (2 * vhdx.MIB + 64 * vhdx.KIB, 64),
            (3 * vhdx.MIB, 64),
        ),
        vhdx.vhdx(),
    ),
    _target(
        "vmdk",
        ((0, 96), (_SECTOR, 512), (26 * _SECTOR, 16), (27 * _SECTOR, 32), (128 * _SECTOR, 64)),
        vmdk.vmdk(),
        vmdk.stream_optimized(),
    ),
    _target("vdi", ((0, 512), (512, 32)), vdi.vdi(), vdi.vdi(size=4 * vdi.MIB - 512)),
)
