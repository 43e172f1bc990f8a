from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.glance import check_first_bytes
from imageferry.imaging.packaging.package import Compressed
from support.images.packages import gz, ova, tar, xz, zst

_NOISE = random.Random(1).randbytes(1 << 20)
_QCOW2 = b"QFI\xfb\0\0\0\3" + _NOISE
_PACKS = pytest.mark.parametrize("pack", [gz, xz, zst])

Pieces = Callable[..., Any]
Pack = Callable[[bytes], bytes]


def check(source: Any, declared: Format | None = None) -> None:
    package = find_package(source)
    assert isinstance(package, Compressed)
    check_first_bytes(source, package, declared)


def refusal(source: Any, declared: Format | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        check(source, declared)
    return caught.value.code


@_PACKS
@pytest.mark.parametrize("data", [_NOISE, _QCOW2, tar(_NOISE), bytes(1 << 20), b"x"])
def test_what_may_be_an_image_is_let_through(pieces: Pieces, pack: Pack, data: bytes) -> None:
    source = pieces({0: pack(data)})
    check(source)
    assert source.bytes_asked <= 257 * 1024
    assert len(source.reads) == 2


@_PACKS
def test_the_declared_format_has_to_be_that_of_the_first_bytes(pieces: Pieces, pack: Pack) -> None:
    for wrap in (pack, lambda data: pack(tar(data))):
        check(pieces({0: wrap(_QCOW2)}), Format.QCOW2)
        check(pieces({0: wrap(_NOISE)}), Format.VHD)
        assert refusal(pieces({0: wrap(_QCOW2)}), Format.RAW) == "InvalidImageFormat.Mismatch"
        assert refusal(pieces({0: wrap(_NOISE)}), Format.VMDK) == "InvalidImageFormat.Mismatch"


@_PACKS
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gz(_NOISE), "InvalidImageFormat.Archive"),
        (tar(gz(_NOISE)), "InvalidImageFormat.Archive"),
        (ova(_NOISE), "InvalidImageFormat.Archive"),
        (b"QED\0" + _NOISE, "InvalidImageFormat.Unsupported"),
    ],
)
def test_what_cannot_be_imported_is_refused(
    pieces: Pieces, pack: Pack, data: bytes, code: str
) -> None:
    assert refusal(pieces({0: pack(data)})) == code


@_PACKS
def test_damage_at_the_beginning_is_refused(pieces: Pieces, pack: Pack) -> None:
    packed = pack(bytes(9000))
    assert refusal(pieces({0: packed[:15]})) == "InvalidImageFormat.Truncated"
    damaged = packed[:10] + b"\xff" * 40
    assert refusal(pieces({0: damaged})).startswith("InvalidImageFormat")


def test_what_shows_nothing_yet_is_let_through(pieces: Pieces) -> None:
    """The name in the gzip header is longer than what is read."""
    check(pieces({0: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 300_000 + b"\0"}, 1 << 20))
