"""Large objects whose metadata is found out late: the store copies them in parts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets import remote_copies
from imageferry.buckets.interface import Bucket, ObjectChangedError
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
    bucket.discard_staged(TOKEN)
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

    bucket.discard_staged(TOKEN)
    assert bucket.uploads() == []
    with bucket.open("key") as reader:
        assert reader.pread(0, reader.size) == DATA[::-1]
