"""The loops of tools that use the API, as they are known from their source.

Every loop is run with version 1 signatures, by the requests that the tool sends:
mantle (Fedora CoreOS), F5's image generator, Cloudpods' cloudmux, the Terraform
provider, SUSE's aliyun-img-utils and bosh.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import pytest

from support.clients import PythonV1
from support.refusals import RefusedError
from support.service import POLL_SECONDS, REGION, Service, until

BUCKET = "tools"
TERRAFORM_OBJECT = (
    b"# -*- coding: utf-8 -*-\ndef handler(event, context):\n    print('hello world')\n"
    b"    return 'hello world'\n"
)
Reply = dict[str, Any]


class Tool:
    """A tool's own way of calling: flat parameters in the query."""

    def __init__(self, service: Service, method: str) -> None:
        self._client = PythonV1(service, method=method)

    def call(self, action: str, parameters: Mapping[str, str]) -> Reply:
        """Call in the tests' region."""
        return self._client.call_plainly(action, {"RegionId": REGION, **parameters})

    def images(self, **parameters: str) -> list[Reply]:
        """The images of a DescribeImages."""
        found: list[Reply] = self.call("DescribeImages", parameters)["Images"]["Image"]
        return found

    def task(self, task_id: str) -> Reply:
        """The one task of a DescribeTasks; any other count is fatal to the tools."""
        tasks = self.call("DescribeTasks", {"TaskIds": task_id})["TaskSet"]["Task"]
        assert len(tasks) == 1
        only: Reply = tasks[0]
        return only


@pytest.fixture
def post(service: Service) -> Tool:
    """A tool that sends POST."""
    return Tool(service, "POST")


@pytest.fixture
def get(service: Service) -> Tool:
    """A tool that sends GET."""
    return Tool(service, "GET")


def disk(key: str, **members: str) -> dict[str, str]:
    """The parameters of the one disk."""
    named = {"OSSBucket": BUCKET, "OSSObject": key, **members}
    return {f"DiskDeviceMapping.1.{name}": value for name, value in named.items()}


def test_mantle(post: Tool, service: Service) -> None:
    """It takes Finished for the whole truth: uses the image and deletes the object at once."""
    service.put(BUCKET, "fcos.qcow2", os.urandom(1 << 20))
    reply = post.call(
        "ImportImage",
        {"ImageName": "fcos", "Description": "Fedora CoreOS", "Architecture": "x86_64"}
        | disk("fcos.qcow2", Format="", DiskImageSize=""),
    )

    while True:
        status = post.task(reply["TaskId"])["TaskStatus"]
        assert status in {"Waiting", "Processing", "Finished"}
        if status == "Finished":
            break
        time.sleep(POLL_SECONDS)

    (image,) = post.images(ImageId=reply["ImageId"])
    assert image["Status"] == "Available"
    snapshot = image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]
    assert snapshot
    service.put(BUCKET, "fcos.qcow2", b"gone")
    export = post.call("ExportImage", {"ImageId": reply["ImageId"], "OSSBucket": BUCKET})
    assert service.wait_for(export["TaskId"])["TaskStatus"] == "Finished"
    post.call("DeleteImage", {"ImageId": reply["ImageId"], "Force": "true"})


def test_mantle_meets_an_image_that_is_there(post: Tool, service: Service) -> None:
    """It looks an image up by its name first."""
    service.put(BUCKET, "named.raw", os.urandom(4096))
    reply = post.call("ImportImage", {"ImageName": "already-there"} | disk("named.raw"))
    service.wait_for(reply["TaskId"])

    (image,) = post.images(ImageName="already-there")
    with pytest.raises(RefusedError) as refused:
        post.call("ImportImage", {"ImageName": "already-there"} | disk("named.raw"))

    assert image["ImageId"] == reply["ImageId"]
    assert (refused.value.code, refused.value.status) == ("InvalidImageName.Duplicated", 400)


def test_f5(post: Tool, service: Service) -> None:
    """Finished with anything but 100% is a failure to it; it compares the OS without case."""
    service.put(BUCKET, "bigip.qcow2", os.urandom(1 << 20))
    reply = post.call(
        "ImportImage",
        {"ImageName": "bigip", "OSType": "Linux", "Platform": "Others Linux"}
        | disk("bigip.qcow2", DiskImageSize="40"),
    )

    def ended() -> Reply | None:
        task = post.call("DescribeTaskAttribute", {"TaskId": reply["TaskId"]})
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        assert (task["TaskProcess"] == "100%") == (task["TaskStatus"] == "Finished")
        return task if task["TaskStatus"] == "Finished" else None

    until(ended, 60, "The end of the import")
    (image,) = post.images(ImageId=reply["ImageId"])
    assert image["OSType"].lower() == "linux"
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]


def test_f5_cleans_up(start_service: Any) -> None:
    """CancelTask, then DeleteImage, whose NotFound is harmless to it."""
    service = start_service("--no-worker")
    tool = Tool(service, "POST")
    service.put(BUCKET, "bigip.qcow2", os.urandom(4096))
    reply = tool.call("ImportImage", disk("bigip.qcow2"))

    tool.call("CancelTask", {"TaskId": reply["TaskId"]})
    with pytest.raises(RefusedError) as gone:
        tool.call("DeleteImage", {"ImageId": reply["ImageId"]})

    assert tool.task(reply["TaskId"])["TaskStatus"] == "Deleted"
    assert (gone.value.code, gone.value.status) == ("InvalidImageId.NotFound", 404)


