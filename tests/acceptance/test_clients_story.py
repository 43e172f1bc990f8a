"""Each official ECS client, beside an OSS client, takes a disk through an image's whole life."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.accounts import OtherAccount, create_account
from support.clients import OPENINGS, Client
from support.crash import assert_same_guest_bytes
from support.object_clients import OBJECT_CLIENTS, ObjectClient
from support.refusals import RefusedError
from support.service import ENDED, REGION, Service, until

ELSEWHERE = "cn-beijing"
MIB = 1 << 20
PAIRS = {
    "python-v1-post": "oss2",
    "tea-v3": "oss-v2",
    "pop-core-get": "ali-oss",
    "ecs-on-node": "ali-oss",
}


class Story:
    """A user with an ECS client and an OSS client.

    Attributes:
        ecs: The ECS client.
        friend: The same client with the key of another account.
        account: That account.
        oss: The OSS client.
        bucket: Its bucket.
    """

    def __init__(
        self, ecs: Client, friend: Client, account: OtherAccount, oss: ObjectClient, bucket: str
    ) -> None:
        self.ecs = ecs
        self.friend = friend
        self.account = account
        self.oss = oss
        self.bucket = bucket

    def ended(self, task_id: str, region: str = REGION) -> dict[str, Any]:
        """Wait for the end of a task, asking as clients do."""
        which = {"RegionId": region, "TaskId": task_id}

        def look() -> dict[str, Any] | None:
            task = self.ecs.call("DescribeTaskAttribute", which)
            return task if task["TaskStatus"] in ENDED else None

        task: dict[str, Any] = until(look, 60, f"The end of {task_id}")
        listed = self.ecs.call("DescribeTasks", {"RegionId": region, "TaskIds": task_id})
        (row,) = listed["TaskSet"]["Task"]
        assert (row["TaskId"], row["TaskStatus"]) == (task_id, task["TaskStatus"])
        return task

    def image(self, image_id: str, region: str = REGION) -> dict[str, Any]:
        """An image of the user's own that is available; empty where there is none."""
        wanted = {"RegionId": region, "ImageId": image_id, "ImageOwnerAlias": "self"}
        return next(iter(self.ecs.call("DescribeImages", wanted)["Images"]["Image"]), {})

    def copied(self, image_id: str) -> str:
        """Copy an image to another region, wait for the copy, and return its id."""
        copy: str = self.ecs.call(
            "CopyImage",
            {"RegionId": REGION, "ImageId": image_id, "DestinationRegionId": ELSEWHERE},
        )["ImageId"]
        until(lambda: self.image(copy, ELSEWHERE), 60, "The copy")
        return copy


