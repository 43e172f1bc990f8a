"""The disk inside a wrapping is the disk that was wrapped: every format in every wrapping."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.moving import MovedPackage, move_packaged
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource, FileSource
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.writers.qcow2 import Qcow2Writer
from support.images.packages import WRAPPINGS, ova

_MIB = 1024 * 1024
_SIZE = 21 * _MIB + 3 * 512
_KINDS = {
    "raw": ("raw", ""),
    "qcow2": ("qcow2", ""),
    "qcow2 compressed": ("qcow2", "compression_type=zstd"),
    "VHD": ("vpc", "force_size=on"),
    "VHD by geometry": ("vpc", ""),
    "fixed VHD": ("vpc", "subformat=fixed,force_size=on"),
    "fixed VHD by geometry": ("vpc", "subformat=fixed"),
    "VMDK": ("vmdk", ""),
    "VMDK streamOptimized": ("vmdk", "subformat=streamOptimized"),
    "VDI": ("vdi", ""),
    "VHDX": ("vhdx", ""),
}


_MARKED = [kind for kind in _KINDS if not kind.startswith(("raw", "fixed"))]


class FileOutput:
    """A file in the making."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert os.pwrite(self._file.fileno(), data, offset) == len(data)

    def close(self) -> None:
        self._file.close()


class RemoteSource:
    """A source that has no descriptor, as that of a remote store."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.size = source.size

    def pread(self, offset: int, length: int) -> bytes:
        return self._source.pread(offset, length)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        return None


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, write_raw: Callable[..., Path]) -> Path:
    pieces = {
        0: random.Random(1).randbytes(300_000),
        5 * _MIB - 1: b"across",
        9 * _MIB: b"x" * _MIB,
        _SIZE - 1: b"z",
    }
    return write_raw(tmp_path_factory.mktemp("disk") / "plain", _SIZE, pieces)


@pytest.fixture(scope="module")
def images(disk: Path, write_image: Callable[..., Path]) -> dict[str, Path]:
    more = {"qcow2 compressed": ("-c",)}
    return {
        name: write_image(disk, disk.parent / name, *kind, *more.get(name, ()))
        for name, kind in _KINDS.items()
    }


class Moving:
    """Moves wrapped images into a qcow2."""

    def __init__(self, folder: Path) -> None:
        self.target = folder / "target.qcow2"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.total = 0
        self.progress: list[int] = []

    def move(self, source: ByteSource, declared: Format | None = None) -> MovedPackage:
        package = find_package(source)
        assert package is not None
        output = FileOutput(self.target)
        try:
            return move_packaged(
                source,
                package,
                Qcow2Writer(output),
                declared=declared,
                max_virtual_size=1 << 30,
                scratch=Scratch(self.scratch),
                hash_source=True,
                stop=StopSignal(),
                begin=self._begin,
                progress=self.progress.append,
            )
        finally:
            output.close()

    def _begin(self, total: int) -> None:
        assert not self.total
        self.total = total


@pytest.fixture
def moving(tmp_path: Path) -> Moving:
    return Moving(tmp_path)


def check(moving: Moving, moved: MovedPackage, qemu_img: QemuImg, kind: str, image: Path) -> None:
    """Compare by qemu-img what was written with what was wrapped."""
    target = moving.target
    command: list[str | Path] = [qemu_img.path, "compare", "-F", "qcow2", "-f", _KINDS[kind][0]]
    if kind.startswith("fixed"):
        command[5] = "vpc"
    subprocess.run([*command, image, target], check=True, capture_output=True)
    subprocess.run([qemu_img.path, "check", "-f", "qcow2", target], check=True, capture_output=True)
    assert moved.inspection.format.driver == _KINDS[kind][0]
    assert moved.moved.transferred.virtual_size == moved.inspection.virtual_size
    assert not list(moving.scratch.iterdir())
    assert moving.progress == sorted(moving.progress)
    assert moving.progress[-1] <= moving.total


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("kind", _KINDS)
def test_a_wrapped_disk_is_the_disk(
    moving: Moving, images: dict[str, Path], qemu_img: QemuImg, kind: str, wrapping: str
) -> None:
    source = moving.target.with_name("source")
    source.write_bytes(WRAPPINGS[wrapping](images[kind].read_bytes()))
    with FileSource(source) as opened:
        moved = moving.move(opened)
    check(moving, moved, qemu_img, kind, images[kind])
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert moved.moved.source_sha256 == digest


@pytest.mark.parametrize("kind", _MARKED)
def test_the_disk_of_an_ova_is_the_disk(
    moving: Moving, images: dict[str, Path], qemu_img: QemuImg, kind: str
) -> None:
    source = moving.target.with_name("source.ova")
    source.write_bytes(ova(images[kind].read_bytes()))
    with FileSource(source) as opened:
        moved = moving.move(RemoteSource(opened))
    check(moving, moved, qemu_img, kind, images[kind])
    assert moved.moved.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA512"])
@pytest.mark.parametrize("is_remote", [True, False])
def test_the_disk_of_an_ova_is_compared_with_its_manifest(
    moving: Moving, images: dict[str, Path], *, algorithm: str, is_remote: bool
) -> None:
    name, image = "appliance-disk1.vmdk", images["VHD"].read_bytes()
    right, wrong = (hashlib.new(algorithm, data).hexdigest() for data in (image, b""))
    source = moving.target.with_name("source.ova")

    def move(digest: str) -> MovedPackage:
        moving.total = 0
        source.write_bytes(ova(image, manifest=f"{algorithm}({name})= {digest}\r\n".encode()))
        with FileSource(source) as opened:
            return moving.move(RemoteSource(opened) if is_remote else opened)

    assert str(move(right).digest) == f"{algorithm} {right}"
    with pytest.raises(ImageError) as caught:
        move(wrong)
    assert caught.value.code == "InvalidImageFormat.ManifestMismatch"
    assert caught.value.detail == (
        f"The file {name!r} of the OVA has the {algorithm} {right}, but its manifest says {wrong}."
    )


@pytest.mark.parametrize(("kind", "wrapping"), [("raw", "gz"), ("VDI", "xz"), ("VHD", "tar.zst")])
def test_a_remote_source_is_moved_as_a_local_one(
    moving: Moving, images: dict[str, Path], qemu_img: QemuImg, kind: str, wrapping: str
) -> None:
    source = moving.target.with_name("source")
    source.write_bytes(WRAPPINGS[wrapping](images[kind].read_bytes()))
    with FileSource(source) as opened:
        moved = moving.move(RemoteSource(opened), Format.from_ecs(kind))
    check(moving, moved, qemu_img, kind, images[kind])
    assert moving.total == moving.progress[-1] == source.stat().st_size
    assert moved.moved.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
