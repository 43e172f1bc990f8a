import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import ObjectExistsError, ObjectNotFoundError

ATTRIBUTE = "user.imageferry.object"
METADATA = {"a": "1"}
TOO_LARGE = {"a": "x" * 70_000}
"""More than the 64 KiB that the kernel takes."""


def refuse(number: int) -> Callable[..., None]:
    def refusing(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return refusing


def sidecars(hidden: Path) -> list[Path]:
    return list(hidden.glob("buckets/*/sidecars/*"))


def test_the_description_is_an_attribute_of_the_file(
    bucket: FolderBucket, folder: Path, hidden: Path
) -> None:
    info = bucket.put("key", [b"x"], content_type="text/plain", metadata=METADATA)
    assert info.etag.encode() in os.getxattr(folder / "key", ATTRIBUTE)
    assert sidecars(hidden) == []
    assert bucket.head("key") == info


def test_a_file_that_lost_its_attribute_has_no_description(
    bucket: FolderBucket, folder: Path
) -> None:
    bucket.put("key", [b"x"], content_type="text/plain", metadata=METADATA)
    os.removexattr(folder / "key", ATTRIBUTE)
    found = bucket.head("key")
    assert (found.content_type, found.metadata) == ("application/octet-stream", {})
    assert found.crc64 is None


def test_an_attribute_that_is_not_ours_is_no_description(
    bucket: FolderBucket, folder: Path
) -> None:
    bucket.put("key", [b"x"], metadata=METADATA)
    os.setxattr(folder / "key", ATTRIBUTE, b"{")
    assert bucket.head("key").metadata == {}


def test_a_renamed_file_keeps_its_description(bucket: FolderBucket, folder: Path) -> None:
    info = bucket.put("key", [b"x"], metadata=METADATA)
    (folder / "key").rename(folder / "other")
    found = bucket.head("other")
    assert (found.key, found.etag, found.metadata) == ("other", info.etag, METADATA)


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOSPC, errno.EPERM])
def test_a_sidecar_stands_in_for_the_attribute(
    bucket: FolderBucket, hidden: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "setxattr", refuse(number))
    info = bucket.put("key", [b"x"], content_type="text/plain", metadata=METADATA)
    assert len(sidecars(hidden)) == 1
    assert bucket.head("key") == info
    bucket.put("key", [b"y"])
    assert len(sidecars(hidden)) == 1
    bucket.delete("key")
    assert sidecars(hidden) == []


def test_a_description_too_large_for_an_attribute_is_kept(
    bucket: FolderBucket, hidden: Path
) -> None:
    assert bucket.put("key", [b"x"], metadata=TOO_LARGE) == bucket.head("key")
    assert len(sidecars(hidden)) == 1


def test_a_sidecar_replaces_an_older_attribute(
    bucket: FolderBucket, folder: Path, tmp_path: Path
) -> None:
    bucket.put("key", [b"x"], metadata=METADATA)
    (folder / "key").rename(tmp_path / "file")
    info = bucket.adopt("key", tmp_path / "file", metadata=TOO_LARGE)
    assert bucket.head("key") == info


def test_a_disk_too_full_for_the_description_changes_nothing(
    bucket: FolderBucket, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = bucket.put("key", [b"x"], metadata=METADATA)
    before = set(hidden.rglob("*"))
    monkeypatch.setattr(os, "setxattr", refuse(errno.ENOSPC))
    monkeypatch.setattr("imageferry.buckets.sidecars.write_new", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        bucket.put("key", [b"y"])
    assert bucket.head("key") == info
    assert set(hidden.rglob("*")) == before


def test_the_disk_failing_while_it_is_written_changes_nothing(
    bucket: FolderBucket, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(hidden.rglob("*"))
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        bucket.put("key", [b"x"], metadata=TOO_LARGE)
    with pytest.raises(OSError, match="Input/output"):
        bucket.put("key", [b"x"])
    assert list(bucket.list()) == []
    assert set(hidden.rglob("*")) == before


def test_a_part_and_the_object_that_it_is_have_a_description_each(
    bucket: FolderBucket,
) -> None:
    bucket.put("taken", [b"x"])
    upload = bucket.start_upload("taken", metadata=METADATA)
    part = upload.write_part(1, [b"part"])
    with pytest.raises(ObjectExistsError):
        upload.complete(overwrite=False)
    assert upload.parts() == [part]
    info = upload.complete()
    assert info.etag.endswith("-1")
    assert info.metadata == METADATA
    assert bucket.head("taken") == info


def test_parts_need_no_attributes(bucket: FolderBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setxattr", refuse(errno.ENOTSUP))
    upload = bucket.start_upload("key", metadata=METADATA)
    parts = [upload.write_part(number, [b"x"]) for number in (1, 2)]
    assert upload.parts() == parts
    assert upload.complete() == bucket.head("key")


def test_a_file_that_may_not_be_read_is_listed(
    bucket: FolderBucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "key").write_bytes(b"x")
    monkeypatch.setattr(os, "open", refuse(errno.EACCES))
    assert [(found.key, found.size) for found in bucket.list()] == [("key", 1)]
    with pytest.raises(ObjectNotFoundError):
        bucket.head("other")


def test_sweep_forgets_sidecars_of_files_that_are_gone(
    store: FolderStore, bucket: FolderBucket, folder: Path
) -> None:
    bucket.put("key", [b"x"], metadata=TOO_LARGE)
    (folder / "key").unlink()
    assert store.sweep(timedelta(0)) == 1
    assert store.sweep(timedelta(0)) == 0
