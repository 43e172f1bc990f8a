"""mantle's `ore aliyun` (Fedora CoreOS): it looks at tasks alone, and takes Finished for all."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import oss2
import pytest

from support.flows import RpcTool, device, disk, oss_bucket
from support.refusals import RefusedError
from support.service import POLL_SECONDS, REGION, Service, until

BUCKET = "mantle"
ELSEWHERE = "cn-beijing"
PART_BYTES = 1000 * 1024
ROUTINES = 10


@pytest.fixture
def tool(service: Service) -> RpcTool:
    """`ore`'s SDK."""
    service.make_bucket(BUCKET)
    return RpcTool(service, "POST")


def uploaded(service: Service, path: Path, key: str) -> oss2.Bucket:
    """Upload a file as `ore` does: small parts, ten at a time."""
    bucket = oss_bucket(service, BUCKET)
    assert key not in [found.key for found in bucket.list_objects().object_list]
    upload = bucket.init_multipart_upload(key).upload_id
    content = path.read_bytes()

    def put(number: int) -> oss2.models.PartInfo:
        part = content[(number - 1) * PART_BYTES : number * PART_BYTES]
        return oss2.models.PartInfo(
            number, bucket.upload_part(key, upload, number, part).etag, size=len(part)
        )

    with ThreadPoolExecutor(ROUTINES) as routines:
        parts = list(routines.map(put, range(1, -(-len(content) // PART_BYTES) + 1)))
    bucket.complete_multipart_upload(key, upload, parts)
    return bucket


def finished(tool: RpcTool, task_id: str) -> None:
    """Wait for a task: any other count than one, and any other word, is fatal."""
    while True:
        reply = tool.call("DescribeTasks", TaskIds=task_id)
        (task,) = reply["TaskSet"]["Task"]
        assert reply["TotalCount"] == 1
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        if task["TaskStatus"] == "Finished":
            return
        time.sleep(POLL_SECONDS)


def test_create_replicate_delete(tool: RpcTool, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "fcos.raw"
    path.write_bytes(os.urandom(12 * PART_BYTES + 1))
    bucket = uploaded(service, path, "fcos.raw")
    assert tool.images(ImageName="fedora-coreos") == []

    source = disk(BUCKET, "fcos.raw", Format="RAW", DiskImageSize="8", Device="/dev/xvda")
    tag = {"Tag.1.Key": "created-by", "Tag.1.Value": "mantle"}
    reply = tool.call(
        "ImportImage",
        ImageName="fedora-coreos",
        Description="Fedora CoreOS",
        Architecture="x86_64",
        **source,
        **tag,
    )
    finished(tool, reply["TaskId"])
    bucket.delete_object("fcos.raw")

    image_id = reply["ImageId"]
    copy = tool.call(
        "CopyImage",
        ImageId=image_id,
        DestinationRegionId=ELSEWHERE,
        DestinationImageName="fedora-coreos",
        DestinationDescription="Fedora CoreOS",
        **tag,
    )["ImageId"]
    until(lambda: tool.images(RegionId=ELSEWHERE, ImageId=copy), 60, "The copy")

    for region, found in ((REGION, image_id), (ELSEWHERE, copy)):
        deleted(tool, region, found)


def deleted(tool: RpcTool, region: str, image_id: str) -> None:
    """Delete an image, and then its snapshot, whose id is with the image."""
    (image,) = tool.images(RegionId=region, ImageId=image_id)
    assert image["Tags"]["Tag"] == [{"TagKey": "created-by", "TagValue": "mantle"}]
    assert image["IsPublic"] is False
    tool.call("DeleteImage", RegionId=region, ImageId=image_id, Force="true")
    tool.call("DeleteSnapshot", RegionId=region, SnapshotId=device(image)["SnapshotId"])
    assert tool.images(RegionId=region, ImageId=image_id, Status="ALL") == []


def test_an_image_is_there_as_soon_as_its_task_is_finished(tool: RpcTool, service: Service) -> None:
    """Its next call uses the image, and the object is gone by then."""
    bucket = oss_bucket(service, BUCKET)
    for number in range(5):
        bucket.put_object("race.raw", os.urandom(1 << 20))
        reply = tool.call("ImportImage", ImageName=f"race-{number}", **disk(BUCKET, "race.raw"))
        finished(tool, reply["TaskId"])
        (image,) = tool.images(ImageId=reply["ImageId"])
        bucket.delete_object("race.raw")
        assert (image["Status"], image["Progress"], image["Usable"]) == ("Available", "100%", True)
    export = tool.call("ExportImage", ImageId=reply["ImageId"], OSSBucket=BUCKET)
    assert service.wait_for(export["TaskId"])["TaskStatus"] == "Finished"


def test_a_run_that_is_made_again_finds_its_image(tool: RpcTool, service: Service) -> None:
    service.put(BUCKET, "named.raw", os.urandom(4096))
    asked = {"ImageName": "already-there"} | disk(BUCKET, "named.raw")
    reply = tool.call("ImportImage", **asked)
    finished(tool, reply["TaskId"])

    with pytest.raises(RefusedError, match=reply["ImageId"]) as refused:
        tool.call("ImportImage", **asked)

    (image,) = tool.images(ImageName="already-there")
    assert image["ImageId"] == reply["ImageId"]
    assert (refused.value.code, refused.value.status) == ("InvalidImageName.Duplicated", 400)
