"""Why a task failed, in words for its owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.buckets.interface import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StoreError,
)
from imageferry.imaging.errors import ImageError

OBJECT_CHANGED = "InvalidOSSObject.Changed"
OBJECT_NOT_FOUND = "InvalidOSSObject.NotFound"
BUCKET_NOT_FOUND = "InvalidOSSBucket.NotFound"
STORE_FAILED = "OSSAccessFailed"
TOO_MANY_ATTEMPTS = "TooManyAttempts"
INTERNAL_ERROR = "InternalError"


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
    except ObjectChangedError as error:
        raise DiskFailedError(
            position,
            OBJECT_CHANGED,
            f"{error} Leave the object alone until its import is finished, then import it again.",
        ) from error
    except ObjectNotFoundError as error:
        raise DiskFailedError(
            position, OBJECT_NOT_FOUND, f"{error} Upload the object, then import it again."
        ) from error
    except BucketNotFoundError as error:
        raise DiskFailedError(
            position, BUCKET_NOT_FOUND, f"{error} Make the bucket, then start the task again."
        ) from error
    except StoreError as error:
        raise DiskFailedError(
            position, STORE_FAILED, f"{error} Start the task again when the bucket can be reached."
        ) from error
