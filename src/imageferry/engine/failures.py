"""Why a task failed, in words for its owner."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.buckets.interface import (
    BucketNotFoundError,
    DamagedError,
    ObjectChangedError,
    ObjectNotFoundError,
    StoreError,
)
from imageferry.imaging.errors import INSUFFICIENT_SPACE, VERIFICATION_FAILED, ImageError

OBJECT_CHANGED = "InvalidOSSObject.Changed"
OBJECT_NOT_FOUND = "InvalidOSSObject.NotFound"
BUCKET_NOT_FOUND = "InvalidOSSBucket.NotFound"
TOO_MANY_BYTES = "QuotaExceed.ImageBytes"
IMAGE_NOT_FOUND = "InvalidImageId.NotFound"
STORE_FAILED = "OSSAccessFailed"
TOO_MANY_ATTEMPTS = "TooManyAttempts"
INTERNAL_ERROR = "InternalError"

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_STORE_FAILURES: tuple[tuple[type[StoreError], str, str], ...] = (
    (
        ObjectChangedError,
        OBJECT_CHANGED,
        "Leave the object alone until its import is finished, then import it again.",
    ),
    (DamagedError, VERIFICATION_FAILED.code, VERIFICATION_FAILED.remedy),
    (ObjectNotFoundError, OBJECT_NOT_FOUND, "Upload the object, then import it again."),
    (BucketNotFoundError, BUCKET_NOT_FOUND, "Make the bucket, then start the task again."),
)


class DiskFailedError(Exception):
    """A disk of a task cannot be finished.

    Attributes:
        position: The disk; 0 for the task as a whole.
        code: The error's code.
        message: What is wrong and what to do about it.
    """

    def __init__(self, position: int, code: str, message: str) -> None:
        super().__init__(position, code, message)
        self.position = position
        self.code = code
        self.message = message


@contextmanager
def reported_for(position: int) -> Iterator[None]:
    """Turn what the rooms below raise into a failure of that disk."""
    try:
        yield
    except ImageError as error:
        raise DiskFailedError(position, error.code, error.message) from error
    except StoreError as error:
        code, remedy = _code_and_remedy(error)
        raise DiskFailedError(position, code, f"{_sentence(error)} {remedy}") from error
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        full = INSUFFICIENT_SPACE.error(f"{os.strerror(error.errno)}.")
        raise DiskFailedError(position, full.code, full.message) from error


def _code_and_remedy(error: StoreError) -> tuple[str, str]:
    for kind, code, remedy in _STORE_FAILURES:
        if isinstance(error, kind):
            return code, remedy
    return STORE_FAILED, "Start the task again when the bucket can be reached."


def _sentence(error: StoreError) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
