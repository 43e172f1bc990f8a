from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from support.images.vhd import dynamic, footer

_TIB = 1024**4
_MIB = 1024**2
_MAXIMUM = (65535, 16, 255)


def refusal(source: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        inspect(source, declared=Format.VHD, max_virtual_size=_TIB)
    return caught.value


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (dynamic(kind=4), "InvalidImageFormat.BackingFile", "differencing disk .type 4."),
        (dynamic(kind=5), "InvalidImageFormat.Unsupported", "disk type is 5"),
        (dynamic(kind=2), "InvalidImageFormat.Corrupt", "fixed disk, but starts like a dynamic"),
        (dynamic(tail=bytes(512)), "InvalidImageFormat.Truncated", "no footer at byte"),
        (dynamic(tail=footer(size=_MIB)), "InvalidImageFormat.Corrupt", "do not agree"),
        (dynamic(mark=b"cxsparsf"), "InvalidImageFormat.Corrupt", "no header at byte 512"),
        (dynamic(block_size=3000), "InvalidImageFormat.Corrupt", "blocks of 3000 bytes"),
        (dynamic(block_size=2048), "InvalidImageFormat.Corrupt", "blocks of 2048 bytes"),
        (dynamic(block_size=0), "InvalidImageFormat.Corrupt", "blocks of 0 bytes"),
        (dynamic(entries=1), "InvalidVHDImage.IncorrectSize", "1 blocks of 2097152"),
        (dynamic(entries=2**31), "InvalidImageFormat.Corrupt", "2147483648 entries"),
        (dynamic(size=3 << 40), "InvalidVHDImage.IncorrectSize", "virtual size is 3298534883328"),
        (dynamic(table=(4, 4)), "InvalidImageFormat.Corrupt", "share the data at byte 2048"),
        (dynamic(table=(4, 3)), "InvalidImageFormat.Corrupt", "share the data at byte 2048"),
        (dynamic(table=(4, 99999)), "InvalidImageFormat.Truncated", "keeps data at byte 51199488"),
        (dynamic(data_offset=1 << 60), "InvalidImageFormat.Truncated", "VHD header lies at byte"),
        ({0: b"x", 4096: footer(kind=3)}, "InvalidImageFormat.Corrupt", "no footer at byte 0"),
        (
            {0: b"x", 4 * _MIB - 512: footer(kind=2, size=4 * _MIB)},
            "InvalidVHDImage.IncorrectSize",
            "is 4194304 bytes, but its file has room for 4193792",
        ),
        (
            {0: b"x", 4 * _MIB: footer(kind=2)[:-1] + b"\1"},
            "InvalidImageFormat.Corrupt",
            "checksum of the VHD's footer is wrong",
        ),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    error = refusal(pieces(image))
    assert error.code == code
    with pytest.raises(ImageError, match=detail):
        raise error


def test_a_dynamic_disk_is_accepted(pieces: Callable[..., Any]) -> None:
    found = inspect(pieces(dynamic()), max_virtual_size=_TIB)
    assert (found.format, found.subformat) == (Format.VHD, "dynamic")
    assert found.virtual_size == 4 * _MIB


def test_a_fixed_disk_is_told_from_raw_by_its_footer(pieces: Callable[..., Any]) -> None:
    found = inspect(pieces({4 * _MIB: footer(kind=2)}), max_virtual_size=_TIB)
    assert (found.subformat, found.virtual_size) == ("fixed", 4 * _MIB)


_BY_GEOMETRY = 120 * 4 * 17 * 512


@pytest.mark.parametrize(
    ("creator", "geometry", "size", "rule"),
    [
        (b"win ", (120, 4, 17), 4 * _MIB, "current_size"),
        (b"tap\0", (120, 4, 17), 4 * _MIB, "current_size"),
        (b"qem2", (120, 4, 17), 4 * _MIB, "current_size"),
        (b"abcd", (120, 4, 17), 4 * _MIB, "current_size"),
        (b"vpc ", (120, 4, 17), _BY_GEOMETRY, "chs"),
        (b"qemu", (120, 4, 17), _BY_GEOMETRY, "chs"),
        (b"vpc ", _MAXIMUM, 4 * _MIB, "current_size"),
    ],
)
def test_the_creator_decides_where_the_disk_ends(
    pieces: Callable[..., Any],
    creator: bytes,
    geometry: tuple[int, int, int],
    size: int,
    rule: str,
) -> None:
    found = inspect(
        pieces({4 * _MIB: footer(kind=2, creator=creator, geometry=geometry)}),
        max_virtual_size=_TIB,
    )
    assert found.virtual_size == size
    assert found.driver_options == {"force_size_calc": rule}
