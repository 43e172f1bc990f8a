from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from support.images.vhdx import (
    KIB,
    METADATA,
    MIB,
    PARENT,
    PRESENT,
    SIZE,
    TABLE,
    header,
    metadata,
    vhdx,
)

_TIB = 1024**4
_UNKNOWN = UUID(int=7).bytes_le
_BROKEN = bytes(4 * KIB)
_FORMAT = "InvalidImageFormat."


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (vhdx(flags=2), _FORMAT + "BackingFile", "differencing"),
        (vhdx(extra=[(PARENT, b"x" * 16, 4)]), _FORMAT + "BackingFile", "differencing"),
        (vhdx(table=(0, 4, 0, 0)), _FORMAT + "Corrupt", "block in state 4"),
        (vhdx(table=(7, 0, 0, 0)), _FORMAT + "BackingFile", "partly in another disk"),
        (
            vhdx(headers=(header(log=b"l" * 16), header(sequence=9))),
            _FORMAT + "NotClean",
            "log that was not written back",
        ),
        (vhdx(headers=(_BROKEN, header(log=b"l" * 16))), _FORMAT + "NotClean", "log"),
        (vhdx(headers=(_BROKEN, _BROKEN)), _FORMAT + "Corrupt", "no valid header"),
        (vhdx(headers=(header(version=2), _BROKEN)), _FORMAT + "Unsupported", "version 2"),
        (vhdx(size=64 * _TIB + 512), "InvalidImageSize", "70368744178176"),
        (vhdx(size=(2**32 + 8) * 8 * MIB), "InvalidImageSize", "36028797086072832"),
        (vhdx(size=32 * MIB + 100), _FORMAT + "Corrupt", "no whole sector"),
        (vhdx(sector=4096), _FORMAT + "Unsupported", "sectors of 4096"),
        (vhdx(block=3 * MIB), _FORMAT + "Corrupt", "blocks of 3145728"),
        (vhdx(block=512 * MIB), _FORMAT + "Corrupt", "blocks of 536870912"),
        (vhdx(size=2 * _TIB), _FORMAT + "Corrupt", "has 1048576 bytes where 2101240 are needed"),
        (vhdx(mark=b"metadatX"), _FORMAT + "Corrupt", "metadata is damaged"),
        (vhdx(extra=[(SIZE, bytes(8), 6)]), _FORMAT + "Corrupt", "twice"),
        (vhdx(extra=[(_UNKNOWN, b"", 4)]), _FORMAT + "Unsupported", "needs metadata 00000000-"),
        (vhdx(extra=[(_UNKNOWN, bytes(MIB), 0)]), _FORMAT + "Corrupt", "outside its region"),
        (vhdx(regions=[(TABLE, 3 * MIB, MIB, 1)]), _FORMAT + "Corrupt", "lacks its table"),
        (
            vhdx(regions=[(TABLE, 3 * MIB, MIB, 1)] * 2),
            _FORMAT + "Corrupt",
            "damaged region at byte 3145728",
        ),
        (
            vhdx(regions=[(_UNKNOWN, 3 * MIB, MIB, 1)]),
            _FORMAT + "Unsupported",
            "needs region 00000000-",
        ),
        (
            vhdx(regions=[(TABLE, 3 * MIB, 2 << 30, 1), (METADATA, 2 * MIB, MIB, 1)]),
            _FORMAT + "Corrupt",
            "has 2147483648 bytes",
        ),
        (vhdx() | {192 * KIB: bytes(64 * KIB)}, _FORMAT + "Corrupt", "region table is damaged"),
        (
            vhdx(table=(4 << 20 | PRESENT, 4 << 20 | PRESENT)),
            _FORMAT + "Corrupt",
            "share the data at byte 4194304",
        ),
        (vhdx(table=(99 << 20 | PRESENT,)), _FORMAT + "Truncated", "keeps data at byte"),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        inspect(pieces(image), declared=Format.VHDX, max_virtual_size=2**63)
    assert caught.value.code == code


def test_metadata_that_is_missing_is_refused(pieces: Callable[..., Any]) -> None:
    image = vhdx() | {2 * MIB: metadata([(SIZE, struct.pack("<Q", MIB), 6)])}
    with pytest.raises(ImageError, match="lacks a required piece"):
        inspect(pieces(image), max_virtual_size=_TIB)


@pytest.mark.parametrize("headers", [(header(), header()), (_BROKEN, header(sequence=5))])
def test_a_clean_disk_is_accepted(pieces: Callable[..., Any], headers: tuple[bytes, bytes]) -> None:
    found = inspect(pieces(vhdx(headers=headers)), max_virtual_size=_TIB)
    assert (found.format, found.virtual_size) == (Format.VHDX, 32 * MIB)


def test_entries_for_bitmaps_are_no_blocks(pieces: Callable[..., Any]) -> None:
    ratio = 2**23 * 512 // (64 * MIB)
    table = [0] * ratio + [4 << 20 | PRESENT, 4 << 20 | PRESENT]
    image = vhdx(block=64 * MIB, size=64 * MIB * (ratio + 1), table=table)
    assert inspect(pieces(image, 68 * MIB), max_virtual_size=_TIB).complete
