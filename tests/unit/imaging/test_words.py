from __future__ import annotations

from imageferry.imaging.words import (
    big_endian_32,
    big_endian_64,
    little_endian_32,
    little_endian_64,
)

_BYTES = bytes(range(1, 17))


def test_words_of_32_bits() -> None:
    assert list(big_endian_32(_BYTES[:8])) == [0x01020304, 0x05060708]
    assert list(little_endian_32(_BYTES[:8])) == [0x04030201, 0x08070605]


def test_words_of_64_bits() -> None:
    assert list(big_endian_64(_BYTES)) == [0x0102030405060708, 0x090A0B0C0D0E0F10]
    assert list(little_endian_64(_BYTES)) == [0x0807060504030201, 0x100F0E0D0C0B0A09]
