"""F5's bigip-image-generator, on the legacy Python SDK and ``oss2``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest

from support.clients import PythonV1
from support.flows import Reply, device, oss_bucket
from support.refusals import RefusedError
from support.service import REGION, Service, until

BUCKET = "f5-bigip"
KEY = "bigip.raw"

# oss2 leaves the connection of a refused request to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def asked(name: str) -> dict[str, Any]:
    """What it asks an import for: an upper-case OSType, no architecture, no format."""
    return {
        "ImageName": name,
        "OSType": "Linux",
        "Platform": "Others Linux",
        "DiskDeviceMapping": [{"OSSBucket": BUCKET, "OSSObject": KEY, "DiskImageSize": 40}],
    }


def uploaded(service: Service, folder: Path) -> oss2.Bucket:
    """Upload the disk so that the next run could go on, and look whether it is there."""
    (folder / KEY).write_bytes(os.urandom(3 << 20))
    bucket = oss_bucket(service, BUCKET)
    bucket.create_bucket()
    assert not bucket.object_exists(KEY)
    left = bucket.init_multipart_upload(KEY).upload_id
    for upload in oss2.MultipartUploadIterator(bucket):
        bucket.abort_multipart_upload(upload.key, upload.upload_id)
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.list_parts(KEY, left)
    store = oss2.ResumableStore(root=str(folder))
    oss2.resumable_upload(
        bucket, KEY, str(folder / KEY), store, multipart_threshold=1 << 20, part_size=1 << 20
    )
    assert bucket.object_exists(KEY)
    return bucket


def test_upload_import_tag(service: Service, tmp_path: Path) -> None:
    """Finished with any other per cent than 100 is a failure to it."""
    client = PythonV1(service)
    bucket = uploaded(service, tmp_path)
    reply = client.call("ImportImage", asked("bigip"))

    def ended() -> bool:
        task = client.call("DescribeTaskAttribute", {"TaskId": reply["TaskId"]})
        assert "Code" not in task
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        assert (task["TaskProcess"] == "100%") == (task["TaskStatus"] == "Finished")
        return bool(task["TaskStatus"] == "Finished")

    until(ended, 60, "The end of the import")
    listed = client.call("DescribeImages", {"ImageId": reply["ImageId"]})
    assert listed["TotalCount"] == 1
    image = listed["Images"]["Image"][0]
    assert image["OSType"] == "linux"
    for kind, name in (("image", image["ImageId"]), ("snapshot", device(image)["SnapshotId"])):
        tag = [{"Key": "product", "Value": "BIG-IP"}]
        client.call("AddTags", {"ResourceType": kind, "ResourceId": name, "Tag": tag})
    bucket.delete_object(KEY)
    assert not bucket.object_exists(KEY)


def test_a_clean_up_cancels_and_then_deletes(start_service: Callable[..., Service]) -> None:
    """An image that went with its task is no error to it, where the code says so."""
    service = start_service("--no-worker")
    client = PythonV1(service)
    service.put(BUCKET, KEY, os.urandom(4096))
    reply = client.call("ImportImage", asked("bigip"))
    with pytest.raises(RefusedError) as again:
        client.call("ImportImage", asked("bigip"))

    client.call("CancelTask", {"TaskId": reply["TaskId"]})
    with pytest.raises(RefusedError) as gone:
        client.call("DeleteImage", {"ImageId": reply["ImageId"], "RegionId": REGION})

    tasks: list[Reply] = client.call("DescribeTasks", {"TaskIds": reply["TaskId"]})["TaskSet"][
        "Task"
    ]
    assert again.value.code == "ImageIsImporting"
    assert [task["TaskStatus"] for task in tasks] == ["Deleted"]
    assert (gone.value.code, gone.value.status) == ("InvalidImageId.NotFound", 404)
