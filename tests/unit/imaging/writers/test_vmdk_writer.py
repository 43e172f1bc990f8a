from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspectors.vmdk_descriptor import check_descriptor
from imageferry.imaging.writers.opening import VMDK
from imageferry.imaging.writers.vmdk import GRAIN_SIZE, VmdkWriter
from support.written import ForgetfulOutput, MemoryOutput, image_of, planned

_MIB = 1024 * 1024
_TABLE = 32 * _MIB
_SIZE = 3 * _TABLE + 512
_PIECES = {
    0: b"boot",
    GRAIN_SIZE: Random(1).randbytes(2 * GRAIN_SIZE),
    2 * _TABLE: b"t" * 70_000,
    _SIZE - 1: b"z",
}
_END, _GRAINS, _DIRECTORY, _FOOTER = range(4)


def stream(image: bytes) -> tuple[dict[int, bytes], list[tuple[int, bytes]]]:
    """The grains by their offset, and what is marked, as one who reads from the start sees it."""
    grains: dict[int, bytes] = {}
    marked: list[tuple[int, bytes]] = []
    place = 128 * 512
    while True:
        value, length, kind = struct.unpack_from("<QII", image, place)
        if length:
            data = image[place + 12 : place + 12 + length]
            grains[value * 512] = zlib.decompress(data)
            place += -(-(12 + length) // 512) * 512
            continue
        marked.append((kind, image[place + 512 : place + 512 + value * 512]))
        place += 512 + value * 512
        if kind == _END:
            assert place == len(image)
            return grains, marked


def test_one_who_reads_from_the_start_gets_the_disk() -> None:
    grains, _ = stream(image_of(VMDK, _SIZE, _PIECES))
    disk = bytearray(_SIZE + GRAIN_SIZE)
    for offset, data in grains.items():
        assert len(data) == GRAIN_SIZE
        disk[offset : offset + GRAIN_SIZE] = data
    for offset, data in _PIECES.items():
        assert disk[offset : offset + len(data)] == data
    assert len(disk) - disk.count(0) == sum(len(d) - d.count(0) for d in _PIECES.values())


def test_only_grains_with_data_are_kept() -> None:
    grains, _ = stream(image_of(VMDK, _SIZE, _PIECES | {5 * _MIB: bytes(GRAIN_SIZE)}))
    middle = 2 * _TABLE
    last = 3 * _TABLE
    assert list(grains) == [0, GRAIN_SIZE, 2 * GRAIN_SIZE, middle, middle + GRAIN_SIZE, last]


def test_each_table_follows_its_grains_and_the_directory_follows_them_all() -> None:
    image = image_of(VMDK, _SIZE, _PIECES)
    _, marked = stream(image)
    assert [kind for kind, _ in marked] == [_GRAINS, _GRAINS, _GRAINS, _DIRECTORY, _FOOTER, _END]
    directory = struct.unpack_from("<4I", marked[3][1])
    tables = [image[place * 512 : place * 512 + 2048] for place in directory if place]
    assert directory[1] == 0
    assert tables == [marked[number][1] for number in range(3)]
    first = struct.unpack("<512I", tables[0])
    assert [index for index, place in enumerate(first) if place] == [0, 1, 2]
    assert struct.unpack_from("<QI", image, first[1] * 512)[0] == GRAIN_SIZE // 512


def test_the_footer_is_the_header_with_the_place_of_the_directory() -> None:
    image = image_of(VMDK, _SIZE, _PIECES)
    header, footer = image[:512], image[-1024:-512]
    assert struct.unpack_from("<Q", header, 56) == (2**64 - 1,)
    (directory,) = struct.unpack_from("<Q", footer, 56)
    assert header[:56] + header[64:] == footer[:56] + footer[64:]
    assert struct.unpack_from("<QII", image, (directory - 1) * 512) == (1, 0, _DIRECTORY)


def test_the_descriptor_is_accepted_and_tells_the_size() -> None:
    one, other = (
        image_of(VMDK, _SIZE, {})[512 : 21 * 512].rstrip(b"\0").decode() for _ in range(2)
    )
    assert check_descriptor(one.encode()) == "streamOptimized"
    assert f'RW {_SIZE // 512} SPARSE "disk.vmdk"' in one
    assert 'ddb.adapterType = "lsilogic"' in one
    assert f'ddb.geometry.cylinders = "{-(-_SIZE // (512 * 255 * 63))}"' in one
    assert one.splitlines()[2] != other.splitlines()[2]


def test_an_empty_disk_has_no_tables() -> None:
    grains, marked = stream(image_of(VMDK, _SIZE, {}))
    assert grains == {}
    assert marked[0] == (_DIRECTORY, bytes(512))


def test_a_size_other_than_the_head_tells_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"{_SIZE}, not 512"):
        VmdkWriter(MemoryOutput(), planned(_SIZE, {})).finish(512)


def test_an_image_that_outgrows_its_tables_is_an_error() -> None:
    """A place in a table has 32 bits, and counts sectors."""
    writer = VmdkWriter(ForgetfulOutput(), planned(_SIZE, {}))
    packed = writer.pack(0, b"data")
    with mmap.mmap(-1, 2**32) as huge:
        much = replace(packed, data=cast("Any", huge))
        for _ in range(511):
            writer.append(much)
        with pytest.raises(ImageError, match="VMDK would take") as caught:
            writer.append(much)
    assert caught.value.code == "InvalidImageSize.FormatLimit"
