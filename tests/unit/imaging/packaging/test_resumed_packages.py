"""Compressed images whose transfer is cut off: it goes on from where unpacking can begin again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from imageferry.imaging import blocks as blocks_module
from imageferry.imaging import content_hash, disk, look_ahead, plan, transfer
from imageferry.imaging.checkpoint import BEGINNING, NO_CHECKPOINTS, Checkpoint, Checkpoints
from imageferry.imaging.packaging import raw_stream, restarts, unwrapping
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.moving import MovedPackage, move_packaged
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.qcow2 import Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter
from support.cut_off import Died, GoesOn, Target
from support.images.packages import gz, tar, xz, xz_blocks, zst
from support.images.vhd import footer
from support.sources import BytesSource

BLOCK = 128 * 1024
CHUNK = 96 * 1024
BLOCKS = 20
PART = 3 * BLOCK + 1000
_NOISE = Random(1)
DISK = b"".join(
    bytes(BLOCK) if block in {4, 5, 11} else _NOISE.randbytes(BLOCK) for block in range(BLOCKS)
)[:-1024]
VHD = DISK + footer(kind=2, size=len(DISK))

Pack = Callable[[bytes], bytes]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and chunks so small that a disk of some MiB has many."""
    for module in (disk, blocks_module, content_hash, transfer, raw_stream, restarts):
        monkeypatch.setattr(module, "BLOCK_SIZE", BLOCK)
    for module in (plan, look_ahead, unwrapping):
        monkeypatch.setattr(module, "CHUNK_SIZE", CHUNK)
    content_hash._zero_digest.cache_clear()


def in_parts(pack: Pack) -> Pack:
    """A way to compress data in several members or frames."""
    return lambda data: b"".join(
        pack(data[start : start + PART]) for start in range(0, len(data), PART)
    )


def blocks_of_xz(data: bytes) -> bytes:
    return xz_blocks(data, PART)


def in_a_tar(data: bytes) -> bytes:
    return in_parts(gz)(tar(data))


class RemoteSource(BytesSource):
    """An object of a remote store, of which is noted what is fetched of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.fetched: list[int] = []

    def pread(self, offset: int, length: int) -> bytes:
        if length > 2048:
            self.fetched.append(offset // CHUNK)
        return super().pread(offset, length)


@dataclass
class Moving:
    """Moves a compressed image into a qcow2."""

    scratch: Path
    packed: bytes
    target: Target = field(default_factory=Target)
    fetched: list[int] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)

    def __call__(self, writer: Qcow2Writer | RawWriter, checkpoints: Checkpoints) -> MovedPackage:
        source = RemoteSource(self.packed)
        package = find_package(source)
        assert package is not None
        try:
            return move_packaged(
                source,
                package,
                writer,
                declared=None,
                max_virtual_size=1 << 30,
                scratch=Scratch(self.scratch),
                hash_source=True,
                stop=StopSignal(),
                begin=lambda _: None,
                progress=self.progress.append,
                checkpoints=checkpoints,
            )
        finally:
            self.fetched = sorted(source.fetched)
            assert not list(self.scratch.iterdir())

    def cut_off(self, blocks: int, late: int) -> tuple[Checkpoint, bytes, int]:
        """Die after so many blocks, or at the end; what was noted some blocks before."""
        died = Died(blocks, late, Qcow2Writer(self.target))
        with suppress(StoppedError):
            self(died.writer, died)
        assert died.last is not None
        return died.last

    def go_on(self, left: tuple[Checkpoint, bytes, int]) -> MovedPackage:
        """Go on with what was noted."""
        checkpoint, state, end = left
        del self.target.data[end:]
        self.progress.clear()
        return self(Qcow2Writer(self.target, state=state), GoesOn(checkpoint))


def check_cut_anywhere(moving: Moving, cuts: Iterator[tuple[int, int]]) -> None:
    """Make sure that it ends like one that never was cut off, wherever that was."""
    whole = Moving(moving.scratch, moving.packed)
    expected = whole(Qcow2Writer(whole.target), NO_CHECKPOINTS)
    for blocks, late in cuts:
        moving.target = Target()
        left = moving.cut_off(blocks, late)
        assert moving.go_on(left) == expected
        assert moving.target.data == whole.target.data
        assert moving.progress == sorted(moving.progress)
    assert expected.moved.source_sha256 == hashlib.sha256(moving.packed).hexdigest()


@pytest.mark.parametrize("image", [DISK, VHD], ids=["raw", "fixed VHD"])
@pytest.mark.parametrize(
    "pack",
    [gz, xz, zst, in_parts(gz), in_parts(xz), in_parts(zst), blocks_of_xz, in_a_tar],
    ids=["gz", "xz", "zst", "members", "streams", "frames", "blocks", "tar"],
)
def test_a_cut_transfer_ends_like_one_that_never_was(
    tmp_path: Path, pack: Pack, image: bytes
) -> None:
    cuts = ((blocks, late) for blocks in (2, 7, 13, BLOCKS) for late in (0, 1))
    check_cut_anywhere(Moving(tmp_path, pack(image)), cuts)


def test_an_image_with_tables_is_unpacked_again_and_not_written_again(tmp_path: Path) -> None:
    image = Target()
    writer = Qcow2Writer(image)
    Moving(tmp_path, gz(DISK), image)(writer, NO_CHECKPOINTS)
    for pack in (gz, in_parts(zst)):
        cuts = iter([(3, 0), (12, 1)])
        check_cut_anywhere(Moving(tmp_path, pack(bytes(image.data))), cuts)


@pytest.mark.parametrize(
    "pack",
    [in_parts(gz), in_parts(xz), in_parts(zst), blocks_of_xz],
    ids=["members", "streams", "frames", "blocks"],
)
def test_only_what_follows_the_last_beginning_is_fetched_again(tmp_path: Path, pack: Pack) -> None:
    moving = Moving(tmp_path, pack(DISK))
    left = moving.cut_off(BLOCKS - 4, 0)
    moving.go_on(left)
    checkpoint = left[0]
    reached = checkpoint.offset - 2 * BLOCK
    assert reached - PART - BLOCK < checkpoint.restart.position <= reached
    first = min(checkpoint.restart.place, checkpoint.source.hashed) // CHUNK
    assert moving.fetched == [0, *range(first, -(-len(moving.packed) // CHUNK))]


@pytest.mark.parametrize("pack", [gz, xz, zst])
def test_what_can_only_be_unpacked_from_its_beginning_is_fetched_again(
    tmp_path: Path, pack: Pack
) -> None:
    moving = Moving(tmp_path, pack(DISK))
    left = moving.cut_off(BLOCKS - 4, 0)
    moving.go_on(left)
    assert left[0].restart == BEGINNING
    assert moving.fetched == list(range(-(-len(moving.packed) // CHUNK)))


def test_progress_does_not_go_back(tmp_path: Path) -> None:
    moving = Moving(tmp_path, gz(DISK))
    left = moving.cut_off(7, 0)
    moving.go_on(left)
    assert min(moving.progress) >= left[0].done > 0


def test_a_file_whose_first_chunk_does_not_show_the_image_begins_anew(tmp_path: Path) -> None:
    """Frames without data in front of it, which may be of any length."""
    empty = b"\x5a\x2a\x4d\x18" + (2 * CHUNK).to_bytes(4, "little") + bytes(2 * CHUNK)
    moving = Moving(tmp_path, empty + in_parts(zst)(DISK))
    left = moving.cut_off(BLOCKS - 4, 0)
    moving.go_on(left)
    assert left[0].restart == BEGINNING
