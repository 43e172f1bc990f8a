"""ListTagResources: the tags of images and snapshots, page after page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call, shorten
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.image_error_codes import INVALID_TAG_MISMATCH
from imageferry.actions.regions import check_region
from imageferry.actions.tagging import (
    TaggedType,
    TagRegionId,
    WantedTags,
    by_key,
    check_keys,
)
from imageferry.images import tags
from imageferry.images.tags import ResourceType, TagFilter

PAGE_SIZE = 50
_BEGINNING = ("", "")


class TagFilterEntry(Model, frozen=True, kw_only=True):
    """A key that resources have, and the values that it may have."""

    tag_key: Annotated[str | None, Parameter(description="The tag's key.", example="team")] = None
    tag_values: Annotated[
        tuple[str, ...],
        Parameter(
            description="The tag's value is one of these; any where none is given.",
            example="platform",
            max_items=5,
            malformed=codes.TOO_MANY_TAG_VALUES,
        ),
    ] = ()


class ListTagResourcesRequest(Model, frozen=True, kw_only=True):
    """Which resources' tags are asked for: those of ids, those with tags, or both at once."""

    region_id: TagRegionId
    resource_type: TaggedType
    resource_id: Annotated[
        tuple[str, ...],
        Parameter(
            description="The resources; one that is unknown has no tags.",
            example="m-bp1g7004ksh0oeuco3nj",
            max_items=50,
            malformed=codes.TOO_MANY_RESOURCE_IDS,
        ),
    ] = ()
    tag: WantedTags = ()
    tag_filter: Annotated[
        tuple[TagFilterEntry, ...],
        Parameter(description="Tags that the resources have, each with a choice of values."),
    ] = ()
    next_token: Annotated[
        str | None,
        Parameter(
            description="The NextToken of the page before; none for the first page.",
            example="bS1icDFnNzAwNGtzaDBvZXVjbzNuagp0ZWFt",
        ),
    ] = None


class TagResource(Reply, frozen=True, kw_only=True):
    """One tag of one resource."""

    resource_id: Annotated[str, Member(description="The resource.")]
    resource_type: Annotated[str, Member(description="image or snapshot.", example="image")]
    tag_key: Annotated[str, Member(description="The tag's key.")]
    tag_value: Annotated[str, Member(description="The tag's value.")]


class TagResourceSet(Reply, frozen=True, kw_only=True):
    """The tags of a page."""

    tag_resource: Annotated[
        tuple[TagResource, ...], Member(description="The tags, by resource and key.")
    ]


class ListTagResourcesReply(Reply, frozen=True, kw_only=True):
    """One page of tags."""

    next_token: Annotated[
        str, Member(description="What to ask for the next page with; empty on the last one.")
    ]
    tag_resources: Annotated[TagResourceSet, Member(description="The tags of the page.")]


def list_tag_resources(call: Call, request: ListTagResourcesRequest) -> ListTagResourcesReply:
    """List every tag of the resources that are meant."""
    check_region(call, "RegionId", request.region_id, codes.TAG_REGION_NOT_FOUND)
    if not (request.resource_id or request.tag or request.tag_filter):
        raise codes.NEITHER_TAGS_NOR_RESOURCES.error()
    condition = TagFilter(
        account_id=call.account_id,
        region_id=request.region_id,
        resource_type=ResourceType(request.resource_type.lower()),
        resource_ids=request.resource_id,
        wanted=_wanted(request),
    )
    after = _read_token(request.next_token)
    with call.database.read() as connection:
        found = tags.page(connection, condition, after=after, size=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return ListTagResourcesReply(
        next_token=_token(shown[-1]) if len(found) > PAGE_SIZE else "",
        tag_resources=TagResourceSet(
            tag_resource=tuple(
                TagResource(
                    resource_id=tag.resource_id,
                    resource_type=tag.resource_type.value,
                    tag_key=tag.key,
                    tag_value=tag.value,
                )
                for tag in shown
            )
        ),
    )


def _wanted(request: ListTagResourcesRequest) -> Mapping[str, tuple[str, ...]]:
    if request.tag and request.tag_filter:
        raise codes.TAGS_AND_FILTERS.error()
    if any(entry.tag_key is None for entry in request.tag_filter):
        raise codes.INVALID_TAG_FILTER.error()
    filters = [(entry.tag_key or "", entry.tag_values) for entry in request.tag_filter]
    check_keys(key for key, _ in filters)
    return {**by_key(request.tag), **dict(filters)}


def _token(last: tags.Tag) -> str:
    return base64.urlsafe_b64encode(f"{last.resource_id}\n{last.key}".encode()).decode()


def _read_token(token: str | None) -> tuple[str, str]:
    if token is None:
        return _BEGINNING
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    resource_id, separator, key = text.partition("\n")
    if not separator:
        raise codes.INVALID_NEXT_TOKEN.error(
            f"NextToken is {shorten(token)}. {codes.INVALID_NEXT_TOKEN.remedy}"
        )
    return resource_id, key


LIST_TAG_RESOURCES = Action(
    name="ListTagResources",
    summary="List the tags of images and snapshots.",
    request=ListTagResourcesRequest,
    reply=ListTagResourcesReply,
    errors=(
        codes.TAG_REGION_NOT_FOUND,
        codes.MISSING_TAG_REGION,
        codes.MISSING_RESOURCE_TYPE,
        codes.RESOURCE_TYPE_NOT_FOUND,
        codes.TOO_MANY_RESOURCE_IDS,
        codes.NEITHER_TAGS_NOR_RESOURCES,
        codes.TOO_MANY_TAGS,
        codes.TOO_MANY_TAG_VALUES,
        codes.DUPLICATE_KEY,
        codes.TAGS_AND_FILTERS,
        codes.INVALID_TAG_FILTER,
        codes.INVALID_NEXT_TOKEN,
        INVALID_TAG_MISMATCH,
    ),
    policy="ecs:ListTagResources",
    handler=list_tag_resources,
    example={
        "RegionId": "cn-hangzhou",
        "ResourceType": "image",
        "ResourceId.1": "m-bp1g7004ksh0oeuco3nj",
    },
)
