"""The checks of the disks' content as DescribeImages tells them."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.images import queries as images
from imageferry.images.model import DetectionItem
from support.api import Api

SOUND = DetectionItem("CloudInit", "The operating system has cloud-init.", "", "")
RISKY = DetectionItem(
    "BootMode", "No boot loader was found on the disk.", "BootMode.NotFound", "High"
)


@pytest.fixture
def image_id(api: Api) -> str:
    """An image of two disks, both checked."""
    api.put("data.raw", b"\x02" * 4096)
    api.put("disk.raw", b"\x01" * 4096)
    image_id = api.available_image(
        DetectionStrategy="standard",
        DiskDeviceMapping__2__OSSBucket="golden",
        DiskDeviceMapping__2__OSSObject="data.raw",
    )
    api.change(images.record_detection, image_id, 1, [RISKY, SOUND])
    api.change(images.record_detection, image_id, 2, [RISKY])
    api.change(images.record_cloud_init, image_id)
    return image_id


def described(api: Api, image_id: str, status: str = "Available") -> dict[str, Any]:
    (image,) = api.call("DescribeImages", ImageId=image_id, Status=status)["Images"]["Image"]
    assert isinstance(image, dict)
    return image


def test_the_findings_are_told(api: Api, image_id: str) -> None:
    image = described(api, image_id)

    assert image["DetectionOptions"]["Status"] == "Finished"
    first, _, of_data = image["DetectionOptions"]["Items"]["Item"]
    assert first == {
        "Name": "BootMode",
        "Value": "No boot loader was found on the disk.",
        "RiskCode": "BootMode.NotFound",
        "RiskLevel": "High",
    }
    assert of_data == first | {"Name": "DiskDeviceMapping.2.BootMode"}
    assert image["IsSupportCloudinit"] is True


def test_images_with_cloud_init_are_found(api: Api, image_id: str) -> None:
    other = api.available_image()

    def found(wanted: str) -> list[str]:
        reply = api.call("DescribeImages", IsSupportCloudinit=wanted)
        return [image["ImageId"] for image in reply["Images"]["Image"]]

    assert (found("true"), found("false")) == ([image_id], [other])


def test_the_checks_are_still_to_be_made(api: Api) -> None:
    image_id = api.import_image(DetectionStrategy="Standard")["ImageId"]

    image = described(api, image_id, "Waiting")

    assert image["DetectionOptions"] == {"Status": "Processing", "Items": {"Item": []}}
    assert image["IsSupportCloudinit"] is False


def test_no_checks_were_asked_for(api: Api) -> None:
    assert "DetectionOptions" not in described(api, api.available_image())


def test_what_a_disk_holds_is_its_owner_s_business(api: Api, image_id: str) -> None:
    other = api.as_other_account()
    api.call("ModifyImageSharePermission", ImageId=image_id, AddAccount__1=other.account_id)

    assert "DetectionOptions" not in described(other, image_id)


def test_an_object_that_is_no_disk_is_warned_of(api: Api) -> None:
    task_id = api.import_image()["TaskId"]

    task = api.call("DescribeTaskAttribute", TaskId=task_id)

    (disk,) = task["OperationProgressSet"]["OperationProgress"]
    told = {item["Name"]: item["Value"] for item in disk["RelatedItemSet"]["RelatedItem"]}
    assert told["Warning"].startswith("The object was taken for a raw disk, but it has no ")
