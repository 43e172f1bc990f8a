"""The numbers that the tables of disk images are made of."""

from __future__ import annotations

import sys
from array import array


def big_endian_64(data: bytes) -> array[int]:
    """The unsigned numbers of 64 bits in bytes of which the highest come first."""
    words = array("Q", data)
    if sys.byteorder == "little":
        words.byteswap()
    return words


def big_endian_32(data: bytes) -> array[int]:
    """The unsigned numbers of 32 bits in bytes of which the highest come first."""
    words = array("I", data)
    if sys.byteorder == "little":
        words.byteswap()
    return words


def little_endian_64(data: bytes) -> array[int]:
    """The unsigned numbers of 64 bits in bytes of which the lowest come first."""
    words = array("Q", data)
    if sys.byteorder == "big":
        words.byteswap()
    return words


def little_endian_32(data: bytes) -> array[int]:
    """The unsigned numbers of 32 bits in bytes of which the lowest come first."""
    words = array("I", data)
    if sys.byteorder == "big":
        words.byteswap()
    return words
