"""TagResources: give tags to images and snapshots."""

from __future__ import annotations

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model, Reply
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import NewTags, TaggedIds, TaggedType, TagRegionId, give


class TagResourcesRequest(Model, frozen=True, kw_only=True):
    """Which resources get which tags."""

    region_id: TagRegionId
    resource_type: TaggedType
    resource_id: TaggedIds
    tag: NewTags


class TagResourcesReply(Reply, frozen=True, kw_only=True):
    """The resources have the tags."""


def tag_resources(call: Call, request: TagResourcesRequest) -> TagResourcesReply:
    """Give the tags; one that a resource has with the same key gets the new value."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    give(call, request.region_id, request.resource_type, request.resource_id, request.tag)
    return TagResourcesReply()


TAG_RESOURCES = Action(
    name="TagResources",
    summary="Give tags to images and snapshots.",
    request=TagResourcesRequest,
    reply=TagResourcesReply,
    errors=(
        codes.TAG_REGION_NOT_FOUND,
        codes.MISSING_TAG_REGION,
        codes.MISSING_RESOURCE_TYPE,
        codes.RESOURCE_TYPE_NOT_FOUND,
        codes.MISSING_RESOURCE_IDS,
        codes.TOO_MANY_RESOURCE_IDS,
        codes.RESOURCE_ID_NOT_FOUND,
        codes.MISSING_TAGS,
        codes.TOO_MANY_TAGS,
        codes.DUPLICATE_KEY,
        codes.INVALID_TAG_KEY,
        codes.INVALID_TAG_VALUE,
        codes.TAG_QUOTA_EXCEEDED,
    ),
    policy="ecs:TagResources",
    handler=tag_resources,
    example={
        "RegionId": "cn-hangzhou",
        "ResourceType": "image",
        "ResourceId.1": "m-bp1g7004ksh0oeuco3nj",
        "Tag.1.Key": "team",
        "Tag.1.Value": "platform",
    },
)
