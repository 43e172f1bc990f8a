from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import cast

import pytest

from imageferry.buckets.draft import CopySource, DraftBytes
from imageferry.engine import whole_copy
from imageferry.engine.checkpoints import Saved
from imageferry.engine.whole_copy import WholeCopy
from imageferry.imaging.checkpoint import Checkpoint
from imageferry.imaging.threads import StoppedError, StopSignal

STEP = 10
DATA = Random(1).randbytes(95)
RANGES = [(0, 25), (40, 35), (80, 15)]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_copy, "COPY_STEP", STEP)


class Source:
    """A file with holes."""

    size = len(DATA)

    def pread(self, offset: int, length: int) -> bytes:
        return DATA[offset : offset + length]

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield from RANGES

    def fileno(self, _moving: int = 0) -> int | None:
        return None


@dataclass
class Target:
    """A draft in memory."""

    pieces: dict[int, bytes] = field(default_factory=dict)

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        self.pieces[offset] = source.pread(offset, length)

    @property
    def content(self) -> bytes:
        content = bytearray(len(DATA))
        for offset, piece in self.pieces.items():
            content[offset : offset + len(piece)] = piece
        return bytes(content)


@dataclass
class Kept:
    """Checkpoints, until the copy is stopped after so many of them."""

    stop: StopSignal
    most: int = 100
    begun: Checkpoint | None = None
    taken: list[Checkpoint] = field(default_factory=list)

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        assert 0 < length <= STEP
        self.taken.append(take())
        if len(self.taken) == self.most:
            self.stop.set()


def saved(checkpoint: Checkpoint, copy: WholeCopy) -> Saved:
    return Saved(
        source="etag", draft_id="d", end=copy.end, writer=copy.state(), checkpoint=checkpoint
    )


def copied(target: Target, begun: Saved | None, kept: Kept, seen: list[int]) -> WholeCopy:
    copy = WholeCopy(Source(), cast("DraftBytes", target), begun)
    copy.run(kept, stop=kept.stop, progress=seen.append)
    return copy


def expected() -> bytes:
    content = bytearray(len(DATA))
    for offset, length in RANGES:
        content[offset : offset + length] = DATA[offset : offset + length]
    return bytes(content)


def test_data_is_copied_and_holes_are_left_out() -> None:
    target, kept, seen = Target(), Kept(StopSignal()), list[int]()

    copy = copied(target, None, kept, seen)

    assert target.content == expected()
    assert (copy.end, seen[0], seen[-1]) == (95, 0, 95)
    assert [taken.offset for taken in kept.taken] == [10, 20, 25, 50, 60, 70, 75, 90, 95]


@pytest.mark.parametrize("stopped_after", range(1, 9))
def test_a_copy_goes_on_from_any_checkpoint(stopped_after: int) -> None:
    target, kept = Target(), Kept(StopSignal(), stopped_after)
    first = WholeCopy(Source(), cast("DraftBytes", target), None)
    with pytest.raises(StoppedError):
        first.run(kept, stop=kept.stop, progress=lambda _: None)
    before, seen = set(target.pieces), list[int]()

    copied(target, saved(kept.taken[-1], first), Kept(StopSignal()), seen)

    assert target.content == expected()
    assert seen[0] == kept.taken[-1].offset
    assert before.isdisjoint({offset for offset in target.pieces if offset >= seen[0]})