@pytest.fixture(params=PAIRS)
def story(request: pytest.FixtureRequest, service: Service) -> Iterator[Story]:
    """Each ECS client with one of the OSS clients."""
    bucket = f"story-{request.param}"
    account = create_account(service, f"a friend by {request.param}")
    opening = OPENINGS[request.param]
    with ExitStack() as opened:
        yield Story(
            opened.enter_context(opening(service)),
            opened.enter_context(opening(service, **account.key)),
            account,
            opened.enter_context(OBJECT_CLIENTS[PAIRS[request.param]](service, bucket)),
            bucket,
        )


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk as users upload it."""
    raw, qcow2 = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    raw.write_bytes(os.urandom(3 * MIB) + bytes(5 * MIB))
    subprocess.run(
        ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(qcow2)], check=True
    )
    return qcow2


def test_the_whole_life_of_an_image(story: Story, disk: Path, tmp_path: Path) -> None:
    story.oss.upload("disk.qcow2", disk)
    image_id = imported(story)
    name = renamed_and_tagged(story, image_id)
    shared_and_taken_back(story, image_id)

    copy = story.copied(image_id)
    assert story.image(image_id)["ImageName"] == name
    story.ecs.call("DeleteImage", {"RegionId": REGION, "ImageId": image_id})
    exported = exported_object(story, copy)
    story.oss.download(exported, tmp_path / "exported.tar.gz")
    assert_same_guest_bytes(disk, "qcow2", unpacked(tmp_path / "exported.tar.gz"), "raw")

    story.ecs.call("DeleteImage", {"RegionId": ELSEWHERE, "ImageId": copy, "Force": True})
    assert story.image(image_id) == story.image(copy, ELSEWHERE) == {}


def imported(story: Story) -> str:
    """Import the disk, tried dry first and asked for twice by one token; returns the image's id."""
    mapping = {
        "OSSBucket": story.bucket,
        "OSSObject": "disk.qcow2",
        "Format": "qcow2",
        "DiskImageSize": 5,
    }
    wanted = {
        "ImageName": f"{story.bucket}-image",
        "DiskDeviceMapping": [mapping],
        "Platform": "Debian",
        "Architecture": "x86_64",
        "OSType": "linux",
    }
    with pytest.raises(RefusedError) as dry:
        story.ecs.call("ImportImage", {**wanted, "DryRun": True})
    assert dry.value.code == "DryRunOperation"
    assert dry.value.request_id

    token = {"ClientToken": f"token of {story.bucket}"}
    reply = story.ecs.call("ImportImage", {**wanted, **token})
    again = story.ecs.call("ImportImage", {**wanted, **token})
    assert (again["ImageId"], again["TaskId"]) == (reply["ImageId"], reply["TaskId"])
    with pytest.raises(RefusedError) as other:
        story.ecs.call("ImportImage", {**wanted, **token, "ImageName": "another-name"})
    assert other.value.code == "IdempotentParameterMismatch"

    assert story.ended(reply["TaskId"])["TaskStatus"] == "Finished"
    image = story.image(reply["ImageId"])
    assert (image["Status"], image["Platform"]) == ("Available", "Debian")
    (device,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert (device["Format"], device["Size"]) == ("qcow2", "5")
    image_id: str = reply["ImageId"]
    return image_id


def renamed_and_tagged(story: Story, image_id: str) -> str:
    """Rename and tag an image; returns its new name."""
    name = f"{story.bucket}-renamed"
    story.ecs.call("ModifyImageAttribute", {"ImageId": image_id, "ImageName": name})
    assert story.image(image_id)["ImageName"] == name

    resource = {"RegionId": REGION, "ResourceType": "image", "ResourceId": [image_id]}
    story.ecs.call("TagResources", {**resource, "Tag": [{"Key": "team", "Value": "ä b"}]})
    (tag,) = story.ecs.call("ListTagResources", resource)["TagResources"]["TagResource"]
    assert (tag["ResourceId"], tag["TagKey"], tag["TagValue"]) == (image_id, "team", "ä b")
    story.ecs.call("UntagResources", {**resource, "TagKey": ["team"]})
    assert story.ecs.call("ListTagResources", resource)["TagResources"]["TagResource"] == []
    return name


def shared_and_taken_back(story: Story, image_id: str) -> None:
    """Share an image with the friend's account, and stop it."""
    which = {"RegionId": REGION, "ImageId": image_id}
    account = story.account.account_id
    story.ecs.call("ModifyImageSharePermission", {**which, "AddAccount": [account]})
    shares = story.ecs.call("DescribeImageSharePermission", which)
    assert [share["AliyunId"] for share in shares["Accounts"]["Account"]] == [account]
    assert [image["ImageId"] for image in seen_by_friend(story, image_id)] == [image_id]
    with pytest.raises(RefusedError) as refused:
        story.ecs.call("DeleteImage", which)
    assert refused.value.code == "ImageUseShared"
    story.ecs.call("ModifyImageSharePermission", {**which, "RemoveAccount": [account]})
    assert seen_by_friend(story, image_id) == []


def seen_by_friend(story: Story, image_id: str) -> list[dict[str, Any]]:
    """The image as the other account sees it, in a list."""
    found: list[dict[str, Any]] = story.friend.call("DescribeImages", {"ImageId": image_id})[
        "Images"
    ]["Image"]
    return found


def exported_object(story: Story, image_id: str) -> str:
    """Export an image of the other region; returns the name of the object."""
    wanted = {"ImageId": image_id, "OSSBucket": story.bucket, "OSSPrefix": "story"}
    reply = story.ecs.call("ExportImage", {"RegionId": ELSEWHERE, **wanted})
    assert story.ended(reply["TaskId"], ELSEWHERE)["TaskStatus"] == "Finished"
    key = f"story_{image_id}_system.raw.tar.gz"
    assert story.oss.keys() == ["disk.qcow2", key]
    return key


def unpacked(archive: Path) -> Path:
    """The disk in an exported archive, beside it."""
    with tarfile.open(archive) as tar:
        (member,) = tar.getmembers()
        tar.extract(member, archive.parent, filter="data")
    return archive.parent / member.name
