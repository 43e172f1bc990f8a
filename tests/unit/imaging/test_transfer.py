from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

import pytest

from imageferry.imaging.content_hash import block_digest
from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.transfer import Transferred, transfer
from support.content import content_hash

_THREADS = 3
_WINDOW = 3 * _THREADS
"""Blocks for each thread that are begun and not yet written."""


class DamagedError(Exception):
    """What a test has a part of a transfer raise."""


def nothing() -> None:
    """What a part does that a test is not about."""


@dataclass(frozen=True)
class MadeBlock:
    number: int
    before_load: Callable[[], None] = nothing
    cost: int = 10

    @property
    def offset(self) -> int:
        return self.number * BLOCK_SIZE

    def load(self) -> bytes:
        self.before_load()
        return b"%d" % self.number


@dataclass
class Writer:
    """Keeps what it is told; ``before`` is called with the name of a step and a block's number."""

    before: Callable[[str, int], None] = lambda step, number: None
    packed: list[int] = field(default_factory=list)
    appended: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    finished: int | None = None

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> tuple[int, bytes]:
        number = offset // BLOCK_SIZE
        self.before("pack", number)
        self.packed.append(number)
        return number, bytes(data)

    def append(self, packed: tuple[int, bytes]) -> None:
        number, data = packed
        self.before("append", number)
        assert data == b"%d" % number
        self.appended.append(number)
        self.threads.add(threading.get_ident())

    def finish(self, virtual_size: int) -> int:
        self.before("finish", -1)
        self.finished = virtual_size
        return 4711


@dataclass(frozen=True)
class ZeroBlock(MadeBlock):
    def load(self) -> bytes:
        return bytes(BLOCK_SIZE)


def run(
    blocks: Iterator[MadeBlock] | list[MadeBlock],
    writer: Writer,
    *,
    stop: StopSignal | None = None,
    progress: Callable[[int], None] = lambda done: None,
    blocks_on_disk: int = 100,
) -> Transferred:
    return transfer(
        blocks,
        writer,
        lambda: blocks_on_disk * BLOCK_SIZE,
        stop=stop or StopSignal(),
        progress=progress,
        threads=_THREADS,
    )


def test_blocks_are_written_in_order_by_one_thread_however_long_each_takes() -> None:
    """Of each three blocks, the first is not loaded before the last one is packed."""
    last_is_packed = [threading.Event() for _ in range(7)]

    def wait_for_last(turn: int) -> None:
        assert last_is_packed[turn].wait(30)

    def release(step: str, number: int) -> None:
        if step == "pack" and number % 3 == 2:
            last_is_packed[number // 3].set()

    blocks = [
        MadeBlock(number, nothing if number % 3 else partial(wait_for_last, number // 3))
        for number in range(21)
    ]
    writer = Writer(release)
    run(blocks, writer)
    assert writer.appended == list(range(21))
    assert writer.packed != writer.appended
    assert writer.threads == {threading.get_ident()}


def test_at_most_a_window_of_blocks_is_begun_and_not_written() -> None:
    asked = 0
    ahead = []
    writer = Writer()

    def blocks() -> Iterator[MadeBlock]:
        nonlocal asked
        for number in range(50):
            asked += 1
            ahead.append(asked - len(writer.appended))
            yield MadeBlock(number)

    run(blocks(), writer)
    assert writer.appended == list(range(50))
    assert max(ahead) == _WINDOW


def test_the_result_tells_size_and_hash_and_progress_counts_the_source() -> None:
    seen: list[int] = []
    writer = Writer()
    blocks = [MadeBlock(1, cost=5), MadeBlock(3, cost=7)]
    result = run(blocks, writer, progress=seen.append, blocks_on_disk=4)
    zeros = block_digest(bytes(BLOCK_SIZE))
    digests = [zeros, block_digest(b"1"), zeros, block_digest(b"3")]
    assert result.content_hash == sha256(b"".join(digests)).hexdigest()
    assert (result.size, result.virtual_size) == (4711, 4 * BLOCK_SIZE)
    assert writer.finished == 4 * BLOCK_SIZE
    assert seen == [5, 12]


def test_a_block_of_zeros_is_left_out_and_its_source_is_done_with() -> None:
    seen: list[int] = []
    writer, without = Writer(), Writer()
    blocks = [ZeroBlock(0, cost=1), MadeBlock(1, cost=5), ZeroBlock(2, cost=3), ZeroBlock(3)]

    result = run(blocks, writer, progress=seen.append, blocks_on_disk=4)

    assert writer.appended == writer.packed == [1]
    assert seen == [1, 6, 9, 19]
    assert result == run([MadeBlock(1)], without, blocks_on_disk=4)


def test_a_disk_without_data_is_finished_at_once() -> None:
    writer = Writer()
    result = run([], writer, blocks_on_disk=1)
    assert result.content_hash == content_hash(bytes(BLOCK_SIZE))
    assert (writer.appended, writer.finished) == ([], BLOCK_SIZE)


def test_the_size_is_asked_for_when_all_blocks_were() -> None:
    left = 3

    def blocks() -> Iterator[MadeBlock]:
        nonlocal left
        for number in range(3):
            left -= 1
            yield MadeBlock(number)

    def size() -> int:
        assert left == 0
        return 3 * BLOCK_SIZE

    transfer(blocks(), Writer(), size, stop=StopSignal(), progress=lambda done: None)


def test_a_transfer_that_is_stopped_writes_no_more() -> None:
    stop = StopSignal()
    writer = Writer()
    endless = (MadeBlock(number) for number in range(10**9))
    with pytest.raises(StoppedError):
        run(endless, writer, stop=stop, progress=lambda done: stop.set() if done == 40 else None)
    assert writer.appended == [0, 1, 2, 3]
    assert writer.finished is None


@pytest.mark.parametrize("step", ["load", "pack", "append", "progress", "finish"])
def test_an_error_ends_the_transfer_and_all_of_its_threads(step: str) -> None:
    def fail() -> None:
        raise DamagedError

    def fail_at(name: str, number: int) -> None:
        if name == step and number in (5, -1):
            fail()

    def progress(done: int) -> None:
        if done == 60:
            fail_at("progress", 5)

    before = set(threading.enumerate())
    writer = Writer(fail_at)
    blocks = [MadeBlock(number) for number in range(12)]
    if step == "load":
        blocks[5] = MadeBlock(5, fail)
    with pytest.raises(DamagedError):
        run(blocks, writer, progress=progress)
    assert set(threading.enumerate()) <= before
    expected = {"progress": 6, "finish": 12}.get(step, 5)
    assert writer.appended == list(range(expected))
    assert writer.finished is None


def test_an_error_of_the_blocks_themselves_ends_it_too() -> None:
    def blocks() -> Iterator[MadeBlock]:
        yield MadeBlock(0)
        raise DamagedError

    before = set(threading.enumerate())
    with pytest.raises(DamagedError):
        run(blocks(), Writer())
    assert set(threading.enumerate()) <= before
