"""The bytes of tables of numbers."""

from __future__ import annotations

import sys
from array import array


def big_endian(words: array[int]) -> bytes:
    """The numbers of a table, of each the highest byte first."""
    return _ordered(words, "big")


def little_endian(words: array[int]) -> bytes:
    """The numbers of a table, of each the lowest byte first."""
    return _ordered(words, "little")


def _ordered(words: array[int], byte_order: str) -> bytes:
    if sys.byteorder != byte_order:
        words = words[:]
        words.byteswap()
    return words.tobytes()
