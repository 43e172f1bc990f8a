"""The extents of an image put together are the disk that qemu-img reads from it."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imageferry.imaging.disk import Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspect import inspect
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.source import FileSource
from support.images.vhd import FREE, dynamic, footer
from support.nodes import node_of_file

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_SECTOR = 512

Disk = tuple[int, dict[int, bytes]]
"""A raw disk's size in bytes, and its pieces of data by offset."""

_KINDS = [
    ("raw", ""),
    ("vpc", ""),
    ("vpc", "force_size=on"),
    ("vpc", "subformat=fixed"),
    ("vpc", "subformat=fixed,force_size=on"),
    ("vdi", ""),
    ("vdi", "static=on"),
    ("vhdx", ""),
    ("vhdx", "subformat=fixed"),
]
_BLOCKS = [("vhdx", f"block_size={2**power}M") for power in range(9)]
_EDGES = [_SECTOR, 4096, 65536, _MIB, 2 * _MIB, 8 * _MIB]
_LENGTHS = [1, 511, 513, 4096, 65537, _MIB]


@st.composite
def disks(draw: st.DrawFn) -> Disk:
    """A disk that ends at, before or behind an edge, with data around edges."""
    edge = draw(st.sampled_from(_EDGES))
    size = max(1, edge * draw(st.integers(1, 2)) + draw(st.integers(-1025, 1025)))
    pieces = {}
    for seed in range(draw(st.integers(0, 5))):
        edge = draw(st.sampled_from(_EDGES))
        offset = edge * draw(st.integers(0, size // edge)) + draw(st.integers(-600, 600))
        offset = min(max(offset, 0), size - 1)
        length = min(draw(st.sampled_from(_LENGTHS)), size - offset)
        pieces[offset] = random.Random(seed).randbytes(length)
    return size, pieces


_SPARSE: Disk = (
    11 * _MIB + 3 * _SECTOR,
    {0: b"boot", 2 * _MIB - 1: b"ab", 8 * _MIB: b"x" * _MIB, 11 * _MIB + 1535: b"z"},
)


def assemble(image: Path, target: Path) -> None:
    """Write the disk in an image as a raw file, by its extents alone."""
    with FileSource(image) as source, target.open("wb") as file:
        reader = open_reader(source, inspect(source, max_virtual_size=1 << 41))
        file.truncate(reader.virtual_size)
        for extent in reader.extents():
            assert extent.packing is Packing.PLAIN
            for done in range(0, extent.length, 16 * _MIB):
                length = min(16 * _MIB, extent.length - done)
                data = source.pread(extent.place + done, length)
                assert len(data) == length
                os.pwrite(file.fileno(), data, extent.offset + done)


def convert(qemu_img: QemuImg, image: Path, target: Path) -> None:
    with FileSource(image) as source:
        found = inspect(source, max_virtual_size=1 << 41)
    node = node_of_file(found, image)
    command: list[str | Path] = [qemu_img.path, "convert", "--image-opts", "-O", "raw"]
    subprocess.run([*command, node.options, target], check=True)


def same_as_qemus(qemu_img: QemuImg, image: Path) -> bytes:
    """The disk, once its extents were found to be what qemu-img reads."""
    assembled, converted = image.with_name("assembled"), image.with_name("converted")
    assemble(image, assembled)
    convert(qemu_img, image, converted)
    assert assembled.read_bytes() == converted.read_bytes()
    return assembled.read_bytes()


@pytest.fixture
def holds(
    qemu_img: QemuImg, write_raw: Callable[..., Path], write_image: Callable[..., Path]
) -> Callable[..., None]:
    """Writes a disk in a format, and checks that its extents are what qemu-img reads."""

    def check(kind: tuple[str, str], disk: Disk) -> None:
        with tempfile.TemporaryDirectory() as folder:
            raw = write_raw(Path(folder, "raw"), *disk)
            image = write_image(raw, Path(folder, "image"), *kind)
            assembled = same_as_qemus(qemu_img, image)
            assert assembled.rstrip(b"\0") == raw.read_bytes().rstrip(b"\0")

    return check


_FEW = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("kind", _KINDS, ids=" ".join)
@_FEW
@example(disk=_SPARSE)
@given(disk=disks())
def test_the_extents_are_the_disk(
    holds: Callable[..., None], kind: tuple[str, str], disk: Disk
) -> None:
    holds(kind, disk)


@pytest.mark.parametrize("kind", _BLOCKS, ids=" ".join)
def test_a_vhdx_may_have_blocks_of_any_size(
    holds: Callable[..., None], kind: tuple[str, str]
) -> None:
    holds(kind, _SPARSE)


@pytest.mark.parametrize("block", ["1M", "32M"])
def test_a_vhdx_of_many_chunks_is_read_across_their_bitmaps(
    tmp_path: Path,
    qemu_img: QemuImg,
    write_raw: Callable[..., Path],
    write_image: Callable[..., Path],
    block: str,
) -> None:
    """A chunk is 4 GiB, after which the table has an entry for a bitmap."""
    size = 8 * _GIB + 3 * _MIB + _SECTOR
    pieces = {0: b"a", 4 * _GIB - 2: b"bbbb", 8 * _GIB - 2: b"cccc", size - 1: b"d"}
    raw = write_raw(tmp_path / "raw", size, pieces)
    image = write_image(raw, tmp_path / "image", "vhdx", f"block_size={block}")
    assemble(image, tmp_path / "assembled")
    command: list[str | Path] = [qemu_img.path, "compare", "-f", "raw", "-F", "raw"]
    subprocess.run([*command, raw, tmp_path / "assembled"], check=True)


@pytest.fixture
def full(
    tmp_path: Path, write_raw: Callable[..., Path], write_image: Callable[..., Path]
) -> Callable[..., Path]:
    """Writes an image of a disk of 8 MiB that is full of data."""

    def write(driver: str, options: str = "") -> Path:
        raw = write_raw(tmp_path / "raw", 8 * _MIB, {0: random.Random(1).randbytes(8 * _MIB)})
        return write_image(raw, tmp_path / "image", driver, options)

    return write


def patch(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_the_bitmaps_of_a_vhd_decide_nothing(qemu_img: QemuImg, full: Callable[..., Path]) -> None:
    image = full("vpc", "force_size=on")
    before = same_as_qemus(qemu_img, image)
    (first,) = struct.unpack_from(">I", image.read_bytes(), 1536)
    patch(image, first * _SECTOR, bytes(_SECTOR))
    assert same_as_qemus(qemu_img, image) == before
    assert before.count(0) < _MIB


@pytest.mark.parametrize("block_size", [4096, 512 * 1024, 4 * _MIB, 16 * _MIB])
def test_a_vhd_may_have_blocks_of_any_size(
    tmp_path: Path, qemu_img: QemuImg, write_raw: Callable[..., Path], block_size: int
) -> None:
    bitmap = max(512, block_size // 8 // _SECTOR)
    size = 2 * block_size
    made = dynamic(size=size, block_size=block_size, table=(FREE, 4))
    pieces = {offset: made[offset] for offset in (0, 512, 1536)}
    pieces[2048] = random.Random(1).randbytes(bitmap + block_size)
    pieces[2048 + bitmap + block_size] = footer(size=size)
    image = write_raw(tmp_path / "image", 2048 + bitmap + block_size + 512, pieces)
    disk = same_as_qemus(qemu_img, image)
    assert disk == bytes(block_size) + pieces[2048][bitmap:]


@pytest.mark.parametrize("state", [0, 1, 2, 3, 5])
def test_a_vhdx_block_that_is_not_present_is_zero(
    qemu_img: QemuImg, full: Callable[..., Path], state: int
) -> None:
    image = full("vhdx", "block_size=1M")
    table = vhdx_table(image)
    (entry,) = struct.unpack_from("<Q", image.read_bytes(), table + 8)
    patch(image, table + 8, struct.pack("<Q", entry & ~7 | state))
    disk = same_as_qemus(qemu_img, image)
    assert disk[_MIB : 2 * _MIB] == bytes(_MIB) != disk[:_MIB]


@pytest.mark.parametrize("state", [4, 7])
def test_a_vhdx_block_that_qemu_cannot_read_is_refused(
    qemu_img: QemuImg, full: Callable[..., Path], state: int
) -> None:
    image = full("vhdx", "block_size=1M")
    patch(image, vhdx_table(image), struct.pack("<Q", 8 << 20 | state))
    refused = subprocess.run(
        [qemu_img.path, "convert", "-f", "vhdx", "-O", "raw", image, image.with_name("no")],
        check=False,
        capture_output=True,
    )
    assert b"Input/output error" in refused.stderr
    with pytest.raises(ImageError):
        assemble(image, image.with_name("assembled"))


def vhdx_table(image: Path) -> int:
    """Where the table of blocks begins, by the first copy of the region table."""
    data = image.read_bytes()[:_MIB]
    name = bytes.fromhex("6677c22d23f600429d64115e9bfd4a08")
    return int.from_bytes(data[(at := data.index(name) + 16) : at + 8], "little")


@pytest.mark.parametrize("entry", [0xFFFFFFFE, 0xFFFFFFFF])
def test_a_vdi_block_that_is_free_or_discarded_is_zero(
    qemu_img: QemuImg, full: Callable[..., Path], entry: int
) -> None:
    image = full("vdi")
    (table,) = struct.unpack_from("<I", image.read_bytes(), 340)
    patch(image, table + 4, struct.pack("<I", entry))
    disk = same_as_qemus(qemu_img, image)
    assert disk[_MIB : 2 * _MIB] == bytes(_MIB) != disk[:_MIB]


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("raw", ""),
        ("vpc", ",subformat=fixed"),
        ("vdi", ",static=on"),
        ("vhdx", ",subformat=fixed,block_state_zero=off"),
    ],
)
def test_holes_of_a_local_file_are_never_read(
    tmp_path: Path, qemu_img: QemuImg, driver: str, options: str
) -> None:
    image = tmp_path / "image"
    command: list[str | Path] = [qemu_img.path, "create", "-q", "-f", driver]
    subprocess.run([*command, "-o", f"size=200G{options}", image], check=True)
    patch(image, 3 * _GIB, b"x" * 4096)
    with FileSource(image) as source:
        reader = open_reader(source, inspect(source, max_virtual_size=1 << 41))
        extents = list(reader.extents())
    assert sum(extent.length for extent in extents) <= 16 * 4096
    assert (3 * _GIB, 4096) in [(extent.place, extent.length) for extent in extents]
