from __future__ import annotations

from imageferry.imaging.inspectors.crc32c import crc32c


def test_known_checksums() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
