"""Fetch a remote image ahead of those who take it, each byte once.

A request to a remote store takes its time however short it is, and one connection is
slow. So many chunks are on their way at once: in the order of the file, in which they are
hashed too. A chunk is kept until all of it was taken and hashed.

Where a disk lies in its image in no order, those that somebody waits for are fetched first. When
memory is full of chunks that are not yet wanted, the oldest go to a scratch file without a name,
which is gone when the process is. Where it lies in it in order, each chunk comes in its turn, and
there is never a scratch file; see :func:`is_in_order`.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from imageferry.imaging.checkpoint import NOTHING_HASHED, SourceState
from imageferry.imaging.plan import Plan
from imageferry.imaging.source import CHUNK_SIZE, ByteSource, ended_early
from imageferry.imaging.source_digest import CheckedPart, SourceDigest
from imageferry.imaging.threads import LOOK_SECONDS, StoppedError, StopSignal, nothing
from imageferry.telemetry.threads import context_thread

CONNECTIONS = 16
"""Chunks on their way at once: half as many took 1.8 times as long."""

MEMORY_CHUNKS = 24
"""Chunks in memory, those on their way included: 96 MiB. Two disks of a task are moved at once, so
each has half of a slot's memory for these chunks, the blocks that are worked on, and the parts that
are sent."""

_IN_ORDER_CHUNKS = MEMORY_CHUNKS // 2
"""How far a disk may go back in its image, so that half of the memory is left to fetch ahead."""


def is_in_order(plan: Plan) -> bool:
    """Whether memory is enough for the chunks of a plan in the order of the file.

    Whatever is taken next lies at most :attr:`~imageferry.imaging.plan.Plan.disorder` chunks
    behind the first one that is still wanted, and those before that one only wait for the hash,
    which has all that it needs. So chunks in the order of the file never stop for want of memory.
    """
    return plan.disorder < _IN_ORDER_CHUNKS or len(plan.wanted) <= MEMORY_CHUNKS


def most_scratch(plan: Plan, size: int, *, hash_source: bool) -> int:
    """The most bytes that go to scratch of a source that is taken in no order.

    Args:
        plan: What is taken of it.
        size: Its size in bytes.
        hash_source: Whether every byte is fetched.
    """
    chunks = len(plan.wanted) if hash_source else sum(map(bool, plan.wanted))
    return min(size, chunks * CHUNK_SIZE)


class LookAhead:
    """A planned source that fetches ahead.

    Args:
        source: The image; each read of it takes long, and ends in a bounded time.
        plan: What will be taken of it.
        scratch: A folder for chunks that memory has no room for: at most the source's size.
            ``None``: the plan is in order, and each chunk comes in its turn.
        hash_source: Whether to fetch and hash every byte, those that are not planned too.
        begun: How far an earlier transfer has hashed it. What was hashed is fetched once more
            only where it is still planned.
        part: A part of it whose digest is checked with the hash.
        memory_chunks: How many chunks to keep, for a plan in order; 0 for the default.
    """

    def __init__(
        self,
        source: ByteSource,
        plan: Plan,
        *,
        scratch: Path | None,
        hash_source: bool,
        begun: SourceState = NOTHING_HASHED,
        part: CheckedPart | None = None,
        memory_chunks: int = 0,
    ) -> None:
        self.sha256 = ""
        """The SHA-256 of the whole source in hexadecimal digits, once it is complete."""
        self._source = source
        self._wanted = plan.wanted[:]
        self._count = len(plan.wanted)
        self._state = begun
        self._part = part
        self._memory_chunks = memory_chunks or MEMORY_CHUNKS
        self._hashing = hash_source
        self._hashed = -(-begun.hashed // CHUNK_SIZE) if hash_source else self._count
        self._scratch = scratch
        self._spilled: set[int] = set()
        self._file: int | None = None
        self._chunks: dict[int, bytes] = {}
        self._asked = bytearray(self._count)
        self._cursor = 0
        self._on_their_way = 0
        self._demanded: dict[int, int] = {}
        self._failure: Exception | None = None
        self._closed = False
        self._lock = threading.Lock()
        # Two kinds wait, and waking whom it does not concern took more time than the fetching:
        # fetchers, all of whom would choose the same chunk, for room or for a demand; the
        # others for a chunk to arrive.
        self._room = threading.Condition(self._lock)
        self._arrived = threading.Condition(self._lock)
        self._threads = [context_thread(self._fetch) for _ in range(CONNECTIONS)]
        if hash_source:
            self._threads.append(threading.Thread(target=self._hash))

    def take(self, place: int, length: int) -> bytes | memoryview:
        """The bytes at a place; fewer only at the image's end. Safe in threads.

        Raises:
            Exception: whatever a read of the source raised.
            StoppedError: it was closed.
        """
        end = min(place + length, self._source.size)
        parts = [self._take(chunk, start, stop) for chunk, start, stop in _parts(place, end)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self, stop: StopSignal, meanwhile: Callable[[], None] = nothing) -> None:
        """Wait until all was hashed.

        Args:
            stop: Ends the wait early.
            meanwhile: Is called again and again while it lasts, and at its end.

        Raises:
            Exception: whatever a read of the source raised.
            StoppedError: it was stopped.
        """
        with self._lock:
            while not self._wait(lambda: bool(self.sha256) or not self._hashing, LOOK_SECONDS):
                stop.check()
                meanwhile()
        meanwhile()

    def hashed(self) -> int:
        """The bytes that were hashed, from the beginning of the image."""
        return min(self._hashed * CHUNK_SIZE, self._source.size)

    def state(self) -> SourceState:
        """How far the hash has come."""
        with self._lock:
            return self._state

    def close(self) -> None:
        """Forget all; when it returns, nothing reads from the source any more."""
        with self._lock:
            self._closed = True
            self._wake_all()
        for thread in self._threads:
            thread.join()
        if self._file is not None:
            os.close(self._file)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _take(self, chunk: int, start: int, stop: int) -> bytes | memoryview:
        """Bytes of the plan that lie in one chunk, which is fetched at once if it was not yet."""
        with self._lock:
            self._demand(chunk)
            data = self._chunks.get(chunk)
            self._wanted[chunk] -= stop - start
            self._drop_if_done(chunk)
        return self._bytes(data, chunk, start, stop)

    def _look(self, chunk: int, start: int, stop: int) -> bytes | memoryview:
        """Bytes that lie in one chunk, once its turn has come and it is there."""
        with self._lock:
            self._wait(lambda: self._is_there(chunk))
            data = self._chunks.get(chunk)
        return self._bytes(data, chunk, start, stop)

    def _bytes(self, data: bytes | None, chunk: int, start: int, stop: int) -> bytes | memoryview:
        if data is None:
            assert self._file is not None  # noqa: S101 - the chunk was spilled to it
            return os.pread(self._file, stop - start, start)
        if len(data) == stop - start:
            return data
        begin = chunk * CHUNK_SIZE
        return memoryview(data)[start - begin : stop - begin]

    def _demand(self, chunk: int) -> None:
        if self._is_there(chunk):
            return
        if self._scratch is None:
            self._wait(lambda: self._is_there(chunk))
            return
        self._demanded[chunk] = self._demanded.get(chunk, 0) + 1
        try:
            self._room.notify()
            self._wait(lambda: self._is_there(chunk))
        finally:
            self._demanded[chunk] -= 1
            if not self._demanded[chunk]:
                del self._demanded[chunk]

    def _is_there(self, chunk: int) -> bool:
        return chunk in self._chunks or chunk in self._spilled

    def _wait(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait for something, for so many seconds at most, and say whether it is so."""
        self._arrived.wait_for(lambda: condition() or self._failure or self._closed, seconds)
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise StoppedError
        return condition()

    def _drop_if_done(self, chunk: int) -> None:
        if self._wanted[chunk] == 0 and chunk < self._hashed:
            self._chunks.pop(chunk, None)
            self._spilled.discard(chunk)
            self._room.notify()

    def _fetch(self) -> None:
        """The life of a thread that fetches."""
        try:
            while (chunk := self._next()) is not None:
                start, stop = self._bounds(chunk)
                data = self._source.pread(start, stop - start)
                if len(data) != stop - start:
                    raise ended_early(start + len(data))  # noqa: TRY301
                with self._lock:
                    self._on_their_way -= 1
                    self._chunks[chunk] = data
                    self._arrived.notify_all()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            self._fail(error)

    def _next(self) -> int | None:
        """The chunk to fetch next, when there is room for it; ``None`` at the end."""
        with self._lock:
            while not (self._closed or self._failure):
                chunk = self._choose()
                if chunk is None:
                    return None
                if self._make_room(chunk):
                    self._asked[chunk] = 1
                    self._on_their_way += 1
                    return chunk
                self._room.wait()
        return None

    def _choose(self) -> int | None:
        for chunk in self._demanded:
            if not self._asked[chunk]:
                return chunk
        while self._cursor < self._count and (
            self._asked[self._cursor] or not self._is_needed(self._cursor)
        ):
            self._cursor += 1
        return self._cursor if self._cursor < self._count else None

    def _is_needed(self, chunk: int) -> bool:
        """Whether somebody will take of a chunk that was not fetched, or it is still to be hashed.

        Without a checkpoint to go on from that is every chunk of the plan, and with a hash every
        chunk: each is fetched once.
        """
        return chunk >= self._hashed or bool(self._wanted[chunk])

    def _make_room(self, chunk: int) -> bool:
        """Whether a chunk may be fetched now; for one that is demanded others are spilled."""
        if len(self._chunks) + self._on_their_way < self._memory_chunks:
            return True
        if chunk not in self._demanded and not self._only_hash_makes_room(chunk):
            return False
        if self._hash_makes_room():
            return False
        victim = next((other for other in self._chunks if other not in self._demanded), None)
        if victim is not None:
            self._spill(victim)
        return True

    def _only_hash_makes_room(self, chunk: int) -> bool:
        """Whether memory stays full until a chunk is hashed: all that is there comes behind it.

        Else the hash waits: what it has gone past goes when it was taken.
        """
        return chunk == self._hashed and all(other > chunk for other in self._chunks)

    def _hash_makes_room(self) -> bool:
        """Whether the hash comes to a chunk that only it needs, with nothing more fetched."""
        chunk = self._hashed
        while chunk in self._chunks:
            if not self._wanted[chunk]:
                return True
            chunk += 1
        return False

    def _spill(self, chunk: int) -> None:
        if self._file is None:
            self._file = self._scratch_file()
        data = self._chunks.pop(chunk)
        written = 0
        while written < len(data):
            written += os.pwrite(
                self._file, memoryview(data)[written:], chunk * CHUNK_SIZE + written
            )
        self._spilled.add(chunk)

    def _bounds(self, chunk: int) -> tuple[int, int]:
        start = chunk * CHUNK_SIZE
        return start, min(start + CHUNK_SIZE, self._source.size)

    def _scratch_file(self) -> int:
        with tempfile.TemporaryFile(dir=self._scratch) as file:
            return os.dup(file.fileno())

    def _hash(self) -> None:
        """The life of the thread that hashes."""
        digest = SourceDigest(self._state, self._part)
        try:
            for chunk in range(self._hashed, self._count):
                start, stop = self._bounds(chunk)
                digest.update(self._look(chunk, start, stop))
                with self._lock:
                    self._hashed = chunk + 1
                    self._state = digest.state()
                    self._drop_if_done(chunk)
                    # What was demanded may have waited for the hash to make room.
                    self._room.notify()
            with self._lock:
                self.sha256 = digest.hexdigest()
                self._arrived.notify_all()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        with self._lock:
            if not self._closed:
                self._failure = self._failure or error
            self._wake_all()

    def _wake_all(self) -> None:
        self._room.notify_all()
        self._arrived.notify_all()


def _parts(place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The parts of a range that lie in one chunk each: chunk, start and end."""
    while place < end:
        chunk = place // CHUNK_SIZE
        stop = min(end, (chunk + 1) * CHUNK_SIZE)
        yield chunk, place, stop
        place = stop
