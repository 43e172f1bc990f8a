"""The checks of what an imported disk holds, and where their findings are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from imageferry.engine.context import WorkerContext
from imageferry.engine.ownership import Ownership
from imageferry.images import queries as images
from imageferry.images.model import DetectionItem, Image, ImageDisk
from imageferry.imaging.contents.checks import check_contents
from imageferry.imaging.contents.findings import CLOUD_INIT, Expected, Finding
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.source import ByteSource
from imageferry.tasks.model import DiskStatus


async def detect(
    image: Image,
    disk: ImageDisk,
    stored: ByteSource,
    *,
    context: WorkerContext,
    ownership: Ownership,
) -> None:
    """Check what a disk holds, and note what was found with the image and with the task.

    Args:
        image: The image that the disk belongs to.
        disk: The disk.
        stored: The qcow2 image of it that was verified.
        context: What is below the steps.
        ownership: The hold of the task.

    Raises:
        LeaseExpiredError: the lease was not renewed in time.
        OwnershipLostError: the task is no longer this worker's.
    """
    inspection = await asyncio.to_thread(
        inspect, stored, declared=Format.QCOW2, max_virtual_size=context.max_virtual_size
    )
    expected = Expected(image.boot_mode, image.os_type, is_system=disk.is_system)
    found = await check_contents(stored, inspection, expected, lease=ownership.lease)
    items = [
        DetectionItem(item.name, item.value, item.risk_code, item.risk_level) for item in found
    ]
    with ownership.recording(
        disk.position, DiskStatus.SUCCESS, _related_items(found)
    ) as connection:
        images.record_detection(connection, image.image_id, disk.position, items)
        if any(item.name == CLOUD_INIT and not item.risk_code for item in found):
            images.record_cloud_init(connection, image.image_id)


def _related_items(found: Sequence[Finding]) -> list[tuple[str, str]]:
    return [
        (item.name, f"{item.risk_level} risk: {item.value}" if item.risk_level else item.value)
        for item in found
    ]
