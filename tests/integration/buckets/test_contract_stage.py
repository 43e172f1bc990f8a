"""What every bucket does with files that are stored before their objects appear."""

from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.interface import Bucket, ObjectNotFoundError, Store

TOKEN = "t-0123456789abcdef"
SIZE = 20 << 20


class StoppedError(Exception):
    """The work was asked to stop."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two parts."""
    path = tmp_path / "disk-1.packed"
    path.write_bytes(bytes(range(256)) * (SIZE >> 8))
    return path


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def test_a_staged_object_appears_when_it_is_published(bucket: Bucket, path: Path) -> None:
    whole = path.read_bytes()
    staged = bucket.stage("key", path, token=TOKEN, metadata={"task": "1"})
    assert list(bucket.list()) == []
    assert path.exists()
    info = staged.publish()
    assert content(bucket, "key") == whole
    assert (info.key, info.etag, info.size) == ("key", bucket.head("key").etag, SIZE)
    assert bucket.head("key").metadata == {"task": "1"}
    assert not path.exists()
    bucket.discard_staged(TOKEN)
    assert content(bucket, "key") == whole


def test_a_discarded_object_never_appears(store: Store, bucket: Bucket, path: Path) -> None:
    bucket.stage("key", path, token=TOKEN).discard()
    bucket.discard_staged(TOKEN)
    assert path.exists()
    assert (list(bucket.list()), bucket.uploads()) == ([], [])
    store.delete_bucket("images")


def test_another_process_discards_what_a_crash_left(
    store: Store, bucket: Bucket, path: Path
) -> None:
    bucket.stage("key", path, token=TOKEN)
    bucket.stage("other", path, token=TOKEN)
    kept = bucket.stage("kept", path, token="t-another")
    store.bucket("images").discard_staged(TOKEN)
    assert {upload.key for upload in bucket.uploads()} <= {"kept"}
    assert kept.publish().key == "kept"


def test_progress_is_told_and_can_stop_the_work(bucket: Bucket, path: Path) -> None:
    told: list[int] = []
    bucket.stage("key", path, token=TOKEN, progress=told.append).publish()
    assert told == sorted(told)
    assert all(0 <= done <= SIZE for done in told)

    path.write_bytes(b"x")

    def stop(_done: int) -> None:
        raise StoppedError

    try:
        bucket.stage("stopped", path, token=TOKEN, progress=stop).discard()
    except StoppedError:
        assert path.exists()
    assert bucket.uploads() == []
    with pytest.raises(ObjectNotFoundError):
        bucket.head("stopped")


def test_sweep_takes_back_what_nobody_published(store: Store, bucket: Bucket, path: Path) -> None:
    bucket.stage("key", path, token=TOKEN)
    assert store.sweep(timedelta(hours=1)) == 0
    store.sweep(timedelta(seconds=-2))
    assert (list(bucket.list()), bucket.uploads()) == ([], [])
    assert store.sweep(timedelta(seconds=-2)) == 0
