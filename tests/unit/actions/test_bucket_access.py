"""What callers are told of buckets whose store fails just now."""

from __future__ import annotations

import pytest

from imageferry.actions.error_codes import SERVICE_UNAVAILABLE
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.interface import ObjectChangedError
from imageferry.buckets.remote_errors import unreachable
from support.api import Api

DISK = {
    "DiskDeviceMapping__1__OSSBucket": "golden",
    "DiskDeviceMapping__1__OSSObject": "disk.raw",
    "DiskDeviceMapping__1__Format": "raw",
}


def gone(*_: object, **__: object) -> None:
    """Stands for a store that cannot be reached."""
    raise unreachable("GetObject", ConnectionRefusedError("the key is in here"))


def changed(*_: object, **__: object) -> None:
    """Stands for a remote object that somebody replaces."""
    raise ObjectChangedError("the object is another one")


@pytest.mark.parametrize(
    ("where", "method", "failure"),
    [
        (FolderStore, "bucket", gone),
        (FolderBucket, "open", gone),
        (FileReader, "pread", gone),
        (FileReader, "pread", changed),
    ],
)
def test_an_import_that_cannot_read_its_object_may_be_tried_again(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    where: type[object],
    method: str,
    failure: object,
) -> None:
    api.put("disk.raw", b"disk" * 1024)
    monkeypatch.setattr(where, method, failure)
    error = api.refusal("ImportImage", **DISK)
    assert error.code == SERVICE_UNAVAILABLE
    assert error.code.status == 503
    assert "key" not in error.recommend


def test_an_export_to_a_store_that_is_gone_may_be_tried_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = api.available_image()
    monkeypatch.setattr(FolderStore, "bucket", gone)
    error = api.refusal("ExportImage", ImageId=image_id, OSSBucket="golden")
    assert error.code == SERVICE_UNAVAILABLE
