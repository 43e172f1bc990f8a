"""The codes of an account's quotas that ECS has no code for."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

QUOTA_EXCEED_WAITING_TASK = ErrorCode(
    "QuotaExceed.WaitingTask",
    403,
    "{reason}",
    "The account has as many tasks waiting as it may have.",
    "Wait until some have begun, cancel some, or raise the setting max_waiting_tasks.",
)
QUOTA_EXCEED_IMAGE_BYTES = ErrorCode(
    "QuotaExceed.ImageBytes",
    403,
    "{reason}",
    "The images of the account would take more bytes than they may.",
    "Delete images that are not needed, or raise the setting max_image_bytes.",
)
