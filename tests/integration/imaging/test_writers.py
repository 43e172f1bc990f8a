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

from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.writers.opening import LAYOUTS, RAW_TAR_GZ, Layout
from support.guest import Pieces, disks, guest_bytes
from support.written import MEMBER, export

_MIB = 1024 * 1024
_IMAGES = [layout for layout in LAYOUTS if layout is not RAW_TAR_GZ]
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