def test_cloudmux(get: Tool, service: Service) -> None:
    """It sends GET for everything, spells OssBucket, and puts the progress into eight bits."""
    service.put(BUCKET, "cloudpods.raw", os.urandom(1 << 20))
    reply = get.call(
        "ImportImage",
        {
            "ImageName": "cloudpods",
            "OSType": "Linux",
            "Architecture": "x86_64",
            "Platform": "Others Linux",
            "DiskDeviceMapping.1.OSSBucket": BUCKET,
            "DiskDeviceMapping.1.OSSObject": "cloudpods.raw",
            "DiskDeviceMapping.1.Format": "raw",
            "DiskDeviceMapping.1.DiskImageSize": "5",
        },
    )
    assert "Code" not in reply
    image_id = reply["ImageId"]

    def progress(task_id: str) -> int:
        task = get.call("DescribeTaskAttribute", {"TaskId": task_id})
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        return int(task["TaskProcess"].removesuffix("%"))

    until(lambda: progress(reply["TaskId"]) == 100, 60, "The end of the import")
    assert get.images(ImageId=image_id, Status="Creating,Available,UnAvailable,CreateFailed")

    prefix = image_id.replace("-", "") + "export"
    export = get.call(
        "ExportImage",
        {
            "ImageId": image_id,
            "OssBucket": BUCKET,
            "OssPrefix": prefix,
            "RoleName": "AliyunECSImageExportDefaultRole",
        },
    )
    until(lambda: progress(export["TaskId"]) == 100, 60, "The end of the export")
    assert service.get(BUCKET, f"{prefix}_{image_id}_system.raw.tar.gz")


@pytest.mark.parametrize("image_format", ["", "RAW"])
def test_terraform(post: Tool, service: Service, image_format: str) -> None:
    """Its own test imports a text as a raw disk; whatever is told differently is replaced."""
    service.put(BUCKET, "fc/hello.zip", TERRAFORM_OBJECT)
    asked = {
        "ImageName": f"tf-testacc{image_format}",
        "Description": "terraform",
        "Architecture": "x86_64",
        "OSType": "linux",
        "Platform": "Ubuntu",
        "LicenseType": "Auto",
        "BootMode": "BIOS",
    }
    reply = post.call(
        "ImportImage", asked | disk("fc/hello.zip", DiskImageSize="5", Format=image_format)
    )

    pending = {"Waiting", "Creating"}
    every = "Creating,Waiting,Available,UnAvailable,CreateFailed"

    def available() -> Reply | None:
        (image,) = post.images(ImageId=reply["ImageId"], Status=every)
        assert image["Status"] in pending | {"Available"}
        return image if image["Status"] == "Available" else None

    image = until(available, 60, "The image")
    (device,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert {name: image[name] for name in asked} == asked
    assert device["Size"] == "5"
    assert device["Format"] == "RAW"
    assert (device["ImportOSSBucket"], device["ImportOSSObject"]) == (BUCKET, "fc/hello.zip")

    export = post.call(
        "ExportImage", {"ImageId": image["ImageId"], "OSSBucket": BUCKET, "OSSPrefix": "tf"}
    )
    until(
        lambda: post.task(export["TaskId"])["TaskStatus"] == "Finished", 60, "The end of the export"
    )
    assert service.get(BUCKET, f"tf_{image['ImageId']}_system.raw.tar.gz")
    post.call("DeleteImage", {"ImageId": image["ImageId"], "Force": "false"})


def test_aliyun_img_utils(post: Tool, service: Service) -> None:
    """It fails when its first look, in all six states, finds nothing."""
    service.put(BUCKET, "sles.qcow2", os.urandom(1 << 20))
    reply = post.call("ImportImage", {"Platform": "SUSE"} | disk("sles.qcow2", DiskImageSize="20"))
    states = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"

    (first,) = post.images(ImageId=reply["ImageId"], Status=states)
    assert first["Status"] in {"Waiting", "Creating", "Available"}

    def available() -> bool:
        (image,) = post.images(ImageId=reply["ImageId"], Status=states)
        return bool(image["Status"] == "Available")

    until(available, 60, "The image")


def test_bosh(post: Tool, service: Service) -> None:
    """It sends a size of 0, waits without a status, and takes ImageIsImporting for success."""
    service.put(BUCKET, "stemcell.raw", os.urandom(1 << 20))
    asked = {"ImageName": "stemcell"} | disk("stemcell.raw", Format="raw", DiskImageSize="0")
    reply = post.call("ImportImage", asked)

    image = until(lambda: post.images(ImageId=reply["ImageId"]), 60, "The image")[0]
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Size"] == "1"


def test_packer_tries_again(start_service: Any) -> None:
    """It takes either of two errors on its second attempt for success."""
    service = start_service("--no-worker")
    tool = Tool(service, "POST")
    service.put(BUCKET, "packer.raw", os.urandom(4096))
    asked = {"ImageName": "packer"} | disk("packer.raw")
    tool.call("ImportImage", asked)

    with pytest.raises(RefusedError) as again:
        tool.call("ImportImage", asked)

    assert again.value.code == "ImageIsImporting"


def test_an_old_script_names_the_size_by_its_old_name(post: Tool, service: Service) -> None:
    service.put(BUCKET, "old.raw", os.urandom(4096))

    reply = post.call("ImportImage", disk("old.raw", DiskImSize="7"))

    (image,) = post.images(ImageId=reply["ImageId"], Status="ALL")
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Size"] == "7"


def test_a_token_makes_a_repeated_import_one(post: Tool, service: Service) -> None:
    service.put(BUCKET, "token.raw", os.urandom(4096))
    asked = disk("token.raw") | {"ClientToken": "5f1e-token"}

    first, second = (post.call("ImportImage", asked) for _ in range(2))

    assert (first["ImageId"], first["TaskId"]) == (second["ImageId"], second["TaskId"])
    assert first["RequestId"] != second["RequestId"]
