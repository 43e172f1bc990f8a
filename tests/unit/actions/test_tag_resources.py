"""TagResources and UntagResources, and AddTags and RemoveTags, which older clients use."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

ONE_TAG = {"Tag__1__Key": "team", "Tag__1__Value": "platform"}
MANY_TAGS = {f"Tag__{number}__Key": f"key-{number}" for number in range(1, 21)}
TAGGING = {"TagResources": "ResourceId__1", "AddTags": "ResourceId"}
UNTAGGING = {"UntagResources": "ResourceId__1", "RemoveTags": "ResourceId"}


def tags(api: Api, image_id: str) -> dict[str, str]:
    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    return {tag["TagKey"]: tag["TagValue"] for tag in image["Tags"]["Tag"]}


def snapshot_tags(api: Api, snapshot_id: str) -> dict[str, str]:
    found = api.call("DescribeTags", ResourceType="snapshot", ResourceId=snapshot_id)
    return {tag["TagKey"]: tag["TagValue"] for tag in found["Tags"]["Tag"]}


def snapshot(api: Api, image_id: str) -> str:
    (image,) = api.call("DescribeImages", ImageId=image_id)["Images"]["Image"]
    snapshot_id: str = image["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]
    return snapshot_id


def image_parameters(action: str, image_id: str) -> dict[str, Any]:
    return {"ResourceType": "image", (TAGGING | UNTAGGING)[action]: image_id}


@pytest.mark.parametrize("action", TAGGING)
def test_tags_are_given_and_replaced(api: Api, action: str) -> None:
    image_id = api.available_image(Tag__1__Key="by", Tag__1__Value="mantle")
    untouched = api.available_image()

    assert api.call(action, **image_parameters(action, image_id), **ONE_TAG) == {}
    api.call(action, ResourceType="Image", **{TAGGING[action]: image_id}, Tag__1__Key="by")

    assert tags(api, image_id) == {"by": "", "team": "platform"}
    assert tags(api, untouched) == {}
    assert api.call("DescribeImages", **ONE_TAG)["TotalCount"] == 1


def test_many_resources_get_many_tags(api: Api) -> None:
    ids = [api.available_image() for _ in range(3)]
    named = {f"ResourceId__{number}": image_id for number, image_id in enumerate(ids, start=1)}

    api.call("TagResources", ResourceType="image", **named, **MANY_TAGS)
    api.call(
        "UntagResources", ResourceType="image", **named, TagKey__1="key-1", TagKey__2="unknown"
    )

    for image_id in ids:
        assert set(tags(api, image_id)) == {f"key-{number}" for number in range(2, 21)}
    api.call("UntagResources", ResourceType="image", ResourceId__1=ids[0], All="true")
    assert [len(tags(api, image_id)) for image_id in ids] == [0, 19, 19]


@pytest.mark.parametrize("action", TAGGING)
def test_a_snapshot_has_tags_of_its_own(api: Api, action: str) -> None:
    image_id = api.available_image()
    snapshot_id = snapshot(api, image_id)

    api.call(action, ResourceType="snapshot", **{TAGGING[action]: snapshot_id}, **ONE_TAG)

    assert tags(api, image_id) == {}
    assert snapshot_tags(api, snapshot_id) == {"team": "platform"}


@pytest.mark.parametrize("action", TAGGING)
def test_no_resource_has_more_than_20_tags(api: Api, action: str) -> None:
    image_id = api.available_image(Tag__1__Key="one", Tag__2__Key="key-1")

    error = api.refusal(action, **image_parameters(action, image_id), **MANY_TAGS)

    assert (error.code.status, error.code.code) == (400, "OperationDenied.QuotaExceed")
    assert "21" in error.recommend
    assert set(tags(api, image_id)) == {"one", "key-1"}


def test_tags_are_given_to_all_or_to_none(api: Api) -> None:
    image_id = api.available_image()

    error = api.refusal(
        "TagResources",
        ResourceType="image",
        ResourceId__1=image_id,
        ResourceId__2="m-unknown",
        **ONE_TAG,
    )

    assert (error.code.status, error.code.code) == (404, "InvalidResourceId.NotFound")
    assert "m-unknown" in error.recommend
    assert tags(api, image_id) == {}


@pytest.mark.parametrize("action", [*TAGGING, *UNTAGGING])
def test_a_resource_of_another_type_region_or_account(api: Api, action: str) -> None:
    image_id = api.available_image()
    named = image_parameters(action, image_id)
    which = {"TagKey__1": "team"} if action == "UntagResources" else ONE_TAG

    refusals = [
        api.refusal(action, **(named | {"ResourceType": "snapshot"}), **which),
        api.refusal(action, **named, **which, RegionId="us-west-1"),
        api.as_other_account().refusal(action, **named, **which),
    ]

    assert {(error.code.status, error.code.code) for error in refusals} == {
        (404, "InvalidResourceId.NotFound")
    }


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"RegionId": "nowhere"}, 404, "InvalidRegionId.NotFound"),
        ({"RegionId": ""}, 404, "MissingParameter.RegionId"),
        ({"ResourceType": ""}, 404, "MissingParameter.ResourceType"),
        ({"ResourceType": "instance"}, 404, "InvalidResourceType.NotFound"),
        ({"ResourceId__1": ""}, 404, "MissingParameter.ResourceIds"),
        ({f"ResourceId__{n}": "m-1" for n in range(1, 52)}, 400, "NumberExceed.ResourceIds"),
        ({"Tag__1__Key": "", "Tag__1__Value": "x"}, 400, "MissingParameter"),
        ({"Tag__1__Key": "aliyun-x"}, 400, "InvalidTagKey.Malformed"),
        ({"Tag__1__Key": "x" * 129}, 400, "InvalidTagKey.Malformed"),
        ({"Tag__1__Value": "acs:x"}, 400, "InvalidTagValue.Malformed"),
        ({"Tag__1__Value": "x" * 129}, 400, "InvalidTagValue.Malformed"),
        ({"Tag__2__Key": "team"}, 400, "Duplicate.TagKey"),
        (MANY_TAGS | {"Tag__21__Key": "key-21"}, 400, "NumberExceed.Tags"),
    ],
)
def test_refusals_of_tags(api: Api, parameters: dict[str, str], status: int, code: str) -> None:
    image_id = api.available_image()
    valid = image_parameters("TagResources", image_id) | ONE_TAG

    error = api.refusal("TagResources", **(valid | parameters))

    assert (error.code.status, error.code.code) == (status, code)
    assert tags(api, image_id) == {}


@pytest.mark.parametrize(
    ("action", "parameters", "status", "code"),
    [
        *(
            (action, parameters, status, code)
            for action in ("UntagResources", "AddTags", "RemoveTags")
            for parameters, status, code in (
                ({"RegionId": "nowhere"}, 404, "InvalidRegionId.NotFound"),
                ({"ResourceType": "instance"}, 404, "InvalidResourceType.NotFound"),
            )
        ),
        ("UntagResources", {"RegionId": ""}, 404, "MissingParameter.RegionId"),
        ("UntagResources", {"ResourceType": ""}, 404, "MissingParameter.ResourceType"),
        ("UntagResources", {"ResourceId__1": ""}, 404, "MissingParameter.ResourceIds"),
        (
            "UntagResources",
            {f"ResourceId__{n}": "m-1" for n in range(1, 52)},
            400,
            "NumberExceed.ResourceIds",
        ),
        (
            "UntagResources",
            {f"TagKey__{n}": f"key-{n}" for n in range(1, 22)},
            400,
            "NumberExceed.Tags",
        ),
        ("AddTags", {"Tag__1__Key": "aliyun-x"}, 400, "InvalidTagKey.Malformed"),
        ("AddTags", {"Tag__1__Value": "acs:x"}, 400, "InvalidTagValue.Malformed"),
        ("AddTags", {"Tag__2__Key": "team"}, 400, "Duplicate.TagKey"),
        ("AddTags", MANY_TAGS | {"Tag__21__Key": "key-21"}, 400, "NumberExceed.Tags"),
        ("RemoveTags", {"Tag__2__Key": "team"}, 400, "Duplicate.TagKey"),
        ("RemoveTags", MANY_TAGS | {"Tag__21__Key": "key-21"}, 400, "NumberExceed.Tags"),
    ],
)
def test_refusals_of_the_other_actions(
    api: Api, action: str, parameters: dict[str, str], status: int, code: str
) -> None:
    image_id = api.available_image(**ONE_TAG)
    which = {"TagKey__1": "team"} if action == "UntagResources" else ONE_TAG

    error = api.refusal(action, **(image_parameters(action, image_id) | which | parameters))

    assert (error.code.status, error.code.code) == (status, code)
    assert tags(api, image_id) == {"team": "platform"}


def test_tags_left_out(api: Api) -> None:
    image_id = api.available_image()

    tagging = api.refusal("TagResources", **image_parameters("TagResources", image_id))
    untagging = api.refusal("UntagResources", **image_parameters("UntagResources", image_id))
    adding = api.refusal("AddTags", **image_parameters("AddTags", image_id))
    removing = api.refusal("RemoveTags", **image_parameters("RemoveTags", image_id))

    for error in (tagging, untagging):
        assert (error.code.status, error.code.code) == (404, "MissingParameter.Tags")
    for error in (adding, removing):
        assert (error.code.status, error.code.code) == (400, "MissingParameter")
        assert '"Tag.1.Key"' in error.message


def test_keys_that_contradict_each_other(api: Api) -> None:
    named = image_parameters("UntagResources", api.available_image())

    both = api.refusal("UntagResources", **named, All="true", TagKey__1="a")
    twice = api.refusal("UntagResources", **named, TagKey__1="a", TagKey__2="a")

    assert (both.code.status, both.code.code) == (403, "Param.Conflict")
    assert (twice.code.status, twice.code.code) == (400, "Duplicate.TagKey")


def test_older_clients_remove_by_key_or_by_key_and_value(api: Api) -> None:
    image_id = api.available_image()
    named = image_parameters("RemoveTags", image_id)
    api.call("AddTags", **named, Tag__1__Key="a", Tag__1__Value="1", Tag__2__Key="b")

    api.call("RemoveTags", **named, Tag__1__Key="a", Tag__1__Value="2", Tag__2__Key="c")
    assert tags(api, image_id) == {"a": "1", "b": ""}
    api.call("RemoveTags", **named, Tag__1__Key="a", Tag__1__Value="1", Tag__2__Key="b")
    assert tags(api, image_id) == {}


def test_a_value_without_its_key(api: Api) -> None:
    named = image_parameters("RemoveTags", api.available_image())

    error = api.refusal("RemoveTags", **named, Tag__1__Value="platform")

    assert (error.code.status, error.code.code) == (400, "InvalidTag.Mismatch")


def test_the_tags_go_with_the_image(api: Api) -> None:
    image_id = api.available_image(**ONE_TAG)
    api.call("DeleteImage", ImageId=image_id)

    assert api.call("DescribeTags")["TotalCount"] == 0
