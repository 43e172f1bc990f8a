"""The volumes of a disk: its partitions, and the logical volumes in them.

Only ``program.py`` may import this; see ``trees.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from dissect.volume.disk.disk import Disk
from dissect.volume.exceptions import DiskError
from dissect.volume.lvm import LVM2

_BIOS_BOOT = UUID("21686148-6449-6e6f-744e-656564454649")
_LEGACY_BOOTABLE = 1 << 2
_BOOT_CODE_BYTES = 440
_GPT_OFFSET = 512
_GPT_MARK = b"EFI PART"


@dataclass(frozen=True)
class Volume:
    """Bytes that a file system may fill.

    Attributes:
        place: Where they are, as ``partition 1``.
        size: How many.
        stream: They.
    """

    place: str
    size: int
    stream: BinaryIO


class PartitionedDisk:
    """A disk and its partition table.

    Args:
        disk: The disk's bytes.
        size: How many.

    Raises:
        Exception: the table is damaged, in whatever way the library notices that.
    """

    def __init__(self, disk: BinaryIO, size: int) -> None:
        self._disk = disk
        self._size = size
        try:
            found = Disk(disk)
        except DiskError as error:
            if self._has_gpt_mark():
                raise ValueError("it is a damaged GPT") from error
            self.table, self._partitions = "", []
        else:
            self.table, self._partitions = type(found.scheme).__name__, found.partitions

    def _has_gpt_mark(self) -> bool:
        self._disk.seek(_GPT_OFFSET)
        return self._disk.read(len(_GPT_MARK)) == _GPT_MARK

    def __len__(self) -> int:
        return len(self._partitions)

    def volumes(self) -> Iterator[Volume]:
        """The partitions; the whole disk where it has no table."""
        if not self.table:
            yield Volume("the whole disk", self._size, self._disk)
        for partition in self._partitions:
            place = f"partition {partition.number}"
            yield Volume(place, partition.size, partition.open())

    @property
    def starts_by_bios(self) -> bool:
        """Whether a BIOS finds code to start.

        A GPT's protective record may hold a stub that only complains, so there a
        partition has to be made for a BIOS too.
        """
        self._disk.seek(0)
        if not any(self._disk.read(_BOOT_CODE_BYTES)):
            return False
        return self.table == "MBR" or any(_is_for_bios(item) for item in self._partitions)


def _is_for_bios(partition: Any) -> bool:
    return partition.type == _BIOS_BOOT or bool((partition.flags or 0) & _LEGACY_BOOTABLE)


def logical_volumes(volume: Volume) -> Iterator[Volume]:
    """The logical volumes of a physical volume of LVM.

    Raises:
        Exception: it is damaged, or lies on several disks.
    """
    for logical in LVM2(volume.stream).vg.lv:
        stream = logical.open()
        yield Volume(f"logical volume {logical.name} of {volume.place}", stream.size, stream)
