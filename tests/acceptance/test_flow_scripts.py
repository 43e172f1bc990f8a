"""Scripts and small tools that import and do not wait: each by what is special to it."""

from __future__ import annotations

import os

import pytest

from support.flows import RpcTool, device, disk
from support.refusals import RefusedError
from support.service import Service

BUCKET = "scripts"


@pytest.fixture
def tool(service: Service) -> RpcTool:
    """A script, and an object that it imports."""
    service.put(BUCKET, "disk.raw", os.urandom(1 << 20))
    return RpcTool(service, "POST")


def test_eulerpublisher(tool: RpcTool, service: Service) -> None:
    """It names the role, and the architecture and platform not at all."""
    reply = tool.call(
        "ImportImage",
        ImageName="openEuler",
        RoleName="AliyunECSImageImportDefaultRole",
        **disk(BUCKET, "disk.raw", DiskImageSize="5"),
    )

    assert service.wait_for(reply["TaskId"])["TaskStatus"] == "Finished"
    (image,) = tool.images(ImageId=reply["ImageId"])
    assert (image["OSType"], image["Platform"]) == ("linux", "Others Linux")


def test_garden_linux(tool: RpcTool) -> None:
    """It names the size as the API did long ago, as old scripts of the CLI do."""
    reply = tool.call("ImportImage", **disk(BUCKET, "disk.raw", DiskImSize="7"))

    (image,) = tool.images(ImageId=reply["ImageId"], Status="ALL")
    assert device(image)["Size"] == "7"


def test_a_script_that_names_tasks_by_a_json_array(tool: RpcTool) -> None:
    started = tool.call("ImportImage", **disk(BUCKET, "disk.raw"))

    (task,) = tool.call("DescribeTasks", TaskIds=f'["{started["TaskId"]}"]')["TaskSet"]["Task"]

    assert task["TaskId"] == started["TaskId"]


def test_ecctl(tool: RpcTool, service: Service) -> None:
    """A call that it repeats has the same token, and then the same image and task."""
    asked = disk(BUCKET, "disk.raw") | {"ImageName": "ecctl", "ClientToken": "5f1e-token"}

    first, second = (tool.call("ImportImage", **asked) for _ in range(2))

    assert (first["ImageId"], first["TaskId"]) == (second["ImageId"], second["TaskId"])
    assert first["RequestId"] != second["RequestId"]
    assert service.wait_for(first["TaskId"])["TaskStatus"] == "Finished"
    export = tool.call("ExportImage", ImageId=first["ImageId"], OSSBucket=BUCKET)
    assert service.wait_for(export["TaskId"])["TaskStatus"] == "Finished"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (disk("no-such-bucket", "disk.raw"), "InvalidOSSBucket.NotFound"),
        (disk(BUCKET, "nowhere.raw"), "InvalidOSSObject.NotFound"),
        (disk(BUCKET, "disk.raw", Format="iso"), "InvalidImageFormat.Malformed"),
        (disk(BUCKET, "disk.raw") | {"RegionId": "mars-1"}, "InvalidRegionId.NotFound"),
    ],
)
def test_what_can_be_refused_is_refused_at_once(
    tool: RpcTool, parameters: dict[str, str], code: str
) -> None:
    """They print no other reason, and do not wait for one."""
    before = tool.call("DescribeImages", Status="ALL")["TotalCount"]

    with pytest.raises(RefusedError) as refused:
        tool.call("ImportImage", **parameters)

    assert refused.value.code == code
    assert 400 <= refused.value.status < 500
    assert tool.call("DescribeImages", Status="ALL")["TotalCount"] == before
