"""ExportImage: which exports are admitted, and what their objects are called."""

from __future__ import annotations

import pytest

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import TaskAction
from support.api import DISK, Api

TWO_DISKS = {
    "DiskDeviceMapping__2__OSSBucket": "golden",
    "DiskDeviceMapping__2__OSSObject": "disk.raw",
}

THREE_DISKS = TWO_DISKS | {
    "DiskDeviceMapping__3__OSSBucket": "golden",
    "DiskDeviceMapping__3__OSSObject": "disk.raw",
}


def objects(api: Api, task_id: str) -> list[str]:
    """The names of the objects that a task writes."""
    task = api.call("DescribeTaskAttribute", TaskId=task_id)
    return [
        item["Value"]
        for disk in task["OperationProgressSet"]["OperationProgress"]
        for item in disk["RelatedItemSet"]["RelatedItem"]
        if item["Name"] == "OSSObject"
    ]


def export(api: Api, image: str, **parameters: object) -> str:
    reply = api.call("ExportImage", ImageId=image, OSSBucket="golden", **parameters)
    assert set(reply) == {"TaskId", "RegionId"}
    task_id: str = reply["TaskId"]
    return task_id


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "{}_system.raw.tar.gz"),
        ({"OSSPrefix": "nightly1"}, "nightly1_{}_system.raw.tar.gz"),
        ({"OSSPrefix": "", "ImageFormat": ""}, "{}_system.raw.tar.gz"),
        ({"ImageFormat": "raw"}, "{}_system.raw.tar.gz"),
        ({"ImageFormat": "RAW"}, "{}_system.raw.tar.gz"),
        ({"ImageFormat": "vhd"}, "{}_system.vhd"),
        ({"ImageFormat": "qcow2", "OSSPrefix": "a"}, "a_{}_system.qcow2"),
        ({"ImageFormat": "Vmdk"}, "{}_system.vmdk"),
        ({"ImageFormat": "vdi"}, "{}_system.vdi"),
        ({"Compression": "none"}, "{}_system.raw"),
        ({"Compression": "GZIP"}, "{}_system.raw.tar.gz"),
        ({"ImageFormat": "qcow2", "Compression": "zstd"}, "{}_system.qcow2"),
    ],
)
def test_the_name_of_the_object(api: Api, parameters: dict[str, str], name: str) -> None:
    image = api.available_image()

    task_id = export(api, image, **parameters)

    assert objects(api, task_id) == [name.format(image)]
    assert api.queued[-1] == (task_id, TaskAction.EXPORT_IMAGE)


def test_data_disks_are_called_by_their_device(api: Api) -> None:
    image = api.available_image(**TWO_DISKS)

    task_id = export(api, image, OSSPrefix="p", ImageFormat="qcow2")

    assert objects(api, task_id) == [f"p_{image}_system.qcow2", f"p_{image}_data_xvdb.qcow2"]


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        (("/dev/xvdc", "/dev/xvdb"), ("xvdc", "xvdb")),
        (("/dev/xvdb", "/dev/xvdb"), ("xvdb_2", "xvdb_3")),
        (("/dev/a/x", "/dev/b/x"), ("x_2", "x_3")),
        (("/dev/x/", "/dev/y/"), ("_2", "_3")),
        (("/dev/xvda", "/dev/xvdb"), ("xvda", "xvdb")),
    ],
)
def test_no_data_disk_takes_the_place_of_another(
    api: Api, devices: tuple[str, str], names: tuple[str, str]
) -> None:
    given = {f"DiskDeviceMapping__{n}__Device": device for n, device in enumerate(devices, 2)}
    image = api.available_image(**THREE_DISKS, **given)

    written = objects(api, export(api, image, ImageFormat="vhd"))

    assert written == [f"{image}_system.vhd", *(f"{image}_data_{name}.vhd" for name in names)]


def test_a_prefix_made_of_an_image_id_fits(api: Api) -> None:
    image = api.available_image()
    prefix = image.replace("-", "") + "export"

    assert objects(api, export(api, image, OSSPrefix=prefix)) == [
        f"{prefix}_{image}_system.raw.tar.gz"
    ]


@pytest.mark.parametrize("name", ["OssBucket", "OSSBucket", "ossbucket"])
def test_a_bucket_s_parameter_in_any_case(api: Api, name: str) -> None:
    image = api.available_image()

    reply = api.call("ExportImage", ImageId=image, **{name: "golden", "OssPrefix": "p"})

    assert objects(api, reply["TaskId"]) == [f"p_{image}_system.raw.tar.gz"]


