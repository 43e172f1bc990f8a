from __future__ import annotations

import struct

import pytest

from imageferry.imaging.writers.opening import VDI
from imageferry.imaging.writers.vdi import BLOCK_SIZE, VdiWriter
from support.written import MemoryOutput, image_of, planned

_FREE = 0xFFFFFFFF
_SIZE = 5 * BLOCK_SIZE + 512
_DATA = 4096


def test_the_head_tells_the_size_and_the_blocks() -> None:
    image = image_of(VDI, _SIZE, {BLOCK_SIZE - 1: b"a", _SIZE - 1: b"b"})
    assert struct.unpack_from("<II", image, 64) == (0xBEDA107F, 0x10001)
    assert struct.unpack_from("<II", image, 340) == (512, _DATA)
    assert struct.unpack_from("<QIIII", image, 368) == (_SIZE, BLOCK_SIZE, 0, 6, 2)
    assert struct.unpack_from("<6I", image, 512) == (0, _FREE, _FREE, _FREE, _FREE, 1)


def test_the_disk_and_its_last_change_have_names_and_it_has_no_parent() -> None:
    one, other = (image_of(VDI, _SIZE, {})[392:456] for _ in range(2))
    names = {one[:16], one[16:32], other[:16], other[16:32]}
    assert len(names) == 4
    assert one[32:] == other[32:] == bytes(32)


def test_blocks_stand_one_behind_the_other_and_are_whole() -> None:
    pieces = {7: b"data", 2 * BLOCK_SIZE: bytes(9), _SIZE - 2: b"zz"}
    image = image_of(VDI, _SIZE, pieces)
    assert len(image) == _DATA + 3 * BLOCK_SIZE
    blocks = image[_DATA:]
    assert blocks[7:11] == b"data"
    assert blocks[BLOCK_SIZE : 2 * BLOCK_SIZE] == bytes(BLOCK_SIZE)
    assert blocks[2 * BLOCK_SIZE :] == (bytes(510) + b"zz").ljust(BLOCK_SIZE, b"\0")


def test_an_empty_disk_has_a_head_alone() -> None:
    assert len(image_of(VDI, _SIZE, {})) == _DATA


def test_data_where_none_was_said_to_be_is_an_error() -> None:
    writer = VdiWriter(MemoryOutput(), planned(_SIZE, {0: bytes(BLOCK_SIZE)}))
    with pytest.raises(ValueError, match=f"data at byte {BLOCK_SIZE}"):
        writer.append(writer.pack(0, bytes(BLOCK_SIZE) + b"data"))


def test_a_size_other_than_the_head_tells_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"{_SIZE}, not 512"):
        VdiWriter(MemoryOutput(), planned(_SIZE, {})).finish(512)
