"""What our writers write is the disk, to qemu-img, to tar and to our own readers alike."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings

from imageferry.imaging.blocks import blocks
from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.source import FileSource
from imageferry.imaging.writers.opening import LAYOUTS, RAW, RAW_TAR_GZ, VHD, Layout
from imageferry.imaging.writers.vhd import LARGEST_SIZE
from support.guest import Pieces, Planned, disks, guest_bytes
from support.written import MEMBER, export

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_IMAGES = [layout for layout in LAYOUTS if layout is not RAW_TAR_GZ]
_SPARSE = [layout for layout in _IMAGES if layout is not RAW]
_CHECKED = (Format.QCOW2, Format.VMDK, Format.VDI)
_FEW = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Disk = tuple[int, Pieces]
Run = Callable[..., bytes]

_EMPTY: Disk = (9 * _MIB + 512, {})
_FULL: Disk = (5 * _MIB + 1536, {0: Random(1).randbytes(5 * _MIB + 1536)})
_WIDE: Disk = (
    100 * _MIB + 512,
    {
        2 * _MIB - 1: b"ab",
        BLOCK_SIZE: b"text" * 100_000,
        32 * _MIB - 512: Random(2).randbytes(1024),
        64 * _MIB: Random(3).randbytes(_MIB),
        100 * _MIB + 511: b"z",
    },
)
"""Data on both sides of the edges of every block and table, and whole tables of nothing."""


@pytest.fixture
def run(qemu_img: QemuImg) -> Run:
    def command(*arguments: str | Path) -> bytes:
        ended = subprocess.run([qemu_img.path, *arguments], check=False, capture_output=True)
        assert ended.returncode == 0, ended
        return ended.stdout

    return command


@pytest.mark.parametrize("layout", _IMAGES, ids=lambda layout: layout.name)
@_FEW
@example(disk=_EMPTY)
@example(disk=_FULL)
@example(disk=_WIDE)
@given(disk=disks())
def test_an_image_is_the_disk(
    write_raw: Callable[..., Path], run: Run, layout: Layout, disk: Disk
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), *disk)
        image = Path(folder, "image")
        transferred, sha256 = export(raw, image, layout)
        assert image.stat().st_size == transferred.size
        driver = layout.format.driver
        run("compare", "-f", driver, "-F", "raw", image, raw)
        info = json.loads(run("info", "--output=json", "-f", driver, image))
        assert info["virtual-size"] == raw.stat().st_size
        if layout.format in _CHECKED:
            run("check", "-f", driver, image)
        assert guest_bytes(image) == raw.read_bytes()
        if layout.in_order:
            assert sha256 == hashlib.sha256(image.read_bytes()).hexdigest()


@pytest.mark.parametrize("layout", _SPARSE, ids=lambda layout: layout.name)
def test_a_huge_disk_is_read_back(
    tmp_path: Path, write_raw: Callable[..., Path], run: Run, layout: Layout
) -> None:
    size = LARGEST_SIZE if layout is VHD else 2048 * _GIB
    pieces = {at: Random(at).randbytes(512) for at in (0, size // 2 - 512, size - 512)}
    raw = write_raw(tmp_path / "raw", size, pieces)
    image = tmp_path / "image"
    export(raw, image, layout)
    assert image.stat().st_size < 16 * _MIB
    info = json.loads(run("info", "--output=json", "-f", layout.format.driver, image))
    assert info["virtual-size"] == size
    if layout.format in _CHECKED:
        run("check", "-f", layout.format.driver, image)
    with FileSource(image) as source:
        reader = open_reader(source, inspect(source, max_virtual_size=size))
        found = {block.offset: block.load() for block in blocks(reader, Planned(source, reader))}
    for at, data in pieces.items():
        start = at % BLOCK_SIZE
        assert found[at - start][start : start + 512] == data


@_FEW
@example(disk=_EMPTY)
@example(disk=_FULL)
@example(disk=_WIDE)
@given(disk=disks())
def test_an_archive_has_the_disk(write_raw: Callable[..., Path], disk: Disk) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), *disk)
        archive = Path(folder, "archive")
        transferred, sha256 = export(raw, archive, RAW_TAR_GZ)
        assert archive.stat().st_size == transferred.size
        assert sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
        wanted = raw.read_bytes()
        tar = subprocess.run(["tar", "xzOf", archive], check=True, capture_output=True)
        assert (tar.stdout, tar.stderr) == (wanted, b"")
        for mode in ("r:gz", "r|gz"):
            assert members(archive, mode) == {MEMBER: wanted}


def members(archive: Path, mode: str) -> dict[str, bytes]:
    found = {}
    with archive.open("rb") as stream, tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
    return found
