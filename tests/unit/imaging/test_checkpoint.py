"""A transfer that is cut off anywhere and gone on with ends like one that never was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.imaging import blocks as blocks_module
from imageferry.imaging import content_hash, disk, look_ahead, plan, transfer
from imageferry.imaging.checkpoint import NO_CHECKPOINTS, Checkpoints, SourceState
from imageferry.imaging.disk import Extent
from imageferry.imaging.look_ahead import LookAhead
from imageferry.imaging.moving import Moved, move
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE, Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter
from support.cut_off import Died, GoesOn, Target
from support.sources import BytesSource

BLOCK = 2 * CLUSTER_SIZE
CHUNK = 3 * CLUSTER_SIZE
BLOCKS = 24
VIRTUAL_SIZE = BLOCKS * BLOCK - 512

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and chunks so small that a disk of 3 MiB has many."""
    for module in (disk, blocks_module, content_hash, transfer):
        monkeypatch.setattr(module, "BLOCK_SIZE", BLOCK)
    for module in (plan, look_ahead):
        monkeypatch.setattr(module, "CHUNK_SIZE", CHUNK)
    content_hash._zero_digest.cache_clear()


class RemoteSource(BytesSource):
    """An object of a remote store, of which is noted what is fetched of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.fetched: list[int] = []

    def pread(self, offset: int, length: int) -> bytes:
        self.fetched.append(offset // CHUNK)
        return super().pread(offset, length)


@dataclass(frozen=True)
class Disk:
    """A disk whose blocks lie in its image at other places."""

    places: dict[int, int]
    virtual_size: int = VIRTUAL_SIZE

    def extents(self) -> Iterator[Extent]:
        for block, place in sorted(self.places.items()):
            length = min(BLOCK, VIRTUAL_SIZE - block * BLOCK)
            yield Extent(block * BLOCK, length, place * BLOCK, length)


def moved(
    source: RemoteSource,
    disk: Disk,
    writer: Qcow2Writer | RawWriter,
    checkpoints: Checkpoints,
    scratch: Path,
    *,
    hash_source: bool,
    seen: list[int] | None = None,
) -> Moved:
    return move(
        source,
        disk,
        writer,
        scratch=Scratch(scratch),
        hash_source=hash_source,
        stop=StopSignal(),
        begin=lambda _: None,
        progress=lambda done: seen.append(done) if seen is not None else None,
        checkpoints=checkpoints,
    )


def hashed_to_the_end(data: bytes, scratch: Path) -> SourceState:
    """The state of a source all of which was hashed."""
    source = RemoteSource(data)
    whole = plan.Plan.whole(source.size)
    with LookAhead(source, whole, scratch=scratch, hash_source=True) as ahead:
        for start in range(0, source.size, CHUNK):
            ahead.take(start, CHUNK)
        ahead.finish(StopSignal())
        return ahead.state()


@st.composite
def cut_transfers(draw: st.DrawFn) -> tuple[Disk, list[tuple[int, int]], bool]:
    """A disk in some order, where the transfers of it are cut, and whether its source is hashed."""
    blocks = draw(st.lists(st.integers(0, BLOCKS - 1), unique=True, min_size=1))
    places = sorted(blocks) if draw(st.booleans()) else draw(st.permutations(blocks))
    cuts = draw(st.lists(st.tuples(st.integers(0, BLOCKS), st.integers(0, 3)), max_size=3))
    return Disk(dict(zip(places, range(len(places)), strict=True))), cuts, draw(st.booleans())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut_transfers(), st.sampled_from([Qcow2Writer, RawWriter]))
def test_a_cut_transfer_ends_like_one_that_never_was(
    tmp_path: Path,
    cut: tuple[Disk, list[tuple[int, int]], bool],
    kind: type[Qcow2Writer | RawWriter],
) -> None:
    disk, cuts, hash_source = cut
    data = Random(1).randbytes(len(disk.places) * BLOCK)
    whole = Target()
    expected = moved(
        RemoteSource(data), disk, kind(whole), NO_CHECKPOINTS, tmp_path, hash_source=hash_source
    )

    target, last = Target(), None
    for blocks, late in cuts:
        begun, state, end = last or (None, b"", 0)
        del target.data[end:]
        writer = kind(target, state=state)
        died = Died(blocks, late, writer, begun)
        try:
            moved(RemoteSource(data), disk, writer, died, tmp_path, hash_source=hash_source)
        except StoppedError:
            last = died.last or last
    begun, state, end = last or (None, b"", 0)
    # What a dead process has written behind its last checkpoint is the same, and written again.
    writer = kind(target, state=state)
    done: list[int] = []
    result = moved(
        RemoteSource(data),
        disk,
        writer,
        GoesOn(begun),
        tmp_path,
        hash_source=hash_source,
        seen=done,
    )

    assert result == expected
    assert target.data == whole.data
    assert done == sorted(done)
    assert done[0] >= (begun.done if begun else 0)


def test_what_was_hashed_and_taken_is_not_fetched_again(tmp_path: Path) -> None:
    disk = Disk({block: block for block in range(BLOCKS)})
    data = Random(2).randbytes(VIRTUAL_SIZE)
    died = Died(BLOCKS - 3, 0, Qcow2Writer(Target()))
    with pytest.raises(StoppedError):
        moved(RemoteSource(data), disk, died.writer, died, tmp_path, hash_source=True)
    assert died.last is not None
    checkpoint, state, _ = died.last
    source = RemoteSource(data)

    result = moved(
        source,
        disk,
        Qcow2Writer(Target(), state=state),
        GoesOn(checkpoint),
        tmp_path,
        hash_source=True,
    )

    taken, hashed = checkpoint.offset // CHUNK, checkpoint.source.hashed // CHUNK
    assert sorted(source.fetched) == list(range(min(taken, hashed), -(-VIRTUAL_SIZE // CHUNK)))
    assert result.source_sha256 == hashlib.sha256(data).hexdigest()


def test_a_chunk_that_was_hashed_before_its_blocks_are_taken_is_fetched_again(
    tmp_path: Path,
) -> None:
    """Of an image whose disk lies in it backwards."""
    disk = Disk({block: BLOCKS - 1 - block for block in range(1, BLOCKS)})
    data = Random(3).randbytes(VIRTUAL_SIZE)
    whole, target = Target(), Target()
    expected = moved(
        RemoteSource(data), disk, Qcow2Writer(whole), NO_CHECKPOINTS, tmp_path, hash_source=True
    )
    died = Died(4, 0, Qcow2Writer(target))
    with pytest.raises(StoppedError):
        moved(RemoteSource(data), disk, died.writer, died, tmp_path, hash_source=True)
    assert died.last is not None
    checkpoint, state, _ = died.last
    everything_hashed = msgspec.structs.replace(
        checkpoint, source=hashed_to_the_end(data, tmp_path)
    )
    source = RemoteSource(data)

    result = moved(
        source,
        disk,
        Qcow2Writer(target, state=state),
        GoesOn(everything_hashed),
        tmp_path,
        hash_source=True,
    )

    assert (result, target.data) == (expected, whole.data)
    left = {
        place * BLOCK // CHUNK
        for block, place in disk.places.items()
        if block * BLOCK >= checkpoint.offset
    } | {
        ((place + 1) * BLOCK - 1) // CHUNK
        for block, place in disk.places.items()
        if block * BLOCK >= checkpoint.offset
    }
    assert sorted(source.fetched) == sorted(left)
