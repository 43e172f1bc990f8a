"""Packer 1.6.6's post-processor alicloud-import, call by call; current Packer is the same on Tea.

Its old SDK sends a call four times within 0.2 s where a 5xx comes, and without a
client token: the second ImportImage of a name has to say what became of the first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import oss2
import pytest

from support.flows import RAM_VERSION, Reply, RpcTool, device, disk, oss_bucket, oss_service
from support.refusals import RefusedError
from support.service import REGION, Service, until

BUCKET = "packer-import"
NAME = "packer-image"
KEY = "packer-import-1.vhd"
QUERIED = "Waiting,Creating,CreateFailed,Available"
LOCATION_VERSION = "2015-06-12"
ROLE = {"RoleName": "AliyunECSImageImportDefaultRole"}
POLICY = {"PolicyType": "System", "PolicyName": "AliyunECSImageImportRolePolicy"}

# oss2 leaves the connection of a refused request to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def tool(service: Service) -> RpcTool:
    """Packer's SDK."""
    return RpcTool(service, "POST")


def made_bucket(service: Service) -> oss2.Bucket:
    """The bucket, found by its prefix or made."""
    found = oss_service(service).list_buckets(prefix=BUCKET, max_keys=1).buckets
    bucket = oss_bucket(service, BUCKET)
    if [info.name for info in found] != [BUCKET]:
        bucket.create_bucket()
    return bucket


def deleted_duplicate(tool: RpcTool) -> bool:
    """Delete the image that has the name, and its snapshots, as a forced run does first."""
    found = tool.images(ImageName=NAME, Status=QUERIED)
    for image in found:
        tool.call("DeleteImage", ImageId=image["ImageId"], Force="true")
        tool.call("DeleteSnapshot", SnapshotId=device(image)["SnapshotId"], Force="true")
    return bool(found)


def imported(tool: RpcTool) -> Reply:
    """Import the object, wait for the image, and return it."""
    reply = tool.call(
        "ImportImage",
        ImageName=NAME,
        Description="by Packer",
        Architecture="x86_64",
        OSType="linux",
        Platform="Ubuntu",
        **disk(BUCKET, KEY, Format="RAW", DiskImageSize="40"),
    )

    def available() -> Reply | None:
        (image,) = tool.images(ImageId=reply["ImageId"], Status=QUERIED)
        assert image["Status"] in {"Waiting", "Creating", "Available"}
        return image if image["Status"] == "Available" else None

    image: Reply = until(available, 60, "The image")
    return image


def test_a_run_and_a_forced_one(tool: RpcTool, service: Service) -> None:
    location = RpcTool(service, "POST", version=LOCATION_VERSION)
    where = location.call("DescribeEndpoints", Id=REGION, ServiceCode="ecs", Type="openAPI")
    (endpoint,) = where["Endpoints"]["Endpoint"]
    assert f"http://{endpoint['Endpoint']}" == service.ecs
    regions = tool.call("DescribeRegions")["Regions"]["Region"]
    assert REGION in {region["RegionId"] for region in regions}

    for attempt in range(2):
        bucket = made_bucket(service)
        bucket.put_object(KEY, os.urandom(1 << 20))
        assert deleted_duplicate(tool) == bool(attempt)

        image = imported(tool)

        assert (image["ImageName"], device(image)["Size"]) == (NAME, "40")
        bucket.delete_object(KEY)
        assert not bucket.object_exists(KEY)


def test_imports_that_are_sent_again(start_service: Callable[..., Service], tmp_path: Path) -> None:
    """It takes either refusal for success, so neither may make a second image.

    One that failed later leaves its name free, and its reason with the task: Packer
    polls such an image to the hour.
    """
    waiting = start_service("--no-worker", data_dir=tmp_path / "data")
    tool = RpcTool(waiting, "POST")
    waiting.put(BUCKET, KEY, os.urandom(4096))
    waiting.put(BUCKET, "other.raw", os.urandom(4096))
    asked = {"ImageName": NAME} | disk(BUCKET, KEY)
    failing = {"ImageName": "failing"} | disk(BUCKET, "other.raw")
    first, failed = tool.call("ImportImage", **asked), tool.call("ImportImage", **failing)
    assert refusal(tool, asked) == "ImageIsImporting"
    waiting.put(BUCKET, "other.raw", os.urandom(8192))
    waiting.stop()

    working = start_service(data_dir=tmp_path / "data")
    tool = RpcTool(working, "POST")
    working.wait_for(first["TaskId"])
    task = working.wait_for(failed["TaskId"])

    assert refusal(tool, asked) == "InvalidImageName.Duplicated"
    (only,) = tool.images(ImageName=NAME, Status=QUERIED)
    assert only["ImageId"] == first["ImageId"]
    (image,) = tool.images(ImageId=failed["ImageId"], Status=QUERIED)
    assert (task["TaskStatus"], image["Status"]) == ("Failed", "CreateFailed")
    assert "other.raw" in task["FailedReason"]
    again = tool.call("ImportImage", **failing)
    assert working.wait_for(again["TaskId"])["TaskStatus"] == "Finished"


def refusal(tool: RpcTool, asked: dict[str, str]) -> str:
    """The code that an import is refused with."""
    with pytest.raises(RefusedError) as refused:
        tool.call("ImportImage", **asked)
    return refused.value.code


def test_an_object_that_is_not_there(tool: RpcTool, service: Service) -> None:
    made_bucket(service)

    with pytest.raises(RefusedError, match="nowhere") as refused:
        tool.call("ImportImage", **disk(BUCKET, "nowhere.raw"))

    assert (refused.value.code, refused.value.status) == ("InvalidOSSObject.NotFound", 400)


def test_the_roles_that_it_would_make(service: Service) -> None:
    """Only after NoSetRoletoECSServiceAcount, which this service never answers."""
    ram = RpcTool(service, "POST", version=RAM_VERSION)
    trust = json.dumps({"Version": "1", "Statement": [{"Action": "sts:AssumeRole"}]})

    assert ram.call("GetRole", **ROLE)["Role"]["RoleName"] == ROLE["RoleName"]
    (attached,) = ram.call("ListPoliciesForRole", **ROLE)["Policies"]["Policy"]
    assert {name: attached[name] for name in POLICY} == POLICY
    ram.call("UpdateRole", **ROLE, NewAssumeRolePolicyDocument=trust)
    with pytest.raises(RefusedError) as there:
        ram.call("CreateRole", **ROLE, AssumeRolePolicyDocument=trust)
    with pytest.raises(RefusedError) as attached_before:
        ram.call("AttachPolicyToRole", **ROLE, **POLICY)

    assert there.value.code == "EntityAlreadyExists.Role"
    assert attached_before.value.code == "EntityAlreadyExists.Role.Policy"
