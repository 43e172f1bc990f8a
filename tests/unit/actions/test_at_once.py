"""Calls that come at the same time, to several processes of the API perhaps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from imageferry.actions.errors import ServiceError
from support.api import Api
from support.rows import REGION

CALLS = 8


def _at_once(call: Callable[[int], Any]) -> list[Any]:
    """What each of several calls at once came to: its reply, or the code of its error."""

    def outcome(number: int) -> Any:
        try:
            return call(number)
        except ServiceError as error:
            return error.code.code

    with ThreadPoolExecutor(CALLS) as threads:
        return list(threads.map(outcome, range(CALLS)))


def test_one_client_token_makes_one_image(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)

    replies = _at_once(lambda _: api.import_image(ClientToken="once"))

    assert len({reply["ImageId"] for reply in replies}) == 1
    assert api.count() == {"images": 1, "tasks": 1}


def test_one_name_is_given_once(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)

    outcomes = _at_once(lambda _: api.import_image(ImageName="golden"))

    assert sum("ImageId" in outcome for outcome in outcomes) == 1
    assert outcomes.count("ImageIsImporting") == CALLS - 1


def test_images_are_not_given_each_other_s_new_name(api: Api) -> None:
    ids = [api.available_image() for _ in range(CALLS)]

    outcomes = _at_once(
        lambda number: api.call("ModifyImageAttribute", ImageId=ids[number], ImageName="golden")
    )

    assert outcomes.count("InvalidImageName.Duplicated") == CALLS - 1


def test_a_quota_holds(api: Api) -> None:
    api.put("disk.raw", b"\x01" * 4096)
    api.set(max_images=3)

    outcomes = _at_once(lambda _: api.import_image())

    assert outcomes.count("QuotaExceed.Image") == CALLS - 3
    assert api.count()["images"] == 3


def test_first_pages_of_one_list_do_not_collide(api: Api) -> None:
    for _ in range(3):
        api.import_image()

    pages = _at_once(lambda _: api.call("DescribeTasks", RegionId=REGION, PageSize=1))

    assert [page["TotalCount"] for page in pages] == [3] * CALLS
