"""Our reader sees in every qcow2 that qemu-img writes what qemu-img sees in it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.imaging.qemu_img import QemuImg
from support.guest import Pieces, contents, disks, guest_bytes

_LAYOUTS = [
    *(f"cluster_size={512 << bits}" for bits in range(13)),
    "compat=0.10",
    "compat=0.10,cluster_size=512",
    "compat=1.1,preallocation=metadata",
    "extended_l2=on,cluster_size=16k",
    "extended_l2=on,cluster_size=128k",
    "extended_l2=on,cluster_size=2M",
]
_PACKED_LAYOUTS = [
    "compression_type=zlib",
    "compression_type=zstd",
    "compression_type=zlib,cluster_size=512",
    "compression_type=zstd,cluster_size=2M",
    "compression_type=zlib,extended_l2=on",
    "compat=0.10",
]
_QUICK = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

WriteRaw = Callable[..., Path]
WriteImage = Callable[..., Path]


@pytest.mark.parametrize("layout", _LAYOUTS)
@_QUICK
@given(disk=disks())
def test_plain_clusters(
    write_raw: WriteRaw, write_image: WriteImage, layout: str, disk: tuple[int, Pieces]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), *disk)
        image = write_image(raw, Path(folder, "image"), "qcow2", layout)
        assert guest_bytes(image) == raw.read_bytes()


@pytest.mark.parametrize("layout", _PACKED_LAYOUTS)
@_QUICK
@given(disk=disks())
def test_compressed_clusters(
    write_raw: WriteRaw, write_image: WriteImage, layout: str, disk: tuple[int, Pieces]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), *disk)
        image = write_image(raw, Path(folder, "image"), "qcow2", layout, "-c")
        assert guest_bytes(image) == raw.read_bytes()


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[Pieces]]:
    """A size, and what a disk holds at one time after another."""
    size = draw(st.integers(1, 6000)) * 512
    return size, [draw(contents(size)) for _ in range(3)]


@pytest.mark.parametrize(
    "layout_and_options",
    [
        ("compat=0.10",),
        ("compat=1.1",),
        ("cluster_size=4k", "-c"),
        ("cluster_size=1M",),
        ("extended_l2=on,cluster_size=64k",),
        ("extended_l2=on,cluster_size=2M", "-c"),
    ],
    ids=" ".join,
)
@_QUICK
@given(history=histories())
def test_disks_that_were_written_over_between_snapshots(
    write_raw: WriteRaw,
    write_image: WriteImage,
    qemu_img: QemuImg,
    layout_and_options: tuple[str, ...],
    history: tuple[int, list[Pieces]],
) -> None:
    """Zeros over data become zero clusters, or clusters given back."""
    size, (first, *later) = history
    with tempfile.TemporaryDirectory() as folder:
        raw = write_raw(Path(folder, "raw"), size, first)
        image = write_image(raw, Path(folder, "image"), "qcow2", *layout_and_options)
        for number, pieces in enumerate(later):
            subprocess.run([qemu_img.path, "snapshot", "-c", f"s{number}", image], check=True)
            raw = write_raw(Path(folder, f"raw{number}"), size, pieces)
            write_image(raw, image, "qcow2", "", "-n")
        assert guest_bytes(image) == raw.read_bytes()
