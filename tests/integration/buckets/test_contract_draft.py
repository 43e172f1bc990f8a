"""Objects in the making, of which nobody knows yet how large they will be."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets import remote_draft
from imageferry.buckets.draft_parts import part_at
from imageferry.buckets.interface import Bucket, ObjectExistsError, ObjectNotFoundError, Store

TOKEN = "t-000000000001"
MIB = 2**20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "draft"


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def test_an_object_appears_whole_when_it_is_published(bucket: Bucket, path: Path) -> None:
    data = os.urandom(20 * MIB + 123)
    draft = bucket.draft("key", path, token=TOKEN, metadata={"task": "1"})
    for start in range(0, len(data), 3 * MIB):
        draft.write(start, data[start : start + 3 * MIB])
    staged = draft.finish(len(data))
    with pytest.raises(ObjectNotFoundError):
        bucket.head("key")

    info = staged.publish({"task": "1", "sha256": "abc"})

    assert (info.key, info.size) == ("key", len(data))
    assert bucket.head("key").etag == info.etag
    assert bucket.head("key").metadata == {"task": "1", "sha256": "abc"}
    assert content(bucket, "key") == data
    assert not path.exists()
    bucket.leavings(TOKEN).discard()
    assert content(bucket, "key") == data


def test_a_draft_does_not_replace_an_object_where_it_may_not(bucket: Bucket, path: Path) -> None:
    bucket.put("key", [b"old"])
    draft = bucket.draft("key", path, token=TOKEN)
    draft.write(0, b"new")
    staged = draft.finish(3)

    with pytest.raises(ObjectExistsError):
        staged.publish({}, overwrite=False)

    assert content(bucket, "key") == b"old"
    staged.discard()
    assert not path.exists()
    assert bucket.uploads() == []


def test_the_head_may_come_last_and_gaps_are_zero(bucket: Bucket, path: Path) -> None:
    draft = bucket.draft("key", path, token=TOKEN, head_size=100)
    draft.write(9 * MIB, b"behind")
    draft.write(41 * MIB, b"far behind")
    draft.write(0, b"head")
    draft.finish(50 * MIB + 7).publish({})

    expected = bytearray(50 * MIB + 7)
    expected[0:4], expected[9 * MIB : 9 * MIB + 6] = b"head", b"behind"
    expected[41 * MIB : 41 * MIB + 10] = b"far behind"
    assert content(bucket, "key") == expected


def test_parts_that_are_too_long_for_memory_are_kept_beside_the_draft(
    bucket: Bucket, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_draft, "LARGEST_IN_MEMORY", MIB)
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(path / "nowhere"))
    data = os.urandom(17 * MIB)
    draft = bucket.draft("key", path, token=TOKEN)
    draft.write(0, data)
    draft.finish(len(data)).publish({})

    assert content(bucket, "key") == data
    assert list(path.parent.glob("tmp*")) == []


def test_sweep_takes_back_what_nobody_published(store: Store, bucket: Bucket, path: Path) -> None:
    draft = bucket.draft("key", path, token=TOKEN)
    draft.write(0, b"data")
    draft.finish(4)
    assert store.sweep(timedelta(hours=1)) == 0
    store.sweep(timedelta(seconds=-2))
    assert (list(bucket.list()), bucket.uploads()) == ([], [])
    assert store.sweep(timedelta(seconds=-2)) == 0


def test_sweep_leaves_what_somebody_may_go_on_with(
    store: Store, bucket: Bucket, path: Path
) -> None:
    left = bucket.draft("key", path, token=TOKEN)
    left.write(0, bytes(8 * MIB) + b"behind")
    left.keep(left.given)
    left.leave()

    store.sweep(timedelta(seconds=-2), keep={TOKEN})

    draft = bucket.resume_draft("key", path, draft_id=left.id, end=8 * MIB, token=TOKEN)
    draft.finish(8 * MIB).publish({})
    assert content(bucket, "key") == bytes(8 * MIB)


def test_a_draft_copies_what_others_have(bucket: Bucket, path: Path) -> None:
    data = os.urandom(9 * MIB)
    bucket.put("source", [data])
    draft = bucket.draft("key", path, token=TOKEN)
    with bucket.open("source") as source:
        draft.copy(source, MIB, 4 * MIB)
        draft.copy(source, 8 * MIB, MIB)
    draft.finish(9 * MIB).publish({})

    gap = bytes(3 * MIB)
    assert content(bucket, "key") == bytes(MIB) + data[MIB : 5 * MIB] + gap + data[8 * MIB :]


def test_an_object_may_be_empty_or_all_zero(bucket: Bucket, path: Path) -> None:
    bucket.draft("zero", path, token=TOKEN).finish(17 * MIB).publish({})
    bucket.draft("empty", path, token=TOKEN).finish(0).publish({})

    assert content(bucket, "zero") == bytes(17 * MIB)
    assert bucket.head("empty").size == 0


def test_nothing_is_left_of_a_draft_that_is_left_and_discarded(
    store: Store, bucket: Bucket, path: Path
) -> None:
    draft = bucket.draft("key", path, token=TOKEN)
    draft.write(0, bytes(9 * MIB))
    draft.write(40 * MIB, b"behind")
    draft.leave()
    bucket.leavings(TOKEN).discard()

    assert (list(bucket.list()), bucket.uploads()) == ([], [])
    store.delete_bucket("images")


def test_a_draft_whose_maker_died_is_discarded_by_its_token(
    bucket: Bucket, store: Store, path: Path
) -> None:
    dead = bucket.draft("key", path, token=TOKEN)
    dead.write(20 * MIB, b"data")
    kept = bucket.draft("kept", path.with_name("kept"), token="t-another")
    kept.write(0, b"kept")

    store.bucket("images").leavings(TOKEN).discard()

    kept.finish(4).publish({})
    assert content(bucket, "kept") == b"kept"
    dead.leave()
    assert [found.key for found in bucket.list()] == ["kept"]
    assert bucket.uploads() == []


@pytest.mark.parametrize(
    ("offset", "number", "start", "length"),
    [
        (0, 1, 0, 8 * MIB),
        (8 * MIB, 2, 8 * MIB, 8 * MIB),
        (16_000 * MIB, 2001, 16_000 * MIB, 32 * MIB),
        (5 * 2**40 - 1, 9896, 5_240_960 * MIB, 2048 * MIB),
    ],
)
def test_parts_grow_with_the_object(offset: int, number: int, start: int, length: int) -> None:
    part = part_at(offset)

    assert (part.number, part.start) == (number, start)
    assert part.length == length
