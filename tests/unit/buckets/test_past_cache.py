from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from contextlib import closing

import pytest

from imageferry.buckets.past_cache import ALIGNMENT, SMALLEST, STEP, PastCache

PLACES = [
    (0, 3 * STEP),
    (0, STEP + 1),
    (ALIGNMENT, SMALLEST),
    (ALIGNMENT - 1, SMALLEST + 2),
    (512, 2 * STEP + 512),
    (1, SMALLEST),
    (7, 100),
    (3 * ALIGNMENT, 0),
]
"""Offsets and lengths of pieces, at blocks' edges and beside them."""


@pytest.fixture
def pieces(fd: int) -> Iterator[PastCache]:
    with closing(PastCache(fd, os.O_RDWR)) as opened:
        yield opened


def _refuse(*arguments: object) -> int:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def _read(pieces: PastCache, offset: int, length: int) -> bytes:
    return b"".join(bytes(piece) for piece in pieces.read(offset, length))


@pytest.mark.parametrize(("offset", "length"), PLACES)
def test_a_piece_comes_to_its_place_and_back(
    pieces: PastCache, fd: int, offset: int, length: int
) -> None:
    data = random.Random(length).randbytes(length)

    pieces.write(offset, data)

    assert os.pread(fd, offset + length + 1, 0) == bytes(offset if length else 0) + data
    assert _read(pieces, offset, length) == data


def test_neighbours_are_left_as_they_are(pieces: PastCache, fd: int) -> None:
    rng = random.Random(1)
    expected = bytearray(rng.randbytes(4 * STEP))
    pieces.write(0, expected)
    for _ in range(40):
        offset, length = rng.randrange(3 * STEP), rng.randrange(STEP)
        expected[offset : offset + length] = data = rng.randbytes(length)
        pieces.write(offset, data)
        assert _read(pieces, offset, length) == data

    assert os.pread(fd, len(expected), 0) == expected


def test_a_read_ends_with_the_file(pieces: PastCache) -> None:
    data = random.Random(2).randbytes(SMALLEST + 5)
    pieces.write(0, data)

    assert _read(pieces, 3, STEP) == data[3:]
    assert _read(pieces, len(data), STEP) == b""


def test_where_the_file_system_needs_the_cache_it_is_used(
    fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(3).randbytes(STEP + 9)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", _refuse)
        pieces = PastCache(fd, os.O_RDWR)

    pieces.write(5, data)

    assert _read(pieces, 5, len(data)) == data
    pieces.close()


def test_where_the_disk_has_other_blocks_the_cache_is_used(
    pieces: PastCache, fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(4).randbytes(STEP)
    write = os.pwrite

    def refuse_directly(descriptor: int, piece: bytes, offset: int) -> int:
        return write(fd, piece, offset) if descriptor == fd else _refuse()

    monkeypatch.setattr(os, "pwrite", refuse_directly)
    monkeypatch.setattr(os, "preadv", _refuse)

    pieces.write(0, data)

    assert _read(pieces, 0, STEP) == data


def test_a_full_disk_is_told(pieces: PastCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)

    with pytest.raises(OSError, match="No space"):
        pieces.write(0, bytes(STEP))
