"""Objects of a remote store that get other metadata: the store copies them onto themselves."""

from __future__ import annotations

from imageferry.buckets.interface import ObjectChangedError, ObjectInfo
from imageferry.buckets.remote_beginnings import begin_recorded
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_parts import in_threads

LARGEST_COPY = 5 << 30
"""Bytes that S3, and OSS, copy by one request: see CopyObject in the reference of either."""

COPIED_PART = 1 << 30


def replace_metadata(client: RemoteClient, folder: str, info: ObjectInfo) -> str:
    """Give an object the metadata of ``info``, and return its ETag.

    Args:
        client: The store's client.
        folder: What the keys of the records of uploads begin with: a large object is copied in
            parts, by an upload that is found again whatever happens.
        info: The object, under its remote key and with its size and present ETag.

    Raises:
        ObjectChangedError: somebody has replaced it meanwhile.
        StoreError: the store cannot do it.
    """
    if info.size <= LARGEST_COPY:
        return _replace_in_one(client, info)
    upload_id = begin_recorded(client, folder, info.key, info.metadata)

    def copied(number: int) -> tuple[int, str]:
        start = (number - 1) * COPIED_PART
        length = min(COPIED_PART, info.size - start)
        etag = client.copy_part(
            info.key, upload_id, number, info.key, length, start=start, if_match=info.etag
        )
        return number, etag

    parts = in_threads(copied, range(1, -(-info.size // COPIED_PART) + 1))
    return client.complete_upload(info.key, upload_id, parts, overwrite=True)


def _replace_in_one(client: RemoteClient, info: ObjectInfo) -> str:
    try:
        return client.replace_metadata(info)
    except ObjectChangedError:
        # It has another ETag as well when the answer was lost, and the request was made again.
        found = client.head(info.key)
        if (found.size, found.metadata) != (info.size, info.metadata):
            raise
        return found.etag
