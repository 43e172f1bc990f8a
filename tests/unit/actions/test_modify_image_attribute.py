"""ModifyImageAttribute."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.images import queries as images
from imageferry.images import shares
from imageferry.images.model import ImageStatus
from support.api import Api


def shown(api: Api, image_id: str) -> dict[str, Any]:
    (image,) = api.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    assert isinstance(image, dict)
    return image


def test_everything_can_be_changed(api: Api) -> None:
    image_id = api.available_image()

    reply = api.call(
        "ModifyImageAttribute",
        ImageId=image_id,
        ImageName="golden-2",
        Description="The second",
        ImageFamily="debian",
        BootMode="UEFI-Preferred",
        LicenseType="BYOL",
        Features__NvmeSupport="supported",
        Features__ImdsSupport="v2",
    )

    assert reply == {}
    image = shown(api, image_id)
    assert (image["ImageName"], image["Description"]) == ("golden-2", "The second")
    assert (image["ImageFamily"], image["BootMode"]) == ("debian", "UEFI-Preferred")
    assert image["LicenseType"] == "BYOL"
    assert image["Features"] == {"NvmeSupport": "supported", "ImdsSupport": "v2"}
    assert image["Status"] == "Available"


def test_what_is_absent_or_empty_stays(api: Api) -> None:
    image_id = api.available_image(ImageName="golden-1", Description="The first")
    before = shown(api, image_id)

    api.call("ModifyImageAttribute", ImageId=image_id)
    api.call("ModifyImageAttribute", ImageId=image_id, ImageName="", Description="", Status="")

    assert shown(api, image_id) == before


@pytest.mark.parametrize("status", [ImageStatus.WAITING, ImageStatus.CREATING])
def test_an_image_that_is_being_made_as_linuxkit_does(api: Api, status: ImageStatus) -> None:
    image_id = api.import_image()["ImageId"]
    api.change(images.set_status, image_id, status)

    api.call(
        "ModifyImageAttribute",
        ImageId=image_id,
        ImageName="golden-2",
        Features__NvmeSupport="supported",
    )

    image = shown(api, image_id)
    assert (image["Status"], image["ImageName"]) == (status.value, "golden-2")
    assert image["Features"]["NvmeSupport"] == "supported"


def test_the_family_finds_the_image(api: Api) -> None:
    image_id = api.available_image()
    api.available_image()
    api.call("ModifyImageAttribute", ImageId=image_id, ImageFamily="debian")

    found = api.call("DescribeImages", ImageFamily="debian")

    assert [image["ImageId"] for image in found["Images"]["Image"]] == [image_id]
    assert api.call("DescribeImages", ImageFamily="other")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("deprecated", "available"), [("Deprecated", "Available"), ("deprecated", "AVAILABLE")]
)
def test_an_image_is_deprecated_and_put_back(api: Api, deprecated: str, available: str) -> None:
    image_id = api.available_image()

    api.call("ModifyImageAttribute", ImageId=image_id, Status=deprecated)

    image = shown(api, image_id)
    assert (image["Status"], image["Usable"], image["Progress"]) == ("Deprecated", False, "100%")
    assert api.call("DescribeImages")["TotalCount"] == 0
    assert api.call("DescribeImages", Status="Deprecated")["TotalCount"] == 1
    assert api.refusal("ExportImage", ImageId=image_id, OSSBucket="golden").code.code == (
        "IncorrectImageStatus"
    )
    api.call("ModifyImageAttribute", ImageId=image_id, Status=available)
    assert shown(api, image_id)["Status"] == "Available"


def test_the_name_of_a_deprecated_image_is_taken(api: Api) -> None:
    image_id = api.available_image(ImageName="golden-1")
    api.call("ModifyImageAttribute", ImageId=image_id, Status="Deprecated")

    assert api.refusal("ImportImage", ImageName="golden-1", **DISK).code.code == (
        "InvalidImageName.Duplicated"
    )


DISK = {
    "DiskDeviceMapping__1__OSSBucket": "golden",
    "DiskDeviceMapping__1__OSSObject": "disk.raw",
}


@pytest.mark.parametrize(
    ("before", "wanted", "code"),
    [
        (ImageStatus.AVAILABLE, "Available", "ImageStatus.NotDeprecated"),
        (ImageStatus.CREATE_FAILED, "Available", "ImageStatus.NotDeprecated"),
        (ImageStatus.DEPRECATED, "Deprecated", "ImageStatus.NotAvailable"),
        (ImageStatus.CREATE_FAILED, "Deprecated", "ImageStatus.NotAvailable"),
        (ImageStatus.WAITING, "Deprecated", "InvalidStatus.ImageIsCreating"),
        (ImageStatus.CREATING, "Available", "InvalidStatus.ImageIsCreating"),
    ],
)
def test_a_status_that_cannot_follow(api: Api, before: ImageStatus, wanted: str, code: str) -> None:
    image_id = api.available_image()
    api.change(images.set_status, image_id, before)

    error = api.refusal("ModifyImageAttribute", ImageId=image_id, Status=wanted, ImageName="other")

    assert (error.code.status, error.code.code) == (403, code)
    assert before.value in error.recommend
    assert shown(api, image_id)["ImageName"] == image_id


def test_a_shared_image_cannot_be_deprecated(api: Api) -> None:
    image_id = api.available_image()
    api.change(shares.add, image_id, api.as_other_account().account_id)

    error = api.refusal("ModifyImageAttribute", ImageId=image_id, Status="Deprecated")

    assert (error.code.status, error.code.code) == (403, "ImageUseShared")
    api.call("ModifyImageAttribute", ImageId=image_id, ImageName="golden-2")


def test_a_name_that_another_image_has(api: Api) -> None:
    first = api.available_image(ImageName="golden-1")
    second = api.available_image(ImageName="golden-2")
    failed = api.available_image(ImageName="golden-3")
    api.change(images.set_status, failed, ImageStatus.CREATE_FAILED)

    error = api.refusal("ModifyImageAttribute", ImageId=second, ImageName="golden-1")

    assert (error.code.status, error.code.code) == (400, "InvalidImageName.Duplicated")
    assert first in error.recommend
    api.call("ModifyImageAttribute", ImageId=second, ImageName="golden-2")
    api.call("ModifyImageAttribute", ImageId=second, ImageName="golden-3")
    assert shown(api, second)["ImageName"] == "golden-3"


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"ImageName": "1st"}, 400, "InvalidImageName.Malformed"),
        ({"Description": "x"}, 400, "InvalidDescription.Malformed"),
        ({"ImageFamily": "aliyun-x"}, 400, "InvalidImageFamily.Malformed"),
        ({"ImageFamily": "x"}, 400, "InvalidImageFamily.Malformed"),
        ({"Status": "Creating"}, 400, "InvalidParameter"),
        ({"BootMode": "Legacy"}, 400, "InvalidBootMode.NotSupport"),
        ({"LicenseType": "Aliyun"}, 400, "InvalidLicenseType.NotSupported"),
        ({"Features__ImdsSupport": "v3"}, 400, "InvalidParameter.FeaturesImdsSupport"),
        ({"Features__NvmeSupport": "maybe"}, 400, "InvalidParameter"),
        ({"RegionId": "nowhere"}, 400, "InvalidRegionId.NotFound"),
        ({"ImageId": ""}, 400, "MissingParameter"),
        ({"DryRun": "true"}, 400, "DryRunOperation"),
    ],
)
def test_refusals(api: Api, parameters: dict[str, str], status: int, code: str) -> None:
    image_id = api.available_image()
    before = shown(api, image_id)

    error = api.refusal(
        "ModifyImageAttribute", **({"ImageId": image_id, "ImageName": "golden-2"} | parameters)
    )

    assert (error.code.status, error.code.code) == (status, code)
    assert shown(api, image_id) == before


def test_boot_modes_of_arm64(api: Api) -> None:
    image_id = api.available_image(Architecture="arm64")

    error = api.refusal("ModifyImageAttribute", ImageId=image_id, BootMode="BIOS")

    assert (error.code.status, error.code.code) == (400, "InvalidBootMode.NotSupport")
    assert "current image architecture" in error.message
    api.call("ModifyImageAttribute", ImageId=image_id, BootMode="UEFI-Preferred")


def test_version_2_of_the_metadata_service_cannot_be_taken_back(api: Api) -> None:
    image_id = api.available_image(Features__ImdsSupport="v2")

    error = api.refusal("ModifyImageAttribute", ImageId=image_id, Features__ImdsSupport="v1")

    assert (error.code.status, error.code.code) == (
        403,
        "InvalidOperation.FeaturesImdsSupportNotMatch",
    )


def test_an_image_of_somebody_else_or_of_another_region(api: Api) -> None:
    image_id = api.available_image()
    other = api.as_other_account()
    api.change(shares.add, image_id, other.account_id)

    refusals = [
        api.refusal("ModifyImageAttribute", ImageId="m-unknown", ImageName="golden-2"),
        api.refusal("ModifyImageAttribute", ImageId=image_id, RegionId="us-west-1"),
        other.refusal("ModifyImageAttribute", ImageId=image_id, ImageName="golden-2"),
    ]

    assert {(error.code.status, error.code.code) for error in refusals} == {
        (404, "InvalidImageId.NotFound")
    }
