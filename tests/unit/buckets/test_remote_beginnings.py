"""Which uploads of a key are taken for those that a note has led to.

That the store's times are known to the second only, and how it tells of its uploads, shows
tests/integration/buckets/test_unknown_uploads.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import pytest

from imageferry.buckets.interface import ObjectInfo, ObjectNotFoundError, PartInfo
from imageferry.buckets.remote_beginnings import end_unknown
from imageferry.buckets.remote_client import RemoteClient, RemoteUploadInfo

KEY = "store/bucket/disk.qcow2"
STAGED = "store/.imageferry/staged/bucket/"
NOTE = f"{STAGED}t-1/0123.begun"
OTHER_NOTE = f"{STAGED}t-2/4567.begun"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Store:
    """What a remote store has, with the times of our choice."""

    objects: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)
    begun: list[RemoteUploadInfo] = field(default_factory=list)
    with_part: set[str] = field(default_factory=set)

    def note(self, name: str, modified: datetime, key: str = KEY) -> None:
        self.objects[name] = (modified, msgspec.json.encode({"key": key}))

    def begin(self, upload_id: str, started: datetime, key: str = KEY) -> None:
        self.begun.append(RemoteUploadInfo(key, upload_id, started))

    def head(self, key: str) -> ObjectInfo:
        if key not in self.objects:
            raise ObjectNotFoundError
        return ObjectInfo(key, 0, "", self.objects[key][0])

    def list(self, prefix: str, _after: str) -> Iterator[ObjectInfo]:
        return (self.head(key) for key in sorted(self.objects) if key.startswith(prefix))

    def read(self, key: str) -> bytes:
        self.head(key)
        return self.objects[key][1]

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def uploads(self, prefix: str) -> Iterator[RemoteUploadInfo]:
        return (upload for upload in list(self.begun) if upload.key.startswith(prefix))

    def parts(self, _key: str, upload_id: str) -> Sequence[PartInfo]:
        return [PartInfo(1, 5, "", NOON)] if upload_id in self.with_part else []

    def abort_upload(self, _key: str, upload_id: str) -> None:
        self.begun = [upload for upload in self.begun if upload.id != upload_id]

    def end_unknown(self) -> Sequence[str]:
        """The uploads that are left when what a note has led to is ended."""
        end_unknown(cast("RemoteClient", self), NOTE)
        assert NOTE not in self.objects
        return [upload.id for upload in self.begun]


@pytest.fixture
def store() -> Store:
    store = Store()
    store.note(NOTE, NOON)
    return store


def test_what_was_begun_since_the_note_is_ended(store: Store) -> None:
    store.begin("before", NOON - SECOND)
    store.begin("in the same second", NOON + SECOND / 2)
    store.begin("after", NOON + 60 * SECOND)
    assert store.end_unknown() == ["before"]


def test_what_has_a_part_or_a_record_or_another_key_is_not_ended(store: Store) -> None:
    store.begin("with a part", NOON)
    store.with_part.add("with a part")
    store.begin("recorded", NOON)
    store.objects[f"{STAGED}t-2/recorded.json"] = (NOON, b"")
    store.begin("of a longer key", NOON, f"{KEY}.old")
    assert store.end_unknown() == ["with a part", "recorded", "of a longer key"]


def test_what_may_belong_to_another_note_is_not_ended(store: Store) -> None:
    store.note(OTHER_NOTE, NOON + SECOND)
    store.begin("before the other", NOON)
    store.begin("since the other", NOON + SECOND)
    assert store.end_unknown() == ["since the other"]


def test_notes_of_other_keys_do_not_matter(store: Store) -> None:
    store.note(OTHER_NOTE, NOON, f"{KEY}.old")
    store.begin("ours", NOON)
    assert store.end_unknown() == []


def test_every_upload_of_a_hidden_key_is_ended(store: Store) -> None:
    hidden = f"{STAGED}t-1/zeros"
    store.note(NOTE, NOON, hidden)
    store.begin("before", NOON - SECOND, hidden)
    store.begin("with a part", NOON, hidden)
    store.with_part.add("with a part")
    assert store.end_unknown() == []


def test_a_note_that_is_gone_leads_nowhere() -> None:
    store = Store()
    store.begin("somebody's", NOON)
    assert store.end_unknown() == ["somebody's"]
