"""The catalogue: the bucket that holds the disks of all images."""

from __future__ import annotations

from imageferry.buckets.interface import Bucket, BucketNotFoundError, Store

CATALOGUE_BUCKET = "catalogue"
OWNER = "imageferry"


def open_catalogue(store: Store, region: str) -> Bucket:
    """The catalogue's bucket, made where it is not there yet."""
    try:
        return store.bucket(CATALOGUE_BUCKET)
    except BucketNotFoundError:
        return store.create_bucket(CATALOGUE_BUCKET, region=region, owner=OWNER)


def discard(catalogue: Bucket, image_id: str) -> None:
    """Take the disks of an image out of the catalogue; no error where there are none."""
    for stored in list(catalogue.list(prefix=f"{image_id}-")):
        catalogue.delete(stored.key)
