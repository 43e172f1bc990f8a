"""Every disk, from every image that qemu-img writes, through the whole pipeline to every layout."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imageferry.imaging.disk import BLOCK_SIZE, PlannedDisk
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.inspect import inspect
from imageferry.imaging.moving import Moved, move, stored_checksum
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import CHUNK_SIZE, ByteSource, FileSource
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.writers.opening import LAYOUTS, QCOW2, RAW_TAR_GZ, Layout
from support.content import content_hash
from support.guest import Pieces, contents
from support.images.qcow2 import scattered
from support.written import MEMBER, FileOutput

_MIB = 1024 * 1024
_LARGEST = 1 << 32

WriteRaw = Callable[..., Path]
WriteImage = Callable[..., Path]
Disk = tuple[int, Pieces]

_SOURCES = [
    ("raw",),
    ("vpc", "force_size=on"),
    ("vpc", "subformat=fixed,force_size=on"),
    ("vhdx",),
    ("vhdx", "subformat=fixed"),
    ("vdi",),
    ("vdi", "static=on"),
    ("vmdk", "subformat=monolithicSparse"),
    ("vmdk", "subformat=streamOptimized"),
    *(("qcow2", f"cluster_size={512 << bits}") for bits in range(13)),
    *(("qcow2", f"cluster_size={512 << bits},compression_type=zstd", "-c") for bits in (0, 7, 12)),
    ("qcow2", "compression_type=zlib", "-c"),
    ("qcow2", "compat=0.10"),
    ("qcow2", "compat=0.10,cluster_size=4k", "-c"),
    ("qcow2", "extended_l2=on,cluster_size=32k"),
    ("qcow2", "extended_l2=on,compression_type=zstd", "-c"),
]
_TURNS = list(zip(_SOURCES, itertools.cycle(LAYOUTS), strict=False))
"""Each source beside a layout, each layout several times. What a source is read to does not
depend on what is written: the pipeline between them knows neither."""

_EMPTY: Disk = (9 * _MIB + 512, {})
_DENSE: Disk = (5 * _MIB + 1536, {0: Random(1).randbytes(5 * _MIB + 1536)})
_HOLES: Disk = (
    2 * BLOCK_SIZE + 4096 + 512,
    {
        0: b"b",
        65536 - 1: b"ab",
        _MIB + 511: b"guest" * 1000,
        2 * _MIB - 512: Random(2).randbytes(1024),
        BLOCK_SIZE - 1: Random(3).randbytes(_MIB + 2),
        2 * BLOCK_SIZE: b"c",
        2 * BLOCK_SIZE + 4096 + 511: b"z",
    },
)
"""Data on both sides of every boundary, and holes between."""


class RemoteSource:
    """An object of a store that answers slowly: it has no file, and nothing is known of holes."""

    def __init__(self, path: Path) -> None:
        self._file = FileSource(path)
        self.size = self._file.size
        self.served = 0

    def pread(self, offset: int, length: int) -> bytes:
        time.sleep(0.001)
        self.served += length
        return self._file.pread(offset, length)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        return None

    def close(self) -> None:
        self._file.close()


@contextmanager
def opened(image: Path, *, remote: bool) -> Iterator[ByteSource]:
    source = RemoteSource(image) if remote else FileSource(image)
    try:
        yield source
    finally:
        source.close()


def moved(source: ByteSource, target: Path, layout: Layout) -> tuple[Moved, str]:
    """Write a source's disk in a layout; what came of it, and the hash of what was written."""
    file = FileOutput(target)
    hashed = HashedOutput(file, StopSignal())
    reader = open_reader(source, inspect(source, max_virtual_size=_LARGEST))
    data = ((extent.offset, extent.length) for extent in reader.extents())
    disk = PlannedDisk(reader.virtual_size, data, MEMBER)
    totals: list[int] = []
    done = [0]
    result = move(
        source,
        reader,
        layout.open(hashed if layout.in_order else file, disk),
        scratch=Scratch(target.parent),
        hash_source=True,
        stop=StopSignal(),
        begin=totals.append,
        progress=done.append,
    )
    size = result.transferred.size
    file.finish(size)
    assert totals == [result.taken] == [done[-1]]
    assert done == sorted(done)
    return result, hashed.finish(size) if layout.in_order else ""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def holds(qemu_img: QemuImg) -> Callable[[Path, Layout, Path], None]:
    """Moves an image to a layout from each kind of source, and checks all that is promised."""

    def compare(target: Path, layout: Layout, raw: Path) -> None:
        if layout is RAW_TAR_GZ:
            with tarfile.open(target) as archive:
                archive.extractall(target.parent, filter="data")
            target = target.parent / MEMBER
        driver = layout.format.driver
        subprocess.run(
            [qemu_img.path, "compare", "-f", driver, "-F", "raw", target, raw],
            check=True,
            capture_output=True,
        )

    def check(image: Path, layout: Layout, raw: Path) -> None:
        for remote in (False, True):
            target = image.with_name(f"target-{remote}")
            with opened(image, remote=remote) as source:
                result, written = moved(source, target, layout)
                if isinstance(source, RemoteSource):
                    assert source.served < 2 * source.size + 20 * _MIB
            compare(target, layout, raw)
            assert result.source_sha256 == sha256(image)
            assert result.transferred.size == target.stat().st_size
            assert result.transferred.virtual_size == raw.stat().st_size
            assert result.transferred.content_hash == content_hash(raw.read_bytes())
            if layout.in_order:
                assert written == sha256(target)
            if layout is not RAW_TAR_GZ:
                assert read_back(target) == result.transferred.content_crc32

    return check


