"""DescribeTaskAttribute and CancelTask."""

from __future__ import annotations

import pytest

from imageferry.actions.import_admission import NO_DISK
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, Phase, TaskStatus
from support.api import Api


def start(api: Api, task_id: str) -> None:
    assert api.change(transitions.claim, task_id, "worker")


def progress(api: Api, task_id: str, **values: int) -> None:
    numbers = {"percent": 0, "bytes_done": 0, "bytes_total": 0, "bytes_per_second": 0} | values
    assert api.change(
        transitions.record_progress, task_id, "worker", phase=Phase.TRANSFER, **numbers
    )


def test_a_waiting_import(api: Api) -> None:
    reply = api.import_image()

    task = api.call("DescribeTaskAttribute", TaskId=reply["TaskId"])

    created = task.pop("CreationTime")
    assert created.endswith("Z")
    assert task == {
        "TaskId": reply["TaskId"],
        "RegionId": "cn-hangzhou",
        "TaskAction": "ImportImage",
        "TaskStatus": "Waiting",
        "TaskProcess": "0%",
        "SupportCancel": "true",
        "TotalCount": 1,
        "SuccessCount": 0,
        "FailedCount": 0,
        "OperationProgressSet": {
            "OperationProgress": [
                {
                    "OperationStatus": "Processing",
                    "ErrorCode": "",
                    "ErrorMsg": "",
                    "RelatedItemSet": {
                        "RelatedItem": [
                            {"Name": "OSSBucket", "Value": "golden"},
                            {"Name": "OSSObject", "Value": "disk.raw"},
                            {"Name": "ImageFormat", "Value": "RAW"},
                            {"Name": "VirtualSize", "Value": "4096"},
                            {"Name": "ObjectSize", "Value": "4096"},
                            {"Name": "Warning", "Value": NO_DISK},
                        ]
                    },
                }
            ]
        },
        "TaskProgress": {
            "Phase": "queued",
            "BytesDone": 0,
            "BytesTotal": 0,
            "BytesPerSecond": 0,
            "PlaceInQueue": 1,
            "Priority": 5,
            "AccountShare": 1,
            "WaitingFor": "FreeSlot",
            "WaitingForReason": "It waits for a free slot of a worker.",
            "Attempt": 0,
        },
    }


def test_a_waiting_export_names_bucket_object_and_format(api: Api) -> None:
    image = api.available_image()
    task = api.call("ExportImage", ImageId=image, OSSBucket="golden", ImageFormat="vhd")

    (disk,) = api.call("DescribeTaskAttribute", TaskId=task["TaskId"])["OperationProgressSet"][
        "OperationProgress"
    ]

    assert disk["RelatedItemSet"]["RelatedItem"] == [
        {"Name": "OSSBucket", "Value": "golden"},
        {"Name": "OSSObject", "Value": f"{image}_system.vhd"},
        {"Name": "ImageFormat", "Value": "VHD"},
    ]


def test_the_place_in_the_queue_counts_the_tasks_before(api: Api) -> None:
    first, second = (api.import_image()["TaskId"] for _ in range(2))

    def place(task_id: str) -> int:
        reply = api.call("DescribeTaskAttribute", TaskId=task_id)
        number: int = reply["TaskProgress"]["PlaceInQueue"]
        return number

    assert (place(first), place(second)) == (1, 2)
    start(api, first)
    assert (place(first), place(second)) == (0, 1)


def test_a_running_task_tells_bytes_rate_and_time_left(api: Api) -> None:
    task_id = api.import_image()["TaskId"]
    start(api, task_id)
    progress(api, task_id, percent=42, bytes_done=30, bytes_total=100, bytes_per_second=10)

    task = api.call("DescribeTaskAttribute", TaskId=task_id)

    assert (task["TaskStatus"], task["TaskProcess"]) == ("Processing", "42%")
    assert task["TaskProgress"].pop("LastProgressTime")
    assert task["TaskProgress"] == {
        "Phase": "transfer",
        "BytesDone": 30,
        "BytesTotal": 100,
        "BytesPerSecond": 10,
        "SecondsLeft": 7,
        "PlaceInQueue": 0,
        "Priority": 5,
        "AccountShare": 1,
        "Attempt": 1,
    }


@pytest.mark.parametrize(
    "numbers",
    [
        {"bytes_done": 30, "bytes_per_second": 10},
        {"bytes_done": 30, "bytes_total": 100},
    ],
    ids=["no total", "no rate"],
)
def test_the_time_left_is_left_out_where_it_is_not_known(api: Api, numbers: dict[str, int]) -> None:
    task_id = api.import_image()["TaskId"]
    start(api, task_id)
    progress(api, task_id, **numbers)

    assert "SecondsLeft" not in api.call("DescribeTaskAttribute", TaskId=task_id)["TaskProgress"]


def test_a_finished_task_is_at_100_per_cent(api: Api) -> None:
    task_id = api.import_image()["TaskId"]
    start(api, task_id)
    progress(api, task_id, percent=100)
    assert api.call("DescribeTaskAttribute", TaskId=task_id)["TaskProcess"] == "99%"

    items = [("SourceSHA256", "abc")]
    assert api.change(
        transitions.record_disk,
        task_id,
        1,
        "worker",
        status=DiskStatus.SUCCESS,
        related_items=items,
    )
    assert api.change(transitions.finish, task_id, "worker")
    task = api.call("DescribeTaskAttribute", TaskId=task_id)

    assert (task["TaskStatus"], task["TaskProcess"]) == ("Finished", "100%")
    assert (task["SuccessCount"], task["FailedCount"], task["TotalCount"]) == (1, 0, 1)
    assert task["SupportCancel"] == "false"
    assert task["FinishedTime"] >= task["CreationTime"]
    (disk,) = task["OperationProgressSet"]["OperationProgress"]
    assert disk["OperationStatus"] == "Success"
    assert {"Name": "SourceSHA256", "Value": "abc"} in disk["RelatedItemSet"]["RelatedItem"]
    assert "FailedReason" not in task


