"""What a caller is told who names something that is not there: what, where, and what there is."""

from __future__ import annotations

from imageferry.actions import image_error_codes as codes
from imageferry.actions.errors import ServiceError

_MOST_CHARACTERS = 64
"""Enough to recognise an id by; an answer must not grow with the request."""


def image(image_id: str, region_id: str) -> ServiceError:
    """The account has no image of that id in the region."""
    return codes.INVALID_IMAGE_ID_NOT_FOUND.error(
        f"ImageId is {_shown(image_id)}, of which you have none in {region_id}. "
        f"{codes.INVALID_IMAGE_ID_NOT_FOUND.remedy}"
    )


def task(task_id: str, region_id: str) -> ServiceError:
    """The account has no task of that id in the region."""
    return codes.INVALID_TASK_ID_NOT_FOUND.error(
        f"TaskId is {_shown(task_id)}, of which you have none in {region_id}. "
        f"{codes.INVALID_TASK_ID_NOT_FOUND.remedy}"
    )


def _shown(text: str) -> str:
    return repr(text[:_MOST_CHARACTERS] + ("…" if len(text) > _MOST_CHARACTERS else ""))
