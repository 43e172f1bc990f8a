from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from support.images.vdi import vdi

_MIB = 1024**2
_TIB = 1024**4


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
        (vdi(extra=512), "Unsupported", "512 extra bytes before each block"),
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