def test_a_failed_task_tells_why_for_itself_and_its_disk(api: Api) -> None:
    task_id = api.import_image()["TaskId"]
    start(api, task_id)
    assert api.change(transitions.fail, task_id, "Broken", "It broke.", owner="worker")

    task = api.call("DescribeTaskAttribute", TaskId=task_id)

    assert (task["TaskStatus"], task["FailedReason"]) == ("Failed", "Broken: It broke.")
    assert task["FailedCount"] == 1
    (disk,) = task["OperationProgressSet"]["OperationProgress"]
    assert (disk["OperationStatus"], disk["ErrorCode"], disk["ErrorMsg"]) == (
        "Failed",
        "Broken",
        "It broke.",
    )


@pytest.mark.parametrize("action", ["DescribeTaskAttribute", "CancelTask"])
def test_an_unknown_task(api: Api, action: str) -> None:
    theirs = api.as_other_account()
    ours = api.import_image()["TaskId"]

    refusals = [
        api.refusal(action, TaskId="t-unknown"),
        api.refusal(action, TaskId="x" * 5000),
        theirs.refusal(action, TaskId=ours),
        api.refusal(action, TaskId=ours, RegionId="us-west-1"),
    ]

    for error in refusals:
        assert (error.code.code, error.code.status) == ("InvalidTaskId.NotFound", 400)
        assert error.message == 'The specified "TaskId" is not found.'
    assert api.call("DescribeTaskAttribute", TaskId=ours)["TaskStatus"] == "Waiting"


@pytest.mark.parametrize("action", ["DescribeTaskAttribute", "CancelTask"])
def test_a_missing_parameter_and_an_unknown_region(api: Api, action: str) -> None:
    missing = api.refusal(action)
    region = api.refusal(action, TaskId="t-1", RegionId="nowhere")

    assert (missing.code.code, missing.code.status) == ("MissingParameter", 400)
    assert missing.message == (
        'An input parameter "TaskId" that is mandatory for processing the request is not supplied.'
    )
    assert (region.code.code, region.code.status) == ("InvalidRegionId.NotFound", 400)


@pytest.mark.parametrize("running", [False, True], ids=["waiting", "processing"])
def test_a_cancelled_import_takes_its_image_along(api: Api, *, running: bool) -> None:
    reply = api.import_image(ImageName="golden-1")
    if running:
        start(api, reply["TaskId"])

    assert api.call("CancelTask", TaskId=reply["TaskId"]) == {}

    task = api.call("DescribeTaskAttribute", TaskId=reply["TaskId"])
    assert task["TaskStatus"] == TaskStatus.DELETED.value
    assert task["SupportCancel"] == "false"
    assert task["FailedCount"] == 1
    assert api.call("DescribeImages", ImageId=reply["ImageId"], Status="ALL")["TotalCount"] == 0
    again = api.import_image(ImageName="golden-1")
    assert again["ImageId"] != reply["ImageId"]


def test_a_cancelled_export_leaves_its_image(api: Api) -> None:
    image = api.available_image()
    task_id = api.call("ExportImage", ImageId=image, OSSBucket="golden")["TaskId"]

    api.call("CancelTask", TaskId=task_id)

    assert api.call("DescribeTaskAttribute", TaskId=task_id)["TaskStatus"] == "Deleted"
    assert api.call("DescribeImages", ImageId=image)["TotalCount"] == 1
    assert api.call("ExportImage", ImageId=image, OSSBucket="golden")["TaskId"] != task_id


def test_the_reason_of_a_cancellation_is_kept(api: Api) -> None:
    task_id = api.import_image()["TaskId"]

    api.call("CancelTask", TaskId=task_id, Reason="The <wrong> disk.")

    task = api.call("DescribeTaskAttribute", TaskId=task_id)
    assert task["CancelReason"] == "The <wrong> disk."
    assert api.refusal("CancelTask", TaskId=task_id, Reason="x" * 257).code.status == 400


@pytest.mark.parametrize("end", ["finish", "fail", "cancel"])
def test_what_has_ended_cannot_be_cancelled(api: Api, end: str) -> None:
    task_id = api.import_image()["TaskId"]
    start(api, task_id)
    match end:
        case "finish":
            assert api.change(transitions.finish, task_id, "worker")
        case "fail":
            assert api.change(transitions.fail, task_id, "Broken", "It broke.", owner="worker")
        case "cancel":
            api.call("CancelTask", TaskId=task_id)
    before = api.call("DescribeTaskAttribute", TaskId=task_id)

    error = api.refusal("CancelTask", TaskId=task_id)

    assert (error.code.code, error.code.status) == ("InvalidTaskId.IncorrectTaskStatus", 403)
    assert error.message == "The specified task status is invalid."
    assert before["TaskStatus"] in error.recommend
    assert api.call("DescribeTaskAttribute", TaskId=task_id) == before
