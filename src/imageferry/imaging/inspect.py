"""Decide what a disk image is, before anything else touches its bytes.

The decision is made by our own parsers, which read a bounded number of bytes and
refuse whatever could make qemu-img open another file, read past a buffer or write
without end. A narrow list of what is accepted is safer than a long list of what is not.
"""

from __future__ import annotations

from collections.abc import Callable

from imageferry.imaging.errors import (
    CORRUPT,
    EMPTY_IMAGE,
    FORMAT_AMBIGUOUS,
    FORMAT_MISMATCH,
    FORMAT_UNSUPPORTED,
    IMAGE_SIZE,
)
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors import qcow2, raw, vdi, vhd, vhdx, vmdk
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.signatures import Signature, find_signatures
from imageferry.imaging.source import ByteSource

_INSPECTORS: dict[Format, Callable[[BoundedReader], Inspection]] = {
    Format.RAW: raw.inspect,
    Format.QCOW2: qcow2.inspect,
    Format.VHD: vhd.inspect,
    Format.VHDX: vhdx.inspect,
    Format.VMDK: vmdk.inspect,
    Format.VDI: vdi.inspect,
}


def inspect(
    source: ByteSource, *, declared: Format | None = None, max_virtual_size: int
) -> Inspection:
    """Find out what an image is, and whether it is safe to be converted.

    Args:
        source: The image's bytes.
        declared: The format that its owner says it has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes.

    Raises:
        ImageError: the image is refused; the error names the reason and the remedy.
    """
    if source.size == 0:
        raise EMPTY_IMAGE.error("The image has 0 bytes.")
    reader = BoundedReader(source)
    inspection = _INSPECTORS[decide(find_signatures(reader), declared)](reader)
    _check_virtual_size(inspection, max_virtual_size)
    return inspection


def decide(found: list[Signature], declared: Format | None) -> Format:
    """The format of an image.

    Args:
        found: The formats whose marks it carries.
        declared: The format that its owner says it has, if any.

    Raises:
        ImageError: it cannot be told, or is not accepted, or not what was declared.
    """
    if len(found) > 1:
        names = " and ".join(sorted(item.name for item in found))
        raise FORMAT_AMBIGUOUS.error(f"The image has the marks of {names} at the same time.")
    if not found:
        if declared in (None, Format.RAW):
            return Format.RAW
        raise FORMAT_MISMATCH.error(
            f"The image is declared {declared.ecs_name}, but its bytes lack that format's mark."
        )
    (signature,) = found
    if signature.format is None:
        raise FORMAT_UNSUPPORTED.error(f"The image's format is {signature.name}.")
    if declared not in (None, signature.format):
        raise FORMAT_MISMATCH.error(
            f"The image is declared {declared.ecs_name}, but its bytes are {signature.name}."
        )
    return signature.format


def _check_virtual_size(inspection: Inspection, maximum: int) -> None:
    size = inspection.virtual_size
    if size == 0:
        raise CORRUPT.error("The image's virtual size is 0.")
    if size > maximum:
        raise IMAGE_SIZE.error(
            f"The image's virtual size is {size} bytes; the largest accepted is {maximum}."
        )
