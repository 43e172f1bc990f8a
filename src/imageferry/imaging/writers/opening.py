"""The layouts in which an image can be written, and the writer for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imageferry.imaging.disk import Output, PlannedDisk, ResumableWriter
from imageferry.imaging.errors import FORMAT_LIMIT
from imageferry.imaging.formats import Format
from imageferry.imaging.writers import vdi, vhd
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE, Compression, Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter
from imageferry.imaging.writers.tar_gz import TarGzWriter
from imageferry.imaging.writers.vdi import VdiWriter
from imageferry.imaging.writers.vhd import VhdWriter
from imageferry.imaging.writers.vmdk import VmdkWriter


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
        if self.largest_size is not None and disk.virtual_size > self.largest_size:
            raise FORMAT_LIMIT.error(
                f"The disk has {disk.virtual_size} bytes; "
                f"a {self.format.ecs_name} holds {self.largest_size} at most."
            )
        return self.writer(output, disk, state)


def _qcow2(name: str, compression: Compression | None = None) -> Layout:
    def writer(output: Output, _disk: PlannedDisk, state: bytes) -> Qcow2Writer:
        return Qcow2Writer(output, compression, state)

    return Layout(name, Format.QCOW2, ".qcow2", CLUSTER_SIZE, writer)


RAW = Layout("raw", Format.RAW, ".raw", 0, lambda output, _, state: RawWriter(output, state))
RAW_TAR_GZ = Layout("raw.tar.gz", Format.RAW, ".raw.tar.gz", 0, TarGzWriter)
VHD = Layout("vhd", Format.VHD, ".vhd", 0, VhdWriter, vhd.LARGEST_SIZE)
VDI = Layout("vdi", Format.VDI, ".vdi", 0, VdiWriter, vdi.LARGEST_SIZE)
VMDK = Layout("vmdk", Format.VMDK, ".vmdk", 0, VmdkWriter)
QCOW2 = _qcow2("qcow2")
QCOW2_ZLIB = _qcow2("qcow2.zlib", Compression.ZLIB)
QCOW2_ZSTD = _qcow2("qcow2.zstd", Compression.ZSTD)

LAYOUTS = (RAW, RAW_TAR_GZ, VHD, VDI, VMDK, QCOW2, QCOW2_ZLIB, QCOW2_ZSTD)
