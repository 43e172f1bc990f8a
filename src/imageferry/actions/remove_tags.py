"""RemoveTags: take tags from one image or snapshot, as older clients do."""

from __future__ import annotations

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import RegionId
from imageferry.actions.declaration import Action, Model, Reply
from imageferry.actions.error_codes import MISSING_PARAMETER
from imageferry.actions.image_error_codes import INVALID_TAG_MISMATCH
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import OneType, TaggedId, WantedTags, by_key, own_resources
from imageferry.images import tags


class RemoveTagsRequest(Model, frozen=True, kw_only=True):
    """Which resource loses which tags."""

    region_id: RegionId
    resource_type: OneType
    resource_id: TaggedId
    tag: WantedTags = ()


class RemoveTagsReply(Reply, frozen=True, kw_only=True):
    """The resource has the tags no more."""


def remove_tags(call: Call, request: RemoveTagsRequest) -> RemoveTagsReply:
    """Take the tags, with a value only where the resource has that value."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    wanted = by_key(request.tag)
    if not wanted:
        raise MISSING_PARAMETER.error(name="Tag.1.Key")
    with call.write() as connection:
        own_resources(
            call, connection, request.region_id, request.resource_type, [request.resource_id]
        )
        present = tags.of_resources(connection, [request.resource_id])
        going = [
            key
            for key, value in present.get(request.resource_id, {}).items()
            if key in wanted and value in (wanted[key] or (value,))
        ]
        tags.remove(connection, [request.resource_id], going)
    return RemoveTagsReply()


REMOVE_TAGS = Action(
    name="RemoveTags",
    summary="Take tags from one image or snapshot; UntagResources takes them from many.",
    request=RemoveTagsRequest,
    reply=RemoveTagsReply,
    errors=(
        codes.TAG_REGION_NOT_FOUND,
        codes.RESOURCE_TYPE_NOT_FOUND,
        codes.RESOURCE_ID_NOT_FOUND,
        codes.TOO_MANY_TAGS,
        codes.DUPLICATE_KEY,
        INVALID_TAG_MISMATCH,
    ),
    policy="ecs:RemoveTags",
    handler=remove_tags,
    example={
        "RegionId": "cn-hangzhou",
        "ResourceType": "image",
        "ResourceId": "m-bp1g7004ksh0oeuco3nj",
        "Tag.1.Key": "team",
    },
)
