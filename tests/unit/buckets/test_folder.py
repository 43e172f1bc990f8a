import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
)


def test_a_folder_that_is_there_becomes_the_bucket(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "buckets" / "mine").mkdir()
    (tmp_path / "buckets" / "mine" / "disk.raw").write_bytes(b"x")
    with pytest.raises(BucketNotFoundError):
        store.bucket("mine")
    bucket = store.create_bucket("mine", region="r", owner="1")
    assert [item.key for item in bucket.list()] == ["disk.raw"]


def test_a_bucket_made_again_remembers_nothing(
    store: FolderStore, bucket: FolderBucket, tmp_path: Path
) -> None:
    bucket.put("key", [b"x"])
    bucket.delete("key")
    store.delete_bucket("images")
    assert not (tmp_path / "buckets" / "images").exists()
    assert list(store.create_bucket("images", region="r", owner="2").list()) == []


def test_a_put_never_ends_in_a_deleted_bucket(store: FolderStore, tmp_path: Path) -> None:
    stop = threading.Event()
    unexpected: list[BaseException] = []

    def write() -> None:
        while not stop.is_set():
            try:
                store.bucket("churned").put("key", [b"x"])
                store.bucket("churned").delete("key")
            except BucketNotFoundError:
                pass
            except BaseException as error:
                unexpected.append(error)
                raise

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(20):
        try:
            store.create_bucket("churned", region="r", owner="1")
            store.delete_bucket("churned")
        except (BucketExistsError, BucketNotEmptyError):
            pass
    stop.set()
    thread.join()
    assert unexpected == []


def test_sweep_ends_uploads_that_nobody_touched(
    store: FolderStore, bucket: FolderBucket, hidden: Path
) -> None:
    upload = bucket.start_upload("old")
    upload.write_part(1, [b"x"])
    yesterday = time.time() - 86_400
    for path in [*hidden.rglob(f"{upload.id}/*"), *hidden.rglob(upload.id)]:
        os.utime(path, (yesterday, yesterday))
    assert store.sweep(timedelta(hours=25)) == 0
    assert store.sweep(timedelta(hours=23)) == 1
    assert bucket.uploads() == []
