"""Large objects whose metadata is found out late: the store copies them in parts."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets import remote_copies
from imageferry.buckets.interface import Bucket, ObjectChangedError, ObjectInfo
from imageferry.buckets.remote_beginnings import begin_recorded
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_store import RemoteStore

TOKEN = "t-000000000001"
MIB = 2**20
DATA = os.urandom(11 * MIB + 1)


@pytest.fixture
def bucket(remote: RemoteClient, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setattr(remote_copies, "LARGEST_COPY", len(DATA) - 1)
    monkeypatch.setattr(remote_copies, "COPIED_PART", 5 * MIB)
    store = RemoteStore(remote, f"{secrets.token_hex(8)}/")
    return store.create_bucket("images", region="cn-hangzhou", owner="1")


def test_a_large_object_gets_its_metadata(bucket: Bucket, tmp_path: Path) -> None:
    draft = bucket.draft("key", tmp_path / "draft", token=TOKEN, metadata={"task": "1"})
    draft.write(0, DATA)

    info = draft.finish(len(DATA)).publish({"task": "1", "sha256": "abc"})

    found = bucket.head("key")
    assert (found.etag, found.metadata) == (info.etag, {"task": "1", "sha256": "abc"})
    with bucket.open("key") as reader:
        assert reader.pread(0, reader.size) == DATA
    assert bucket.uploads() == []
    bucket.leavings(TOKEN).discard()
    assert bucket.staged() == set()


def test_an_object_that_was_replaced_meanwhile_stays_and_no_upload_is_left(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = bucket.draft("key", tmp_path / "draft", token=TOKEN)
    draft.write(0, DATA)
    staged = draft.finish(len(DATA))

    def replaced(*arguments: Any) -> str:
        bucket.put("key", [DATA[::-1]])
        return begin_recorded(*arguments)

    monkeypatch.setattr(remote_copies, "begin_recorded", replaced)

    with pytest.raises(ObjectChangedError):
        staged.publish({"sha256": "abc"})

    bucket.leavings(TOKEN).discard()
    assert bucket.uploads() == []
    with bucket.open("key") as reader:
        assert reader.pread(0, reader.size) == DATA[::-1]


def test_a_copy_that_is_asked_for_again_as_its_answer_was_lost_is_taken_for_done(
    remote: RemoteClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RemoteStore(remote, f"{secrets.token_hex(8)}/")
    draft = store.create_bucket("images", region="cn-hangzhou", owner="1").draft(
        "key", tmp_path / "draft", token=TOKEN, metadata={"task": "1"}
    )
    draft.write(0, b"disk")
    replace_metadata = type(remote).replace_metadata

    def replaced_twice(client: Any, info: ObjectInfo) -> str:
        replace_metadata(client, info)
        raise ObjectChangedError("the store gave it another ETag")

    monkeypatch.setattr(type(remote), "replace_metadata", replaced_twice)

    info = draft.finish(4).publish({"task": "1", "sha256": "abc"})

    found = store.bucket("images").head("key")
    assert (found.etag, found.metadata) == (info.etag, {"task": "1", "sha256": "abc"})


def test_a_small_object_that_was_replaced_meanwhile_keeps_its_metadata(
    remote: RemoteClient,
) -> None:
    prefix = f"{secrets.token_hex(8)}/"
    bucket = RemoteStore(remote, prefix).create_bucket("images", region="cn-hangzhou", owner="1")
    before = bucket.put("key", [b"before"])
    bucket.put("key", [b"after"], metadata={"mine": "1"})
    stale = replace(before, key=f"{prefix}images/key", metadata={"a": "b"})

    with pytest.raises(ObjectChangedError):
        remote_copies.replace_metadata(remote, "", stale)
    with pytest.raises(ObjectChangedError):
        bucket.delete("key", if_match=before.etag)

    assert bucket.head("key").metadata == {"mine": "1"}
    bucket.delete("key", if_match=bucket.head("key").etag)
    assert list(bucket.list()) == []
