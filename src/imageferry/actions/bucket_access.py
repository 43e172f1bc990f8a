"""Which buckets a caller may reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call, shorten
from imageferry.actions.error_codes import SERVICE_UNAVAILABLE
from imageferry.buckets.interface import Bucket, BucketNotFoundError, ObjectChangedError
from imageferry.buckets.remote_errors import RemoteStoreError


@contextmanager
def reached_stores() -> Iterator[None]:
    """Say of a store that fails just now, or of an object that changes, to try again.

    Raises:
        ServiceError: ``ServiceUnavailable``.
    """
    try:
        yield
    except (RemoteStoreError, ObjectChangedError) as error:
        text = str(error)
        raise SERVICE_UNAVAILABLE.error(
            f"{text[:1].upper()}{text[1:]}. {SERVICE_UNAVAILABLE.remedy}"
        ) from error


def own_bucket(call: Call, parameter: str, name: str) -> Bucket:
    """The caller's bucket of that name.

    Args:
        call: Who asks.
        parameter: The parameter that named it, for the error.
        name: The bucket's name.

    Raises:
        ServiceError: the account has no such bucket, or its store cannot be reached.
    """
    shown = f"{parameter} is {shorten(name)}."
    try:
        with reached_stores():
            bucket = call.services.store.bucket(name)
    except BucketNotFoundError:
        remedy = codes.INVALID_OSS_BUCKET_NOT_FOUND.remedy
        raise codes.INVALID_OSS_BUCKET_NOT_FOUND.error(f"{shown} {remedy}") from None
    if bucket.info.owner != call.account_id:
        raise codes.OSS_NOT_AUTHORIZED.error(f"{shown} {codes.OSS_NOT_AUTHORIZED.remedy}")
    return bucket
