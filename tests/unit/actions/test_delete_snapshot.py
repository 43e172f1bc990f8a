"""DeleteSnapshot, in the order of the clients that use it."""

from __future__ import annotations

import pytest

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from support.api import Api


def snapshot(api: Api, image_id: str) -> str:
    (image,) = api.call("DescribeImages", ImageId=image_id, Status="ALL")["Images"]["Image"]
    snapshot_id: str = image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]
    return snapshot_id


@pytest.mark.parametrize("parameters", [{}, {"Force": "true"}])
def test_a_snapshot_is_deleted_after_its_image(api: Api, parameters: dict[str, str]) -> None:
    image_id = api.available_image()
    snapshot_id = snapshot(api, image_id)
    tagging = {"ResourceType": "snapshot", "ResourceId": snapshot_id}
    api.call("AddTags", **tagging, Tag__1__Key="team")

    early = api.refusal("DeleteSnapshot", SnapshotId=snapshot_id, **parameters)
    api.call("DeleteImage", ImageId=image_id)
    assert api.call("DescribeTags", **tagging)["TotalCount"] == 1
    assert api.call("DeleteSnapshot", SnapshotId=snapshot_id, **parameters) == {}
    late = api.refusal("DeleteSnapshot", SnapshotId=snapshot_id)

    assert (early.code.status, early.code.code) == (403, "SnapshotCreatedImage")
    assert image_id in early.recommend
    assert (late.code.status, late.code.code) == (404, "InvalidSnapshotId.NotFound")
    assert api.call("DescribeTags", **tagging)["TotalCount"] == 0


def test_a_snapshot_of_an_image_that_was_never_made(api: Api) -> None:
    cancelled = api.import_image()
    failed = api.available_image()
    snapshots = [snapshot(api, cancelled["ImageId"]), snapshot(api, failed)]
    api.call("CancelTask", TaskId=cancelled["TaskId"])
    api.change(images.set_status, failed, ImageStatus.CREATE_FAILED)
    api.call("DeleteImage", ImageId=failed)

    refusals = [api.refusal("DeleteSnapshot", SnapshotId=name) for name in snapshots]

    assert {error.code.code for error in refusals} == {"InvalidSnapshotId.NotFound"}


def test_a_snapshot_of_somebody_else(api: Api) -> None:
    image_id = api.available_image()
    snapshot_id = snapshot(api, image_id)
    api.call("DeleteImage", ImageId=image_id)

    error = api.as_other_account().refusal("DeleteSnapshot", SnapshotId=snapshot_id)

    assert error.code.code == "InvalidSnapshotId.NotFound"
    api.call("DeleteSnapshot", SnapshotId=snapshot_id)


def test_an_unknown_snapshot_and_a_missing_parameter(api: Api) -> None:
    unknown = api.refusal("DeleteSnapshot", SnapshotId="s-unknown")
    missing = api.refusal("DeleteSnapshot")

    assert (unknown.code.status, unknown.code.code) == (404, "InvalidSnapshotId.NotFound")
    assert (missing.code.status, missing.code.code) == (400, "MissingParameter")
