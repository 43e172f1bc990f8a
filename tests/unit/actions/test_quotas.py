"""What an account may have, and that nothing of it is lost when tasks end badly."""

from __future__ import annotations

import pytest

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import queries as tasks
from imageferry.tasks import transitions
from support.api import Api

SIZE = 4096
DISK = {"DiskDeviceMapping__1__OSSBucket": "golden", "DiskDeviceMapping__1__OSSObject": "disk.raw"}


def used(api: Api) -> int:
    with api.database.read() as connection:
        return images.bytes_of_account(connection, api.account_id)


def test_as_many_bytes_as_there_may_be(api: Api) -> None:
    api.set(max_image_bytes=2 * SIZE)
    first = api.import_image()
    api.import_image()

    error = api.refusal("ImportImage", **DISK)
    dry_run = api.refusal("ImportImage", **DISK, DryRun="true")

    assert (error.code.status, error.code.code) == (403, "QuotaExceed.ImageBytes")
    assert f"take {2 * SIZE} bytes, and the new one is made of {SIZE}" in error.message
    assert "max_image_bytes" in error.message
    assert dry_run.code == error.code
    api.call("CancelTask", TaskId=first["TaskId"])
    assert api.import_image()["ImageId"]


def test_an_image_that_is_made_counts_with_what_it_takes(api: Api) -> None:
    image_id = api.available_image()
    api.change(images.record_disk, image_id, 1, stored_size=100)
    copy = api.call("CopyImage", ImageId=image_id)["ImageId"]
    assert used(api) == 200

    api.set(max_image_bytes=250)
    error = api.refusal("CopyImage", ImageId=image_id)

    assert error.code.code == "QuotaExceed.ImageBytes"
    api.change(images.set_status, copy, ImageStatus.CREATE_FAILED)
    assert used(api) == 100
    api.call("DeleteImage", ImageId=image_id)
    assert used(api) == 0


def test_images_of_others_do_not_count(api: Api) -> None:
    api.import_image()

    assert used(api.as_other_account()) == 0


@pytest.mark.parametrize("action", ["ImportImage", "CopyImage", "ExportImage"])
def test_as_many_tasks_may_wait(api: Api, action: str) -> None:
    image_id = api.available_image()
    waiting = api.import_image()["TaskId"]
    api.set(max_waiting_tasks=1)
    request = {
        "ImportImage": DISK,
        "CopyImage": {"ImageId": image_id},
        "ExportImage": {"ImageId": image_id, "OSSBucket": "golden"},
    }[action]

    error = api.refusal(action, **request)

    assert (error.code.status, error.code.code) == (403, "QuotaExceed.WaitingTask")
    assert "1 tasks waiting" in error.message
    assert "max_waiting_tasks" in error.message
    assert api.change(transitions.claim, waiting, "worker")
    assert api.call(action, **request)


def test_an_account_may_have_more_than_the_others(api: Api) -> None:
    quotas = ("5:max_images=9", f"{api.account_id}:max_images=2")
    api.set(max_images=1, account_quotas=quotas)

    for _ in range(2):
        api.import_image()

    assert api.refusal("ImportImage", **DISK).code.code == "QuotaExceed.Image"


@pytest.mark.parametrize("action", ["ImportImage", "ExportImage"])
def test_the_priority_is_the_task_s(api: Api, action: str) -> None:
    image_id = api.available_image()
    request = {"ImageId": image_id, "OSSBucket": "golden"} if action == "ExportImage" else DISK
    task_id = api.call(action, **request, Priority=2)["TaskId"]

    with api.database.read() as connection:
        task = tasks.find(connection, task_id)

    assert task is not None
    assert task.priority == 2


def test_the_priority_of_a_copy_is_its_task_s(api: Api) -> None:
    copy = api.call("CopyImage", ImageId=api.available_image(), Priority=10)["ImageId"]

    with api.database.read() as connection:
        image = images.find(connection, copy)
        assert image is not None
        task = tasks.find(connection, image.task_id)

    assert task is not None
    assert task.priority == 10


@pytest.mark.parametrize("priority", [0, 11, "high"])
def test_a_priority_that_there_is_not_is_refused(api: Api, priority: object) -> None:
    error = api.refusal("ImportImage", **DISK, Priority=priority)

    assert (error.code.status, error.code.code) == (400, "InvalidParameter")


def test_a_list_tells_what_each_task_waits_for(api: Api) -> None:
    running, paused, waiting = (api.import_image()["TaskId"] for _ in range(3))
    assert api.change(transitions.claim, running, "worker")
    assert api.change(transitions.pause, paused, "somebody")
    api.set(max_running_tasks=1, account_quotas=(f"{api.account_id}:task_share=3",))

    listed = api.call("DescribeTasks")["TaskSet"]["Task"]
    shown = api.call("DescribeTaskAttribute", TaskId=waiting)["TaskProgress"]

    assert {
        task["TaskId"]: (task.get("PlaceInQueue"), task.get("WaitingFor")) for task in listed
    } == {
        running: (None, None),
        paused: (None, "Resume"),
        waiting: (1, "AccountRunningTasks"),
    }
    assert (shown["PlaceInQueue"], shown["WaitingFor"]) == (1, "AccountRunningTasks")
    assert (shown["Priority"], shown["AccountShare"]) == (5, 3)
    assert shown["WaitingForReason"].startswith("It waits for a task of the account to end")
