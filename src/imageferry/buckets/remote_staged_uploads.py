"""Uploads whose bytes are in a remote store before anybody sees the object.

The bytes go into a multipart upload, which is completed when the object is to
appear. A small record in the store, kept under the token of whoever makes the
object, lets any machine take back what a crash left, or go on with it. So does the
note that is there before the record: see :mod:`imageferry.buckets.remote_beginnings`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from imageferry.buckets.interface import (
    ObjectInfo,
    ObjectNotFoundError,
    UploadNotFoundError,
)
from imageferry.buckets.remote_beginnings import (
    NOTE_SUFFIX,
    RECORD_SUFFIX,
    StagedRecord,
    end_unknown,
)
from imageferry.buckets.remote_client import RemoteClient


class RecordedUploads:
    """The uploads of one token that there are now, and what lies beside their records.

    Args:
        client: The store's client.
        folder: What the keys of the token's records begin with.
    """

    def __init__(self, client: RemoteClient, folder: str) -> None:
        self._client = client
        self._folder = folder
        self._keys = [found.key for found in client.list(folder, "")]

    def discard(self, keep: Collection[str] = ()) -> None:
        """End the uploads, and remove their records and what lies beside them.

        Args:
            keep: The ids of uploads that are gone on with.
        """
        for key in self._keys:
            if _upload_id(key.removeprefix(self._folder)) not in keep:
                _discard(self._client, key)


def discard_forgotten(
    client: RemoteClient, folder: str, before: datetime, keep: Collection[str]
) -> int:
    """Do the same for all tokens of a store, and count what was removed.

    Args:
        client: The store's client.
        folder: What the keys of all records begin with.
        before: Only what was stored before it.
        keep: The tokens of those who may go on with their uploads.
    """
    discarded = 0
    for found in list(client.list(folder, "")):
        token, _ = _token_and_upload(found, folder)
        if found.modified < before and token not in keep:
            _discard(client, found.key)
            discarded += 1
    return discarded


def recorded_ids(client: RemoteClient, folder: str, tokens: Collection[str]) -> set[str]:
    """The ids of the uploads of those tokens in a store, below the key of all records."""
    staged = [_token_and_upload(found, folder) for found in client.list(folder, "")]
    return {upload_id for token, upload_id in staged if token in tokens}


def _token_and_upload(found: ObjectInfo, folder: str) -> tuple[str, str]:
    _bucket, token, name = found.key.removeprefix(folder).split("/", 2)
    return token, _upload_id(name)


def _upload_id(name: str) -> str:
    return name.removesuffix(RECORD_SUFFIX).partition("/")[0]


def _discard(client: RemoteClient, key: str) -> None:
    if key.endswith(NOTE_SUFFIX):
        end_unknown(client, key)
        return
    if key.endswith(RECORD_SUFFIX):
        with suppress(UploadNotFoundError, ObjectNotFoundError):
            record = msgspec.json.decode(client.read(key), type=StagedRecord)
            client.abort_upload(record.key, record.upload_id)
    client.delete(key)


def object_to_be(key: str, size: int, content_type: str, metadata: Mapping[str, str]) -> ObjectInfo:
    """What is known of an object before it appears."""
    return ObjectInfo(
        key=key,
        size=size,
        etag="",
        modified=datetime.now(UTC).replace(microsecond=0),
        content_type=content_type,
        metadata=dict(metadata),
    )
