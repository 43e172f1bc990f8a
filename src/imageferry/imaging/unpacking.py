"""Unpack what images keep compressed: never more than the extent that it is."""

from __future__ import annotations

import struct
import zlib
from typing import cast

import zstandard
from isal import isal_zlib

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import CORRUPT

_DEFLATE_WINDOW_BITS = -15
_ZLIB_WINDOW_BITS = 15
_MARKER = struct.Struct("<QI")
_SECTOR = 512
# isal's types say of its exception that it is an instance of one.
_ISAL_ERROR = cast("type[Exception]", isal_zlib.error)
_ERRORS = (zlib.error, _ISAL_ERROR, zstandard.ZstdError, struct.error)
_LARGEST_GRAIN_BYTES = 1024 * 1024
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""What every zstd decoder has to support; a hostile frame asks for gigabytes."""


def unpack(extent: Extent, stored: bytes | memoryview) -> bytes:
    """The data of a packed extent; what it has behind the extent's length is dropped.

    The last cluster or grain of an image may be longer than the rest of its disk.

    Args:
        extent: What it is.
        stored: The bytes that the image keeps at its place; more may follow its end.

    Raises:
        ImageError: it is damaged, or is shorter than the extent.
    """
    try:
        data = _UNPACK[extent.packing](extent, stored)
    except _ERRORS as error:
        raise _damaged(extent, str(error)) from error
    if len(data) != extent.length:
        raise _damaged(extent, f"it unpacks to {len(data)} bytes instead of {extent.length}")
    return data


def _unpack_deflate(extent: Extent, stored: bytes | memoryview) -> bytes:
    # isal stops at the length that is wanted, however much there were.
    data: bytes = isal_zlib.decompressobj(wbits=_DEFLATE_WINDOW_BITS).decompress(
        stored, extent.length
    )
    return data


def _unpack_grain(extent: Extent, stored: bytes | memoryview) -> bytes:
    sector, length = _MARKER.unpack_from(stored)
    if sector * _SECTOR != extent.offset:
        raise _damaged(extent, f"it is marked as that of sector {sector}")
    packed = memoryview(stored)[_MARKER.size : _MARKER.size + length]
    inflater = isal_zlib.decompressobj(wbits=_ZLIB_WINDOW_BITS)
    # All of the grain, where the disk ends within it too: its checksum stands at its end.
    data: bytes = inflater.decompress(packed, _LARGEST_GRAIN_BYTES)
    if not inflater.eof:
        raise _damaged(extent, "it is cut off, or longer than any grain")
    return data[: extent.length]


def _unpack_zstd(extent: Extent, stored: bytes | memoryview) -> bytes:
    # Not decompress(), which believes the length that the frame itself claims.
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    with unpacker.stream_reader(stored) as stream:
        data: bytes = stream.read(extent.length)
    return data


_UNPACK = {
    Packing.DEFLATE: _unpack_deflate,
    Packing.GRAIN: _unpack_grain,
    Packing.ZSTD: _unpack_zstd,
}


def _damaged(extent: Extent, reason: str) -> Exception:
    return CORRUPT.error(
        f"The compressed data of the disk's byte {extent.offset}, at byte {extent.place} of the"
        f" image, is damaged: {reason}."
    )
