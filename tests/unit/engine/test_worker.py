from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.engine import worker
from imageferry.engine.worker import WorkerLockedError, exclusive, executor_name


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
