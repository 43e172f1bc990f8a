"""Objects in the making whose maker was interrupted, and that another one goes on with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imageferry.buckets.draft import Draft
from imageferry.buckets.interface import Bucket, DraftNotFoundError

TOKEN = "t-000000000001"
HEAD = 64 << 10
MIB = 2**20
DATA = os.urandom(8 * MIB)
SIZE = 40 * MIB + 123


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "draft"


def expected() -> bytes:
    return (DATA * 6)[:SIZE]


def put(draft: Draft, start: int, end: int) -> None:
    """Put bytes of the expected object, a little at a time."""
    whole = expected()
    for offset in range(start, end, 3 * MIB):
        draft.write(offset, whole[offset : min(end, offset + 3 * MIB)])


def finished(bucket: Bucket, draft: Draft) -> bytes:
    draft.write(0, expected()[:HEAD])
    draft.finish(SIZE).publish({}, overwrite=False)
    draft.leave()
    with bucket.open("key") as reader:
        return reader.pread(0, reader.size)


def begun(bucket: Bucket, path: Path, end: int) -> Draft:
    draft = bucket.draft("key", path, token=TOKEN, head_size=HEAD)
    put(draft, HEAD, end)
    return draft


def resumed(bucket: Bucket, path: Path, left: Draft, end: int) -> Draft:
    return bucket.resume_draft("key", path, draft_id=left.id, end=end, token=TOKEN, head_size=HEAD)


def test_a_draft_is_gone_on_with_from_where_it_was_kept(bucket: Bucket, path: Path) -> None:
    first = begun(bucket, path, 31 * MIB)
    end = first.given
    assert 24 * MIB <= end <= 31 * MIB
    first.keep(end - 5)
    put(first, 31 * MIB, 39 * MIB)
    first.leave()

    second = resumed(bucket, path, first, end - 5)
    put(second, end - 5, 36 * MIB)
    between = second.given
    second.keep(between)
    second.leave()
    third = resumed(bucket, path, first, between)
    put(third, between, SIZE)

    assert finished(bucket, third) == expected()
    bucket.leavings(TOKEN).discard()
    assert bucket.uploads() == []
    assert not path.exists()


def test_a_draft_of_which_only_the_head_was_made_can_be_gone_on_with(
    bucket: Bucket, path: Path
) -> None:
    first = begun(bucket, path, 10 * MIB)
    first.keep(5 * MIB)
    first.leave()

    second = resumed(bucket, path, first, 5 * MIB)
    put(second, 5 * MIB, SIZE)

    assert finished(bucket, second) == expected()


def test_what_is_discarded_is_gone(bucket: Bucket, path: Path) -> None:
    first = begun(bucket, path, 20 * MIB)
    first.keep(16 * MIB)
    first.leave()
    bucket.leavings(TOKEN).discard()
    path.unlink(missing_ok=True)

    with pytest.raises(DraftNotFoundError):
        resumed(bucket, path, first, 16 * MIB)


def test_a_draft_that_is_kept_is_not_discarded_with_the_others(bucket: Bucket, path: Path) -> None:
    begun(bucket, path.with_name("left"), 20 * MIB).leave()
    first = begun(bucket, path, 20 * MIB)
    first.keep(16 * MIB)
    first.leave()

    bucket.leavings(TOKEN).discard(keep={first.id})

    second = resumed(bucket, path, first, 16 * MIB)
    put(second, 16 * MIB, SIZE)
    assert finished(bucket, second) == expected()
    assert bucket.uploads() == []


def test_a_draft_that_is_shorter_than_was_kept_is_not_gone_on_with(
    bucket: Bucket, path: Path
) -> None:
    first = begun(bucket, path, 20 * MIB)
    first.leave()

    with pytest.raises(DraftNotFoundError):
        resumed(bucket, path, first, 28 * MIB)
