"""DescribeTasks: which tasks are listed, in which order, page by page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.tasks import transitions
from imageferry.tasks.model import TaskAction
from imageferry.tasks.tables import tasks
from support.api import Api

MOMENT = datetime(2026, 3, 4, 8, 30, 20, tzinfo=UTC)


def make(api: Api, *, image: str = "m-any", region: str = "cn-hangzhou", **values: Any) -> str:
    """Make a waiting task, by default an import, and return its id."""
    task_id: str = api.change(
        transitions.create,
        account_id=api.account_id,
        region_id=region,
        action=values.pop("action", TaskAction.IMPORT_IMAGE),
        resource_id=image,
        request={},
        disks=[[]],
    )
    if values:
        api.change(
            sa.Connection.execute, sa.update(tasks).filter_by(task_id=task_id).values(values)
        )
    return task_id


def listed(api: Api, **parameters: object) -> list[str]:
    reply = api.call("DescribeTasks", **parameters)
    return [task["TaskId"] for task in reply["TaskSet"]["Task"]]


def test_an_empty_list(api: Api) -> None:
    assert api.call("DescribeTasks") == {
        "PageNumber": 1,
        "PageSize": 10,
        "TotalCount": 0,
        "RegionId": "cn-hangzhou",
        "TaskSet": {"Task": []},
    }


def test_a_waiting_task(api: Api) -> None:
    task_id = make(api, image="m-1", created=MOMENT)

    (task,) = api.call("DescribeTasks")["TaskSet"]["Task"]

    assert task == {
        "TaskId": task_id,
        "TaskAction": "ImportImage",
        "TaskStatus": "Waiting",
        "SupportCancel": "true",
        "CreationTime": "2026-03-04T08:30Z",
        "ResourceId": "m-1",
        "PlaceInQueue": 1,
        "WaitingFor": "FreeSlot",
    }


def test_a_failed_task_tells_why(api: Api) -> None:
    task_id = make(api, action=TaskAction.EXPORT_IMAGE)
    assert api.change(transitions.claim, task_id, "worker")
    assert api.change(transitions.fail, task_id, "Broken", "It broke.", owner="worker")

    (task,) = api.call("DescribeTasks")["TaskSet"]["Task"]

    assert task["TaskAction"] == "ExportImage"
    assert task["TaskStatus"] == "Failed"
    assert task["SupportCancel"] == "false"
    assert task["FailedReason"] == "Broken: It broke."
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", task["FinishedTime"])


def test_newest_first_and_of_every_status(api: Api) -> None:
    ids = [make(api) for _ in range(5)]
    assert api.change(transitions.cancel, ids[0], "why")
    assert api.change(transitions.claim, ids[1], "worker")
    assert api.change(transitions.fail, ids[1], "Broken", "It broke.", owner="worker")
    assert api.change(transitions.claim, ids[2], "worker")

    reply = api.call("DescribeTasks")["TaskSet"]["Task"]

    assert [task["TaskId"] for task in reply] == ids[::-1]
    assert [task["TaskStatus"] for task in reply] == [
        "Waiting",
        "Waiting",
        "Processing",
        "Failed",
        "Deleted",
    ]


@pytest.mark.parametrize(
    "form",
    [
        ",".join,
        ", ".join,
        json.dumps,
        lambda ids: json.dumps(ids, separators=(",", ":")),
        lambda ids: ",".join([*ids, "", "t-unknown"]),
    ],
    ids=["commas", "commas and spaces", "JSON with spaces", "JSON", "with more"],
)
def test_task_ids_in_every_form(api: Api, form: Any) -> None:
    ids = [make(api) for _ in range(3)]

    reply = api.call("DescribeTasks", TaskIds=form([ids[0], ids[2]]))

    assert [task["TaskId"] for task in reply["TaskSet"]["Task"]] == [ids[2], ids[0]]
    assert reply["TotalCount"] == 2


def test_an_unknown_task_id_finds_nothing(api: Api) -> None:
    make(api)

    assert listed(api, TaskIds="t-unknown") == []


def test_more_task_ids_than_there_may_be(api: Api) -> None:
    ids = [f"t-{number}" for number in range(101)]

    assert listed(api, TaskIds=",".join(ids[:100])) == []
    error = api.refusal("DescribeTasks", TaskIds=",".join(ids))

    assert (error.code.code, error.code.status) == ("InvalidParameter", 400)
    assert error.message == 'The specified value of parameter "TaskIds" is not valid.'
    assert "101" in error.recommend


@pytest.mark.parametrize("spelling", ["ExportImage", "exportimage", "EXPORTIMAGE"])
def test_by_action_in_any_case(api: Api, spelling: str) -> None:
    make(api)
    export = make(api, action=TaskAction.EXPORT_IMAGE)

    assert listed(api, TaskAction=spelling) == [export]


def test_actions_that_no_task_has_find_nothing(api: Api) -> None:
    make(api)

    assert listed(api, TaskAction="RedeployInstance") == []


def test_an_unknown_action_is_refused(api: Api) -> None:
    error = api.refusal("DescribeTasks", TaskAction="CopyImage")

    assert error.message == 'The specified value of parameter "TaskAction" is not valid.'


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("Processing", {"processing"}),
        ("processing", {"processing"}),
        ("Finished", {"finished"}),
        ("Failed", {"failed"}),
        ("Waiting", {"waiting", "processing", "finished", "failed", "deleted"}),
        ("Deleted", {"waiting", "processing", "finished", "failed", "deleted"}),
        ("Anything", {"waiting", "processing", "finished", "failed", "deleted"}),
        ("", {"waiting", "processing", "finished", "failed", "deleted"}),
    ],
)
def test_only_three_statuses_narrow_the_list(api: Api, status: str, found: set[str]) -> None:
    ids = {make(api): "waiting"}
    for word in ("processing", "finished", "failed"):
        task_id = make(api)
        ids[task_id] = word
        assert api.change(transitions.claim, task_id, "worker")
        if word == "finished":
            assert api.change(transitions.finish, task_id, "worker")
        if word == "failed":
            assert api.change(transitions.fail, task_id, "Broken", "It broke.", owner="worker")
    deleted = make(api)
    ids[deleted] = "deleted"
    assert api.change(transitions.cancel, deleted, "why")

    assert {ids[task_id] for task_id in listed(api, TaskStatus=status)} == found


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-03-04T08:30:20Z", None, True),
        ("2026-03-04T08:30:21Z", None, False),
        ("2026-03-04T08:30Z", None, True),
        ("2026-03-04T08:31Z", None, False),
        (None, "2026-03-04T08:30:20Z", True),
        (None, "2026-03-04T08:30:19Z", False),
        (None, "2026-03-04T08:30Z", True),
        (None, "2026-03-04T08:29Z", False),
        ("2026-03-04T08:30:20Z", "2026-03-04T08:30:20Z", True),
        ("2026-03-04T08:30Z", "2026-03-04T08:30Z", True),
        ("2026-03-04T08:31Z", "2026-03-04T08:29Z", False),
        ("0001-01-01T00:00Z", "9999-12-31T23:59Z", True),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", False),
    ],
)
def test_both_times_are_inclusive(
    api: Api, start: str | None, end: str | None, *, found: bool
) -> None:
    task_id = make(api, created=MOMENT)
    times = {"StartTime": start, "EndTime": end}

    ids = listed(api, **{name: time for name, time in times.items() if time})

    assert ids == ([task_id] if found else [])


@pytest.mark.parametrize("name", ["StartTime", "EndTime"])
@pytest.mark.parametrize(
    "time",
    [
        "2026-03-04",
        "2026-03-04 08:30:00",
        "2026-03-04T08:30:00+08:00",
        "2026-13-22T08:30Z",
        "2026-02-30T08:30Z",
        "2026-03-04T24:30:61Z",
        "now",
    ],
)
def test_what_is_no_time_is_refused(api: Api, name: str, time: str) -> None:
    error = api.refusal("DescribeTasks", **{name: time})

    assert (error.code.code, error.code.status) == ("InvalidParameter", 400)
    assert error.message == f'The specified value of parameter "{name}" is not valid.'


def test_by_image(api: Api) -> None:
    first, second, third = (make(api, image=f"m-{number}") for number in range(3))

    assert listed(api, ResourceIds__1="m-0", ResourceIds__2="m-2") == [third, first]
    assert second not in listed(api, ResourceIds__1="m-0", ResourceIds__7="m-unknown")


def test_more_images_than_there_may_be(api: Api) -> None:
    ids = {f"ResourceIds__{number}": f"m-{number}" for number in range(1, 102)}

    error = api.refusal("DescribeTasks", **ids)

    assert error.message == 'The specified value of parameter "ResourceIds" is not valid.'


@pytest.mark.parametrize("is_named", [True, False])
def test_beyond_the_last_page_there_is_nothing(api: Api, *, is_named: bool) -> None:
    task_id = make(api)
    named = {"TaskIds": task_id} if is_named else {}

    assert listed(api, PageNumber=10**18 - 1, PageSize=100, **named) == []


def test_conditions_are_combined(api: Api) -> None:
    wanted = make(api, image="m-1", action=TaskAction.EXPORT_IMAGE, created=MOMENT)
    make(api, image="m-1", created=MOMENT)
    make(api, image="m-2", action=TaskAction.EXPORT_IMAGE, created=MOMENT)
    make(api, image="m-1", action=TaskAction.EXPORT_IMAGE)

    found = listed(
        api, TaskAction="ExportImage", ResourceIds__1="m-1", EndTime="2026-03-04T08:30:20Z"
    )

    assert found == [wanted]


def test_tasks_of_others_and_of_other_regions_are_not_listed(api: Api) -> None:
    theirs = make(api.as_other_account())
    elsewhere = make(api, region="us-west-1")

    assert listed(api) == []
    assert listed(api, TaskIds=f"{theirs},{elsewhere}") == []
    assert listed(api, RegionId="us-west-1") == [elsewhere]


def test_a_region_is_needed(api: Api) -> None:
    error = api.refusal("DescribeTasks", RegionId="")

    assert (error.code.status, error.code.code) == (400, "MissingParameter")


def test_an_unknown_region_is_refused(api: Api) -> None:
    error = api.refusal("DescribeTasks", RegionId="mars-north-1")

    assert (error.code.code, error.code.status) == ("InvalidRegionId.NotFound", 400)
    assert error.message == "The specified RegionId does not exist."
    assert "mars-north-1" in error.recommend
    assert "cn-hangzhou" in error.recommend


def test_pages_have_the_true_count(api: Api) -> None:
    ids = [make(api) for _ in range(7)][::-1]

    pages = [api.call("DescribeTasks", PageNumber=number, PageSize=3) for number in range(1, 5)]

    assert [[task["TaskId"] for task in page["TaskSet"]["Task"]] for page in pages] == [
        ids[:3],
        ids[3:6],
        ids[6:],
        [],
    ]
    assert {page["TotalCount"] for page in pages} == {7}
    assert [page["PageNumber"] for page in pages] == [1, 2, 3, 4]
    assert {page["PageSize"] for page in pages} == {3}


def test_pages_are_stable_while_tasks_are_made(api: Api) -> None:
    ids = [make(api) for _ in range(5)][::-1]

    pages = []
    for number in (1, 2, 3):
        pages.append(api.call("DescribeTasks", PageNumber=number, PageSize=2))
        make(api)

    assert [task["TaskId"] for page in pages for task in page["TaskSet"]["Task"]] == ids
    assert {page["TotalCount"] for page in pages} == {5}


def test_a_first_page_always_shows_what_is_new(api: Api) -> None:
    for _ in range(3):
        make(api)
    api.call("DescribeTasks", PageSize=2)
    newest = make(api)

    reply = api.call("DescribeTasks", PageSize=2)

    assert reply["TaskSet"]["Task"][0]["TaskId"] == newest
    assert reply["TotalCount"] == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [("PageNumber", "0"), ("PageNumber", "x"), ("PageSize", "0"), ("PageSize", "101")],
)
def test_pages_that_there_cannot_be(api: Api, name: str, value: str) -> None:
    error = api.refusal("DescribeTasks", **{name: value})

    assert (error.code.code, error.code.status) == ("InvalidParameter", 400)
    assert error.message == f'The specified value of parameter "{name}" is not valid.'
