"""Which buckets a caller may reach."""

from __future__ import annotations

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call, shorten
from imageferry.buckets.interface import Bucket, BucketNotFoundError


def own_bucket(call: Call, parameter: str, name: str) -> Bucket:
    """The caller's bucket of that name.

    Args:
        call: Who asks.
        parameter: The parameter that named it, for the error.
        name: The bucket's name.

    Raises:
        ServiceError: the account has no such bucket.
    """
    shown = f"{parameter} is {shorten(name)}."
    try:
        bucket = call.services.store.bucket(name)
    except BucketNotFoundError:
        remedy = codes.INVALID_OSS_BUCKET_NOT_FOUND.remedy
        raise codes.INVALID_OSS_BUCKET_NOT_FOUND.error(f"{shown} {remedy}") from None
    if bucket.info.owner != call.account_id:
        raise codes.OSS_NOT_AUTHORIZED.error(f"{shown} {codes.OSS_NOT_AUTHORIZED.remedy}")
    return bucket
