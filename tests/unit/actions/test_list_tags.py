"""ListTagResources and DescribeTags."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api


def listed(api: Api, **parameters: object) -> list[tuple[str, str, str]]:
    reply = api.call("ListTagResources", **({"ResourceType": "image"} | parameters))
    return [
        (tag["ResourceId"], tag["TagKey"], tag["TagValue"])
        for tag in reply["TagResources"]["TagResource"]
    ]


@pytest.fixture
def tagged(api: Api) -> dict[str, str]:
    """Three images with tags and one without, by their names."""
    return {
        name: api.available_image(ImageName=name, **_tags(pairs))
        for name, pairs in {
            "first": {"team": "a", "env": "test"},
            "second": {"team": "b"},
            "third": {"team": "a", "env": "live"},
            "plain": {},
        }.items()
    }


def _tags(pairs: dict[str, str]) -> dict[str, str]:
    numbered = list(enumerate(pairs.items(), start=1))
    return {f"Tag__{number}__Key": key for number, (key, _) in numbered} | {
        f"Tag__{number}__Value": value for number, (_, value) in numbered
    }


def test_the_tags_of_images_as_terraform_asks_for_them(api: Api, tagged: dict[str, str]) -> None:
    reply = api.call("ListTagResources", ResourceType="image", ResourceId__1=tagged["first"])

    assert reply == {
        "NextToken": "",
        "TagResources": {
            "TagResource": [
                {
                    "ResourceId": tagged["first"],
                    "ResourceType": "image",
                    "TagKey": key,
                    "TagValue": value,
                }
                for key, value in (("env", "test"), ("team", "a"))
            ]
        },
    }
    assert listed(api, ResourceId__1=tagged["plain"], ResourceId__2="m-unknown") == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Tag__1__Key": "team"}, {"first", "second", "third"}),
        ({"Tag__1__Key": "team", "Tag__1__Value": "a"}, {"first", "third"}),
        ({"Tag__1__Key": "team", "Tag__2__Key": "env", "Tag__2__Value": "live"}, {"third"}),
        ({"TagFilter__1__TagKey": "env"}, {"first", "third"}),
        (
            {
                "TagFilter__1__TagKey": "env",
                "TagFilter__1__TagValues__1": "live",
                "TagFilter__1__TagValues__2": "other",
            },
            {"third"},
        ),
        ({"Tag__1__Key": "Team"}, set()),
    ],
)
def test_by_tags(
    api: Api, tagged: dict[str, str], parameters: dict[str, str], expected: set[str]
) -> None:
    found = {resource for resource, _, _ in listed(api, **parameters)}

    assert found == {tagged[name] for name in expected}
    assert listed(api, **parameters, ResourceId__1=tagged["plain"]) == []


def test_pages(api: Api) -> None:
    tags = {f"Tag__{number}__Key": f"key-{number}" for number in range(1, 21)}
    ids = [api.available_image(**tags) for _ in range(5)]
    named = {f"ResourceId__{number}": image_id for number, image_id in enumerate(ids, start=1)}
    seen: list[tuple[str, str]] = []
    sizes = []
    token: dict[str, Any] = {}

    while True:
        reply = api.call("ListTagResources", ResourceType="image", **named, **token)
        page = reply["TagResources"]["TagResource"]
        seen += [(tag["ResourceId"], tag["TagKey"]) for tag in page]
        sizes.append(len(page))
        if not reply["NextToken"]:
            break
        token = {"NextToken": reply["NextToken"]}

    assert sizes == [50, 50]
    assert len(set(seen)) == 100


def test_others_see_nothing(api: Api, tagged: dict[str, str]) -> None:
    other = api.as_other_account()

    assert listed(other, ResourceId__1=tagged["first"]) == []
    assert listed(api, ResourceId__1=tagged["first"], RegionId="us-west-1") == []
    assert listed(api, ResourceId__1=tagged["first"], ResourceType="snapshot") == []
    assert other.call("DescribeTags")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"RegionId": "nowhere"}, 404, "InvalidRegionId.NotFound"),
        ({"RegionId": ""}, 404, "MissingParameter.RegionId"),
        ({"ResourceType": ""}, 404, "MissingParameter.ResourceType"),
        ({"ResourceType": "instance"}, 404, "InvalidResourceType.NotFound"),
        ({"ResourceId__1": ""}, 403, "BothEmpty.TagsAndResources"),
        ({f"ResourceId__{n}": "m-1" for n in range(1, 52)}, 400, "NumberExceed.ResourceIds"),
        ({f"Tag__{n}__Key": f"key-{n}" for n in range(1, 22)}, 400, "NumberExceed.Tags"),
        ({"Tag__1__Value": "a"}, 400, "InvalidTag.Mismatch"),
        ({"Tag__1__Key": "a", "Tag__2__Key": "a"}, 400, "Duplicate.TagKey"),
        ({"Tag__1__Key": "a", "TagFilter__1__TagKey": "b"}, 400, "InvalidTags.MalFormed"),
        ({"TagFilter__1__TagValues__1": "a"}, 403, "InvalidTagFilter.Malformed"),
        (
            {"TagFilter__1__TagKey": "a"}
            | {f"TagFilter__1__TagValues__{n}": "x" for n in range(1, 7)},
            403,
            "NumberExceed.TagValues",
        ),
        (
            {"TagFilter__1__TagKey": "a", "TagFilter__2__TagKey": "a"},
            400,
            "Duplicate.TagKey",
        ),
        ({"NextToken": "nonsense"}, 403, "Invalid.NextToken"),
        ({"NextToken": "ÄÖÜ"}, 403, "Invalid.NextToken"),
        ({"NextToken": "bS0x"}, 403, "Invalid.NextToken"),
    ],
)
def test_refusals(api: Api, parameters: dict[str, str], status: int, code: str) -> None:
    valid = {"ResourceType": "image", "ResourceId__1": "m-1"}

    error = api.refusal("ListTagResources", **(valid | parameters))

    assert (error.code.status, error.code.code) == (status, code)


def test_keys_and_values_in_use(api: Api, tagged: dict[str, str]) -> None:
    (image,) = api.call("DescribeImages", ImageId=tagged["second"])["Images"]["Image"]
    (disk,) = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    api.call(
        "AddTags",
        ResourceType="snapshot",
        ResourceId=disk["SnapshotId"],
        Tag__1__Key="team",
        Tag__1__Value="b",
    )

    reply = api.call("DescribeTags")

    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (1, 50, 4)
    assert [
        (
            tag["TagKey"],
            tag["TagValue"],
            tag["ResourceTypeCount"]["Image"],
            tag["ResourceTypeCount"]["Snapshot"],
        )
        for tag in reply["Tags"]["Tag"]
    ] == [
        ("env", "live", 1, 0),
        ("env", "test", 1, 0),
        ("team", "a", 2, 0),
        ("team", "b", 1, 1),
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"ResourceType": "Image"}, ["live", "test", "a", "b"]),
        ({"ResourceType": "snapshot"}, []),
        ({"Tag__1__Key": "env"}, ["live", "test", "a"]),
        ({"Tag__1__Key": "env", "Tag__1__Value": "test"}, ["test", "a"]),
        ({"PageSize": "3", "PageNumber": "2"}, ["b"]),
        ({"Category": "custom", "PageSize": "1"}, ["live"]),
    ],
)
def test_narrower_lists(
    api: Api, tagged: dict[str, str], parameters: dict[str, str], expected: list[str]
) -> None:
    found = api.call("DescribeTags", **parameters)["Tags"]["Tag"]

    assert [tag["TagValue"] for tag in found] == expected


def test_the_tags_of_one_resource(api: Api, tagged: dict[str, str]) -> None:
    found = api.call("DescribeTags", ResourceType="image", ResourceId=tagged["second"])

    assert [tag["TagValue"] for tag in found["Tags"]["Tag"]] == ["b"]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"RegionId": "nowhere"}, 404, "InvalidRegionId.NotFound"),
        ({"RegionId": ""}, 400, "MissingParameter"),
        ({"ResourceType": "instance"}, 404, "InvalidResourceType.NotFound"),
        ({f"Tag__{n}__Key": f"key-{n}" for n in range(1, 22)}, 400, "NumberExceed.Tags"),
        ({"Tag__1__Value": "a"}, 400, "InvalidTag.Mismatch"),
        ({"Tag__1__Key": "a", "Tag__2__Key": "a"}, 400, "Duplicate.TagKey"),
    ],
)
def test_refusals_of_keys_and_values_in_use(
    api: Api, parameters: dict[str, str], status: int, code: str
) -> None:
    error = api.refusal("DescribeTags", **parameters)

    assert (error.code.status, error.code.code) == (status, code)
