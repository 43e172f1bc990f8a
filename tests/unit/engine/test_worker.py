from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.engine import queue, worker
from imageferry.engine.context import WorkerContext
from imageferry.engine.queue import TaskQueue
from imageferry.engine.worker import SWEEP_AGE, WorkerLockedError, exclusive, executor_name, sweep
from imageferry.imaging.qemu_img import QemuImg
from imageferry.settings import Settings
from support.rows import ON_SQLITE, Rows


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


@ON_SQLITE
def test_a_store_that_is_silent_keeps_nothing_else_from_being_swept(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets, images = FolderStore(tmp_path / "buckets"), FolderStore(tmp_path / "images")
    swept: list[object] = []

    def fail(_: timedelta, *, keep: Collection[str]) -> int:
        raise RemoteStoreError(f"the remote store did not answer: {keep}")

    def note(what: object, *, keep: Collection[str] = ()) -> int:
        assert not keep
        swept.append(what)
        return 0

    monkeypatch.setattr(buckets, "sweep", fail)
    monkeypatch.setattr(images, "sweep", note)
    queue.prepare(rows.database)
    with closing(TaskQueue(rows.database)) as tasks:
        monkeypatch.setattr(tasks, "prune", note)
        context = WorkerContext(
            settings=Settings(),
            database=rows.database,
            store=buckets,
            image_store=images,
            catalogue=images.create_bucket("catalogue", region="cn-hangzhou", owner=rows.account),
            scratch=tmp_path,
            qemu_img=QemuImg.find(),
        )

        sweep(context, tasks, lambda: False)

    assert swept[0] == SWEEP_AGE
    assert len(swept) == 2
