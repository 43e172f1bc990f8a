"""How an upload to a remote store is begun, so that it is found again whatever happens.

Its id is recorded as soon as it is known. But the store's answer may be lost, so that the
library begins another upload; and whoever begins one may die before the record is there.
So the key is noted first, in the store, and the note goes when every upload that was begun
is known. From a note that has stayed, the uploads are looked for that it may have led to,
and ended.

To a key that users see, others may upload at the same time. Of such uploads one is taken
for ours only if it was begun after the note by the store's own clock, has no part, as nobody
can have sent one to an id that nobody has, is not recorded, and cannot be that of another
note. What is in doubt is left to the store's sweep. The keys beside a note are seen by
nobody: every upload of them is ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

import msgspec

from imageferry.buckets.interface import (
    ObjectInfo,
    ObjectNotFoundError,
    StoreError,
    UploadNotFoundError,
)
from imageferry.buckets.remote_client import RemoteClient, RemoteUploadInfo
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE

RECORD_SUFFIX = ".json"
"""What the key of a record ends in."""

NOTE_SUFFIX = ".begun"
"""What the key of a note ends in."""


class StagedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a staged upload are: the remote key and the id of the upload."""

    key: str
    upload_id: str


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    key: str


def begin_recorded(client: RemoteClient, folder: str, key: str, metadata: Mapping[str, str]) -> str:
    """Begin an upload, record it before its first part is stored, and return its id.

    Whatever else is stored for it has a key that begins with that of its record.

    Args:
        client: The store's client.
        folder: What the keys of the token's records begin with.
        key: The remote key of the object to be.
        metadata: Its user metadata.

    Raises:
        StoreError: the store cannot begin it.
    """
    with begun(client, folder, key, metadata) as upload_id:
        record = StagedRecord(key=key, upload_id=upload_id)
        client.create(f"{folder}{upload_id}{RECORD_SUFFIX}", msgspec.json.encode(record))
    return upload_id


@contextmanager
def begun(
    client: RemoteClient, folder: str, key: str, metadata: Mapping[str, str] = {}
) -> Iterator[str]:
    """Begin an upload for a block that records or completes it; else the note stays.

    Args:
        client: The store's client.
        folder: What the key of the note begins with.
        key: The remote key of the object to be.
        metadata: Its user metadata.

    Raises:
        StoreError: the store cannot begin it.
    """
    note = f"{folder}{secrets.token_hex(8)}{NOTE_SUFFIX}"
    client.create(note, msgspec.json.encode(_Note(key=key)))
    started = client.start_upload(key, content_type=DEFAULT_CONTENT_TYPE, metadata=metadata)
    yield started.id
    with suppress(StoreError):  # whoever takes back what was staged finds the note
        if started.repeated:
            end_unknown(client, note)
        else:
            client.delete(note)


def end_unknown(client: RemoteClient, note: str) -> None:
    """End the uploads that a note has led to and that nobody knows of, and remove the note.

    Args:
        client: The store's client.
        note: The key of the note.
    """
    with suppress(ObjectNotFoundError):
        for upload in _unknown(client, note, _noted(client, note)):
            with suppress(UploadNotFoundError):
                client.abort_upload(upload.key, upload.id)
    client.delete(note)


def _unknown(client: RemoteClient, note: str, key: str) -> list[RemoteUploadInfo]:
    uploads = [upload for upload in client.uploads(key) if upload.key == key]
    folder, _, _ = note.rpartition("/")
    if key.startswith(f"{folder}/"):
        return uploads
    since = _second(client.head(note).modified)
    # Listed after the uploads: by now each of them is recorded, or its maker's note is there.
    bucket, _, _ = folder.rpartition("/")
    staged = list(client.list(f"{bucket}/", ""))
    recorded = {_name(found).removesuffix(RECORD_SUFFIX) for found in staged}
    others = [
        _second(found.modified)
        for found in staged
        if found.key.endswith(NOTE_SUFFIX) and found.key != note and _may_be_of(client, found, key)
    ]
    return [
        upload
        for upload in uploads
        if upload.id not in recorded
        and since <= _second(upload.started)
        and all(_second(upload.started) < other for other in others)
        and _has_no_part(client, upload)
    ]


def _noted(client: RemoteClient, note: str) -> str:
    return msgspec.json.decode(client.read(note), type=_Note).key


def _may_be_of(client: RemoteClient, note: ObjectInfo, key: str) -> bool:
    try:
        return _noted(client, note.key) == key
    except ObjectNotFoundError:
        return True


def _has_no_part(client: RemoteClient, upload: RemoteUploadInfo) -> bool:
    try:
        return not client.parts(upload.key, upload.id)
    except UploadNotFoundError:
        return False


def _name(found: ObjectInfo) -> str:
    return found.key.rpartition("/")[2]


def _second(time: datetime) -> datetime:
    """The whole second: stores tell no more of some times."""
    return time.replace(microsecond=0)
