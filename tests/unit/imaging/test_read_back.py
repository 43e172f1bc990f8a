from __future__ import annotations

import zlib

import pytest

from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.read_back import checksum
from imageferry.imaging.threads import StoppedError, StopSignal
from support.written import MadeBlock

_BLOCKS = [MadeBlock(number * BLOCK_SIZE, b"%d" % number * 1000) for number in (1, 3)]


def test_it_is_the_crc_of_the_disk_that_the_blocks_make() -> None:
    seen: list[int] = []
    found = checksum(_BLOCKS, 4 * BLOCK_SIZE, stop=StopSignal(), progress=seen.append)
    disk = bytearray(4 * BLOCK_SIZE)
    for block in _BLOCKS:
        disk[block.offset : block.offset + len(block.data)] = block.data
    assert found == zlib.crc32(disk)
    assert seen == [block.offset + len(block.data) for block in _BLOCKS]


def test_it_can_be_stopped() -> None:
    stop = StopSignal()
    with pytest.raises(StoppedError):
        checksum(_BLOCKS, 4 * BLOCK_SIZE, stop=stop, progress=lambda _: stop.set())
