"""The bytes that an account's images take, checked once more when they are known."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.engine.context import WorkerContext
from imageferry.engine.failures import TOO_MANY_BYTES, DiskFailedError
from imageferry.images import queries as images


def check_bytes(context: WorkerContext, connection: sa.Connection, account_id: str) -> None:
    """Make sure that the account may have the image that is about to be published.

    Args:
        context: What is below the steps.
        connection: A transaction that has the account to itself: until its end no other image of
            the account is published.
        account_id: The account.

    Raises:
        DiskFailedError: its images would take more bytes than they may.
    """
    most = context.settings.quota("max_image_bytes", account_id)
    if not most:
        return
    used = images.bytes_of_account(connection, account_id)
    if used > most:
        raise DiskFailedError(
            0,
            TOO_MANY_BYTES,
            f"With this image, those of the account would take {used} bytes, and they may take "
            f"{most}. Delete some, or raise the setting max_image_bytes, then start the task "
            "again.",
        )
