"""The official Python clients take an image through all that follows its import."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.accounts import OtherAccount, create_account
from support.clients import Client, PythonV1, Tea
from support.refusals import RefusedError
from support.service import REGION, Service, until

BUCKET = "life"
ELSEWHERE = "cn-beijing"
MIB = 1 << 20
Clients = Callable[..., Client]


@pytest.fixture(params=["python-v1", "tea"])
def connect(request: pytest.FixtureRequest) -> Clients:
    """Each SDK in turn: called with the service, and with the key where it is another one."""
    return PythonV1 if request.param == "python-v1" else Tea


@pytest.fixture
def client(connect: Clients, service: Service) -> Client:
    """The SDK as the first account uses it."""
    return connect(service)


@pytest.fixture
def other(service: Service) -> OtherAccount:
    """Another account."""
    return create_account(service, "other")


@pytest.fixture
def content(service: Service) -> bytes:
    """The bytes of the object ``disk.raw``."""
    found = os.urandom(2 * MIB) + bytes(2 * MIB)
    service.put(BUCKET, "disk.raw", found)
    return found


@pytest.fixture
def image_id(service: Service, content: bytes) -> str:
    """An image of that disk."""
    image_id, task_id = service.import_image(BUCKET, "disk.raw")
    assert service.wait_for(task_id)["TaskStatus"] == "Finished"
    return image_id


def shown(client: Client, image_id: str, region: str = REGION) -> dict[str, Any]:
    """The image as it is listed, whatever its status; empty where it is not."""
    reply = client.call(
        "DescribeImages", {"ImageId": image_id, "Status": "ALL", "RegionId": region}
    )
    return next(iter(reply["Images"]["Image"]), {})


def copy_made(client: Client, image_id: str, **parameters: Any) -> str:
    """Copy an image to another region, wait for the copy, and return its id."""
    copy: str = client.call(
        "CopyImage",
        {
            "RegionId": REGION,
            "ImageId": image_id,
            "DestinationRegionId": ELSEWHERE,
            **parameters,
        },
    )["ImageId"]
    until(lambda: shown(client, copy, ELSEWHERE)["Status"] == "Available", 60, "The copy")
    return copy


def test_rename_deprecate_and_put_back(client: Client, image_id: str) -> None:
    name = f"renamed-{image_id}"
    change = {"RegionId": REGION, "ImageId": image_id}

    client.call("ModifyImageAttribute", {**change, "ImageName": name, "Description": "Renamed"})
    client.call("ModifyImageAttribute", {**change, "Status": "Deprecated"})
    deprecated = shown(client, image_id)
    client.call("ModifyImageAttribute", {**change, "Status": "Available"})

    assert (deprecated["ImageName"], deprecated["Description"]) == (name, "Renamed")
    assert (deprecated["Status"], deprecated["Usable"]) == ("Deprecated", False)
    assert shown(client, image_id)["Status"] == "Available"


def test_a_copy_in_another_region_is_exported_byte_for_byte(
    service: Service, client: Client, image_id: str, content: bytes
) -> None:
    copy = copy_made(client, image_id, Tag=[{"Key": "team", "Value": "a"}])

    image = shown(client, copy, ELSEWHERE)
    assert (image["IsCopied"], image["Progress"]) == (True, "100%")
    assert image["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "a"}]}
    client.call("DeleteImage", {"RegionId": REGION, "ImageId": image_id})
    export = {"RegionId": ELSEWHERE, "ImageId": copy, "OSSBucket": BUCKET}
    task_id = client.call("ExportImage", export)["TaskId"]
    ended = until(lambda: _ended(client, task_id), 60, "The export")
    assert ended["TaskStatus"] == "Finished"
    archive = service.get(BUCKET, f"{copy}_system.raw.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        member = opened.extractfile(opened.getnames()[0])
        assert member is not None
        assert member.read(len(content)) == content


def _ended(client: Client, task_id: str) -> dict[str, Any] | None:
    task = client.call("DescribeTaskAttribute", {"RegionId": ELSEWHERE, "TaskId": task_id})
    return task if task["TaskStatus"] in {"Finished", "Failed"} else None


def test_a_copy_that_waits_is_cancelled(
    connect: Clients, start_service: Callable[..., Service], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    first = start_service(data_dir=data)
    first.put(BUCKET, "disk.raw", os.urandom(MIB))
    image_id, task_id = first.import_image(BUCKET, "disk.raw")
    first.wait_for(task_id)
    first.stop()
    client = connect(start_service("--no-worker", data_dir=data))
    copy = client.call(
        "CopyImage",
        {"RegionId": REGION, "ImageId": image_id, "DestinationRegionId": ELSEWHERE},
    )["ImageId"]

    assert shown(client, copy, ELSEWHERE)["Status"] == "Waiting"
    with pytest.raises(RefusedError) as refused:
        client.call("DeleteImage", {"RegionId": REGION, "ImageId": image_id})
    client.call("CancelCopyImage", {"RegionId": ELSEWHERE, "ImageId": copy})

    assert (refused.value.status, refused.value.code) == (403, "OperationDenied.ImageCopying")
    assert shown(client, copy, ELSEWHERE) == {}
    client.call("DeleteImage", {"RegionId": REGION, "ImageId": image_id})


def test_an_image_is_shared_and_taken_back(
    connect: Clients,
    service: Service,
    client: Client,
    image_id: str,
    other: OtherAccount,
) -> None:
    account = other.account_id
    friend = connect(service, **other.key)
    which = {"RegionId": REGION, "ImageId": image_id}

    client.call("ModifyImageSharePermission", {**which, "AddAccount": [account]})

    reply = client.call("DescribeImageSharePermission", which)
    assert [share["AliyunId"] for share in reply["Accounts"]["Account"]] == [account]
    assert shown(friend, image_id)["ImageOwnerAlias"] == "others"
    for who, code in ((client, "ImageUseShared"), (friend, "InvalidImageId.NotFound")):
        with pytest.raises(RefusedError) as refused:
            who.call("DeleteImage", which)
        assert refused.value.code == code
    client.call("ModifyImageSharePermission", {**which, "RemoveAccount": [account]})
    assert shown(friend, image_id) == {}


def test_tags_of_an_image_and_of_its_snapshot(client: Client, image_id: str) -> None:
    disk = shown(client, image_id)["DiskDeviceMappings"]["DiskDeviceMapping"][0]
    of_image = {"RegionId": REGION, "ResourceType": "image", "ResourceId": [image_id]}
    of_snapshot = {
        "RegionId": REGION,
        "ResourceType": "snapshot",
        "ResourceId": disk["SnapshotId"],
    }
    tag = {"Key": "id", "Value": image_id}

    client.call("TagResources", {**of_image, "Tag": [tag]})
    client.call("AddTags", {**of_snapshot, "Tag": [tag]})

    listed = client.call("ListTagResources", of_image)
    assert listed["TagResources"]["TagResource"] == [
        {
            "ResourceId": image_id,
            "ResourceType": "image",
            "TagKey": "id",
            "TagValue": image_id,
        }
    ]
    (in_use,) = client.call("DescribeTags", {"RegionId": REGION, "Tag": [tag]})["Tags"]["Tag"]
    assert in_use["ResourceTypeCount"] == {"Image": 1, "Snapshot": 1}
    client.call("UntagResources", {**of_image, "TagKey": ["id"]})
    client.call("RemoveTags", {**of_snapshot, "Tag": [tag]})
    assert client.call("DescribeTags", {"RegionId": REGION, "Tag": [tag]})["TotalCount"] == 0


def test_an_image_and_then_its_snapshots_are_deleted_as_mantle_does(
    client: Client, image_id: str
) -> None:
    disk = shown(client, image_id)["DiskDeviceMappings"]["DiskDeviceMapping"][0]
    snapshot = {"SnapshotId": disk["SnapshotId"]}

    with pytest.raises(RefusedError) as early:
        client.call("DeleteSnapshot", snapshot)
    client.call("DeleteImage", {"RegionId": REGION, "ImageId": image_id, "Force": "true"})
    client.call("DeleteSnapshot", snapshot)
    with pytest.raises(RefusedError) as late:
        client.call("DeleteSnapshot", snapshot)

    assert (early.value.status, early.value.code) == (403, "SnapshotCreatedImage")
    assert (late.value.status, late.value.code) == (404, "InvalidSnapshotId.NotFound")
