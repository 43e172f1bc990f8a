"""Whatever keeps the bytes: where a worker may move only so many, each waits for its turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.buckets import bandwidth
from imageferry.buckets.bandwidth import Bandwidth
from imageferry.buckets.interface import Bucket, Store
from imageferry.buckets.interruption import InterruptedRequestError, Interruption

MIB = 2**20


class Counted(Bandwidth):
    """A limit that nobody has to wait for, and that tells how many bytes have passed.

    The service that is a store of these tests is in the same process, and not counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.interruption = Interruption()
        self.passed = 0

    def let_pass(self, size: int, interruption: Interruption) -> None:
        if interruption is self.interruption:
            interruption.check()
            self.passed += size


@pytest.fixture
def source(bucket: Bucket) -> str:
    bucket.put("source", [bytes(range(256)) * (9 * MIB // 256)])
    return "source"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(bandwidth, "PROCESS", counted)
    return counted


@pytest.fixture
def task_bucket(store: Store, source: str, counted: Counted) -> Bucket:
    """The bucket as a task has it."""
    return store.until(counted.interruption).bucket("images")


def test_what_is_read_waits_for_its_turn(
    task_bucket: Bucket, source: str, counted: Counted
) -> None:
    with task_bucket.open(source) as reader:
        reader.pread(0, 2 * MIB)
        reader.pread(8 * MIB, 2 * MIB)

    assert counted.passed == 3 * MIB


def test_what_is_written_waits_for_its_turn(
    task_bucket: Bucket, counted: Counted, tmp_path: Path
) -> None:
    draft = task_bucket.draft("key", tmp_path / "draft", token="t-1")
    draft.write(0, b"x" * (9 * MIB))
    draft.keep(draft.given)
    draft.leave()
    assert counted.passed >= 8 * MIB
    draft = task_bucket.resume_draft(
        "key", tmp_path / "draft", draft_id=draft.id, end=8 * MIB, token="t-1"
    )
    before = counted.passed
    draft.write(8 * MIB, b"x" * MIB)
    draft.finish(9 * MIB).publish({})

    assert counted.passed - before == MIB


def test_what_is_copied_waits_for_both(
    task_bucket: Bucket, source: str, counted: Counted, tmp_path: Path
) -> None:
    draft = task_bucket.draft("key", tmp_path / "draft", token="t-1")
    with task_bucket.open(source) as reader:
        draft.copy(reader, 0, 9 * MIB)
    draft.finish(9 * MIB).publish({})

    assert counted.passed == 2 * 9 * MIB


def test_nobody_waits_for_a_turn_that_is_not_wanted_any_more(
    store: Store, task_bucket: Bucket, source: str, counted: Counted
) -> None:
    for bucket in (task_bucket, store.bucket("images").until(counted.interruption)):
        with bucket.open(source) as reader:
            counted.interruption.set()
            with pytest.raises(InterruptedRequestError):
                reader.pread(0, 1)
