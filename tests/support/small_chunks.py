"""The look-ahead with chunks so small that a source of some KiB has many."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import HealthCheck, settings

from imageferry.imaging import look_ahead
from imageferry.imaging import plan as plans
from imageferry.imaging.look_ahead import LookAhead
from imageferry.imaging.plan import Plan
from support.sources import BytesSource

CHUNK = 1000
CONNECTIONS = 4
MEMORY = 10
"""How many chunks are kept in memory at the most."""

MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""How an order of what is taken is chosen; no example changes what a fixture gives."""


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the look-ahead work with these numbers."""
    monkeypatch.setattr(look_ahead, "CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(plans, "CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(look_ahead, "CONNECTIONS", CONNECTIONS)
    monkeypatch.setattr(look_ahead, "MEMORY_CHUNKS", MEMORY)
    monkeypatch.setattr(look_ahead, "_IN_ORDER_CHUNKS", MEMORY // 2)


class ChunkSource(BytesSource):
    """A source of which whole chunks are read; ``before`` is called before each."""

    def __init__(self, data: bytes, before: Callable[[int], None] = lambda chunk: None) -> None:
        super().__init__(data)
        self.fetched: list[int] = []
        self._before = before

    def pread(self, offset: int, length: int) -> bytes:
        chunk, within = divmod(offset, CHUNK)
        assert (within, length) == (0, min(CHUNK, self.size - offset))
        self.fetched.append(chunk)
        self._before(chunk)
        return super().pread(offset, length)


def made(chunks: int, rest: int = 0) -> bytes:
    """The bytes of so many chunks, and of a rest."""
    return Random(chunks).randbytes(chunks * CHUNK + rest)


def plan_of(size: int, ranges: list[tuple[int, int]]) -> Plan:
    """The plan in which ranges of a source are taken, each a place and a length."""
    wanted = array("Q", bytes(8 * -(-size // CHUNK)))
    for place, length in ranges:
        for byte in range(place, min(place + length, size)):
            wanted[byte // CHUNK] += 1
    return Plan(sum(wanted), wanted)


def in_memory(ahead: LookAhead) -> int:
    """How many chunks are in memory or on their way there."""
    return len(ahead._chunks) + ahead._on_their_way


def take_all(ahead: LookAhead, ranges: list[tuple[int, int]], threads: int) -> list[bytes]:
    """Take ranges in threads; the bytes of each."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda range_: bytes(ahead.take(*range_)), ranges))
