"""DescribeTags: which keys and values are in use, and by how many resources."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import PageNumber, RegionId
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.image_error_codes import INVALID_TAG_MISMATCH
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import WantedTags, by_key
from imageferry.images import tags
from imageferry.images.tags import ResourceType, TagFilter, TagUse


class DescribeTagsRequest(Model, frozen=True, kw_only=True):
    """Whose tags are asked for: every resource's where nothing narrows the choice."""

    region_id: RegionId
    resource_type: Annotated[
        str | None,
        Parameter(
            description="What the resources are: image or snapshot.",
            example="image",
            allowed=tuple(kind.value for kind in ResourceType),
            malformed=codes.RESOURCE_TYPE_NOT_FOUND,
        ),
    ] = None
    resource_id: Annotated[
        str | None, Parameter(description="The resource.", example="m-bp1g7004ksh0oeuco3nj")
    ] = None
    tag: WantedTags = ()
    page_number: PageNumber = 1
    page_size: Annotated[
        int,
        Parameter(description="The entries on a page.", example="50", minimum=1, maximum=100),
    ] = 50
    category: Annotated[
        str | None,
        Parameter(
            description="The category of the tags.",
            example="custom",
            unused="all tags are the users' own",
        ),
    ] = None


class ResourceTypeCount(Reply, frozen=True, kw_only=True):
    """How many resources have a tag."""

    image: Annotated[int, Member(description="Images that have it.")]
    snapshot: Annotated[int, Member(description="Snapshots that have it.")]


class TagInUse(Reply, frozen=True, kw_only=True):
    """A key and value in use."""

    tag_key: Annotated[str, Member(description="The tag's key.")]
    tag_value: Annotated[str, Member(description="The tag's value.")]
    resource_type_count: Annotated[
        ResourceTypeCount, Member(description="How many resources have it.")
    ]


class TagInUseSet(Reply, frozen=True, kw_only=True):
    """The keys and values of a page."""

    tag: Annotated[tuple[TagInUse, ...], Member(description="The tags, by key and value.")]


class DescribeTagsReply(Reply, frozen=True, kw_only=True):
    """One page of keys and values."""

    page_number: Annotated[int, Member(description="The page.")]
    page_size: Annotated[int, Member(description="The entries on a page.")]
    total_count: Annotated[int, Member(description="The entries of the whole list.")]
    tags: Annotated[TagInUseSet, Member(description="The tags of the page.")]


def describe_tags(call: Call, request: DescribeTagsRequest) -> DescribeTagsReply:
    """List the distinct keys and values of the caller's resources."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    kind = request.resource_type
    condition = TagFilter(
        account_id=call.account_id,
        region_id=request.region_id,
        resource_type=None if kind is None else ResourceType(kind.lower()),
        resource_ids=() if request.resource_id is None else (request.resource_id,),
        wanted=by_key(request.tag),
    )
    with call.database.read() as connection:
        found = tags.uses(connection, condition)
    start = (request.page_number - 1) * request.page_size
    return DescribeTagsReply(
        page_number=request.page_number,
        page_size=request.page_size,
        total_count=len(found),
        tags=TagInUseSet(
            tag=tuple(_entry(use) for use in found[start : start + request.page_size])
        ),
    )


def _entry(use: TagUse) -> TagInUse:
    return TagInUse(
        tag_key=use.key,
        tag_value=use.value,
        resource_type_count=ResourceTypeCount(
            image=use.counts.get(ResourceType.IMAGE, 0),
            snapshot=use.counts.get(ResourceType.SNAPSHOT, 0),
        ),
    )


DESCRIBE_TAGS = Action(
    name="DescribeTags",
    summary="List the keys and values of tags in use.",
    request=DescribeTagsRequest,
    reply=DescribeTagsReply,
    errors=(
        codes.TAG_REGION_NOT_FOUND,
        codes.RESOURCE_TYPE_NOT_FOUND,
        codes.TOO_MANY_TAGS,
        codes.DUPLICATE_KEY,
        INVALID_TAG_MISMATCH,
    ),
    policy="ecs:DescribeTags",
    handler=describe_tags,
    example={"RegionId": "cn-hangzhou", "ResourceType": "image"},
)
