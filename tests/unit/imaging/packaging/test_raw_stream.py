from __future__ import annotations

import random

import pytest

from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.packaging.inflow import Inflow, Payload
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.raw_stream import StreamedBlock, StreamedDisk
from support.images.vhd import footer
from support.unpacking import UnpackedBytes

_MIB = 1024 * 1024
_NOISE = random.Random(1).randbytes(4096)


def streamed(
    data: bytes, declared: Format | None = None
) -> tuple[StreamedDisk, list[StreamedBlock]]:
    unpacked = UnpackedBytes(data, share=1000)
    payload = Payload(Inflow(unpacked), Compression.GZIP)
    disk = StreamedDisk(payload, declared=declared, max_virtual_size=1 << 30)
    return disk, list(disk.blocks())


def put_together(disk: StreamedDisk, blocks: list[StreamedBlock]) -> bytes:
    data = bytearray(disk.virtual_size())
    for block in blocks:
        assert block.offset % BLOCK_SIZE == 0
        loaded = block.load()
        assert len(loaded) == min(BLOCK_SIZE, len(data) - block.offset)
        data[block.offset : block.offset + len(loaded)] = loaded
    return bytes(data)


@pytest.mark.parametrize(
    "size", [4096, 4097, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE, 13_000_001]
)
def test_a_raw_disk_is_its_bytes_filled_up_to_a_sector(size: int) -> None:
    data = bytes(size - 4096) + _NOISE
    disk, blocks = streamed(data)
    assert disk.inspection.format is Format.RAW
    assert disk.virtual_size() == -(-size // 512) * 512
    assert put_together(disk, blocks) == data.ljust(disk.virtual_size(), b"\0")


def test_what_blocks_cost_is_what_was_unpacked() -> None:
    disk, blocks = streamed(bytes(2 * BLOCK_SIZE) + b"x" + bytes(3 * BLOCK_SIZE))
    assert [block.offset // BLOCK_SIZE for block in blocks] == [0, 1, 2, 3, 4, 5]
    assert sum(block.cost for block in blocks) == -(-(5 * BLOCK_SIZE + 1) // 1000)
    assert disk.virtual_size() == 5 * BLOCK_SIZE + 512


@pytest.mark.parametrize("size", [512, _MIB, BLOCK_SIZE, BLOCK_SIZE + 512, 3 * BLOCK_SIZE])
@pytest.mark.parametrize("declared", [None, Format.VHD])
def test_the_footer_of_a_fixed_vhd_is_no_part_of_its_disk(
    size: int, declared: Format | None
) -> None:
    data = _NOISE[:512].rjust(size, b"a")
    disk, blocks = streamed(data + footer(kind=2, size=size), declared)
    assert (disk.inspection.format, disk.inspection.subformat) == (Format.VHD, "fixed")
    assert put_together(disk, blocks) == data


def test_a_fixed_vhd_ends_where_its_geometry_says() -> None:
    size = 10 * 4 * 17 * 512
    data = random.Random(2).randbytes(size + 2 * _MIB)
    end = footer(kind=2, size=len(data), creator=b"vpc ", geometry=(10, 4, 17))
    disk, blocks = streamed(data + end)
    assert put_together(disk, blocks) == data[:size]


def test_a_fixed_vhd_that_ends_long_before_its_footer_is_refused() -> None:
    with pytest.raises(ImageError) as caught:
        streamed(bytes(3 * BLOCK_SIZE) + footer(kind=2, size=512))
    assert caught.value.code == "InvalidVHDImage.IncorrectSize"


@pytest.mark.parametrize(
    ("data", "declared", "code"),
    [
        (b"", None, "InvalidImageSize.Empty"),
        (bytes(9000), Format.VHD, "InvalidImageFormat.Mismatch"),
        (bytes(9000) + footer(kind=2, size=512), Format.RAW, "InvalidImageFormat.Mismatch"),
        (bytes(9000) + footer(kind=4, size=512), None, "InvalidImageFormat.BackingFile"),
        (bytes(9000) + footer(kind=3, size=512), None, "InvalidImageFormat.Corrupt"),
        (bytes(9000) + footer(kind=2, size=1 << 20), None, "InvalidVHDImage.IncorrectSize"),
        (bytes(9000) + b"koly".ljust(512, b"\0"), None, "InvalidImageFormat.Unsupported"),
    ],
)
def test_what_the_end_says_is_inspected(data: bytes, declared: Format | None, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        streamed(data, declared)
    assert caught.value.code == code
