from __future__ import annotations

import pytest

from imageferry.imaging.contents.marks import is_disk

from .conftest import Pieces

DISK = 1 << 20


@pytest.mark.parametrize(
    ("offset", "mark"),
    [
        (510, b"\x55\xaa"),
        (512, b"EFI PART"),
        (4096, b"EFI PART"),
        (1080, b"\x53\xef"),
        (0, b"XFSB"),
        (0x10040, b"_BHRfS_M"),
        (512, b"LABELONE"),
        (0x8001, b"CD001"),
    ],
)
def test_a_mark_makes_a_disk(pieces: Pieces, offset: int, mark: bytes) -> None:
    assert is_disk(pieces({offset: mark}, DISK))


@pytest.mark.parametrize(
    "content", [b"It is text, and no disk.\n" * 5, bytes(DISK), b"\x00", b"\x1f\x8b\x08" * 500]
)
def test_other_bytes_are_no_disk(pieces: Pieces, content: bytes) -> None:
    assert not is_disk(pieces({0: content}))


def test_the_look_is_bounded(pieces: Pieces) -> None:
    source = pieces({0: b"x"}, 1 << 40)

    assert not is_disk(source)

    assert source.bytes_asked <= 65 * 1024
