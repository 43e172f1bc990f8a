from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.content_checksum import ContentChecksum, block_checksum

_LENGTHS = st.integers(0, 5000)
_BLOCKS = st.lists(st.tuples(_LENGTHS, st.binary(min_size=1, max_size=2000)), max_size=5)


@given(blocks=_BLOCKS, rest=_LENGTHS)
def test_it_is_the_crc_of_the_whole_disk(blocks: list[tuple[int, bytes]], rest: int) -> None:
    content, disk = ContentChecksum(), b""
    for gap, data in blocks:
        disk += bytes(gap)
        content.add(len(disk), len(data), block_checksum(data))
        disk += data
    assert content.finish(len(disk) + rest) == zlib.crc32(disk + bytes(rest))


def test_zeros_cost_nothing() -> None:
    checksum = ContentChecksum()
    checksum.add(1 << 60, 4, block_checksum(b"data"))
    assert checksum.finish(1 << 61) != ContentChecksum().finish(1 << 61)
