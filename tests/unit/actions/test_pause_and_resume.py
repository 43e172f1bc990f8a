"""PauseTask and ResumeTask."""

from __future__ import annotations

import pytest

from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import TaskStatus
from support.api import Api
from support.rows import Rows

OWNER = "worker"


def _processing(api: Api) -> str:
    task_id: str = api.import_image()["TaskId"]
    assert api.change(transitions.claim, task_id, OWNER)
    return task_id


def _put(api: Api, status: TaskStatus) -> str:
    task_id = _processing(api)
    match status:
        case TaskStatus.FINISHED:
            assert api.change(transitions.finish, task_id, OWNER)
        case TaskStatus.FAILED:
            assert api.change(transitions.fail, task_id, "Broken", "It broke.", owner=OWNER)
        case TaskStatus.DELETED:
            api.call("CancelTask", TaskId=task_id)
        case TaskStatus.PAUSED:
            api.call("PauseTask", TaskId=task_id)
    return task_id


def _status(api: Api, task_id: str) -> str:
    status: str = api.call("DescribeTaskAttribute", TaskId=task_id)["TaskStatus"]
    return status


@pytest.mark.parametrize("running", [False, True], ids=["waiting", "processing"])
def test_a_task_is_paused_and_resumed(api: Api, *, running: bool) -> None:
    task_id = _processing(api) if running else api.import_image()["TaskId"]

    assert api.call("PauseTask", TaskId=task_id) == {}
    assert _status(api, task_id) == "Paused"
    assert api.call("ResumeTask", TaskId=task_id) == {}

    assert _status(api, task_id) == "Waiting"
    task = api.call("DescribeTaskAttribute", TaskId=task_id)
    assert (task["SupportCancel"], task["TaskProgress"]["Phase"]) == ("true", "queued")


def test_the_reason_of_a_pause_is_kept_as_long_as_it_lasts(api: Api) -> None:
    task_id = _processing(api)

    api.call("PauseTask", TaskId=task_id, Reason="The <night>.")
    assert api.call("DescribeTaskAttribute", TaskId=task_id)["PauseReason"] == "The <night>."
    api.call("ResumeTask", TaskId=task_id)

    assert "PauseReason" not in api.call("DescribeTaskAttribute", TaskId=task_id)
    assert api.refusal("PauseTask", TaskId=task_id, Reason="x" * 257).code.status == 400


@pytest.mark.parametrize(
    ("action", "status", "sentence"),
    [
        ("PauseTask", TaskStatus.PAUSED, "is Paused: there is nothing to pause"),
        ("PauseTask", TaskStatus.FINISHED, "has ended as Finished: there is nothing to pause"),
        ("PauseTask", TaskStatus.FAILED, "has ended as Failed: there is nothing to pause"),
        ("PauseTask", TaskStatus.DELETED, "has ended as Deleted: there is nothing to pause"),
        ("ResumeTask", TaskStatus.PROCESSING, "is Processing: only a paused task is resumed"),
        ("ResumeTask", TaskStatus.FINISHED, "has ended as Finished: only a paused task is resumed"),
        ("ResumeTask", TaskStatus.DELETED, "has ended as Deleted: only a paused task is resumed"),
    ],
)
def test_a_status_that_does_not_allow_it(
    api: Api, action: str, status: TaskStatus, sentence: str
) -> None:
    task_id = _put(api, status)
    before = api.call("DescribeTaskAttribute", TaskId=task_id)

    error = api.refusal(action, TaskId=task_id)

    assert (error.code.code, error.code.status) == ("InvalidTaskId.IncorrectTaskStatus", 403)
    assert error.message == "The specified task status is invalid."
    assert sentence in error.recommend
    assert api.call("DescribeTaskAttribute", TaskId=task_id) == before


@pytest.mark.parametrize("action", ["PauseTask", "ResumeTask"])
def test_an_unknown_task_and_an_unknown_region(api: Api, action: str) -> None:
    ours = api.import_image()["TaskId"]

    refusals = [
        api.refusal(action, TaskId="t-unknown"),
        api.as_other_account().refusal(action, TaskId=ours),
        api.refusal(action, TaskId=ours, RegionId="us-west-1"),
    ]

    assert {error.code.code for error in refusals} == {"InvalidTaskId.NotFound"}
    region = api.refusal(action, TaskId=ours, RegionId="nowhere")
    assert region.code.code == "InvalidRegionId.NotFound"
    assert api.refusal(action).code.code == "MissingParameter"


def test_a_copy_is_no_task_that_can_be_paused(api: Api) -> None:
    image = api.available_image()
    copy = api.call("CopyImage", ImageId=image, DestinationRegionId="cn-hangzhou")["ImageId"]
    copied = Rows(api.database).find_image(copy)
    assert copied is not None

    assert api.refusal("PauseTask", TaskId=copied.task_id).code.code == "InvalidTaskId.NotFound"


def test_what_is_paused_still_counts(api: Api) -> None:
    image = api.available_image()
    export = api.call("ExportImage", ImageId=image, OSSBucket="golden")["TaskId"]

    api.call("PauseTask", TaskId=export)

    again = api.refusal("ExportImage", ImageId=image, OSSBucket="golden")
    assert again.code.code == "ImageIsExporting"
    assert api.refusal("DeleteImage", ImageId=image).code.code == "ImageIsExporting"
    importing = api.import_image(ImageName="golden-2")
    api.call("PauseTask", TaskId=importing["TaskId"])
    assert api.refusal("DeleteImage", ImageId=importing["ImageId"]).code.code == "ImageIsImporting"


def test_a_paused_import_is_cancelled_with_its_image(api: Api) -> None:
    reply = api.import_image(ImageName="golden-1")
    api.call("PauseTask", TaskId=reply["TaskId"])

    api.call("CancelTask", TaskId=reply["TaskId"])

    assert _status(api, reply["TaskId"]) == "Deleted"
    assert api.call("DescribeImages", ImageId=reply["ImageId"], Status="ALL")["TotalCount"] == 0


@pytest.mark.parametrize("action", ["ResumeTask", "CancelTask"])
def test_a_task_that_no_run_has_waits_for_another_one(api: Api, action: str) -> None:
    task_id = _put(api, TaskStatus.PAUSED)
    api.change(hand_overs.stand_down, task_id, 1)

    api.call(action, TaskId=task_id)

    task = Rows(api.database).find(task_id)
    assert (task.hand_over, task.parked, task.queued) == (2, False, True)
