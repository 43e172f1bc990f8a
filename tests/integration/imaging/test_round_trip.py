"""Whatever a disk holds and whatever format it comes in and goes out in, no byte changes."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.buckets.file_draft import FileDraft
from imageferry.imaging.disk import PlannedDisk
from imageferry.imaging.inspect import inspect
from imageferry.imaging.lease import Lease
from imageferry.imaging.moving import move
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.verify import compare, verify
from imageferry.imaging.writers.opening import LAYOUTS, QCOW2, RAW_TAR_GZ, Layout

_SOURCES = [
    ("raw", ""),
    ("qcow2", ""),
    ("qcow2", "cluster_size=512"),
    ("vpc", "force_size=on"),
    ("vpc", "subformat=fixed,force_size=on"),
    ("vmdk", "subformat=streamOptimized"),
    ("vmdk", "subformat=monolithicSparse"),
    ("vdi", ""),
    ("vhdx", ""),
]
_EXPORTS = [layout for layout in LAYOUTS if layout is not RAW_TAR_GZ]
_EDGES = [512, 4096, 65536, 1 << 20, 2 << 20]


@st.composite
def disks(draw: st.DrawFn) -> tuple[int, dict[int, bytes]]:
    """A size of whole sectors, and pieces of data around the edges of every kind of block."""
    sectors = draw(st.integers(1, 9000))
    size = sectors * 512
    pieces = {}
    for _ in range(draw(st.integers(0, 6))):
        edge = draw(st.sampled_from(_EDGES))
        offset = edge * draw(st.integers(0, size // edge)) + draw(st.integers(-600, 600))
        offset = min(max(offset, 0), size - 1)
        pattern = draw(st.binary(min_size=1, max_size=9))
        length = draw(st.sampled_from([1, 511, 513, 4096, 65536, 70001]))
        pieces[offset] = (pattern * length)[: min(length, size - offset)]
    return size, pieces


def carry(origin: Path, target: Path, layout: Layout) -> None:
    """Move the disk of an image into another one, verify that, and compare every byte."""
    lease, qemu_img = Lease(60), QemuImg.find()
    draft = FileDraft(target, lambda path: path)
    with FileSource(origin) as source:
        found = inspect(source, max_virtual_size=1 << 30)
        reader = open_reader(source, found)
        data = ((extent.offset, extent.length) for extent in reader.extents())
        moved = move(
            source,
            reader,
            layout.open(draft, PlannedDisk(reader.virtual_size, data, target.name)),
            scratch=Scratch(target.parent),
            hash_source=True,
            stop=StopSignal(),
            begin=lambda _: None,
            progress=lambda _: None,
        )
        assert moved.source_sha256 == hashlib.sha256(origin.read_bytes()).hexdigest()
        draft.finish(moved.transferred.size)

        async def prove() -> None:
            with FileSource(target) as written:
                result = await verify(
                    written, layout.format, reader.virtual_size, qemu_img=qemu_img, lease=lease
                )
                await compare(source, found, written, result, qemu_img=qemu_img, lease=lease)

        asyncio.run(prove())


@pytest.mark.parametrize("origin_kind", _SOURCES, ids=" ".join)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(disk=disks(), layout=st.sampled_from(_EXPORTS))
def test_the_guest_sees_the_same_bytes(
    write_raw: Callable[..., Path],
    write_image: Callable[..., Path],
    origin_kind: tuple[str, str],
    disk: tuple[int, dict[int, bytes]],
    layout: Layout,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = write_raw(folder / "disk.raw", *disk)
        origin = write_image(raw, folder / "origin", *origin_kind)
        stored, exported = folder / "stored.qcow2", folder / f"exported{layout.suffix}"
        carry(origin, stored, QCOW2)
        carry(stored, exported, layout)
        back = folder / "back.raw"
        command = ["qemu-img", "convert", "-f", layout.format.driver, "-O", "raw"]
        subprocess.run([*command, exported, back], check=True)
        assert back.read_bytes() == raw.read_bytes()
