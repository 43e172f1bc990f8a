"""ImportImage: what is made, and what is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import queries as tasks
from imageferry.tasks.model import TaskAction
from support.api import DISK, Api

MALFORMED = {
    "ImageName": ("InvalidImageName.Malformed", "The specified Image name is wrongly formed."),
    "Description": (
        "InvalidDescription.Malformed",
        "The specified Image description is wrongly formed.",
    ),
    "Architecture": (
        "InvalidArchitecture.Malformed",
        "The specified Architecture is wrongly formed.",
    ),
    "OSType": ("InvalidOSType.Malformed", "The specified OSType is wrongly formed."),
    "Platform": ("InvalidPlatform.Malformed", "The specified Platform is wrongly formed."),
    "BootMode": ("InvalidBootMode.Malformed", 'The specified parameter "BootMode" is malformed.'),
    "LicenseType": (
        "InvalidLicenseType.NotSupported",
        "The specified LicenseType is not supported.",
    ),
    "DetectionStrategy": (
        "InvalidParameter.DetectionStrategy",
        "The specified parameter DetectionStrategy is invalid.",
    ),
    "Features__ImdsSupport": (
        "InvalidParameter.FeaturesImdsSupport",
        "The specified parameter Features.ImdsSupport is not supported.",
    ),
    "Features__NvmeSupport": (
        "InvalidParameter",
        'The specified value of parameter "Features.NvmeSupport" is not valid.',
    ),
    "ClientToken": (
        "InvalidClientToken.Malformed",
        "The specified parameter clientToken is not valid.",
    ),
}


def test_the_reply_names_an_image_and_a_task_that_can_be_described_at_once(api: Api) -> None:
    reply = api.import_image()

    assert set(reply) == {"ImageId", "TaskId", "RegionId"}
    assert reply["RegionId"] == "cn-hangzhou"
    assert api.call("DescribeTasks", TaskIds=reply["TaskId"])["TotalCount"] == 1
    assert api.call("DescribeImages", ImageId=reply["ImageId"], Status="Waiting")["TotalCount"] == 1
    assert api.queued == [(reply["TaskId"], TaskAction.IMPORT_IMAGE)]


def test_ids_are_short_enough_to_be_an_export_s_prefix(api: Api) -> None:
    reply = api.import_image()

    assert len(reply["ImageId"].replace("-", "") + "export") <= 30
    assert reply["ImageId"].startswith("m-")
    assert reply["TaskId"].startswith("t-")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("ImageName", "x"),
        ("ImageName", "x" * 129),
        ("ImageName", "1st"),
        ("ImageName", "a b"),
        ("ImageName", "aliyun-image"),
        ("ImageName", "ALIYUNimage"),
        ("ImageName", "acs:image"),
        ("ImageName", "ahttp://b"),
        ("Description", "x"),
        ("Description", "x" * 257),
        ("Description", "http://a"),
        ("Description", "HTTPS://a"),
        ("Architecture", "mips"),
        ("OSType", "plan9"),
        ("Platform", "Plan 9"),
        ("BootMode", "OpenBoot"),
        ("BootMode", "UEFI-Preferred"),
        ("LicenseType", "GPL"),
        ("DetectionStrategy", "Thorough"),
        ("Features__ImdsSupport", "v3"),
        ("Features__NvmeSupport", "maybe"),
        ("ClientToken", "x" * 65),
        ("ClientToken", "tökén"),
    ],
)
def test_malformed_parameters(api: Api, parameter: str, value: str) -> None:
    code, message = MALFORMED[parameter]

    error = api.refusal("ImportImage", **DISK, **{parameter: value})

    assert (error.code.status, error.code.code, error.message) == (400, code, message)
    assert api.count() == {"images": 0, "tasks": 0}


@pytest.mark.parametrize("name", ["ab", "镜像-1", "Golden.1:2_3-4", "x" * 128, "éa"])
def test_names_that_are_well_formed(api: Api, name: str) -> None:
    image_id = api.import_image(ImageName=name)["ImageId"]

    (image,) = api.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    assert image["ImageName"] == name


@pytest.mark.parametrize("architecture", ["arm64", "ARM64"])
def test_arm64_starts_by_uefi_alone(api: Api, architecture: str) -> None:
    error = api.refusal("ImportImage", **DISK, Architecture=architecture, BootMode="BIOS")
    image_id = api.import_image(Architecture=architecture)["ImageId"]

    assert (error.code.status, error.code.code) == (400, "InvalidBootMode.NotSupport")
    assert error.message == (
        "The specified parameter BootMode is not supported for current image architecture."
    )
    (image,) = api.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    assert image["BootMode"] == "UEFI"


def test_an_unknown_region(api: Api) -> None:
    error = api.refusal("ImportImage", **DISK, RegionId="nowhere")

    assert (error.code.status, error.code.code) == (400, "InvalidRegionId.NotFound")


def test_a_name_that_is_being_imported_and_one_that_is_taken(api: Api) -> None:
    first = api.import_image(ImageName="golden-1")
    importing = api.refusal("ImportImage", **DISK, ImageName="golden-1")
    api.change(images.set_status, first["ImageId"], ImageStatus.AVAILABLE)
    taken = api.refusal("ImportImage", **DISK, ImageName="golden-1")

    assert (importing.code.status, importing.code.code) == (403, "ImageIsImporting")
    assert importing.message == "The specified Image is importing."
    assert (taken.code.status, taken.code.code) == (400, "InvalidImageName.Duplicated")
    assert taken.message == "The destination image is exist."
    assert first["ImageId"] in importing.recommend
    assert first["ImageId"] in taken.recommend
    assert api.count() == {"images": 1, "tasks": 1}


def test_a_name_is_free_elsewhere_and_after_a_failure(api: Api) -> None:
    first = api.import_image(ImageName="golden-1")
    api.import_image(ImageName="golden-1", RegionId="us-west-1")
    api.change(images.set_status, first["ImageId"], ImageStatus.CREATE_FAILED)

    assert api.import_image(ImageName="golden-1")["ImageId"] != first["ImageId"]


def test_as_many_images_as_there_may_be(api: Api) -> None:
    api.set(max_images=2)
    for _ in range(2):
        api.import_image()

    error = api.refusal("ImportImage", **DISK)

    assert (error.code.status, error.code.code) == (403, "QuotaExceed.Image")
    assert error.message == "The Image Quota exceeds."
    assert "2 images" in error.recommend
    assert api.import_image(RegionId="us-west-1")["ImageId"]


def test_tags(api: Api) -> None:
    tags = {"Tag__1__Key": "by", "Tag__1__value": "mantle", "Tag__2__key": "note"}

    image_id = api.import_image(**tags)["ImageId"]

    (image,) = api.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    assert image["Tags"]["Tag"] == [
        {"TagKey": "by", "TagValue": "mantle"},
        {"TagKey": "note", "TagValue": ""},
    ]


def test_tags_whose_keys_differ_by_case_alone(api: Api) -> None:
    error = api.refusal("ImportImage", **DISK, Tag__1__Key="By", Tag__2__Key="by")

    assert (error.code.status, error.code.code) == (403, "TagKey.Duplication")
    assert error.message == "The TagKey has duplication with others, case-insensitive."


def test_a_value_without_a_key_and_too_many_tags(api: Api) -> None:
    keyless = api.refusal("ImportImage", **DISK, Tag__1__Value="mantle")
    many = {f"Tag__{number}__Key": f"k{number}" for number in range(1, 22)}
    too_many = api.refusal("ImportImage", **DISK, **many)

    assert keyless.message == (
        'An input parameter "Tag.1.Key" that is mandatory for processing the request is not '
        "supplied."
    )
    assert too_many.message == 'The specified value of parameter "Tag" is not valid.'


def test_a_dry_run_that_passes_is_an_error_and_makes_nothing(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)

    error = api.refusal("ImportImage", **DISK, DryRun="True", ClientToken="one")

    assert (error.code.status, error.code.code) == (400, "DryRunOperation")
    assert error.message == "Request validation has been passed with DryRun flag set."
    assert api.count() == {"images": 0, "tasks": 0}
    assert api.queued == []
    assert api.import_image(ClientToken="one")["ImageId"]


def test_a_dry_run_meets_every_check(api: Api) -> None:
    api.import_image(ImageName="golden-1")
    taken = api.refusal("ImportImage", **DISK, ImageName="golden-1", DryRun="true")
    api.set(max_images=1)
    full = api.refusal("ImportImage", **DISK, DryRun="true")
    absent = api.refusal(
        "ImportImage", **(DISK | {"DiskDeviceMapping__1__OSSObject": "no.raw"}), DryRun="true"
    )

    assert taken.code.code == "ImageIsImporting"
    assert full.code.code == "QuotaExceed.Image"
    assert absent.code.code == "InvalidOSSObject.NotFound"


def test_a_client_token_stands_for_one_import(api: Api) -> None:
    first = api.import_image(ClientToken="one", ImageName="golden-1")
    again = api.import_image(ClientToken="one", ImageName="golden-1")
    other = api.import_image(ClientToken="two")

    assert again == first
    assert other["ImageId"] != first["ImageId"]
    assert api.count() == {"images": 2, "tasks": 2}
    assert len(api.queued) == 2


def test_a_client_token_is_answered_though_the_object_is_gone(api: Api) -> None:
    first = api.import_image(ClientToken="one")
    api.store.bucket("golden").delete("disk.raw")

    assert api.import_image(ClientToken="one") == first


def test_a_client_token_with_other_parameters(api: Api) -> None:
    api.import_image(ClientToken="one", ImageName="golden-1")

    error = api.refusal("ImportImage", **DISK, ClientToken="one", ImageName="golden-2")

    assert (error.code.status, error.code.code) == (400, "IdempotentParameterMismatch")
    assert error.message == "The request is retried with updated parameters."
    assert api.count() == {"images": 1, "tasks": 1}


def test_a_client_token_belongs_to_its_account(api: Api) -> None:
    first = api.import_image(ClientToken="one")
    other = api.as_other_account()
    other.put("disk.raw", b"\x01" * 4096, bucket="theirs")

    theirs = other.import_image(ClientToken="one", DiskDeviceMapping__1__OSSBucket="theirs")

    assert theirs["ImageId"] != first["ImageId"]


def test_requests_that_arrive_together_with_one_token_are_one_import(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: api.import_image(ClientToken="one"), range(8)))

    assert all(reply == replies[0] for reply in replies)
    assert api.count() == {"images": 1, "tasks": 1}
    assert len(api.queued) == 1


def test_requests_that_arrive_together_with_one_name_are_one_import(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)

    def attempt(_: int) -> str:
        try:
            api.import_image(ImageName="golden-1")
        except Exception as error:  # noqa: BLE001 - the kind is what is looked at
            return type(error).__name__ + str(error)
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))

    assert outcomes[-1] == "made"
    assert set(outcomes[:-1]) == {"ServiceErrorImageIsImporting: The specified Image is importing."}
    assert api.count() == {"images": 1, "tasks": 1}


def test_what_the_task_has_been_asked_for_is_kept(api: Api) -> None:
    task_id = api.import_image(ImageName="golden-1", DryRun="false")["TaskId"]

    with api.database.read() as connection:
        task = tasks.find(connection, task_id)

    assert task is not None
    assert task.request["ImageName"] == "golden-1"
    assert task.request["DiskDeviceMapping"] == [{"OSSBucket": "golden", "OSSObject": "disk.raw"}]


def test_the_image_starts_as_it_was_asked_to(api: Api) -> None:
    image_id = api.available_image(BootMode="UEFI", Architecture="x86_64")

    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    assert (image["BootMode"], image["Architecture"]) == ("UEFI", "x86_64")
