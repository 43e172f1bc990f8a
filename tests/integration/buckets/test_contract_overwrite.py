"""What every bucket does with an object that is there, or comes at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from imageferry.buckets.interface import Bucket, ObjectExistsError, Upload

WRITERS = 8
LARGE = 17 << 20
"""More than a remote store is sent by one request."""


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def winners(write: Callable[[int], object], writers: int = WRITERS) -> list[int]:
    """Let many write at the same time, and say who was not refused."""
    start = threading.Barrier(writers)

    def wins(number: int) -> bool:
        start.wait()
        try:
            write(number)
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(writers) as threads:
        found = list(threads.map(wins, range(writers)))
    return [number for number, won in enumerate(found) if won]


@pytest.mark.parametrize("size", [5, LARGE], ids=["small", "large"])
def test_a_put_may_leave_what_is_there(bucket: Bucket, size: int) -> None:
    old = bucket.put("key", [b"old"], metadata={"a": "1"}, overwrite=False)
    with pytest.raises(ObjectExistsError):
        bucket.put("key", [bytes(size)], overwrite=False)
    assert content(bucket, "key") == b"old"
    assert bucket.head("key").metadata == old.metadata
    assert bucket.uploads() == []


def test_of_many_puts_one_wins(bucket: Bucket) -> None:
    bodies = [bytes([65 + number]) * 100_000 for number in range(WRITERS)]
    won = winners(lambda number: bucket.put("key", [bodies[number]], overwrite=False))
    assert [content(bucket, "key")] == [bodies[number] for number in won]


def test_of_many_large_puts_one_wins(bucket: Bucket) -> None:
    def body(number: int) -> bytes:
        return bytes([65 + number]) * LARGE

    won = winners(lambda number: bucket.put("key", [body(number)], overwrite=False), 3)
    assert [content(bucket, "key")] == [body(number) for number in won]
    assert bucket.uploads() == []


def test_of_many_uploads_one_wins_and_the_others_stay(bucket: Bucket) -> None:
    uploads = [_started(bucket, number) for number in range(WRITERS)]
    won = winners(lambda number: uploads[number].complete(overwrite=False))
    assert [content(bucket, "key")] == [b"%d" % number for number in won]
    left = {upload.id for upload in bucket.uploads()}
    assert left == {upload.id for number, upload in enumerate(uploads) if number not in won}
    other = bucket.upload(left.pop())
    assert other.complete().size == 1
    assert content(bucket, "key") == b"%d" % [upload.id for upload in uploads].index(other.id)


def test_uploads_that_end_together_leave_one_whole_object(bucket: Bucket) -> None:
    uploads = [_started(bucket, number) for number in range(WRITERS)]
    assert len(winners(lambda number: uploads[number].complete())) == WRITERS
    assert content(bucket, "key") in {b"%d" % number for number in range(WRITERS)}
    assert bucket.uploads() == []


def _started(bucket: Bucket, number: int) -> Upload:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"%d" % number])
    return upload
