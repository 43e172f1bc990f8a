"""DescribeImages: which images are listed, and what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import tables
from support.api import Api

MOMENT = datetime(2026, 3, 4, 8, 30, 20, tzinfo=UTC)
EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed"


def listed(api: Api, **parameters: object) -> list[str]:
    reply = api.call("DescribeImages", **parameters)
    ids = [image["ImageId"] for image in reply["Images"]["Image"]]
    assert reply["TotalCount"] >= len(ids)
    return ids


def test_an_empty_list(api: Api) -> None:
    assert api.call("DescribeImages") == {
        "PageNumber": 1,
        "PageSize": 10,
        "TotalCount": 0,
        "RegionId": "cn-hangzhou",
        "Images": {"Image": []},
    }


@pytest.fixture
def of_every_status(api: Api) -> dict[str, str]:
    """An image of each status, by the status."""
    found = {}
    for status in ImageStatus:
        found[status.value] = api.available_image()
        api.change(images.set_status, found[status.value], status)
    return found


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, {"Available"}),
        ("", {"Available"}),
        ("Available", {"Available"}),
        ("available", {"Available"}),
        ("Creating,Waiting", {"Creating", "Waiting"}),
        ("Creating, Waiting", {"Creating", "Waiting"}),
        (EVERY_STATUS, {"Creating", "Waiting", "Available", "CreateFailed"}),
        ("ALL", {"Creating", "Waiting", "Available", "CreateFailed", "Deprecated"}),
        ("UnAvailable", set()),
        ("Deprecated", {"Deprecated"}),
        ("Nonsense", set()),
        ("Nonsense,Waiting", {"Waiting"}),
    ],
)
def test_by_status(
    api: Api, of_every_status: dict[str, str], status: str | None, expected: set[str]
) -> None:
    asked = {} if status is None else {"Status": status}

    assert set(listed(api, **asked)) == {of_every_status[word] for word in expected}


def test_without_a_status_an_image_asked_for_by_id_is_listed_when_available(
    api: Api, of_every_status: dict[str, str]
) -> None:
    assert listed(api, ImageId=of_every_status["Available"]) == [of_every_status["Available"]]
    assert listed(api, ImageId=of_every_status["Creating"]) == []


@pytest.mark.parametrize(
    ("usable", "expected"),
    [("true", {"Available"}), ("false", {"Creating", "Waiting", "CreateFailed", "Deprecated"})],
)
def test_by_usable(
    api: Api, of_every_status: dict[str, str], usable: str, expected: set[str]
) -> None:
    found = listed(api, Status="ALL", Usable=usable)

    assert set(found) == {of_every_status[word] for word in expected}
    assert listed(api, Status="Waiting", Usable="true") == []


def test_by_ids(api: Api) -> None:
    first, second, third = (api.available_image() for _ in range(3))

    assert set(listed(api, ImageId=f"{first}, {third},m-unknown")) == {first, third}
    assert listed(api, ImageId=second) == [second]
    assert listed(api, ImageId="m-unknown") == []


def test_more_ids_than_there_may_be(api: Api) -> None:
    ids = ",".join(f"m-{number}" for number in range(101))

    error = api.refusal("DescribeImages", ImageId=ids)

    assert error.message == 'The specified value of parameter "ImageId" is not valid.'
    assert "101" in error.recommend


def test_by_name_exactly(api: Api) -> None:
    golden = api.available_image(ImageName="golden")
    api.available_image(ImageName="golden-1")

    assert listed(api, ImageName="golden") == [golden]
    assert listed(api, ImageName="gold") == []
    assert listed(api, ImageName="x" * 500) == []


def test_by_tags(api: Api) -> None:
    both = api.available_image(
        Tag__1__Key="by", Tag__1__Value="mantle", Tag__2__Key="stream", Tag__2__Value="next"
    )
    one = api.available_image(Tag__1__Key="by", Tag__1__Value="mantle")
    api.available_image(Tag__1__Key="by", Tag__1__Value="packer")

    assert set(listed(api, Tag__1__Key="by", Tag__1__Value="mantle")) == {both, one}
    assert listed(api, tag__1__key="stream") == [both]
    assert listed(api, Tag__1__Key="stream", Tag__1__Value="") == [both]
    assert listed(
        api, Tag__1__Key="by", Tag__1__Value="mantle", Tag__2__Key="stream", Tag__2__Value="next"
    ) == [both]
    assert listed(api, Tag__1__Key="absent") == []


def test_a_tag_by_its_value_alone(api: Api) -> None:
    error = api.refusal("DescribeImages", Tag__1__Key="by", Tag__2__Value="mantle")

    assert (error.code.status, error.code.code) == (400, "InvalidTag.Mismatch")
    assert error.message == "The specified Tag.n.Key and Tag.n.Value are not match."


def test_more_tags_than_there_may_be(api: Api) -> None:
    error = api.refusal(
        "DescribeImages", **{f"Tag__{number}__Key": f"k{number}" for number in range(1, 22)}
    )

    assert (error.code.status, error.code.code) == (400, "InvalidTagCount")
    assert error.message == "The specified tags are beyond the permitted range."


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("CreationStartTime", "2026-03-04T08:30Z", True),
        ("CreationStartTime", "2026-03-04T08:31Z", False),
        ("creationstarttime", "2026-03-04T08:31Z", False),
        ("CreationStartTime", "2026-03-04T08:30:21Z", False),
        ("CreationEndTime", "2026-03-04T08:30Z", True),
        ("CreationEndTime", "2026-03-04T08:29Z", False),
        ("CREATIONENDTIME", "2026-03-04T08:29Z", False),
        ("CreationEndTime", "9999-12-31T23:59Z", True),
        ("CreationStartTime", "9999-12-31T23:59:59Z", False),
        ("NetworkType", "vpc", True),
    ],
)
def test_by_filters(api: Api, key: str, value: str, *, found: bool) -> None:
    image_id = api.available_image()
    api.backdate(image_id, MOMENT)

    ids = listed(api, Filter__1__Key=key, Filter__1__Value=value)

    assert ids == ([image_id] if found else [])


@pytest.mark.parametrize(
    ("parameters", "status", "code", "message"),
    [
        (
            {"Filter__1__Key": "Colour", "Filter__1__Value": "red"},
            404,
            "InvalidFilterKey.NotFound",
            "The specified Filter Key is not found.",
        ),
        (
            {"Filter__1__Key": "CreationStartTime", "Filter__1__Value": "today"},
            404,
            "InvalidFilterValue",
            "The specified Filter Value is not valid.",
        ),
        (
            {"Filter__1__Key": "CreationEndTime"},
            404,
            "InvalidFilterValue",
            "The specified Filter Value is not valid.",
        ),
        ({"Usage": "all"}, 404, "InvalidUsage", "The specified Usage is not valid."),
        ({"OSType": "plan9"}, 404, "InvalidOSType", "The specified OSType is not valid."),
        (
            {"Architecture": "mips"},
            404,
            "InvalidArchitecture",
            "The specified Architecture is not valid.",
        ),
        (
            {"ImageOwnerAlias": "me"},
            400,
            "InvalidImageOwnerAlias.ValueNotSupported",
            "The specified ImageOwnerAlias value is not supported.",
        ),
        (
            {"RegionId": "nowhere"},
            400,
            "InvalidRegionId.NotFound",
            "The specified RegionId does not exist.",
        ),
        (
            {"PageSize": "101"},
            400,
            "InvalidParameter",
            'The specified value of parameter "PageSize" is not valid.',
        ),
        (
            {"DryRun": "true"},
            400,
            "DryRunOperation",
            "Request validation has been passed with DryRun flag set.",
        ),
    ],
)
def test_refusals(
    api: Api, parameters: dict[str, str], status: int, code: str, message: str
) -> None:
    error = api.refusal("DescribeImages", **parameters)

    assert (error.code.status, error.code.code, error.message) == (status, code, message)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"ImageOwnerAlias": "self"}, True),
        ({"ImageOwnerAlias": "Self"}, True),
        ({"ImageOwnerAlias": "system"}, False),
        ({"ImageOwnerAlias": "others"}, False),
        ({"ImageOwnerAlias": "marketplace"}, False),
        ({"IsPublic": "true"}, False),
        ({"IsPublic": "false"}, True),
        ({"ImageFamily": "debian"}, False),
        ({"Usage": "instance"}, False),
        ({"Usage": "none"}, True),
        ({"ImageOwnerId": "1"}, False),
        ({"OSType": "linux"}, True),
        ({"OSType": "Linux"}, True),
        ({"OSType": "windows"}, False),
        ({"Architecture": "x86_64"}, True),
        ({"Architecture": "X86_64"}, True),
        ({"Architecture": "arm64"}, False),
        ({"ResourceGroupId": "rg-1"}, True),
        ({"ResourceGroupId": "rg-2"}, False),
        ({"SnapshotId": "s-unknown"}, False),
        ({"ActionType": "ChangeOS", "InstanceType": "ecs.g8i.large"}, True),
        ({"IsSupportCloudinit": "false", "IsSupportIoOptimized": "false"}, True),
        ({"ShowExpired": "true"}, True),
        ({"IsSupportCloudinit": "true"}, False),
    ],
)
def test_other_conditions(api: Api, parameters: dict[str, str], *, found: bool) -> None:
    image_id = api.available_image(ResourceGroupId="rg-1")

    assert listed(api, **parameters) == ([image_id] if found else [])


def test_by_an_architecture_that_was_given_in_another_case(api: Api) -> None:
    image_id = api.available_image(Architecture="ARM64")

    (image,) = api.call("DescribeImages", Architecture="arm64")["Images"]["Image"]

    assert (image["ImageId"], image["Architecture"]) == (image_id, "ARM64")


def test_by_owner_and_by_snapshot(api: Api) -> None:
    image_id = api.available_image()
    api.available_image()
    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    (disk,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]

    assert listed(api, SnapshotId=disk["SnapshotId"]) == [image_id]
    assert len(listed(api, ImageOwnerId=api.account_id)) == 2


def test_pages_newest_first_with_the_true_count(api: Api) -> None:
    ids = [api.available_image() for _ in range(5)][::-1]

    pages = [api.call("DescribeImages", PageNumber=number, PageSize=2) for number in range(1, 5)]

    assert [[image["ImageId"] for image in page["Images"]["Image"]] for page in pages] == [
        ids[:2],
        ids[2:4],
        ids[4:],
        [],
    ]
    assert {page["TotalCount"] for page in pages} == {5}


def test_beyond_the_last_page_there_is_nothing(api: Api) -> None:
    api.available_image()

    reply = api.call("DescribeImages", PageNumber=10**18 - 1, PageSize=100)

    assert (reply["Images"]["Image"], reply["TotalCount"]) == ([], 1)


def test_an_image_outlives_the_task_that_made_it(api: Api) -> None:
    made, failed = api.available_image(), api.available_image()
    api.change(images.set_status, failed, ImageStatus.CREATE_FAILED)
    api.change(sa.Connection.execute, sa.delete(tables.tasks))

    found = api.call("DescribeImages", Status="ALL")["Images"]["Image"]

    assert {image["ImageId"]: image["Progress"] for image in found} == {made: "100%", failed: "0%"}


def test_images_of_others_and_of_other_regions_are_not_listed(api: Api) -> None:
    ours = api.available_image()
    elsewhere = api.available_image(RegionId="us-west-1")

    assert listed(api) == [ours]
    assert listed(api, RegionId="us-west-1") == [elsewhere]
    assert listed(api, ImageId=elsewhere) == []
    assert listed(api.as_other_account(), ImageId=ours) == []
