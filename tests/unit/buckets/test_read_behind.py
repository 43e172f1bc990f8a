from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import DamagedError
from imageferry.buckets.past_cache import SMALLEST, PastCache
from imageferry.buckets.read_behind import ReadBehind

PIECE = random.Random(1).randbytes(4 * SMALLEST)
OTHER = random.Random(2).randbytes(4 * SMALLEST)


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def behind(fd: int) -> Iterator[ReadBehind]:
    with closing(ReadBehind(fd)) as following:
        yield following


def test_what_is_there_is_right(fd: int, behind: ReadBehind) -> None:
    for place in range(0, 100 * len(PIECE), len(PIECE)):
        os.pwrite(fd, PIECE, place)
        behind.follow(place, PIECE)

    behind.catch_up()


@pytest.mark.parametrize("kept", [OTHER, b"", PIECE[:-1]])
def test_what_is_not_there_is_told(fd: int, behind: ReadBehind, kept: bytes) -> None:
    os.pwrite(fd, kept, 512)
    behind.follow(512, PIECE)

    with pytest.raises(DamagedError, match="at byte 512 is"):
        behind.catch_up()
    with pytest.raises(DamagedError, match="at byte 512 is"):
        behind.follow(0, PIECE)


def test_tables_are_left_to_the_check_of_the_structure(fd: int, behind: ReadBehind) -> None:
    behind.follow(0, PIECE[: SMALLEST - 1])

    behind.catch_up()


def test_what_is_written_meanwhile_is_not_waited_for(
    behind: ReadBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_more(*_piece: int) -> None:
        behind.follow(0, PIECE)

    monkeypatch.setattr(behind, "_compare", write_more)
    behind.follow(0, PIECE)

    behind.catch_up()


def test_who_gives_up_does_not_wait_for_the_rest(fd: int) -> None:
    behind = ReadBehind(fd)
    behind.follow(0, PIECE)

    behind.close()
    behind.close()


@pytest.mark.parametrize("end", ["keep", "finish"])
def test_a_draft_on_a_disk_that_loses_bits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    write = PastCache.write

    def lose_a_bit(pieces: PastCache, offset: int, data: bytes) -> None:
        write(pieces, offset, bytes([data[0] ^ 1]) + data[1:])

    monkeypatch.setattr(PastCache, "write", lose_a_bit)
    draft = FileDraft(tmp_path / "draft", Path)
    draft.write(0, PIECE)

    with pytest.raises(DamagedError):
        getattr(draft, end)(len(PIECE))
    draft.abort()
    assert not list(tmp_path.iterdir())
