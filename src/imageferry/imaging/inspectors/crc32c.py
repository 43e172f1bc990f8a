"""CRC-32C (Castagnoli), which VHDX protects its headers with; RFC 3720, appendix B.4."""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_table_entry(value) for value in range(256))


def crc32c(data: bytes) -> int:
    """The checksum of ``data``."""
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = checksum >> 8 ^ _TABLE[(checksum ^ byte) & 0xFF]
    return checksum ^ 0xFFFFFFFF
