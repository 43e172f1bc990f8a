from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspectors.crc32c import crc32c

_KIB = 1024
_MIB = 1024**2
_TIB = 1024**4
_TABLE = UUID("2DC27766-F623-4200-9D64-115E9BFD4A08").bytes_le
_METADATA = UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E").bytes_le
_PARAMETERS = UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").bytes_le
_SIZE = UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8").bytes_le
_SECTOR = UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F").bytes_le
_PARENT = UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C").bytes_le
_UNKNOWN = UUID(int=7).bytes_le
_PRESENT = 6


def _sum(data: bytes) -> bytes:
    return data[:4] + struct.pack("<I", crc32c(data)) + data[8:]


def header(*, log: bytes = bytes(16), version: int = 1, sequence: int = 1) -> bytes:
    fields = struct.pack(
        "<4sIQ16s16s16sHHIQ", b"head", 0, sequence, b"", b"", log, 0, version, _MIB, _MIB
    )
    return _sum(fields.ljust(4 * _KIB, b"\0"))


def region_table(*regions: tuple[bytes, int, int, int], count: int | None = None) -> bytes:
    entries = b"".join(struct.pack("<16sQII", *region) for region in regions)
    start = struct.pack("<4sIII", b"regi", 0, len(regions) if count is None else count, 0)
    return _sum((start + entries).ljust(64 * _KIB, b"\0"))


def metadata(items: Sequence[tuple[bytes, bytes, int]], mark: bytes = b"metadata") -> bytes:
    entries, values = b"", b""
    for name, value, flags in items:
        entries += struct.pack("<16sIIII", name, 64 * _KIB + len(values), len(value), flags, 0)
        values += value
    start = struct.pack("<8sHH20s", mark, 0, len(items), b"")
    return (start + entries).ljust(64 * _KIB, b"\0") + values


def vhdx(
    *,
    headers: Sequence[bytes] = (header(), header()),
    regions: Sequence[tuple[bytes, int, int, int]] = (
        (_TABLE, 3 * _MIB, _MIB, 1),
        (_METADATA, 2 * _MIB, _MIB, 1),
    ),
    block: int = 8 * _MIB,
    flags: int = 0,
    size: int = 32 * _MIB,
    sector: int = 512,
    extra: Sequence[tuple[bytes, bytes, int]] = (),
    mark: bytes = b"metadata",
    table: Sequence[int] = (4 << 20 | _PRESENT, 0, 2, 3),
) -> dict[int, bytes]:
    items = [
        (_PARAMETERS, struct.pack("<II", block, flags), 4),
        (_SIZE, struct.pack("<Q", size), 6),
        (_SECTOR, struct.pack("<I", sector), 6),
        *extra,
    ]
    return {
        0: b"vhdxfile",
        64 * _KIB: headers[0],
        128 * _KIB: headers[1],
        192 * _KIB: region_table(*regions),
        2 * _MIB: metadata(items, mark),
        3 * _MIB: struct.pack(f"<{len(table)}Q", *table),
        12 * _MIB - 1: b"\0",
    }


_BROKEN = bytes(4 * _KIB)
_FORMAT = "InvalidImageFormat."


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (vhdx(flags=2), _FORMAT + "BackingFile", "differencing"),
        (vhdx(extra=[(_PARENT, b"x" * 16, 4)]), _FORMAT + "BackingFile", "differencing"),
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
        (vhdx(size=(2**32 + 8) * 8 * _MIB), "InvalidImageSize", "36028797086072832"),
        (vhdx(size=32 * _MIB + 100), _FORMAT + "Corrupt", "no whole sector"),
        (vhdx(sector=4096), _FORMAT + "Unsupported", "sectors of 4096"),
        (vhdx(block=3 * _MIB), _FORMAT + "Corrupt", "blocks of 3145728"),
        (vhdx(block=512 * _MIB), _FORMAT + "Corrupt", "blocks of 536870912"),
        (vhdx(size=2 * _TIB), _FORMAT + "Corrupt", "has 1048576 bytes where 2101240 are needed"),
        (vhdx(mark=b"metadatX"), _FORMAT + "Corrupt", "metadata is damaged"),
        (vhdx(extra=[(_SIZE, bytes(8), 6)]), _FORMAT + "Corrupt", "twice"),
        (vhdx(extra=[(_UNKNOWN, b"", 4)]), _FORMAT + "Unsupported", "needs metadata 00000000-"),
        (vhdx(extra=[(_UNKNOWN, bytes(_MIB), 0)]), _FORMAT + "Corrupt", "outside its region"),
        (vhdx(regions=[(_TABLE, 3 * _MIB, _MIB, 1)]), _FORMAT + "Corrupt", "lacks its table"),
        (
            vhdx(regions=[(_TABLE, 3 * _MIB, _MIB, 1)] * 2),
            _FORMAT + "Corrupt",
            "damaged region at byte 3145728",
        ),
        (
            vhdx(regions=[(_UNKNOWN, 3 * _MIB, _MIB, 1)]),
            _FORMAT + "Unsupported",
            "needs region 00000000-",
        ),
        (
            vhdx(regions=[(_TABLE, 3 * _MIB, 2 << 30, 1), (_METADATA, 2 * _MIB, _MIB, 1)]),
            _FORMAT + "Corrupt",
            "has 2147483648 bytes",
        ),
        (vhdx() | {192 * _KIB: bytes(64 * _KIB)}, _FORMAT + "Corrupt", "region table is damaged"),
        (
            vhdx(table=(4 << 20 | _PRESENT, 4 << 20 | _PRESENT)),
            _FORMAT + "Corrupt",
            "share the data at byte 4194304",
        ),
        (vhdx(table=(99 << 20 | _PRESENT,)), _FORMAT + "Truncated", "keeps data at byte"),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        inspect(pieces(image), declared=Format.VHDX, max_virtual_size=2**63)
    assert caught.value.code == code


def test_metadata_that_is_missing_is_refused(pieces: Callable[..., Any]) -> None:
    image = vhdx() | {2 * _MIB: metadata([(_SIZE, struct.pack("<Q", _MIB), 6)])}
    with pytest.raises(ImageError, match="lacks a required piece"):
        inspect(pieces(image), max_virtual_size=_TIB)


@pytest.mark.parametrize("headers", [(header(), header()), (_BROKEN, header(sequence=5))])
def test_a_clean_disk_is_accepted(pieces: Callable[..., Any], headers: tuple[bytes, bytes]) -> None:
    found = inspect(pieces(vhdx(headers=headers)), max_virtual_size=_TIB)
    assert (found.format, found.virtual_size) == (Format.VHDX, 32 * _MIB)


def test_entries_for_bitmaps_are_no_blocks(pieces: Callable[..., Any]) -> None:
    ratio = 2**23 * 512 // (64 * _MIB)
    table = [0] * ratio + [4 << 20 | _PRESENT, 4 << 20 | _PRESENT]
    image = vhdx(block=64 * _MIB, size=64 * _MIB * (ratio + 1), table=table)
    assert inspect(pieces(image, 68 * _MIB), max_virtual_size=_TIB).complete
