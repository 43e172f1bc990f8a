from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.engine import failure_detector, worker
from imageferry.engine.worker import SWEEP_AGE, WorkerLockedError, exclusive, executor_name, sweep


def test_the_embedded_worker_is_known_by_one_name() -> None:
    assert executor_name(embedded=True) == executor_name(embedded=True)


def test_no_other_worker_has_a_name_twice() -> None:
    assert len({executor_name(embedded=False) for _ in range(100)}) == 100


def test_one_worker_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOCK_SECONDS", 0.2)
    path = tmp_path / "new" / "worker.lock"

    with (
        exclusive(path),
        pytest.raises(WorkerLockedError, match=r"worker\.lock: .* Stop the other one"),
        exclusive(path),
    ):
        pass

    with exclusive(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_store_that_is_silent_keeps_nothing_else_from_being_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets, images = FolderStore(tmp_path / "buckets"), FolderStore(tmp_path / "images")
    swept = []

    def fail(_: timedelta) -> int:
        raise RemoteStoreError("the remote store did not answer")

    def note(age: timedelta) -> int:
        swept.append(age)
        return 0

    monkeypatch.setattr(buckets, "sweep", fail)
    monkeypatch.setattr(images, "sweep", note)
    monkeypatch.setattr(failure_detector, "prune", lambda: note(timedelta()))

    sweep(buckets, images)

    assert swept == [SWEEP_AGE, timedelta()]
