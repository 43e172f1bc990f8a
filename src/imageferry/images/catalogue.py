"""The catalogue: the bucket that holds the disks of all images."""

from __future__ import annotations

from contextlib import suppress

import structlog

from imageferry.buckets.interface import (
    Bucket,
    BucketExistsError,
    BucketNotFoundError,
    Store,
    StoreError,
)

CATALOGUE_BUCKET = "catalogue"
OWNER = "imageferry"
"""Whose the catalogues are that were made before installations had ids."""

_log = structlog.get_logger()


def open_catalogue(store: Store, region: str, owner: str = OWNER) -> Bucket:
    """The catalogue's bucket, made where it is not there yet; processes may start together.

    Args:
        store: What keeps it.
        region: Where a new one belongs.
        owner: Whose a new one is: the id of an installation.

    Raises:
        BucketExistsError: something that is no bucket stands in its place.
    """
    with suppress(BucketNotFoundError):
        return store.bucket(CATALOGUE_BUCKET)
    try:
        return store.create_bucket(CATALOGUE_BUCKET, region=region, owner=owner)
    except BucketExistsError:
        with suppress(BucketNotFoundError):
            return store.bucket(CATALOGUE_BUCKET)
        raise


def discard(catalogue: Bucket, image_id: str) -> None:
    """Take the disks of an image out of the catalogue; no error where there are none."""
    for stored in list(catalogue.list(prefix=f"{image_id}-")):
        catalogue.delete(stored.key)


def discard_or_leave(catalogue: Bucket, image_id: str) -> None:
    """Take the disks of an image that is gone away, or leave them to the sweep.

    A call that has deleted the image must not answer with an error: clients
    send such a call again (CLIENTS.md 1.8), and would find no image.
    """
    try:
        discard(catalogue, image_id)
    except (StoreError, OSError) as error:
        _log.warning("disks_left", image_id=image_id, reason=str(error))
