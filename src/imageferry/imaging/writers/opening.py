"""The layouts in which an image can be written, and the writer for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from imageferry.imaging.disk import Output, ResumableWriter
from imageferry.imaging.formats import Format
from imageferry.imaging.writers import vdi, vhd
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE, Compression, Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter
from imageferry.imaging.writers.tar_gz import TarGzWriter
from imageferry.imaging.writers.vdi import VdiWriter
from imageferry.imaging.writers.vhd import VhdWriter
from imageferry.imaging.writers.vmdk import VmdkWriter


@dataclass(frozen=True)
class PlannedDisk:
    """What is known of a disk before it is written.

    Attributes:
        virtual_size: Its size in bytes, a multiple of 512.
        data: The ranges of it that hold data, as offset and length; looked at once.
        name: What it is called in an archive.
    """

    virtual_size: int
    data: Iterable[tuple[int, int]]
    name: str


@dataclass(frozen=True)
class Layout:
    """A way to write an image.

    Attributes:
        name: What it is called.
        format: The format of the disk in it.
        suffix: The end of a file's name, with the dot.
        head_size: The bytes at the image's beginning that are written last; 0 if everything is
            written in order, so that its hash can be computed meanwhile.
        writer: Makes the writer of a disk, from the state of the one to go on for.
        largest_size: The largest disk that it can hold, in bytes; ``None`` for any.
    """

    name: str
    format: Format
    suffix: str
    head_size: int
    writer: Callable[[Output, PlannedDisk, bytes], ResumableWriter[Any]]
    largest_size: int | None = None

    @property
    def in_order(self) -> bool:
        """Whether everything is written in order, from the first byte to the last."""
        return not self.head_size

    def open(self, output: Output, disk: PlannedDisk, state: bytes = b"") -> ResumableWriter[Any]:
        """Make the writer of a disk.

        Args:
            output: Where to.
            disk: The disk, the same for a writer that goes on as for the one before it.
            state: The state of the writer to go on for; empty for a new image.

        Raises:
            ImageError: the layout cannot hold the disk.
        """
        return self.writer(output, disk, state)


RAW = Layout("raw", Format.RAW, ".raw", 0, lambda output, _, state: RawWriter(output, state))
RAW_TAR_GZ = Layout(
    "raw.tar.gz",
    Format.RAW,
    ".raw.tar.gz",
    0,
    lambda output, disk, state: TarGzWriter(output, disk.name, disk.virtual_size, state),
)
VHD = Layout(
    "vhd",
    Format.VHD,
    ".vhd",
    0,
    lambda output, disk, state: VhdWriter(output, disk.virtual_size, disk.data, state),
    vhd.LARGEST_SIZE,
)
VDI = Layout(
    "vdi",
    Format.VDI,
    ".vdi",
    0,
    lambda output, disk, state: VdiWriter(output, disk.virtual_size, disk.data, state),
    vdi.LARGEST_SIZE,
)
VMDK = Layout(
    "vmdk",
    Format.VMDK,
    ".vmdk",
    0,
    lambda output, disk, state: VmdkWriter(output, disk.virtual_size, state),
)
QCOW2 = Layout(
    "qcow2",
    Format.QCOW2,
    ".qcow2",
    CLUSTER_SIZE,
    lambda output, _, state: Qcow2Writer(output, state=state),
)
QCOW2_ZLIB = Layout(
    "qcow2.zlib",
    Format.QCOW2,
    ".qcow2",
    CLUSTER_SIZE,
    lambda output, _, state: Qcow2Writer(output, Compression.ZLIB, state),
)
QCOW2_ZSTD = Layout(
    "qcow2.zstd",
    Format.QCOW2,
    ".qcow2",
    CLUSTER_SIZE,
    lambda output, _, state: Qcow2Writer(output, Compression.ZSTD, state),
)

LAYOUTS = (RAW, RAW_TAR_GZ, VHD, VDI, VMDK, QCOW2, QCOW2_ZLIB, QCOW2_ZSTD)
