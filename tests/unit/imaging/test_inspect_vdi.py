from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect

_MIB = 1024**2
_TIB = 1024**4
_FREE = 0xFFFFFFFF


def vdi(
    *,
    version: int = 0x10001,
    kind: int = 1,
    table_offset: int = 512,
    data_offset: int = _MIB,
    sector: int = 512,
    size: int = 4 * _MIB,
    block: int = _MIB,
    blocks: int = 4,
    link: bytes = bytes(16),
    parent: bytes = bytes(16),
    table: Sequence[int] = (0, _FREE, 1, 0xFFFFFFFE),
) -> dict[int, bytes]:
    header = struct.pack(
        "<64sIIIII256sIIIIIIIQIIII16s16s16s16s", b"<<< VDI >>>", 0xBEDA107F, version, 400, kind,
        0, b"", table_offset, data_offset, 0, 0, 0, sector, 0, size, block, 0, blocks, 2,
        bytes(16), bytes(16), link, parent,
    )  # fmt: skip
    return {0: header, 512: struct.pack(f"<{len(table)}I", *table), 3 * _MIB - 1: b"\0"}


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (vdi(kind=4), "BackingFile", "differencing"),
        (vdi(parent=b"p" * 16), "BackingFile", "differencing"),
        (vdi(link=b"l" * 16), "BackingFile", "differencing"),
        (vdi(version=0x20003), "Unsupported", "version 2.3"),
        (vdi(kind=3), "Unsupported", "type is 3"),
        (vdi(sector=4096), "Unsupported", "sectors of 4096"),
        (vdi(block=2 * _MIB), "Unsupported", "blocks of 2097152"),
        (vdi(table_offset=100), "Corrupt", "lie at 100 and 1048576"),
        (vdi(size=5 * _MIB), "Corrupt", "4 blocks do not hold its 5242880 bytes"),
        (vdi(blocks=2**29), "Corrupt", "536870912 blocks"),
        (vdi(size=0), "Corrupt", "virtual size is 0"),
        (vdi(table=(0, 0)), "Corrupt", "share the data at byte 1048576"),
        (vdi(table=(0, 9)), "Truncated", "keeps data at byte 10485760"),
        (vdi(table_offset=512 << 20), "Truncated", "VDI table lies at byte 536870912"),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        inspect(pieces(image), declared=Format.VDI, max_virtual_size=_TIB)
    assert caught.value.code == f"InvalidImageFormat.{code}"


@pytest.mark.parametrize(("kind", "subformat"), [(1, "dynamic"), (2, "static")])
def test_what_is_accepted(pieces: Callable[..., Any], kind: int, subformat: str) -> None:
    found = inspect(pieces(vdi(kind=kind)), max_virtual_size=_TIB)
    assert (found.format, found.subformat) == (Format.VDI, subformat)
    assert found.virtual_size == 4 * _MIB


def test_a_size_that_is_no_whole_sector_is_rounded_up(pieces: Callable[..., Any]) -> None:
    found = inspect(pieces(vdi(size=4 * _MIB - 700)), max_virtual_size=_TIB)
    assert found.virtual_size == 4 * _MIB - 512
