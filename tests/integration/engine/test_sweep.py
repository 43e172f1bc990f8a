"""What the workers take out of the stores from time to time, and what they leave there."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from imageferry.buckets.s3 import S3Client
from imageferry.engine import queue, worker
from imageferry.engine.queue import TaskQueue
from imageferry.tasks import transitions
from support.ferry import Ferry

PART = bytes(8 << 20)


def test_an_upload_is_swept_when_its_task_has_ended_and_not_before(
    in_s3: Ferry, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_s3.bucket.put("disk.raw", [b"disk"])
    task_id = in_s3.import_image("disk.raw")[1]
    in_s3.rows.change(transitions.pause, task_id, "Paused for days.")
    path = in_s3.context.drafts(task_id) / "draft"
    left = in_s3.bucket.draft("key", path, token=task_id)
    left.write(0, PART + b"behind")
    left.keep(len(PART))
    left.leave()
    monkeypatch.setattr(worker, "SWEEP_AGE", timedelta(seconds=-2))
    queue.prepare(in_s3.context.database)

    with closing(TaskQueue(in_s3.context.database)) as tasks:
        worker.sweep(in_s3.context, tasks, lambda: False)
        in_s3.bucket.resume_draft(
            "key", path, draft_id=left.id, end=len(PART), token=task_id
        ).leave()
        in_s3.cancel(task_id)
        worker.sweep(in_s3.context, tasks, lambda: False)

    assert list(s3.uploads("")) == []
