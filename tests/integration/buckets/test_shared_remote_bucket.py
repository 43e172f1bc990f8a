"""A remote bucket that others use too: what is theirs stays as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imageferry.buckets.interface import BucketExistsError, BucketNotFoundError
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client
from support.seaweedfs import S3Server

AT_ONCE = timedelta(seconds=-2)


@pytest.fixture
def client(seaweedfs: S3Server) -> S3Client:
    """A remote bucket of the test's own."""
    return seaweedfs.remote_client()


def begun(client: S3Client, key: str) -> str:
    """Begin an upload as another program does."""
    return client.start_upload(key, content_type="text/plain", metadata={}).id


@pytest.mark.parametrize("prefix", ["", "ferry/"])
def test_uploads_of_others_are_not_swept(client: S3Client, prefix: str) -> None:
    store = RemoteStore(client, prefix)
    bucket = store.create_bucket("images", region="r", owner="1")
    bucket.start_upload("forgotten")
    theirs = {begun(client, f"{prefix}{key}") for key in ("dump", "images-2/dump", "imag")}

    assert store.sweep(AT_ONCE) == 1

    assert bucket.uploads() == []
    assert {upload.id for upload in client.uploads("")} == theirs


def test_a_folder_of_others_becomes_no_bucket(client: S3Client) -> None:
    client.create("backups/monday", b"theirs")
    store = RemoteStore(client)

    with pytest.raises(BucketExistsError, match="'backups/'"):
        store.create_bucket("backups", region="r", owner="1")
    with pytest.raises(BucketNotFoundError):
        store.bucket("backups")

    assert store.create_bucket("backup", region="r", owner="1").info.name == "backup"


def test_objects_below_a_prefix_of_its_own_become_a_bucket_s(client: S3Client) -> None:
    client.create("ferry/golden/disk.raw", b"disk")

    bucket = RemoteStore(client, "ferry/").create_bucket("golden", region="r", owner="1")

    assert [found.key for found in bucket.list()] == ["disk.raw"]
