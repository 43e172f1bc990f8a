"""The marks by which disk image formats are told apart, those that we refuse included."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imageferry.imaging.formats import Format
from imageferry.imaging.reader import BoundedReader

_HEAD_BYTES = 4096
_ISO_9660_OFFSET = 0x8001
_ISO_9660_MARK = b"CD001"
_DESCRIPTOR = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*version[ \t]*=", re.IGNORECASE)
_DESCRIPTOR_TITLE = b"# disk descriptorfile"


@dataclass(frozen=True)
class Signature:
    """A format whose mark was found.

    Attributes:
        name: What people call the format.
        format: The format, or ``None`` if it is one that is never accepted.
        at_start: The mark is in the format's header, not in a footer alone.
    """

    name: str
    format: Format | None
    at_start: bool = True


_VMDK_DESCRIPTOR = Signature("VMDK with a separate descriptor", None)
_ISO_9660 = Signature("ISO 9660", None)

_HEAD_MARKS = (
    (0, b"QFI\xfb", Signature("QCOW2", Format.QCOW2)),
    (0, b"KDMV", Signature("VMDK", Format.VMDK)),
    (0, b"conectix", Signature("VHD", Format.VHD)),
    (0, b"vhdxfile", Signature("VHDX", Format.VHDX)),
    (0x40, b"\x7f\x10\xda\xbe", Signature("VDI", Format.VDI)),
    (0, b"COWD", Signature("VMDK of an ESX host", None)),
    (0, b"QED\x00", Signature("QED", None)),
    (0, b"LUKS\xba\xbe", Signature("LUKS", None)),
    (0, b"WithoutFreeSpace", Signature("Parallels", None)),
    (0, b"WithouFreSpacExt", Signature("Parallels", None)),
    (0, b"Bochs Virtual HD Image", Signature("Bochs", None)),
    (0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop", Signature("cloop", None)),
)
_FOOTER_MARKS = (
    (512, b"conectix", Signature("VHD", Format.VHD, at_start=False)),
    (511, b"conectix", Signature("VHD of an early Virtual PC", None, at_start=False)),
    (512, b"koly", Signature("DMG", None, at_start=False)),
)


def find_signatures(reader: BoundedReader) -> list[Signature]:
    """The formats whose marks the bytes carry, each once.

    An ISO 9660 file system is plain data on a raw disk, so it counts only beside
    another format's header.

    Raises:
        ImageError: the source cannot be read.
    """
    found = {item.name: item for item in _footer_signatures(reader)}
    found |= {item.name: item for item in find_head_signatures(reader)}
    if any(item.at_start for item in found.values()) and _has_iso_9660(reader):
        found[_ISO_9660.name] = _ISO_9660
    return list(found.values())


def find_head_signatures(reader: BoundedReader) -> list[Signature]:
    """The formats whose marks stand at the beginning: all but fixed VHDs show themselves there.

    Raises:
        ImageError: the source cannot be read.
    """
    head = reader.read_available(0, _HEAD_BYTES, "header")
    found = [item for offset, mark, item in _HEAD_MARKS if head.startswith(mark, offset)]
    if _DESCRIPTOR.match(head) or head.lower().startswith(_DESCRIPTOR_TITLE):
        found.append(_VMDK_DESCRIPTOR)
    return found


def _footer_signatures(reader: BoundedReader) -> list[Signature]:
    tail = reader.read(max(0, reader.size - 512), min(512, reader.size), "footer")
    return [
        item
        for distance, mark, item in _FOOTER_MARKS
        if len(tail) >= distance and tail.startswith(mark, len(tail) - distance)
    ]


def _has_iso_9660(reader: BoundedReader) -> bool:
    mark = reader.read_available(_ISO_9660_OFFSET, len(_ISO_9660_MARK), "ISO 9660 mark")
    return mark == _ISO_9660_MARK
