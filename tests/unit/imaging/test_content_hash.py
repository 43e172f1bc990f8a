from __future__ import annotations

from hashlib import sha256

import pytest

from imageferry.imaging.content_hash import ContentHash, block_digest
from imageferry.imaging.disk import BLOCK_SIZE
from support.content import content_hash


def hashed(disk: bytes, *, zeros_left_out: bool) -> str:
    content = ContentHash()
    for offset in range(0, len(disk), BLOCK_SIZE):
        block = disk[offset : offset + BLOCK_SIZE]
        if any(block) or not zeros_left_out:
            content.add(offset, block_digest(block))
    return content.finish(len(disk))


_DATA = b"\1" * BLOCK_SIZE
_ZEROS = bytes(BLOCK_SIZE)


@pytest.mark.parametrize("zeros_left_out", [True, False])
@pytest.mark.parametrize(
    "disk",
    [
        b"",
        b"guest",
        bytes(512),
        _DATA,
        _ZEROS,
        _ZEROS + _DATA,
        _DATA + _ZEROS + _ZEROS + _DATA + bytes(512),
        _ZEROS + _ZEROS + b"guest",
        _DATA + _ZEROS,
    ],
    ids=range(9),
)
def test_the_hash_is_that_of_the_blocks_hashes(disk: bytes, *, zeros_left_out: bool) -> None:
    assert hashed(disk, zeros_left_out=zeros_left_out) == content_hash(disk)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (b"\0", "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (b"abc", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
    ],
)
def test_blocks_have_the_digests_of_the_specification(data: bytes, digest: str) -> None:
    assert block_digest(data).hex() == digest


def test_two_tebibytes_of_zeros_take_no_time() -> None:
    content = ContentHash()
    content.add(BLOCK_SIZE, block_digest(_DATA))
    expected = sha256(block_digest(_ZEROS) + block_digest(_DATA))
    blocks = (2 << 40) // BLOCK_SIZE
    expected.update(block_digest(_ZEROS) * (blocks - 2))
    assert content.finish(2 << 40) == expected.hexdigest()
