"""Each official client takes an image in, out, and away again, and sees what clients rely on."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.clients import OPENINGS, Client
from support.refusals import RefusedError
from support.service import ENDED, POLL_SECONDS, Service, until

BUCKET = "walk"
EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed"
MIB = 1 << 20


@pytest.fixture(scope="module", params=OPENINGS)
def client(request: pytest.FixtureRequest, service: Service) -> Iterator[Client]:
    """Each official client in turn."""
    with OPENINGS[request.param](service) as opened:
        yield opened


@pytest.fixture(scope="module")
def slow_disk(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An object whose import takes seconds."""
    block = os.urandom(MIB)
    path = tmp_path_factory.mktemp("slow") / "slow.raw"
    with path.open("wb") as file:
        for _ in range(768):
            file.write(block)
    service.make_bucket(BUCKET)
    path.rename(service.data_dir / "buckets" / BUCKET / "slow.raw")
    return "slow.raw"


@pytest.fixture
def disk(service: Service) -> bytes:
    """The content of the object ``disk.raw``."""
    content = os.urandom(3 * MIB) + bytes(MIB)
    service.put(BUCKET, "disk.raw", content)
    return content


def images(client: Client, **parameters: object) -> list[dict[str, Any]]:
    reply = client.call("DescribeImages", parameters)
    found: list[dict[str, Any]] = reply["Images"]["Image"]
    assert reply["TotalCount"] == len(found)
    return found


def start_import(client: Client, key: str, **parameters: object) -> dict[str, Any]:
    mapping = [{"OSSBucket": BUCKET, "OSSObject": key, "Format": "Raw", "DiskImageSize": 5}]
    return client.call("ImportImage", {"DiskDeviceMapping": mapping, **parameters})


def follow(client: Client, task_id: str) -> dict[str, Any]:
    """Wait for a task as clients do, and check what they rely on at each step."""
    seen = [0]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        task = client.call("DescribeTaskAttribute", {"TaskId": task_id})
        process = re.fullmatch(r"(\d{1,3})%", task["TaskProcess"])
        assert process is not None
        seen.append(int(process[1]))
        assert seen[-1] >= seen[-2]
        assert (seen[-1] == 100) == (task["TaskStatus"] == "Finished")
        assert task["TaskStatus"] in {"Waiting", "Processing", *ENDED}
        assert task["SupportCancel"] == ("false" if task["TaskStatus"] in ENDED else "true")
        assert ("FinishedTime" in task) == (task["TaskStatus"] in ENDED)
        if task["TaskStatus"] in ENDED:
            return task
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"{task_id} did not end: {task}")


def related_items(task: dict[str, Any]) -> list[dict[str, str]]:
    """The names and values that are told of each disk."""
    return [
        {item["Name"]: item["Value"] for item in disk["RelatedItemSet"]["RelatedItem"]}
        for disk in task["OperationProgressSet"]["OperationProgress"]
    ]


