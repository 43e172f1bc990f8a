"""What is told of an image."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from imageferry.tasks import transitions
from imageferry.tasks.model import Phase
from support.api import Api

MOMENT = datetime(2026, 3, 4, 8, 30, 20, tzinfo=UTC)


def test_all_that_is_told_of_an_image(api: Api) -> None:
    image_id = api.available_image(
        ImageName="golden-1",
        Description="Built by CI",
        Architecture="arm64",
        OSType="Linux",
        Platform="Debian",
        LicenseType="BYOL",
        Features__NvmeSupport="supported",
        Features__ImdsSupport="v2",
        ResourceGroupId="rg-1",
        Tag__1__Key="by",
        Tag__1__Value="mantle",
        DiskDeviceMapping__1__DiskImageSize=20,
        DiskDeviceMapping__1__Format="raw",
    )
    api.backdate(image_id, MOMENT)

    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]

    snapshot = image["DiskDeviceMappings"]["DiskDeviceMapping"][0].pop("SnapshotId")
    assert snapshot.startswith("s-")
    assert image == {
        "ImageId": image_id,
        "ImageName": "golden-1",
        "Description": "Built by CI",
        "ImageOwnerAlias": "self",
        "ImageOwnerId": int(api.account_id),
        "Status": "Available",
        "Progress": "100%",
        "Usable": True,
        "Size": 20,
        "Architecture": "arm64",
        "OSType": "linux",
        "Platform": "Debian",
        "OSName": "Debian",
        "OSNameEn": "Debian",
        "BootMode": "UEFI",
        "CreationTime": "2026-03-04T08:30:20Z",
        "DiskDeviceMappings": {
            "DiskDeviceMapping": [
                {
                    "Device": "/dev/xvda",
                    "Type": "system",
                    "Size": "20",
                    "Format": "raw",
                    "ImportOSSBucket": "golden",
                    "ImportOSSObject": "disk.raw",
                    "Progress": "100%",
                    "RemainTime": 0,
                    "Encrypted": False,
                }
            ]
        },
        "Tags": {"Tag": [{"TagKey": "by", "TagValue": "mantle"}]},
        "Features": {"NvmeSupport": "supported", "ImdsSupport": "v2"},
        "LicenseType": "BYOL",
        "ResourceGroupId": "rg-1",
        "ImageFamily": "",
        "ImageVersion": "1",
        "IsPublic": False,
        "IsCopied": False,
        "IsSelfShared": "",
        "IsSubscribed": False,
        "IsSupportCloudinit": False,
        "IsSupportIoOptimized": True,
        "LoginAsNonRootSupported": False,
        "ProductCode": "",
        "SupplierName": "",
        "Usage": "none",
    }


@pytest.mark.parametrize(
    ("os_type", "platform"), [("linux", "Others Linux"), ("Windows", "Other Windows")]
)
def test_what_is_told_where_nothing_was_given(api: Api, os_type: str, platform: str) -> None:
    image_id = api.available_image(OSType=os_type)

    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]

    assert image["ImageName"] == image_id
    assert image["OSType"] == os_type.lower()
    assert image["Platform"] == platform
    assert (image["Architecture"], image["BootMode"], image["LicenseType"]) == (
        "x86_64",
        "BIOS",
        "Auto",
    )
    assert image["Features"] == {"NvmeSupport": "unsupported", "ImdsSupport": "v1"}
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Format"] == "RAW"


def test_an_image_tells_the_progress_of_its_task(api: Api) -> None:
    reply = api.import_image()
    assert api.change(transitions.claim, reply["TaskId"], "worker")
    assert api.change(
        transitions.record_progress,
        reply["TaskId"],
        "worker",
        phase=Phase.TRANSFER,
        percent=42,
        bytes_done=42,
        bytes_total=100,
        bytes_per_second=1,
    )

    (image,) = api.call("DescribeImages", Status="ALL")["Images"]["Image"]

    assert (image["Status"], image["Progress"], image["Usable"]) == ("Waiting", "42%", False)
    assert image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Progress"] == "42%"