@pytest.mark.parametrize(
    ("parameters", "status", "code", "message"),
    [
        (
            {"OSSPrefix": "a-b"},
            400,
            "InvalidOSSPrefix.Malformed",
            "The specified OSSPrefix format is wrongly formed.",
        ),
        (
            {"OSSPrefix": "x" * 31},
            400,
            "InvalidOSSPrefix.Malformed",
            "The specified OSSPrefix format is wrongly formed.",
        ),
        (
            {"OSSPrefix": "é"},
            400,
            "InvalidOSSPrefix.Malformed",
            "The specified OSSPrefix format is wrongly formed.",
        ),
        (
            {"ImageFormat": "iso"},
            400,
            "InvalidImageFormat.Malformed",
            "The specified Image Format is wrongly formed.",
        ),
        (
            {"Compression": "lzma"},
            400,
            "InvalidParameter.Compression",
            "The specified parameter Compression is invalid.",
        ),
        (
            {"ImageFormat": "vhd", "Compression": "zlib"},
            400,
            "InvalidParameter.Compression",
            "The specified parameter Compression is invalid.",
        ),
        (
            {"OSSBucket": "absent"},
            400,
            "InvalidOSSBucket.NotFound",
            "The specified OSS bucket does not exist in this region.",
        ),
        (
            {"OSSBucket": "../etc"},
            400,
            "InvalidOSSBucket.Malformed",
            "The specified OSS bucket is wrongly formed.",
        ),
        (
            {"ImageId": "m-unknown"},
            404,
            "InvalidImageId.NotFound",
            "The specified ImageId does not exist.",
        ),
        (
            {"RegionId": "nowhere"},
            400,
            "InvalidRegionId.NotFound",
            "The specified RegionId does not exist.",
        ),
        (
            {"RegionId": "us-west-1"},
            404,
            "InvalidImageId.NotFound",
            "The specified ImageId does not exist.",
        ),
    ],
)
def test_refusals(
    api: Api, parameters: dict[str, str], status: int, code: str, message: str
) -> None:
    image = api.available_image()

    error = api.refusal("ExportImage", **({"ImageId": image, "OSSBucket": "golden"} | parameters))

    assert (error.code.status, error.code.code, error.message) == (status, code, message)
    assert api.count()["tasks"] == 1


@pytest.mark.parametrize("name", ["ImageId", "OSSBucket"])
def test_a_parameter_that_is_missing(api: Api, name: str) -> None:
    parameters = {"ImageId": "m-1", "OSSBucket": "golden"} | {name: ""}

    error = api.refusal("ExportImage", **parameters)

    assert (error.code.status, error.code.code) == (400, "MissingParameter")
    assert error.message == (
        f'An input parameter "{name}" that is mandatory for processing the request is not supplied.'
    )


def test_a_bucket_and_an_image_of_another_account(api: Api) -> None:
    image = api.available_image()
    other = api.as_other_account()
    other.put("any", b"1", bucket="theirs")

    bucket = api.refusal("ExportImage", ImageId=image, OSSBucket="theirs")
    not_theirs = other.refusal("ExportImage", ImageId=image, OSSBucket="theirs")

    assert (bucket.code.status, bucket.code.code) == (403, "InvalidOSS.NotAuthorized")
    assert not_theirs.code.code == "InvalidImageId.NotFound"


@pytest.mark.parametrize(
    "status", [ImageStatus.WAITING, ImageStatus.CREATING, ImageStatus.CREATE_FAILED]
)
def test_an_image_that_is_not_available(api: Api, status: ImageStatus) -> None:
    image = api.available_image()
    api.change(images.set_status, image, status)

    error = api.refusal("ExportImage", ImageId=image, OSSBucket="golden")

    assert (error.code.status, error.code.code) == (400, "IncorrectImageStatus")
    assert error.message == "The specified Image is not available."
    assert status.value in error.recommend


def test_one_export_of_an_image_at_a_time(api: Api) -> None:
    image = api.available_image()
    first = export(api, image)

    error = api.refusal("ExportImage", ImageId=image, OSSBucket="golden", OSSPrefix="other")

    assert (error.code.status, error.code.code) == (403, "ImageIsExporting")
    assert error.message == (
        "The specified Image is being exported. You can use the DescribeTasks API to check the "
        "status of existing tasks."
    )
    assert first in error.recommend
    assert api.change(transitions.claim, first, "worker")
    assert api.change(transitions.finish, first, "worker")
    assert export(api, image) != first


def test_as_many_exports_as_there_may_be(api: Api) -> None:
    api.set(max_exports=2)
    exports = [export(api, api.available_image()) for _ in range(2)]
    third = api.available_image()

    error = api.refusal("ExportImage", ImageId=third, OSSBucket="golden")
    dry_run = api.refusal("ExportImage", ImageId=third, OSSBucket="golden", DryRun="true")

    assert (error.code.status, error.code.code) == (403, "ConcurrentQuotaExceed.ExportImage")
    assert "2 exports" in error.message
    assert dry_run.code == error.code
    api.call("CancelTask", TaskId=exports[0])
    assert export(api, third)


def test_a_dry_run_makes_nothing(api: Api) -> None:
    image = api.available_image()

    error = api.refusal("ExportImage", ImageId=image, OSSBucket="golden", DryRun="true")

    assert (error.code.status, error.code.code) == (400, "DryRunOperation")
    assert api.count()["tasks"] == 1
    assert len(api.queued) == 1


def test_an_image_that_is_being_exported_can_be_made_again_under_another_name(api: Api) -> None:
    export(api, api.available_image(ImageName="golden-1"))

    assert api.call("ImportImage", **DISK, ImageName="golden-2")["ImageId"]


def test_a_disk_that_the_format_cannot_hold(api: Api) -> None:
    image = api.available_image()
    api.change(images.record_disk, image, 1, virtual_size=2041 * 2**30)

    error = api.refusal("ExportImage", ImageId=image, OSSBucket="golden", ImageFormat="vhd")

    assert (error.code.status, error.code.code) == (400, "InvalidImage.DiskAmountOrSize")
    assert str(2040 * 2**30) in error.recommend
    assert export(api, image, ImageFormat="qcow2")
