"""What an account may have: how many images and tasks, and how many bytes of images.

What it has is counted in the rows themselves, so that nothing of it can be left when they
are gone. An image in the making counts with the size of what it is made of; once it is made,
with what it takes.
"""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.quota_error_codes import (
    QUOTA_EXCEED_IMAGE_BYTES,
    QUOTA_EXCEED_WAITING_TASK,
)
from imageferry.images import queries as images
from imageferry.tasks import queries as tasks
from imageferry.tasks import waiting
from imageferry.tasks.model import TaskAction


def check_new_image(call: Call, connection: sa.Connection, region_id: str, size: int) -> None:
    """Make sure that the account may have one more image in the region, and the task to make it.

    Args:
        call: Who asks.
        connection: A transaction.
        region_id: The image's region.
        size: The bytes of what it is made of.

    Raises:
        ServiceError: ``QuotaExceed.Image``, ``QuotaExceed.ImageBytes`` or
            ``QuotaExceed.WaitingTask``.
    """
    most = call.settings.quota("max_images", call.account_id)
    count = images.count(connection, call.account_id, region_id)
    if count >= most:
        raise codes.QUOTA_EXCEED_IMAGE.error(
            f"The account has {count} images in {region_id}, and may have "
            f"{most}: delete some, or raise the setting max_images."
        )
    _check_bytes(call, connection, size)
    check_waiting(call, connection)


def check_waiting(call: Call, connection: sa.Connection) -> None:
    """Make sure that the account may have one more task waiting.

    Raises:
        ServiceError: ``QuotaExceed.WaitingTask``.
    """
    most = call.settings.quota("max_waiting_tasks", call.account_id)
    if waiting.count(connection, call.account_id, most) >= most:
        raise QUOTA_EXCEED_WAITING_TASK.error(
            reason=f"The account has {most} tasks waiting, and may have no more: wait until some "
            "have begun, cancel some, or raise the setting max_waiting_tasks."
        )


def check_exports(call: Call, connection: sa.Connection) -> None:
    """Make sure that the account may have one more export.

    Raises:
        ServiceError: ``ConcurrentQuotaExceed.ExportImage`` or ``QuotaExceed.WaitingTask``.
    """
    most = call.settings.quota("max_exports", call.account_id)
    count = tasks.count_active(connection, call.account_id, TaskAction.EXPORT_IMAGE)
    if count >= most:
        raise codes.CONCURRENT_EXPORTS_EXCEED.error(
            reason=f"The account has {count} exports waiting or running, and may have {most}."
        )
    check_waiting(call, connection)


def _check_bytes(call: Call, connection: sa.Connection, size: int) -> None:
    most = call.settings.quota("max_image_bytes", call.account_id)
    if not most:
        return
    used = images.bytes_of_account(connection, call.account_id)
    if used + size > most:
        raise QUOTA_EXCEED_IMAGE_BYTES.error(
            reason=f"The account's images take {used} bytes, and the new one is made of {size}; "
            f"they may take {most} in all: delete some, or raise the setting max_image_bytes."
        )