def read_back(image: Path) -> int:
    with FileSource(image) as source:
        reader = open_reader(source, inspect(source, max_virtual_size=_LARGEST))
        return stored_checksum(
            source,
            reader,
            scratch=Scratch(image.parent),
            stop=StopSignal(),
            progress=lambda _: None,
        )


@pytest.fixture
def becomes(
    write_raw: WriteRaw, write_image: WriteImage, holds: Callable[[Path, Layout, Path], None]
) -> Callable[[Disk, tuple[str, ...], Layout], None]:
    """Has qemu-img write a disk's image, and checks it."""

    def check(disk: Disk, kind: tuple[str, ...], layout: Layout) -> None:
        with tempfile.TemporaryDirectory() as folder:
            raw = write_raw(Path(folder, "raw"), *disk)
            holds(write_image(raw, Path(folder, "image"), *kind), layout, raw)

    return check


@pytest.fixture
def with_snapshot(
    tmp_path: Path, qemu_img: QemuImg, write_raw: WriteRaw, write_image: WriteImage
) -> Callable[[tuple[str, ...]], tuple[Path, Path]]:
    """Writes a qcow2 that keeps an older state of its disk; the image and the disk."""

    def write(options: tuple[str, ...]) -> tuple[Path, Path]:
        size, pieces = _HOLES
        old = write_raw(tmp_path / "old", size, {0: Random(7).randbytes(3 * _MIB)})
        image = write_image(old, tmp_path / "image", "qcow2", *options)
        subprocess.run([qemu_img.path, "snapshot", "-c", "before", image], check=True)
        raw = write_raw(tmp_path / "raw", size, pieces)
        return write_image(raw, image, "qcow2", "", "-n"), raw

    return write


@st.composite
def disks(draw: st.DrawFn) -> Disk:
    """A size that is a multiple of nothing but a sector, at or beside the end of a block."""
    edge = draw(st.sampled_from([512, 65536, 2 * _MIB, BLOCK_SIZE, 2 * BLOCK_SIZE]))
    size = edge + 512 * draw(st.integers(-7, 7))
    size = max(size, 512)
    return size, draw(contents(size))


def few(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def name(value: Any) -> str:
    return value.name if isinstance(value, Layout) else " ".join(value)


@pytest.mark.parametrize(("kind", "layout"), _TURNS, ids=name)
@few(1)
@example(disk=_HOLES)
@given(disk=disks())
def test_every_image_becomes_the_same_disk(
    becomes: Callable[..., None], kind: tuple[str, ...], layout: Layout, disk: Disk
) -> None:
    becomes(disk, kind, layout)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
@few(1)
@example(disk=_EMPTY)
@example(disk=_DENSE)
@given(disk=disks())
def test_every_disk_becomes_every_layout(
    becomes: Callable[..., None], layout: Layout, disk: Disk
) -> None:
    becomes(disk, ("qcow2",), layout)


@pytest.mark.parametrize(
    "options", [("compat=0.10",), ("cluster_size=4k", "-c"), ("extended_l2=on",)]
)
def test_snapshots_inside_a_qcow2_are_left_behind(
    with_snapshot: Callable[..., tuple[Path, Path]],
    holds: Callable[..., None],
    options: tuple[str, ...],
) -> None:
    image, raw = with_snapshot(options)
    holds(image, QCOW2, raw)


def test_a_fragmented_image_goes_through_a_scratch_file_and_leaves_none(
    tmp_path: Path, write_raw: WriteRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clusters lie in no order, so that memory fills with what is not wanted yet."""
    made: list[object] = []
    temporary_file = tempfile.TemporaryFile

    def counted(**arguments: Any) -> Any:
        made.append(arguments)
        return temporary_file(**arguments)

    monkeypatch.setattr("tempfile.TemporaryFile", counted)
    monkeypatch.setattr("imageferry.imaging.look_ahead.MEMORY_CHUNKS", 6)
    monkeypatch.setattr("imageferry.imaging.look_ahead.CONNECTIONS", 4)
    image = write_raw(tmp_path / "image", *scattered(clusters=64 * _MIB // 65536, seed=5))
    target = tmp_path / "target"
    with opened(image, remote=True) as source:
        result, _ = moved(source, target, QCOW2)
        assert isinstance(source, RemoteSource)
        assert source.served < source.size + 2 * CHUNK_SIZE
    with opened(image, remote=False) as source:
        directly, _ = moved(source, tmp_path / "directly", QCOW2)
    assert made
    assert result.transferred == directly.transferred
    assert read_back(target) == result.transferred.content_crc32
    assert result.source_sha256 == sha256(image)
    assert {path.name for path in tmp_path.iterdir()} == {"image", "target", "directly"}
