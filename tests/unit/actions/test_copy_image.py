"""CopyImage and CancelCopyImage."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.images import queries as images
from imageferry.images import shares
from imageferry.images.model import ImageStatus
from imageferry.tasks import queries as tasks
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase, Task, TaskAction, TaskStatus
from support.api import Api

ELSEWHERE = "cn-beijing"
MORE_TAGS = {"Tag__1__Key": "team", "Tag__1__Value": "a"}


@pytest.fixture
def source(api: Api) -> str:
    """An image that can be copied."""
    return api.available_image(
        ImageName="golden",
        Description="The first",
        OSType="windows",
        Platform="Windows Server 2022",
        BootMode="UEFI",
        Features__NvmeSupport="supported",
        Tag__1__Key="own",
    )


def copied(api: Api, image_id: str, **parameters: object) -> str:
    reply = api.call("CopyImage", ImageId=image_id, **parameters)
    assert list(reply) == ["ImageId"]
    copy: str = reply["ImageId"]
    return copy


def shown(api: Api, image_id: str, region: str = "cn-hangzhou") -> dict[str, Any]:
    reply = api.call("DescribeImages", ImageId=image_id, Status="ALL", RegionId=region)
    (image,) = reply["Images"]["Image"]
    assert isinstance(image, dict)
    return image


def task_of(api: Api, image_id: str) -> Task:
    with api.database.read() as connection:
        image = images.find(connection, image_id)
        assert image is not None
        task = tasks.find(connection, image.task_id)
    assert task is not None
    return task


def finished(api: Api, image_id: str) -> None:
    task = task_of(api, image_id)
    assert api.change(transitions.claim, task.task_id, "worker")
    assert api.change(transitions.finish, task.task_id, "worker")
    api.change(images.set_status, image_id, ImageStatus.AVAILABLE)


def test_a_copy_to_another_region(api: Api, source: str) -> None:
    copy = copied(
        api,
        source,
        DestinationRegionId=ELSEWHERE,
        DestinationImageName="golden",
        DestinationDescription="A copy",
        ResourceGroupId="rg-1",
        **MORE_TAGS,
    )

    before, after = shown(api, source), shown(api, copy, ELSEWHERE)
    same = ("Architecture", "OSType", "Platform", "BootMode", "Features", "Size", "LicenseType")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert (after["ImageName"], after["Description"]) == ("golden", "A copy")
    assert (after["Status"], after["Progress"], after["Usable"]) == ("Waiting", "0%", False)
    assert (after["IsCopied"], before["IsCopied"]) == (True, False)
    assert after["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "a"}]}
    assert after["ResourceGroupId"] == "rg-1"
    assert api.call("DescribeImages", ImageId=copy, Status="ALL")["TotalCount"] == 0


def test_the_disks_of_a_copy(api: Api, source: str) -> None:
    (before,) = shown(api, source)["DiskDeviceMappings"]["DiskDeviceMapping"]
    (after,) = shown(api, copied(api, source))["DiskDeviceMappings"]["DiskDeviceMapping"]

    assert after.pop("SnapshotId") not in {"", before.pop("SnapshotId")}
    assert after == before | {"ImportOSSBucket": "", "ImportOSSObject": "", "Progress": "0%"}


def test_a_copy_within_the_region_is_named_by_its_id(api: Api, source: str) -> None:
    copy = copied(api, source)

    image = shown(api, copy)
    assert (image["ImageName"], image["Description"]) == (copy, "")
    assert api.queued[-1] == (task_of(api, copy).task_id, TaskAction.COPY_IMAGE)


def test_a_copy_that_is_not_to_be_encrypted(api: Api, source: str) -> None:
    copy = copied(api, source, Encrypted="false")

    (disk,) = shown(api, copy)["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert disk.get("Encrypted", False) is False


def test_the_progress_of_a_copy_is_its_image_s(api: Api, source: str) -> None:
    copy = copied(api, source)
    task_id = task_of(api, copy).task_id
    assert api.change(transitions.claim, task_id, "worker")
    assert api.change(
        transitions.record_progress,
        task_id,
        "worker",
        phase=Phase.TRANSFER,
        percent=42,
        bytes_done=42,
        bytes_total=100,
        bytes_per_second=1,
    )

    assert shown(api, copy)["Progress"] == "42%"


def test_a_copy_is_not_told_as_a_task(api: Api, source: str) -> None:
    copy = copied(api, source)
    task_id = task_of(api, copy).task_id

    for parameters in ({}, {"TaskIds": task_id}, {"ResourceIds__1": copy}):
        listed = api.call("DescribeTasks", **parameters)["TaskSet"]["Task"]
        assert task_id not in [task["TaskId"] for task in listed]
    for action in ("DescribeTaskAttribute", "CancelTask"):
        assert api.refusal(action, TaskId=task_id).code.code == "InvalidTaskId.NotFound"


def test_a_client_token(api: Api, source: str) -> None:
    first = copied(api, source, ClientToken="once")

    assert copied(api, source, ClientToken="once") == first
    error = api.refusal(
        "CopyImage", ImageId=source, ClientToken="once", DryRun="false", **MORE_TAGS
    )
    assert (error.code.status, error.code.code) == (400, "IdempotentParameterMismatch")
    assert copied(api, source, ClientToken="twice") != first
    assert len(api.queued) == 3


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"RegionId": "nowhere"}, 400, "SourceRegion.NotFound"),
        ({"DestinationRegionId": "nowhere"}, 400, "DestinationRegion.NotFound"),
        ({"RegionId": ELSEWHERE}, 404, "InvalidImageId.NotFound"),
        ({"ImageId": "m-unknown"}, 404, "InvalidImageId.NotFound"),
        ({"ImageId": ""}, 400, "MissingParameter"),
        ({"DestinationImageName": "1st"}, 400, "InvalidImageName.Malformed"),
        ({"DestinationImageName": "golden"}, 400, "InvalidImageName.Duplicated"),
        ({"DestinationDescription": "x"}, 400, "InvalidDescription.Malformed"),
        ({"Tag__1__Key": "a", "Tag__2__Key": "A"}, 403, "TagKey.Duplication"),
        ({"Encrypted": "true"}, 400, "InvalidParameter.KmsNotEnabled"),
        ({"Encrypted": "true", "KMSKeyId": "k"}, 400, "InvalidParameter.KmsNotEnabled"),
        ({"KMSKeyId": "k"}, 400, "InvalidEncrypted.NotMatchKmsKeyId"),
        ({"EncryptAlgorithm": "aes-256"}, 400, "InvalidEncrypted.NotMatchEncryptAlgorithm"),
        ({"ClientToken": "x" * 65}, 400, "InvalidClientToken.Malformed"),
        ({"DryRun": "true"}, 400, "DryRunOperation"),
    ],
)
def test_refusals(
    api: Api, source: str, parameters: dict[str, str], status: int, code: str
) -> None:
    error = api.refusal("CopyImage", **({"ImageId": source} | parameters))

    assert (error.code.status, error.code.code) == (status, code)
    assert api.count() == {"images": 1, "tasks": 1}


@pytest.mark.parametrize(
    "status",
    [ImageStatus.WAITING, ImageStatus.CREATING, ImageStatus.DEPRECATED, ImageStatus.CREATE_FAILED],
)
def test_an_image_that_is_not_available(api: Api, source: str, status: ImageStatus) -> None:
    api.change(images.set_status, source, status)

    error = api.refusal("CopyImage", ImageId=source)

    assert (error.code.status, error.code.code) == (400, "IncorrectImageStatus")
    assert status.value in error.recommend


def test_a_copy_in_the_making_is_not_copied(api: Api, source: str) -> None:
    copy = copied(api, source)

    error = api.refusal("CopyImage", ImageId=copy)

    assert (error.code.status, error.code.code) == (403, "OperationDenied.ImageCopying")
    finished(api, copy)
    assert shown(api, copied(api, copy))["IsCopied"] is True


def test_the_quota_is_that_of_the_copy_s_region(api: Api, source: str) -> None:
    api.set(max_images=1)

    error = api.refusal("CopyImage", ImageId=source)

    assert (error.code.status, error.code.code) == (403, "QuotaExceed.Image")
    copied(api, source, DestinationRegionId=ELSEWHERE)
    assert (
        api.refusal("CopyImage", ImageId=source, DestinationRegionId=ELSEWHERE).code.code
        == "QuotaExceed.Image"
    )


def test_a_shared_image_is_copied_within_its_region(api: Api, source: str) -> None:
    other = api.as_other_account()
    assert other.refusal("CopyImage", ImageId=source).code.code == "InvalidImageId.NotFound"
    api.change(shares.add, source, other.account_id)

    error = other.refusal("CopyImage", ImageId=source, DestinationRegionId=ELSEWHERE)
    copy = copied(other, source, DestinationImageName="golden")

    assert (error.code.status, error.code.code) == (403, "OperationDenied.SameRegionOnly")
    assert shown(other, copy)["ImageOwnerAlias"] == "self"
    assert api.call("DescribeImages", ImageId=copy, Status="ALL")["TotalCount"] == 0


def test_neither_source_nor_copy_is_deleted_meanwhile(api: Api, source: str) -> None:
    copy = copied(api, source)

    refusals = [
        api.refusal("DeleteImage", ImageId=image_id, Force="true") for image_id in (source, copy)
    ]

    for error in refusals:
        assert (error.code.status, error.code.code) == (403, "OperationDenied.ImageCopying")
        assert "CancelCopyImage" in error.message
    assert copy in refusals[0].recommend
    finished(api, copy)
    api.call("DeleteImage", ImageId=source)
    api.call("DeleteImage", ImageId=copy)
    assert api.discarded == [source, copy]


@pytest.mark.parametrize("running", [False, True])
def test_a_copy_is_cancelled(api: Api, source: str, *, running: bool) -> None:
    copy = copied(api, source, DestinationRegionId=ELSEWHERE, **MORE_TAGS)
    task = task_of(api, copy)
    if running:
        assert api.change(transitions.claim, task.task_id, "worker")
        api.change(images.set_status, copy, ImageStatus.CREATING)

    assert api.call("CancelCopyImage", ImageId=copy, RegionId=ELSEWHERE) == {}

    with api.database.read() as connection:
        ended = tasks.find(connection, task.task_id)
    assert ended is not None
    assert ended.status is TaskStatus.DELETED
    assert api.count()["images"] == 1
    assert api.call("DescribeTags", RegionId=ELSEWHERE)["TotalCount"] == 0
    assert shown(api, source)["Status"] == "Available"
    again = api.refusal("CancelCopyImage", ImageId=copy, RegionId=ELSEWHERE)
    assert (again.code.status, again.code.code) == (404, "InvalidImageId.NotFound")


def test_what_is_no_copy_in_the_making_is_not_cancelled(api: Api, source: str) -> None:
    copy = copied(api, source)
    other = api.as_other_account()

    refusals = [
        api.refusal("CancelCopyImage", ImageId=source),
        api.refusal("CancelCopyImage", ImageId="m-unknown"),
        api.refusal("CancelCopyImage", ImageId=copy, RegionId=ELSEWHERE),
        api.refusal("CancelCopyImage", ImageId=copy, RegionId="nowhere"),
        other.refusal("CancelCopyImage", ImageId=copy),
    ]
    finished(api, copy)
    refusals.append(api.refusal("CancelCopyImage", ImageId=copy))

    assert [(error.code.status, error.code.code) for error in refusals] == [
        (400, "ImageCreatedNotFromCopy"),
        (404, "InvalidImageId.NotFound"),
        (404, "InvalidImageId.NotFound"),
        (404, "InvalidRegionId.NotFound"),
        (404, "InvalidImageId.NotFound"),
        (400, "IncorrectImageStatus"),
    ]
