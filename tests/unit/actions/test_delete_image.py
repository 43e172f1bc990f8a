"""DeleteImage."""

from __future__ import annotations

import pytest

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from support.api import Api


@pytest.mark.parametrize("parameters", [{}, {"Force": "true"}, {"DryRun": "false"}])
def test_an_image_and_its_files_go(api: Api, parameters: dict[str, str]) -> None:
    image_id = api.available_image()

    assert api.call("DeleteImage", ImageId=image_id, **parameters) == {}

    assert api.call("DescribeImages", ImageId=image_id, Status="ALL")["TotalCount"] == 0
    assert api.discarded == [image_id]


def test_the_task_of_a_deleted_image_is_still_told(api: Api) -> None:
    image_id = api.available_image()
    api.call("DeleteImage", ImageId=image_id)

    (task,) = api.call("DescribeTasks", ResourceIds__1=image_id)["TaskSet"]["Task"]

    assert task["TaskStatus"] == "Finished"


def test_an_image_whose_import_failed_can_be_deleted(api: Api) -> None:
    image_id = api.available_image()
    api.change(images.set_status, image_id, ImageStatus.CREATE_FAILED)

    api.call("DeleteImage", ImageId=image_id)

    assert api.count()["images"] == 0


@pytest.mark.parametrize("status", [ImageStatus.WAITING, ImageStatus.CREATING])
def test_an_image_that_is_being_imported(api: Api, status: ImageStatus) -> None:
    reply = api.import_image()
    api.change(images.set_status, reply["ImageId"], status)

    error = api.refusal("DeleteImage", ImageId=reply["ImageId"], Force="true")

    assert (error.code.status, error.code.code) == (403, "ImageIsImporting")
    assert error.message == "The specified Image is importing."
    assert reply["TaskId"] in error.recommend
    assert api.discarded == []


def test_an_image_that_is_being_exported(api: Api) -> None:
    image_id = api.available_image()
    task_id = api.call("ExportImage", ImageId=image_id, OSSBucket="golden")["TaskId"]

    error = api.refusal("DeleteImage", ImageId=image_id)

    assert (error.code.status, error.code.code) == (403, "ImageIsExporting")
    assert error.message == (
        "The specified image is currently being exported. You can use the DescribeTasks API to "
        "check the status of related tasks and cancel them if needed."
    )
    assert task_id in error.recommend
    api.call("CancelTask", TaskId=task_id)
    assert api.call("DeleteImage", ImageId=image_id) == {}


def test_an_unknown_image(api: Api) -> None:
    image_id = api.available_image()
    refusals = [
        api.refusal("DeleteImage", ImageId="m-unknown"),
        api.refusal("DeleteImage", ImageId=image_id, RegionId="us-west-1"),
        api.as_other_account().refusal("DeleteImage", ImageId=image_id),
    ]

    for error in refusals:
        assert (error.code.status, error.code.code) == (404, "InvalidImageId.NotFound")
        assert error.message == "The specified ImageId does not exist."
    assert api.count()["images"] == 1


def test_cancel_then_delete_as_f5_does(api: Api) -> None:
    reply = api.import_image()
    api.call("CancelTask", TaskId=reply["TaskId"])

    error = api.refusal("DeleteImage", ImageId=reply["ImageId"])

    assert error.code.code == "InvalidImageId.NotFound"


def test_a_dry_run_deletes_nothing(api: Api) -> None:
    image_id = api.available_image()

    error = api.refusal("DeleteImage", ImageId=image_id, DryRun="true")

    assert (error.code.status, error.code.code) == (400, "DryRunOperation")
    assert api.count()["images"] == 1
    assert api.discarded == []


def test_an_unknown_region_and_a_missing_parameter(api: Api) -> None:
    region = api.refusal("DeleteImage", ImageId="m-1", RegionId="nowhere")
    missing = api.refusal("DeleteImage")

    assert (region.code.status, region.code.code) == (400, "InvalidRegionId.NotFound")
    assert (missing.code.status, missing.code.code) == (400, "MissingParameter")
    assert '"ImageId"' in missing.message
