"""UntagResources: take tags from images and snapshots."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import (
    MAX_TAGS,
    TaggedIds,
    TaggedType,
    TagRegionId,
    check_keys,
    own_resources,
)
from imageferry.images import tags


class UntagResourcesRequest(Model, frozen=True, kw_only=True):
    """Which resources lose which tags."""

    region_id: TagRegionId
    resource_type: TaggedType
    resource_id: TaggedIds
    tag_key: Annotated[
        tuple[str, ...],
        Parameter(
            description="The keys of the tags; one that a resource does not have is passed over.",
            example="team",
            max_items=MAX_TAGS,
            malformed=codes.TOO_MANY_TAGS,
        ),
    ] = ()
    all: Annotated[bool, Parameter(description="Take every tag.", example="false")] = False


class UntagResourcesReply(Reply, frozen=True, kw_only=True):
    """The resources have the tags no more."""


def untag_resources(call: Call, request: UntagResourcesRequest) -> UntagResourcesReply:
    """Take the tags from every resource, or from none."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    _check_keys(request)
    with call.write() as connection:
        own_resources(
            call, connection, request.region_id, request.resource_type, request.resource_id
        )
        tags.remove(connection, request.resource_id, None if request.all else request.tag_key)
    return UntagResourcesReply()


def _check_keys(request: UntagResourcesRequest) -> None:
    if request.all and request.tag_key:
        raise codes.ALL_AND_KEYS.error()
    if not request.all and not request.tag_key:
        raise codes.MISSING_TAGS.error()
    check_keys(request.tag_key)


UNTAG_RESOURCES = Action(
    name="UntagResources",
    summary="Take tags from images and snapshots.",
    request=UntagResourcesRequest,
    reply=UntagResourcesReply,
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
        codes.ALL_AND_KEYS,
    ),
    policy="ecs:UntagResources",
    handler=untag_resources,
    example={
        "RegionId": "cn-hangzhou",
        "ResourceType": "image",
        "ResourceId.1": "m-bp1g7004ksh0oeuco3nj",
        "TagKey.1": "team",
    },
)
