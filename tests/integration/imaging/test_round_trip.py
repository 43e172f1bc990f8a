"""Whatever a disk holds and whatever format it comes in and goes out in, no byte changes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.imaging.convert import convert
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.source import FileSource
from imageferry.imaging.verify import verify

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
_EXPORTS = [Format.RAW, Format.VHD, Format.QCOW2, Format.VMDK, Format.VDI]
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


class Ferry:
    """Takes a disk into the catalogue's format and out again."""

    def __init__(self, qemu_img: QemuImg) -> None:
        self._qemu_img = qemu_img
        self._lease = Lease(60)

    async def carry(self, origin: Path, target: Path, kind: Format) -> Inspection:
        with FileSource(origin) as source:
            found = inspect(source, max_virtual_size=1 << 30)
            await convert(
                source, found, target, kind,
                qemu_img=self._qemu_img, lease=self._lease, progress=lambda _: None,
            )  # fmt: skip
        return await verify(
            target, kind, found.virtual_size, qemu_img=self._qemu_img, lease=self._lease
        )

    async def guest_bytes(self, image: Path, kind: Format) -> bytes:
        if kind is Format.RAW:
            return await asyncio.to_thread(image.read_bytes)
        plain = image.with_suffix(".plain")
        await self.carry(image, plain, Format.RAW)
        return await asyncio.to_thread(plain.read_bytes)


@pytest.mark.parametrize("origin_kind", _SOURCES, ids=" ".join)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(disk=disks(), export=st.sampled_from(_EXPORTS))
def test_the_guest_sees_the_same_bytes(
    write_raw: Callable[..., Path],
    write_image: Callable[..., Path],
    origin_kind: tuple[str, str],
    disk: tuple[int, dict[int, bytes]],
    export: Format,
) -> None:
    async def main(folder: Path) -> None:
        raw = write_raw(folder / "disk.raw", *disk)
        origin = write_image(raw, folder / "origin", *origin_kind)
        stored, exported = folder / "stored.qcow2", folder / f"exported{export.suffix}"
        ferry = Ferry(QemuImg.find())
        await ferry.carry(origin, stored, Format.QCOW2)
        await ferry.carry(stored, exported, export)
        assert await ferry.guest_bytes(exported, export) == raw.read_bytes()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
