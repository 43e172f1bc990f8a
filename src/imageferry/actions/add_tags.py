"""AddTags: give tags to one image or snapshot, as older clients do."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import MAX_TAGS, NewTag, OneType, TaggedId, give


class AddTagsRequest(Model, frozen=True, kw_only=True):
    """Which resource gets which tags."""

    region_id: RegionId
    resource_type: OneType
    resource_id: TaggedId
    tag: Annotated[
        tuple[NewTag, ...],
        Parameter(description="The tags.", max_items=MAX_TAGS, malformed=codes.TOO_MANY_TAGS),
    ]


class AddTagsReply(Reply, frozen=True, kw_only=True):
    """The resource has the tags."""


def add_tags(call: Call, request: AddTagsRequest) -> AddTagsReply:
    """Give the tags; one that the resource has with the same key gets the new value."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    give(call, request.region_id, request.resource_type, [request.resource_id], request.tag)
    return AddTagsReply()


ADD_TAGS = Action(
    name="AddTags",
    summary="Give tags to one image or snapshot; TagResources gives them to many.",
    request=AddTagsRequest,
    reply=AddTagsReply,
    errors=(
        codes.TAG_REGION_NOT_FOUND,
        codes.RESOURCE_TYPE_NOT_FOUND,
        codes.RESOURCE_ID_NOT_FOUND,
        codes.TOO_MANY_TAGS,
        codes.DUPLICATE_KEY,
        codes.INVALID_TAG_KEY,
        codes.INVALID_TAG_VALUE,
        codes.TAG_QUOTA_EXCEEDED,
    ),
    policy="ecs:AddTags",
    handler=add_tags,
    example={
        "RegionId": "cn-hangzhou",
        "ResourceType": "snapshot",
        "ResourceId": "s-bp1g7004ksh0oeuco3nj",
        "Tag.1.Key": "team",
        "Tag.1.Value": "platform",
    },
)
