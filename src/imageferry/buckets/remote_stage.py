"""Files whose bytes are in a remote store before anybody sees the object.

The bytes go into a multipart upload, which is completed when the object is to
appear. A small record in the store, kept under the token of whoever staged the
file, lets any machine take back what a crash left.
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
from imageferry.buckets.remote_client import RemoteClient

_RECORD_SUFFIX = ".json"


class StagedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a staged file are: the remote key and the id of the upload."""

    key: str
    upload_id: str


def write_record(client: RemoteClient, folder: str, record: StagedRecord) -> None:
    """Note an upload before its first part is stored.

    Whatever else is stored for it has a key that begins with that of its record.
    """
    client.create(f"{folder}{record.upload_id}{_RECORD_SUFFIX}", msgspec.json.encode(record))


def discard_recorded(
    client: RemoteClient,
    folder: str,
    before: datetime | None = None,
    keep: Collection[str] = (),
) -> int:
    """End the uploads of records, remove the records and what lies beside them, and count these.

    Args:
        client: The store's client.
        folder: What the records' keys begin with.
        before: Only records written before it.
        keep: The ids of uploads that are gone on with.
    """
    discarded = 0
    for found in list(client.list(folder, "")):
        if before is not None and found.modified >= before:
            continue
        if found.key.removesuffix(_RECORD_SUFFIX).removeprefix(folder).split("/")[0] in keep:
            continue
        if found.key.endswith(_RECORD_SUFFIX):
            _abort_recorded(client, found.key)
        client.delete(found.key)
        discarded += 1
    return discarded


def _abort_recorded(client: RemoteClient, key: str) -> None:
    with suppress(UploadNotFoundError, ObjectNotFoundError):
        record = msgspec.json.decode(client.read(key), type=StagedRecord)
        client.abort_upload(record.key, record.upload_id)


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
