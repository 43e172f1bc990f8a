"""The objects that are imported: one disk in every format, made by qemu-img and compressors."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import zstandard

from benchmarks.data_path import unpacking
from imageferry.imaging.formats import Format


class Goal(Enum):
    """How many times the limit an import may take."""

    PLAIN = 1.3
    COMPRESSED = 5.0


@dataclass(frozen=True)
class SourceKind:
    """One format of objects.

    Attributes:
        name: What the tables call it; the end of the object's name.
        format: The format of the image.
        make: Makes such a file of a raw one.
        goal: How many times the limit its import may take.
        unpack: Does nothing but unpack such a file; ``None`` where nothing is packed.
        others_import: Whether others import such a file as it is.
    """

    name: str
    format: Format
    make: Callable[[Path, Path], None]
    goal: Goal = Goal.PLAIN
    unpack: Callable[[Path], None] | None = None
    others_import: bool = True


def _qemu(image_format: Format, *options: str) -> Callable[[Path, Path], None]:
    def make(raw: Path, target: Path) -> None:
        convert = ["qemu-img", "convert", "-f", "raw"]
        command = [*convert, "-O", image_format.driver, *options, str(raw), str(target)]
        subprocess.run(command, check=True)

    return make


def _clusters(image_format: Format) -> Callable[[Path], None]:
    return lambda path: unpacking.unpack_clusters(path, image_format)


def _gzip(raw: Path, target: Path) -> None:
    with target.open("wb") as packed:
        subprocess.run(["gzip", "-1", "-c", str(raw)], stdout=packed, check=True)


def _zstd(raw: Path, target: Path) -> None:
    compressor = zstandard.ZstdCompressor(level=1, threads=-1)
    with raw.open("rb") as source, target.open("wb") as packed:
        compressor.copy_stream(source, packed)


def _copy(raw: Path, target: Path) -> None:
    subprocess.run(["cp", "--sparse=always", raw, target], check=True)


_STREAM = "subformat=streamOptimized"
_EXACT = "force_size=on"

KINDS: Mapping[str, SourceKind] = {
    kind.name: kind
    for kind in (
        SourceKind("raw", Format.RAW, _copy),
        SourceKind("qcow2", Format.QCOW2, _qemu(Format.QCOW2)),
        SourceKind("vhd", Format.VHD, _qemu(Format.VHD, "-o", _EXACT)),
        SourceKind("fixed.vhd", Format.VHD, _qemu(Format.VHD, "-o", f"subformat=fixed,{_EXACT}")),
        SourceKind("vdi", Format.VDI, _qemu(Format.VDI)),
        SourceKind("vhdx", Format.VHDX, _qemu(Format.VHDX)),
        SourceKind("vmdk", Format.VMDK, _qemu(Format.VMDK)),
        SourceKind(
            "zlib.qcow2",
            Format.QCOW2,
            _qemu(Format.QCOW2, "-c"),
            Goal.COMPRESSED,
            _clusters(Format.QCOW2),
        ),
        SourceKind(
            "zstd.qcow2",
            Format.QCOW2,
            _qemu(Format.QCOW2, "-c", "-o", "compression_type=zstd"),
            Goal.COMPRESSED,
            _clusters(Format.QCOW2),
        ),
        SourceKind(
            "stream.vmdk",
            Format.VMDK,
            _qemu(Format.VMDK, "-o", _STREAM),
            Goal.COMPRESSED,
            _clusters(Format.VMDK),
        ),
        SourceKind("raw.gz", Format.RAW, _gzip, Goal.COMPRESSED, unpacking.unpack_stream, False),
        SourceKind("raw.zst", Format.RAW, _zstd, Goal.COMPRESSED, unpacking.unpack_stream, False),
    )
}


def put(kind: SourceKind, raw: Path, target: Path, kept: Path | None) -> None:
    """Make an object, or take the one that an earlier run has made of the same disk.

    Args:
        kind: Its format.
        raw: The disk.
        target: Where the object comes.
        kept: A folder for objects that later runs take, if any.
    """
    if kept is None:
        kind.make(raw, target)
        return
    made = kept / target.name
    if not made.exists():
        unfinished = made.with_suffix(".part")
        kind.make(raw, unfinished)
        unfinished.rename(made)
    _copy(made, target)


def chosen(names: Sequence[str]) -> list[SourceKind]:
    """The kinds of those names, or all where none is named."""
    return [KINDS[name] for name in names or KINDS if name in KINDS]
