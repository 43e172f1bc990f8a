"""The marks of partition tables and file systems: a bounded look at a disk's first sectors."""

from __future__ import annotations

from collections.abc import Callable

from imageferry.imaging.source import ByteSource

ReadBytes = Callable[[int, int], bytes]
"""Reads bytes at an offset, of a length; fewer where the disk ends."""

EXT = "ext"
XFS = "XFS"
BTRFS = "Btrfs"
FAT = "FAT"
NTFS = "NTFS"
LVM = "LVM"

_HEAD_BYTES = 65 * 1024
_TABLE_MARKS = (
    (510, b"\x55\xaa"),  # a master boot record, or a boot sector
    (512, b"EFI PART"),
    (4096, b"EFI PART"),
)

_FILE_SYSTEM_MARKS = (
    (0, b"XFSB", XFS),
    (0, b"LUKS\xba\xbe", "LUKS encryption"),
    (0, b"hsqs", "SquashFS"),
    (3, b"NTFS    ", NTFS),
    (3, b"EXFAT   ", "exFAT"),
    (3, b"ReFS", "ReFS"),
    (54, b"FAT1", FAT),
    (82, b"FAT32", FAT),
    (0, b"LABELONE", LVM),
    (512, b"LABELONE", LVM),
    (1024, b"LABELONE", LVM),
    (1536, b"LABELONE", LVM),
    (1024, b"\x10\x20\xf5\xf2", "F2FS"),
    (1080, b"\x53\xef", EXT),
    (4086, b"SWAPSPACE2", "swap space"),
    (0x8001, b"CD001", "ISO 9660"),
    (0x10040, b"_BHRfS_M", BTRFS),
)


def file_system(read: ReadBytes) -> str:
    """The file system, or what else fills a volume, by its mark; empty if none is known."""
    for offset, mark, name in _FILE_SYSTEM_MARKS:
        if read(offset, len(mark)) == mark:
            return name
    return ""


def is_disk(source: ByteSource) -> bool:
    """Whether raw bytes look like a disk: a partition table or a known file system.

    Reads the first 65 KiB at once, as each read of a remote object takes its time.

    Raises:
        OSError: the source cannot be read.
    """
    head = source.pread(0, _HEAD_BYTES)
    has_table = any(head.startswith(mark, offset) for offset, mark in _TABLE_MARKS)
    return has_table or bool(file_system(lambda offset, length: head[offset : offset + length]))
