"""ModifyImageSharePermission, DescribeImageSharePermission, and what others see and may do."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from support.api import Api


@pytest.fixture
def other(api: Api) -> Api:
    """The actions as an account calls them that images are shared with."""
    return api.as_other_account()


def shared_with(api: Api, image_id: str, **parameters: object) -> list[str]:
    reply = api.call("DescribeImageSharePermission", ImageId=image_id, **parameters)
    assert reply["TotalCount"] >= len(reply["Accounts"]["Account"])
    return [account["AliyunId"] for account in reply["Accounts"]["Account"]]


def listed(api: Api, **parameters: object) -> list[str]:
    found = api.call("DescribeImages", **parameters)["Images"]["Image"]
    return [image["ImageId"] for image in found]


def share(api: Api, image_id: str, *accounts: str, **parameters: object) -> None:
    named = {f"AddAccount__{number}": account for number, account in enumerate(accounts, start=1)}
    assert api.call("ModifyImageSharePermission", ImageId=image_id, **named, **parameters) == {}


def unshare(api: Api, image_id: str, account: str) -> None:
    api.call("ModifyImageSharePermission", ImageId=image_id, RemoveAccount__1=account)


def new_accounts(api: Api, count: int) -> list[str]:
    def create(connection: sa.Connection) -> list[str]:
        return [access_keys.create_account(connection, "another") for _ in range(count)]

    found = api.change(create)
    assert isinstance(found, list)
    return found


def test_an_image_is_shared_and_taken_back(api: Api, other: Api) -> None:
    image_id = api.available_image()
    assert (listed(other), shared_with(api, image_id)) == ([], [])

    share(api, image_id, other.account_id)
    share(api, image_id, other.account_id)

    assert shared_with(api, image_id) == [other.account_id]
    assert listed(other) == [image_id]
    unshare(api, image_id, other.account_id)
    unshare(api, image_id, other.account_id)
    assert (listed(other), shared_with(api, image_id)) == ([], [])


def test_all_that_is_told_of_shares(api: Api, other: Api) -> None:
    image_id = api.available_image()
    share(api, image_id, other.account_id)

    reply = api.call("DescribeImageSharePermission", ImageId=image_id)

    (account,) = reply["Accounts"]["Account"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", account.pop("SharedTime"))
    assert reply == {
        "ImageId": image_id,
        "RegionId": "cn-hangzhou",
        "PageNumber": 1,
        "PageSize": 10,
        "TotalCount": 1,
        "Accounts": {"Account": [{"AliyunId": other.account_id}]},
        "ShareGroups": {"ShareGroup": []},
    }


def test_what_others_see_of_an_image(api: Api, other: Api) -> None:
    image_id = api.available_image(
        ImageName="golden", ResourceGroupId="rg-1", Tag__1__Key="team", Tag__1__Value="a"
    )
    share(api, image_id, other.account_id)

    def shown(who: Api) -> dict[str, Any]:
        (image,) = who.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
        assert isinstance(image, dict)
        return image

    own, foreign = shown(api), shown(other)
    assert (own["ImageOwnerAlias"], own["IsSelfShared"]) == ("self", "true")
    assert (foreign["ImageOwnerAlias"], foreign["IsSelfShared"]) == ("others", "")
    assert foreign["ImageOwnerId"] == int(api.account_id)
    assert (foreign["ImageName"], foreign["IsPublic"]) == ("golden", False)
    assert (foreign["Tags"], foreign["ResourceGroupId"]) == ({"Tag": []}, "")
    (disk,) = foreign["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert (disk["ImportOSSBucket"], disk["ImportOSSObject"]) == ("", "")
    assert listed(other, Tag__1__Key="team") == []


@pytest.mark.parametrize(
    ("parameters", "own", "shared"),
    [
        ({}, True, True),
        ({"ImageOwnerAlias": "self"}, True, False),
        ({"ImageOwnerAlias": "others"}, False, True),
        ({"ImageOwnerAlias": "system"}, False, False),
        ({"IsPublic": "true", "ImageOwnerAlias": "others"}, False, False),
    ],
)
def test_lists_of_own_and_of_shared_images(
    api: Api, other: Api, parameters: dict[str, str], *, own: bool, shared: bool
) -> None:
    shared_id = api.available_image()
    share(api, shared_id, other.account_id)
    other.put("disk.raw", b"\x01" * 4096, bucket="other")
    own_id = other.available_image(DiskDeviceMapping__1__OSSBucket="other")

    expected = {own_id} if own else set()
    assert set(listed(other, **parameters)) == (expected | {shared_id} if shared else expected)


def test_a_list_of_one_owner_s_images(api: Api, other: Api) -> None:
    image_id = api.available_image()
    share(api, image_id, other.account_id)

    assert listed(other, ImageOwnerId=api.account_id) == [image_id]
    assert listed(other, ImageOwnerId=other.account_id) == []


def test_a_shared_image_is_its_owner_s_to_change(api: Api, other: Api) -> None:
    image_id = api.available_image()
    share(api, image_id, other.account_id)

    refusals = [
        other.refusal("DeleteImage", ImageId=image_id),
        other.refusal("ModifyImageSharePermission", ImageId=image_id, RemoveAccount__1="1"),
        other.refusal("DescribeImageSharePermission", ImageId=image_id),
        other.refusal("ModifyImageAttribute", ImageId=image_id, ImageName="mine"),
    ]

    assert {(error.code.status, error.code.code) for error in refusals} == {
        (404, "InvalidImageId.NotFound")
    }
    assert listed(api) == [image_id]


@pytest.mark.parametrize("force", ["false", "true"])
def test_a_shared_image_is_not_deleted(api: Api, other: Api, force: str) -> None:
    image_id = api.available_image()
    share(api, image_id, other.account_id)

    error = api.refusal("DeleteImage", ImageId=image_id, Force=force)

    assert (error.code.status, error.code.code) == (403, "ImageUseShared")
    unshare(api, image_id, other.account_id)
    api.call("DeleteImage", ImageId=image_id, Force=force)
    assert listed(other) == []


def test_at_most_50_shares_in_pages(api: Api) -> None:
    image_id = api.available_image()
    accounts = new_accounts(api, 51)
    for start in range(0, 50, 10):
        share(api, image_id, *accounts[start : start + 10])

    error = api.refusal("ModifyImageSharePermission", ImageId=image_id, AddAccount__1=accounts[50])

    assert (error.code.status, error.code.code) == (403, "QuotaExceed.ShareImageUser")
    assert "51" in error.recommend
    share(api, image_id, accounts[50], RemoveAccount__1=accounts[0])
    pages = [shared_with(api, image_id, PageNumber=page, PageSize=20) for page in range(1, 5)]
    assert [len(page) for page in pages] == [20, 20, 10, 0]
    assert {account for page in pages for account in page} == set(accounts[1:])


def test_accounts_past_the_tenth_are_ignored(api: Api) -> None:
    image_id = api.available_image()
    accounts = new_accounts(api, 11)

    share(api, image_id, *accounts, "1")

    assert set(shared_with(api, image_id)) == set(accounts[:10])


def test_an_account_in_both_lists_loses_the_image(api: Api, other: Api) -> None:
    image_id = api.available_image()

    share(api, image_id, other.account_id, RemoveAccount__1=other.account_id)
    assert shared_with(api, image_id) == []
    share(api, image_id, other.account_id)
    share(api, image_id, other.account_id, RemoveAccount__1=other.account_id)
    assert shared_with(api, image_id) == []


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"AddAccount__1": "1"}, 404, "InvalidAccount.NotFound"),
        ({"RemoveAccount__1": "1"}, 404, "InvalidAccount.NotFound"),
        ({"IsPublic": "true"}, 403, "InvalidParameter.IsPublic"),
        ({"LaunchPermission": "hidden"}, 400, "UnnecessaryParameter.LaunchPermission"),
        ({"AddAccount__1": "", "IsPublic": "true"}, 403, "CurrentRegion.NotSupportPublicImage"),
        ({"AddAccount__1": "", "IsPublic": "false"}, 403, "Image.NotPublic"),
        (
            {"AddAccount__1": "", "LaunchPermission": "hidden"},
            400,
            "ForbiddenParameter.LaunchPermission",
        ),
        ({"ImageId": "m-unknown"}, 404, "InvalidImageId.NotFound"),
        ({"RegionId": "us-west-1"}, 404, "InvalidImageId.NotFound"),
        ({"RegionId": "nowhere"}, 400, "InvalidRegionId.NotFound"),
        ({"ImageId": ""}, 400, "MissingParameter"),
        ({"DryRun": "true"}, 400, "DryRunOperation"),
    ],
)
def test_refusals(api: Api, other: Api, parameters: dict[str, str], status: int, code: str) -> None:
    image_id = api.available_image()
    valid = {"ImageId": image_id, "AddAccount__1": other.account_id}

    error = api.refusal("ModifyImageSharePermission", **(valid | parameters))

    assert (error.code.status, error.code.code) == (status, code)
    assert shared_with(api, image_id) == []


def test_the_owner_cannot_be_named(api: Api) -> None:
    image_id = api.available_image()

    error = api.refusal(
        "ModifyImageSharePermission", ImageId=image_id, AddAccount__1=api.account_id
    )

    assert (error.code.status, error.code.code) == (404, "InvalidAccount.Forbbiden")


def test_a_deprecated_image_is_not_given_away_but_taken_back(api: Api, other: Api) -> None:
    image_id = api.available_image()
    share(api, image_id, other.account_id)
    api.change(images.set_status, image_id, ImageStatus.DEPRECATED)
    (account,) = new_accounts(api, 1)

    error = api.refusal("ModifyImageSharePermission", ImageId=image_id, AddAccount__1=account)

    assert (error.code.status, error.code.code) == (403, "OperationDenied.InvalidImageStatus")
    unshare(api, image_id, other.account_id)
    assert shared_with(api, image_id) == []


def test_nothing_asked_for_changes_nothing(api: Api) -> None:
    image_id = api.available_image()

    share(api, image_id)

    assert shared_with(api, image_id) == []
    assert shared_with(api, image_id, RegionId="cn-hangzhou") == []


def test_an_image_that_is_to_stay_private_is_shared(api: Api, other: Api) -> None:
    image_id = api.available_image()

    share(api, image_id, other.account_id, IsPublic="false")

    assert shared_with(api, image_id) == [other.account_id]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"RegionId": "nowhere"}, "InvalidRegionId.NotFound"),
        ({"ImageId": ""}, "MissingParameter"),
    ],
)
def test_refusals_of_the_list(api: Api, parameters: dict[str, str], code: str) -> None:
    valid = {"ImageId": api.available_image()}

    error = api.refusal("DescribeImageSharePermission", **(valid | parameters))

    assert (error.code.status, error.code.code) == (400, code)
