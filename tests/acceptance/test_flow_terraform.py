"""The Terraform providers: whatever is told otherwise than it was asked for is replaced.

alicloud's resources ``image_import``, ``image_export`` and ``image``, in the older
shape (all in the query) and the newer one (a form body), and alibabacloudstack's.
"""

from __future__ import annotations

import os
from typing import cast

import oss2
import pytest

from support.flows import Reply, RpcTool, Shape, device, disk, oss_bucket
from support.refusals import RefusedError
from support.service import Service, until

BUCKET = "terraform"
EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed"
# What the provider's own acceptance tests import, as ZIP and as RAW: any bytes are a disk.
TEXT = b"# -*- coding: utf-8 -*-\ndef handler(event, context):\n    return 'hello world'\n"


@pytest.fixture(params=["POST", "FORM"])
def tool(request: pytest.FixtureRequest, service: Service) -> RpcTool:
    """The provider before and after it changed its SDK."""
    service.put(BUCKET, "fc/hello.zip", TEXT)
    return RpcTool(service, cast(Shape, request.param))


def imported(tool: RpcTool, image_id: str, pending: set[str]) -> Reply:
    """Wait as the provider does; a status that is neither pending nor the target is an error."""

    def available() -> Reply | None:
        (image,) = tool.images(ImageId=image_id, Status=EVERY_STATUS)
        assert image["Status"] in pending | {"Available"}
        return image if image["Status"] == "Available" else None

    image: Reply = until(available, 60, "The image")
    return image


def exported(tool: RpcTool, task_id: str) -> None:
    """Wait for an export as the provider does."""

    def finished() -> bool:
        task = tool.call("DescribeTaskAttribute", TaskId=task_id)
        assert task["TaskId"] == task_id
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        return bool(task["TaskStatus"] == "Finished")

    until(finished, 60, "The end of the export")


def test_import_update_export_destroy(tool: RpcTool, service: Service) -> None:
    asked = {
        "ImageName": "tf-testacc",
        "Description": "terraform",
        "Architecture": "x86_64",
        "OSType": "linux",
        "Platform": "Ubuntu",
        "LicenseType": "Auto",
        "BootMode": "BIOS",
    }
    source = {"Format": "raw", "DiskImageSize": "5", "Device": "/dev/xvda"}
    image_id = tool.call("ImportImage", **asked, **disk(BUCKET, "fc/hello.zip", **source))[
        "ImageId"
    ]

    image = imported(tool, image_id, {"Waiting", "Creating"})
    assert {name: image[name] for name in asked} == asked
    assert image["Usable"] is True
    told = device(image)
    assert (told["ImportOSSBucket"], told["ImportOSSObject"]) == (BUCKET, "fc/hello.zip")
    assert {"Format": told["Format"], "DiskImageSize": told["Size"], "Device": told["Device"]} == (
        source
    )

    tool.call("ModifyImageAttribute", ImageId=image_id, ImageName="tf-2", Description="renamed")
    of_image = {"ResourceType": "image", "ResourceId.1": image_id}
    assert tool.call("ListTagResources", **of_image)["TagResources"]["TagResource"] == []
    tool.call("TagResources", **of_image, **{"Tag.1.Key": "For", "Tag.1.Value": "tests"})
    (tag,) = tool.call("ListTagResources", **of_image)["TagResources"]["TagResource"]
    assert (tag["TagKey"], tag["TagValue"]) == ("For", "tests")
    tool.call("UntagResources", **of_image, **{"TagKey.1": "For"})
    assert tool.call("DescribeTags", ResourceId=image_id, ResourceType="image")["TotalCount"] == 0
    (renamed,) = tool.images(ImageId=image_id)
    assert (renamed["ImageName"], renamed["Description"]) == ("tf-2", "renamed")

    export = tool.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, OSSPrefix="tf")
    exported(tool, export["TaskId"])
    bucket, name = oss_bucket(service, BUCKET), f"tf_{image_id}_system.raw.tar.gz"
    assert [found.key for found in bucket.list_objects(prefix="tf").object_list] == [name]
    bucket.delete_object(name)
    assert not bucket.object_exists(name)

    tool.call("DeleteImage", ImageId=image_id, Force="true")
    assert tool.images(ImageId=image_id, Status=EVERY_STATUS) == []


@pytest.mark.parametrize("spelling", ["", "RAW", "Raw"])
def test_its_own_test_imports_a_text(tool: RpcTool, spelling: str) -> None:
    source = disk(BUCKET, "fc/hello.zip", Format=spelling, DiskImageSize="5")
    reply = tool.call("ImportImage", **source, LicenseType="Auto")

    told = device(imported(tool, reply["ImageId"], {"Waiting", "Creating"}))

    assert (told["Format"], told["Size"]) == (spelling or "RAW", "5")


def test_a_size_that_is_too_small_is_refused_before_there_is_an_image(
    tool: RpcTool, service: Service
) -> None:
    """The provider sends 5 where none is given: an instance of a cut disk never starts."""
    path = service.data_dir / "buckets" / BUCKET / "six.raw"
    with path.open("wb") as file:
        file.truncate(6 << 30)
    before = tool.call("DescribeImages", Status="ALL")["TotalCount"]

    with pytest.raises(RefusedError, match="give at least 6") as refused:
        tool.call("ImportImage", **disk(BUCKET, "six.raw", DiskImageSize="5"))

    assert refused.value.code == "InvalidImageSize"
    assert tool.call("DescribeImages", Status="ALL")["TotalCount"] == before


def test_alibabacloudstack(service: Service) -> None:
    """It knows no pending state but ``Waiting``; it looks for the first time after a minute."""
    tool = RpcTool(service, "POST")
    service.put(BUCKET, "stack.raw", os.urandom(1 << 20))
    source = disk(BUCKET, "stack.raw", Format="RAW", DiskImageSize="5")
    reply = tool.call("ImportImage", ImageName="stack", **source)
    service.wait_for(reply["TaskId"])

    image_id = imported(tool, reply["ImageId"], {"Waiting"})["ImageId"]

    exported(tool, tool.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET)["TaskId"])
    bucket = oss_bucket(service, BUCKET)
    bucket.delete_object(f"{image_id}_system.raw.tar.gz")
    assert list(oss2.ObjectIterator(bucket, prefix=image_id)) == []
