"""CRC-64 as OSS computes it (``x-oss-hash-crc64ecma``): ECMA-182, reflected, as in xz.

liblzma does it at several GiB a second and without holding the interpreter's
lock; where the machine has none, crcmod's C extension stands in at a tenth of
that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache, lru_cache

import crcmod

_POLYNOMIAL = 0x142F0E1EBA9EA3693
_REFLECTED_POLYNOMIAL = 0xC96C5795D7870F42
_ALL_ONES = 0xFFFFFFFFFFFFFFFF
_ONE = 1 << 63
_LIBRARIES = ("liblzma.so.5", "liblzma.5.dylib")

Extend = Callable[[bytes, int], int]
"""Takes bytes and the CRC of what came before them; gives the CRC of both."""


def liblzma() -> Extend | None:
    """The CRC of the system's liblzma, if there is one."""
    for name in _LIBRARIES:
        try:
            function = ctypes.CDLL(name).lzma_crc64
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_uint64
        function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
        return _bound(function)
    return None


def _bound(function: Callable[[bytes, int, int], int]) -> Extend:
    return lambda data, before: function(data, len(data), before)


def portable() -> Extend:
    """The CRC of crcmod, which every installation has."""
    function = crcmod.mkCrcFun(_POLYNOMIAL, initCrc=0, rev=True, xorOut=_ALL_ONES)
    return lambda data, before: int(function(data, before))


@cache
def fastest() -> Extend:
    """The fastest CRC that works on this machine."""
    return liblzma() or portable()


class Crc64:
    """The CRC of bytes that come bit by bit."""

    def __init__(self) -> None:
        self.value = 0
        self._extend = fastest()

    def update(self, data: bytes) -> None:
        """Take the next bytes in."""
        self.value = self._extend(data, self.value)


def combine(first: int, second: int, second_length: int) -> int:
    """The CRC of two runs of bytes, from the CRC of each.

    Args:
        first: The CRC of the first run.
        second: The CRC of the run after it.
        second_length: The length of the second run in bytes.
    """
    return _multiply(first, _power_of_x(8 * second_length)) ^ second


@lru_cache(maxsize=64)
def _power_of_x(exponent: int) -> int:
    power, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            power = _multiply(power, square)
        square = _multiply(square, square)
        exponent >>= 1
    return power


def _multiply(one: int, other: int) -> int:
    """Multiply two polynomials modulo the CRC's; bit 63 is the constant term."""
    product = 0
    for bit in range(63, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_REFLECTED_POLYNOMIAL if other & 1 else 0)
    return product
