"""Our reader sees in every VMDK that qemu-img writes what qemu-img sees in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from support.guest import Pieces, disks, guest_bytes

_QUICK = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_MIB = 1024 * 1024

WriteRaw = Callable[..., Path]
WriteImage = Callable[..., Path]


@pytest.mark.parametrize(
    "layout",
    [
        "subformat=monolithicSparse",
        "subformat=monolithicSparse,zeroed_grain=on",
        "subformat=streamOptimized",
    ],
)
@_QUICK
@given(disk=disks())
def test_grains(
    write_raw: WriteRaw, write_image: WriteImage, layout: str, disk: tuple[int, Pieces]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), *disk)
        image = write_image(raw, Path(folder, "image"), "vmdk", layout)
        assert guest_bytes(image) == raw.read_bytes()


@_QUICK
@given(disk=disks())
def test_grains_that_were_written_over(
    write_raw: WriteRaw, write_image: WriteImage, disk: tuple[int, Pieces]
) -> None:
    """Zeros over data become zero grains."""
    size, pieces = disk
    with tempfile.TemporaryDirectory() as folder:
        full = write_raw(Path(folder, "full"), size, {0: b"old data" * (size // 8)})
        image = write_image(full, Path(folder, "image"), "vmdk", "zeroed_grain=on")
        raw = write_raw(Path(folder, "raw"), size, pieces)
        write_image(raw, image, "vmdk", "", "-n")
        assert guest_bytes(image) == raw.read_bytes()


@pytest.mark.parametrize("kind", ["monolithicSparse", "streamOptimized"])
def test_data_in_several_grain_tables(
    tmp_path: Path, write_raw: WriteRaw, write_image: WriteImage, kind: str
) -> None:
    pieces = {at: b"%d bytes" % at * 20_000 for at in (31 * _MIB, 64 * _MIB - 9, 100 * _MIB)}
    raw = write_raw(tmp_path / "raw", 111 * _MIB + 512, pieces)
    image = write_image(raw, tmp_path / "image", "vmdk", f"subformat={kind}")
    assert guest_bytes(image) == raw.read_bytes()
