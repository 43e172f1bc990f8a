"""Imports whose objects are to have a certain SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from imageferry.actions.common import Tag
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry

HASH = hashlib.sha256(DISK).hexdigest()
OTHER = "ab" * 32


def tagged(sha256: str) -> tuple[Tag, ...]:
    return (Tag(key="imageferry:sha256", value=sha256),)


def items(ferry: Ferry, task_id: str) -> dict[str, str]:
    """What is known of the task's disk."""
    (disk,) = ferry.rows.disks(task_id)
    return dict(disk.related_items)


def test_bytes_of_the_expected_hash_become_an_image(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw", tag=tagged(HASH))

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    found = items(ferry, task_id)
    assert (found["SHA256"], found["ExpectedSHA256"]) == (HASH, HASH)
    assert found["ExpectedSHA256Source"] == "tag imageferry:sha256"
    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK


def test_other_bytes_fail_and_leave_nothing(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    _, task_id = ferry.import_image("system.raw", tag=tagged(OTHER))

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (
        TaskStatus.FAILED,
        "InvalidOSSObject.ChecksumMismatch",
    )
    assert task.error_message == (
        f"Object system.raw of bucket golden has SHA-256 {HASH}, and {OTHER} was expected. Upload "
        "the object again where its bytes are wrong, or give the SHA-256 that they have."
    )
    assert items(ferry, task_id)["SHA256"] == HASH
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


def test_a_sparse_file_is_hashed_where_a_hash_is_expected(ferry: Ferry, tmp_path: Path) -> None:
    size = 64 << 20
    whole = hashlib.sha256(DISK + bytes(size - len(DISK))).hexdigest()
    draft = ferry.bucket.draft("sparse.raw", tmp_path / "draft", token="test", metadata={})
    draft.write(0, DISK)
    draft.finish(size).publish({})
    _, without = ferry.import_image("sparse.raw")
    _, expecting = ferry.import_image("sparse.raw", tag=tagged(whole))

    assert ferry.run(without).status is TaskStatus.FINISHED
    assert ferry.run(expecting).status is TaskStatus.FINISHED

    assert "SHA256" not in items(ferry, without)
    assert items(ferry, expecting)["SHA256"] == whole


def test_what_was_exported_says_its_hash_itself(ferry: Ferry, image_id: str) -> None:
    exported = ferry.run(ferry.export_image(image_id, "qcow2"))
    assert exported.status is TaskStatus.FINISHED
    key = exported.request["Objects"][0]

    _, task_id = ferry.import_image(key)

    assert ferry.run(task_id).status is TaskStatus.FINISHED
    found = items(ferry, task_id)
    assert found["ExpectedSHA256Source"] == "metadata x-oss-meta-sha256"
    assert found["ExpectedSHA256"] == found["SHA256"]
