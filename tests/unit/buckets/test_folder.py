import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    InvalidBucketNameError,
    Store,
)

NOW = timedelta(0)


def test_buckets_are_made_found_and_listed(store: FolderStore) -> None:
    same: Store = store
    same.create_bucket("second", region="cn-beijing", owner="2")
    info = same.create_bucket("first-bucket", region="cn-hangzhou", owner="1").info
    assert (info.name, info.region, info.owner) == ("first-bucket", "cn-hangzhou", "1")
    assert abs(datetime.now(UTC) - info.created) < timedelta(minutes=1)
    assert same.bucket("first-bucket").info == info
    assert [bucket.name for bucket in same.buckets()] == ["first-bucket", "second"]


def test_buckets_outlive_the_process(
    store: FolderStore, bucket: FolderBucket, tmp_path: Path
) -> None:
    bucket.put("key", [b"x"], metadata={"a": "1"})
    again = FolderStore(tmp_path / "buckets").bucket("images")
    assert again.info == bucket.info
    assert again.head("key").metadata == {"a": "1"}


def test_a_name_is_given_once(store: FolderStore, bucket: FolderBucket) -> None:
    with pytest.raises(BucketExistsError):
        store.create_bucket("images", region="r", owner="2")
    assert store.bucket("images").info == bucket.info


def test_of_many_that_make_a_bucket_one_succeeds(store: FolderStore) -> None:
    start = threading.Barrier(5)
    made: list[str] = []

    def create(owner: str) -> None:
        start.wait()
        try:
            store.create_bucket("contested", region="r", owner=owner)
        except BucketExistsError:
            return
        made.append(owner)

    threads = [threading.Thread(target=create, args=(str(owner),)) for owner in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.bucket("contested").info.owner] == made


@pytest.mark.parametrize("name", ["", "..", "Images", ".imageferry", "a/b", "a" * 64])
def test_bad_names(store: FolderStore, name: str) -> None:
    with pytest.raises(InvalidBucketNameError):
        store.create_bucket(name, region="r", owner="1")
    with pytest.raises(BucketNotFoundError):
        store.bucket(name)
    with pytest.raises(BucketNotFoundError):
        store.delete_bucket(name)


def test_a_folder_that_is_there_becomes_the_bucket(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "buckets" / "mine").mkdir()
    (tmp_path / "buckets" / "mine" / "disk.raw").write_bytes(b"x")
    with pytest.raises(BucketNotFoundError):
        store.bucket("mine")
    bucket = store.create_bucket("mine", region="r", owner="1")
    assert [item.key for item in bucket.list()] == ["disk.raw"]


def test_only_an_empty_bucket_is_deleted(store: FolderStore, bucket: FolderBucket) -> None:
    bucket.put("key", [b"x"])
    with pytest.raises(BucketNotEmptyError):
        store.delete_bucket("images")
    bucket.delete("key")
    upload = bucket.start_upload("key")
    with pytest.raises(BucketNotEmptyError):
        store.delete_bucket("images")
    upload.abort()
    store.delete_bucket("images")
    assert store.buckets() == []
    with pytest.raises(BucketNotFoundError):
        store.delete_bucket("images")


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
    for _ in range(60):
        try:
            store.create_bucket("churned", region="r", owner="1")
            store.delete_bucket("churned")
        except (BucketExistsError, BucketNotEmptyError):
            pass
    stop.set()
    thread.join()
    assert unexpected == []


def test_sweep_keeps_what_is_in_use(store: FolderStore, bucket: FolderBucket) -> None:
    bucket.put("key", [b"x"])
    bucket.start_upload("young").write_part(1, [b"x"])
    assert store.sweep(timedelta(hours=1)) == 0
    assert len(bucket.uploads()) == 1
    assert bucket.head("key").crc64 is not None


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


def test_sweep_forgets_descriptions_of_files_that_are_gone(
    store: FolderStore, bucket: FolderBucket, folder: Path
) -> None:
    bucket.put("key", [b"x"])
    (folder / "key").unlink()
    assert store.sweep(NOW) == 1
    assert store.sweep(NOW) == 0
