"""What every store does with buckets."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from imageferry.buckets.interface import (
    Bucket,
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    InvalidBucketNameError,
    Store,
)


def test_a_store_that_answers_passes_its_check(store: Store) -> None:
    before = store.buckets()

    store.check()

    assert store.buckets() == before


def test_buckets_are_made_found_and_listed(store: Store) -> None:
    store.create_bucket("second", region="cn-beijing", owner="2")
    info = store.create_bucket("first-bucket", region="cn-hangzhou", owner="1").info
    assert (info.name, info.region, info.owner) == ("first-bucket", "cn-hangzhou", "1")
    assert abs(datetime.now(UTC) - info.created) < timedelta(minutes=1)
    assert store.bucket("first-bucket").info == info
    assert [bucket.name for bucket in store.buckets()] == ["first-bucket", "second"]


def test_buckets_outlive_the_process(make_store: Callable[[], Store], bucket: Bucket) -> None:
    bucket.put("key", [b"x"], metadata={"a": "1"})
    again = make_store().bucket("images")
    assert again.info == bucket.info
    assert again.head("key").metadata == {"a": "1"}


def test_a_name_is_given_once(store: Store, bucket: Bucket) -> None:
    with pytest.raises(BucketExistsError):
        store.create_bucket("images", region="r", owner="2")
    assert store.bucket("images").info == bucket.info


@pytest.mark.parametrize("make_store", ["folder", "s3"], indirect=True)
def test_of_many_that_make_a_bucket_one_succeeds(store: Store) -> None:
    """Not on our own OSS endpoint, which looks first and puts then: OSS decides at once."""
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
def test_bad_names(store: Store, name: str) -> None:
    with pytest.raises(InvalidBucketNameError):
        store.create_bucket(name, region="r", owner="1")
    with pytest.raises(BucketNotFoundError):
        store.bucket(name)
    with pytest.raises(BucketNotFoundError):
        store.delete_bucket(name)


def test_only_an_empty_bucket_is_deleted(store: Store, bucket: Bucket) -> None:
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


def test_a_bucket_made_again_remembers_nothing(store: Store, bucket: Bucket) -> None:
    bucket.put("key", [b"x"])
    bucket.delete("key")
    store.delete_bucket("images")
    assert list(store.create_bucket("images", region="r", owner="2").list()) == []


def test_buckets_see_nothing_of_each_other(store: Store, bucket: Bucket) -> None:
    other = store.create_bucket("images-2", region="r", owner="2")
    other.put("key", [b"other"])
    other.start_upload("key")
    assert list(bucket.list()) == []
    assert bucket.uploads() == []
    store.delete_bucket("images")
    assert other.head("key").size == 5


def test_sweep_keeps_what_is_in_use(store: Store, bucket: Bucket) -> None:
    bucket.put("key", [b"x"])
    bucket.start_upload("young").write_part(1, [b"x"])
    assert store.sweep(timedelta(hours=1)) == 0
    assert len(bucket.uploads()) == 1
    assert bucket.head("key").size == 1


def test_sweep_ends_uploads_that_nobody_touched(store: Store, bucket: Bucket) -> None:
    bucket.start_upload("old").write_part(1, [b"x"])
    assert store.sweep(timedelta(seconds=-2)) == 1
    assert bucket.uploads() == []
