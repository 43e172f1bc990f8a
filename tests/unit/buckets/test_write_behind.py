from __future__ import annotations

import errno
import os
import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from imageferry.buckets.file_draft import FileDraft
from imageferry.buckets.interface import DamagedError
from imageferry.buckets.past_cache import SMALLEST, PastCache
from imageferry.buckets.write_behind import WriteBehind
from support.service import until

PIECE = random.Random(1).randbytes(4 * SMALLEST)
OTHER = random.Random(2).randbytes(4 * SMALLEST)


@pytest.fixture
def behind(fd: int) -> Iterator[WriteBehind]:
    with closing(WriteBehind(fd)) as writer:
        yield writer


def put(behind: WriteBehind, count: int) -> None:
    for number in range(count):
        behind.write(number * len(PIECE), PIECE)


def keep_other(monkeypatch: pytest.MonkeyPatch, kept: bytes) -> None:
    """Have the disk keep something else than it is given."""
    write = PastCache.write
    monkeypatch.setattr(PastCache, "write", lambda self, offset, _: write(self, offset, kept))


def test_all_comes_to_its_place(fd: int, behind: WriteBehind) -> None:
    put(behind, 100)
    behind.write(100 * len(PIECE), b"table")

    behind.catch_up()

    assert os.pread(fd, 101 * len(PIECE), 0) == PIECE * 100 + b"table"


@pytest.mark.parametrize("kept", [OTHER, b"", PIECE[:-1]])
def test_what_is_not_there_is_told(
    behind: WriteBehind, monkeypatch: pytest.MonkeyPatch, kept: bytes
) -> None:
    keep_other(monkeypatch, kept)
    behind.write(512, PIECE)

    with pytest.raises(DamagedError, match="at byte 512 is"):
        behind.catch_up()
    with pytest.raises(DamagedError, match="at byte 512 is"):
        put(behind, 100)


def test_tables_are_left_to_the_check_of_the_structure(
    behind: WriteBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_other(monkeypatch, b"")

    behind.write(0, PIECE[: SMALLEST - 1])

    behind.catch_up()


def test_a_full_disk_is_told_at_a_later_call(
    behind: WriteBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(PastCache, "write", full)
    behind.write(0, PIECE)

    with pytest.raises(OSError, match="No space"):
        behind.catch_up()


def test_no_more_than_some_pieces_are_in_memory(
    behind: WriteBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begun = threading.Event(), threading.Semaphore(0)
    write = PastCache.write

    def slow(pieces: PastCache, offset: int, data: bytes) -> None:
        begun.release()
        goes_on.wait()
        write(pieces, offset, data)

    monkeypatch.setattr(PastCache, "write", slow)
    writer = threading.Thread(target=put, args=(behind, 20))
    writer.start()
    begun.acquire()
    until(lambda: len(behind._under_way) == 4, 30, "the queue being full")
    writer.join(0.05)
    assert len(behind._under_way) == 4
    assert writer.is_alive()

    goes_on.set()
    writer.join()
    behind.catch_up()


def test_what_is_put_meanwhile_is_not_waited_for(
    behind: WriteBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    write = PastCache.write

    def first_only(pieces: PastCache, offset: int, data: bytes) -> None:
        if offset:
            goes_on.wait()
        else:
            behind._under_way.append(behind._threads.submit(first_only, pieces, len(data), data))
        write(pieces, offset, data)

    monkeypatch.setattr(PastCache, "write", first_only)
    behind.write(0, PIECE)

    behind.catch_up()
    goes_on.set()


def test_who_gives_up_does_not_wait_for_the_rest(fd: int) -> None:
    behind = WriteBehind(fd)
    behind.write(0, PIECE)

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