def test_in_and_out_and_away(client: Client, service: Service, disk: bytes) -> None:
    imported = start_import(
        client,
        "disk.raw",
        OSType="Linux",
        Platform="Debian",
        Description="a walk",
        Tag=[{"Key": "by", "Value": "a client"}],
    )
    image_id = imported["ImageId"]
    assert imported["RequestId"]
    assert "Code" not in imported

    (at_once,) = images(client, ImageId=image_id, Status=EVERY_STATUS)
    assert at_once["Status"] in {"Waiting", "Creating", "Available"}
    listed = client.call("DescribeTasks", {"TaskIds": imported["TaskId"]})
    assert [task["TaskId"] for task in listed["TaskSet"]["Task"]] == [imported["TaskId"]]

    assert follow(client, imported["TaskId"])["TaskStatus"] == "Finished"
    (image,) = images(client, ImageId=image_id)
    assert (image["Status"], image["Progress"], image["Usable"]) == ("Available", "100%", True)
    assert (image["OSType"], image["Platform"]) == ("linux", "Debian")
    assert image["Tags"]["Tag"] == [{"TagKey": "by", "TagValue": "a client"}]
    (device,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert (device["Format"], device["Size"]) == ("Raw", "5")
    assert (device["ImportOSSBucket"], device["ImportOSSObject"]) == (BUCKET, "disk.raw")
    (read,) = related_items(client.call("DescribeTaskAttribute", {"TaskId": imported["TaskId"]}))
    assert (read["OSSBucket"], read["OSSObject"], read["ImageFormat"]) == (
        BUCKET,
        "disk.raw",
        "RAW",
    )
    assert (read["VirtualSize"], read["BytesRead"]) == (str(len(disk)), str(len(disk)))
    assert read["SHA256"] == hashlib.sha256(disk).hexdigest()

    service.put(BUCKET, "disk.raw", b"the source is not needed any more")
    export = client.call(
        "ExportImage", {"ImageId": image_id, "OSSBucket": BUCKET, "OSSPrefix": "walk"}
    )
    exported = follow(client, export["TaskId"])
    assert exported["TaskStatus"] == "Finished"
    (items,) = related_items(exported)
    assert items["OSSObject"] == f"walk_{image_id}_system.raw.tar.gz"
    archive = service.get(BUCKET, items["OSSObject"])
    assert int(items["ObjectSize"]) == len(archive)
    assert items["SHA256"] == hashlib.sha256(archive).hexdigest()
    assert unpacked(archive)[: len(disk)] == disk

    both = client.call("DescribeTasks", {"ResourceIds": [image_id], "TaskStatus": "Finished"})
    assert [task["TaskId"] for task in both["TaskSet"]["Task"]] == [
        export["TaskId"],
        imported["TaskId"],
    ]
    assert both["TotalCount"] == 2

    assert set(client.call("DeleteImage", {"ImageId": image_id, "Force": "true"})) == {"RequestId"}
    assert images(client, ImageId=image_id, Status=EVERY_STATUS) == []
    with pytest.raises(RefusedError) as gone:
        client.call("DeleteImage", {"ImageId": image_id})
    assert (gone.value.code, gone.value.status) == ("InvalidImageId.NotFound", 404)


def unpacked(archive: bytes) -> bytes:
    """The one member of an exported archive."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        (member,) = tar.getmembers()
        content = tar.extractfile(member)
        assert content is not None
        return content.read()


def test_a_running_import_is_cancelled(client: Client, slow_disk: str) -> None:
    imported = start_import(client, slow_disk)

    def status() -> str:
        task = client.call("DescribeTaskAttribute", {"TaskId": imported["TaskId"]})
        word: str = task["TaskStatus"]
        return word

    until(lambda: status() == "Processing", 30, "The start of the import")
    with pytest.raises(RefusedError) as importing:
        client.call("DeleteImage", {"ImageId": imported["ImageId"]})
    assert importing.value.code == "ImageIsImporting"

    assert set(client.call("CancelTask", {"TaskId": imported["TaskId"]})) == {"RequestId"}

    assert status() == "Deleted"
    assert images(client, ImageId=imported["ImageId"], Status=EVERY_STATUS) == []
    with pytest.raises(RefusedError) as ended:
        client.call("CancelTask", {"TaskId": imported["TaskId"]})
    assert ended.value.code == "InvalidTaskId.IncorrectTaskStatus"
    assert ended.value.status == 403
    with pytest.raises(RefusedError) as gone:
        client.call("DeleteImage", {"ImageId": imported["ImageId"]})
    assert gone.value.code == "InvalidImageId.NotFound"


def test_regions(client: Client, service: Service) -> None:
    regions = client.call("DescribeRegions", {"AcceptLanguage": "en-US"})["Regions"]["Region"]

    assert regions[0]["RegionId"] == "cn-hangzhou"
    assert f"http://{regions[0]['RegionEndpoint']}" == service.ecs
