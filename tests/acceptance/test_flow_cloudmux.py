"""Cloudpods' cloudmux: GET for everything, names of its own, per cents in eight bits."""

from __future__ import annotations

import os
import struct
from datetime import datetime

import oss2
import pytest

from support.flows import RAM_VERSION, Reply, RpcTool, disk, oss_bucket
from support.service import Service, until

BUCKET = "cloudpods"
# Without Waiting: such an image is invisible to it, so it polls the task.
LISTED = "Creating,Available,UnAvailable,CreateFailed"
TIMES = ("%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ")
ROLES = ("AliyunECSImageImportDefaultRole", "AliyunECSImageExportDefaultRole")


@pytest.fixture
def tool(service: Service) -> RpcTool:
    """cloudmux's common requests."""
    return RpcTool(service, "GET")


def is_time(text: str) -> bool:
    """Whether a text is a time in one of the formats that it knows."""
    for layout in TIMES:
        try:
            datetime.strptime(text, layout)  # noqa: DTZ007 - only the format matters
        except ValueError:
            continue
        return True
    return False


def finished(tool: RpcTool, task_id: str) -> None:
    """Wait for a task by its per cent alone, and read what the reply is read into."""

    def progress() -> int:
        task = tool.call("DescribeTaskAttribute", TaskId=task_id)
        assert task["TaskStatus"] in {"Waiting", "Processing", "Finished"}
        assert task["SupportCancel"] in {"true", "false"}
        assert is_time(task["CreationTime"])
        assert ("FinishedTime" in task) == (task["TaskStatus"] == "Finished")
        assert "FinishedTime" not in task or is_time(task["FinishedTime"])
        number = int(task["TaskProcess"].removesuffix("%"))
        struct.pack("b", number)
        return number

    until(lambda: progress() == 100, 60, "The end of the task")


def test_import_and_export(tool: RpcTool, service: Service) -> None:
    ram = RpcTool(service, "GET", version=RAM_VERSION)
    for role in ROLES:
        assert ram.call("GetRole", RoleName=role)["Role"]["RoleName"] == role
        for policy in ram.call("ListPoliciesForRole", RoleName=role)["Policies"]["Policy"]:
            ram.call("GetPolicy", PolicyName=policy["PolicyName"], PolicyType="System")
    service.put(BUCKET, "cloudpods.raw", os.urandom(1 << 20))
    reply = tool.call(
        "ImportImage",
        ImageName="cloudpods",
        OSType="Linux",
        Architecture="x86_64",
        Platform="Others Linux",
        **{
            "DiskDeviceMapping.1.OssBucket": BUCKET,
            "DiskDeviceMapping.1.OssObject": "cloudpods.raw",
        },
        **{"DiskDeviceMapping.1.Format": "raw", "DiskDeviceMapping.1.DiskImageSize": "5"},
    )
    finished(tool, reply["TaskId"])
    image_id = reply["ImageId"]
    (image,) = tool.images(ImageId=image_id, Status=LISTED, ImageOwnerAlias="self", PageSize="50")
    assert image["OSType"].lower() == "linux"
    assert is_time(image["CreationTime"])

    prefix = image_id.replace("-", "") + "export"
    assert len(prefix) <= 30
    export = tool.call(
        "ExportImage", ImageId=image_id, OssBucket=BUCKET, OssPrefix=prefix, RoleName=ROLES[1]
    )
    finished(tool, export["TaskId"])
    (found,) = oss2.ObjectIterator(oss_bucket(service, BUCKET), prefix=prefix)
    assert found.key.removesuffix(".tar.gz") == f"{prefix}_{image_id}_system.raw"
    tool.call("DeleteImage", ImageId=image_id, Force="true")


def test_it_cancels_every_import_that_it_can_see(tool: RpcTool, service: Service) -> None:
    service.make_bucket(BUCKET)
    block = os.urandom(1 << 20)
    with (service.data_dir / "buckets" / BUCKET / "slow.raw").open("wb") as file:
        file.writelines(block for _ in range(512))
    started = tool.call("ImportImage", **disk(BUCKET, "slow.raw"))["TaskId"]

    def processing() -> list[Reply]:
        reply = tool.call("DescribeTasks", TaskAction="ImportImage", TaskStatus="Processing")
        found: list[Reply] = reply["TaskSet"]["Task"]
        return found

    (task,) = until(processing, 60, "The start of the import")
    assert (task["TaskId"], task["SupportCancel"]) == (started, "true")
    tool.call("CancelTask", TaskId=started)

    cancelled = tool.call("DescribeTaskAttribute", TaskId=started)
    assert (cancelled["TaskStatus"], cancelled["SupportCancel"]) == ("Deleted", "false")
    assert cancelled["TaskProcess"] != "100%"
    assert processing() == []
