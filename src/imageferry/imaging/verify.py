"""Prove that what was written is what it should be.

A qcow2 that was written half passes ``qemu-img check``: what is verified here must have been
written by a transfer that is known to have come to its end.
"""

from __future__ import annotations

import asyncio

from imageferry.imaging.errors import VERIFICATION_FAILED, ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.program import Limits
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.serving import serve
from imageferry.imaging.source import ByteSource

_ANY_SIZE = 2**63
_MIB = 1024 * 1024
_DATA_BYTES = 1024 * _MIB
_FILE_BYTES = _MIB
_CPU_SECONDS_BASE = 120
_SLOWEST_BYTES_PER_CPU_SECOND = 4 * _MIB


async def verify(
    target: ByteSource,
    target_format: Format,
    virtual_size: int,
    *,
    qemu_img: QemuImg,
    lease: Lease,
) -> Inspection:
    """Check the structure and size of an image that was just written.

    Args:
        target: Its bytes.
        target_format: The format it was written in.
        virtual_size: The size that a guest is to see, in bytes.
        qemu_img: The program to use.
        lease: How long the check may go on.

    Returns:
        What the image was found to be.

    Raises:
        ImageError: it is not what it should be, or could not be checked.
        LeaseExpiredError: the lease was not renewed in time.
    """
    try:
        inspection = await asyncio.to_thread(_inspect, target, target_format)
    except ImageError as error:
        raise VERIFICATION_FAILED.error(f"The result is no sound image. {error.detail}") from error
    if inspection.virtual_size != virtual_size:
        raise VERIFICATION_FAILED.error(
            f"The result's virtual size is {inspection.virtual_size} bytes, not {virtual_size}."
        )
    async with serve(target, inspection) as served:
        complaint = await qemu_img.check(served.node, target_format, lease=lease)
    if complaint:
        raise VERIFICATION_FAILED.error(f"qemu-img check finds: {complaint}")
    return inspection


def _inspect(target: ByteSource, target_format: Format) -> Inspection:
    if target_format is Format.RAW:
        # A guest's disk may hold an image; what we wrote as raw is raw whatever it holds.
        return Inspection(Format.RAW, "flat", target.size)
    return inspect(target, declared=target_format, max_virtual_size=_ANY_SIZE)


def comparison_limits(virtual_size: int) -> Limits:
    """What a comparison of disks of ``virtual_size`` bytes may use: time for all, and no file."""
    return Limits(
        cpu_seconds=_CPU_SECONDS_BASE + virtual_size // _SLOWEST_BYTES_PER_CPU_SECOND,
        file_bytes=_FILE_BYTES,
        data_bytes=_DATA_BYTES,
    )


async def compare(
    one: ByteSource,
    one_inspection: Inspection,
    other: ByteSource,
    other_inspection: Inspection,
    *,
    qemu_img: QemuImg,
    lease: Lease,
) -> None:
    """Compare every byte that a guest sees of two images.

    Args:
        one: The first image's bytes.
        one_inspection: What they are.
        other: The second image's bytes.
        other_inspection: What they are.
        qemu_img: The program to use.
        lease: How long the comparison may go on.

    Raises:
        ImageError: they differ, or could not be compared.
        LeaseExpiredError: the lease was not renewed in time.
    """
    sizes = one_inspection.virtual_size, other_inspection.virtual_size
    if sizes[0] != sizes[1]:
        raise VERIFICATION_FAILED.error(f"The virtual sizes are {sizes[0]} and {sizes[1]} bytes.")
    limits = comparison_limits(sizes[0])
    async with serve(one, one_inspection) as first, serve(other, other_inspection) as second:
        difference = await qemu_img.compare(first.node, second.node, limits=limits, lease=lease)
    if difference:
        raise VERIFICATION_FAILED.error(f"The images differ: {difference}")
