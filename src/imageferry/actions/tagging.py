"""Parameters and rules that the actions on tags share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import sqlalchemy as sa

from imageferry.actions import tag_error_codes as codes
from imageferry.actions.call import Call, shorten
from imageferry.actions.common import RESERVED_PREFIXES, WEB_ADDRESSES
from imageferry.actions.declaration import Model, Parameter
from imageferry.actions.image_error_codes import INVALID_TAG_MISMATCH
from imageferry.images import queries as images
from imageferry.images import snapshots, tags
from imageferry.images.tags import Resource, ResourceType

MAX_TAGS = 20
"""The most tags of a resource, and of a request."""

TagRegionId = Annotated[
    str,
    Parameter(
        description="The region of the resources.",
        example="cn-hangzhou",
        missing=codes.MISSING_TAG_REGION,
    ),
]
TaggedType = Annotated[
    str,
    Parameter(
        description="What the resources are: image, or snapshot, the disks of images.",
        example="image",
        allowed=tuple(kind.value for kind in ResourceType),
        malformed=codes.RESOURCE_TYPE_NOT_FOUND,
        missing=codes.MISSING_RESOURCE_TYPE,
    ),
]
OneType = Annotated[
    str,
    Parameter(
        description="What the resource is: image, or snapshot, a disk of an image.",
        example="image",
        allowed=tuple(kind.value for kind in ResourceType),
        malformed=codes.RESOURCE_TYPE_NOT_FOUND,
    ),
]
TaggedId = Annotated[str, Parameter(description="The resource.", example="m-bp1g7004ksh0oeuco3nj")]
TaggedIds = Annotated[
    tuple[str, ...],
    Parameter(
        description="The resources.",
        example="m-bp1g7004ksh0oeuco3nj",
        max_items=50,
        malformed=codes.TOO_MANY_RESOURCE_IDS,
        missing=codes.MISSING_RESOURCE_IDS,
    ),
]


class NewTag(Model, frozen=True, kw_only=True):
    """A tag that resources get."""

    key: Annotated[
        str,
        Parameter(
            description="The tag's key.",
            example="team",
            min_length=1,
            max_length=128,
            forbidden_prefixes=RESERVED_PREFIXES,
            forbidden_substrings=WEB_ADDRESSES,
            malformed=codes.INVALID_TAG_KEY,
        ),
    ]
    value: Annotated[
        str,
        Parameter(
            description="The tag's value.",
            example="platform",
            max_length=128,
            empty_is_absent=False,
            forbidden_prefixes=("acs:",),
            forbidden_substrings=WEB_ADDRESSES,
            malformed=codes.INVALID_TAG_VALUE,
        ),
    ] = ""


NewTags = Annotated[
    tuple[NewTag, ...],
    Parameter(
        description="The tags.",
        max_items=MAX_TAGS,
        malformed=codes.TOO_MANY_TAGS,
        missing=codes.MISSING_TAGS,
    ),
]


class WantedTag(Model, frozen=True, kw_only=True):
    """A tag that resources have."""

    key: Annotated[str | None, Parameter(description="The tag's key.", example="team")] = None
    value: Annotated[
        str | None,
        Parameter(description="The tag's value; any where none is given.", example="platform"),
    ] = None


WantedTags = Annotated[
    tuple[WantedTag, ...],
    Parameter(
        description="Tags that the resources have, all of them.",
        max_items=MAX_TAGS,
        malformed=codes.TOO_MANY_TAGS,
    ),
]


def give(
    call: Call, region_id: str, resource_type: str, ids: Sequence[str], new: Sequence[NewTag]
) -> None:
    """Give tags to each of the caller's resources, or to none.

    Raises:
        ServiceError: a key is given twice, a resource is unknown, or has too many tags.
    """
    check_keys(tag.key for tag in new)
    wanted = {tag.key: tag.value for tag in new}
    with call.write() as connection:
        resources = own_resources(call, connection, region_id, resource_type, ids)
        before = tags.of_resources(connection, ids)
        for resource in resources:
            _check_quota(resource, {**before.get(resource.resource_id, {}), **wanted})
            tags.put(connection, resource, wanted)


def own_resources(
    call: Call, connection: sa.Connection, region_id: str, resource_type: str, ids: Sequence[str]
) -> Sequence[Resource]:
    """The caller's resources of those ids.

    Raises:
        ServiceError: ``InvalidResourceId.NotFound``.
    """
    kind = ResourceType(resource_type.lower())
    look_up = images.own_ids if kind is ResourceType.IMAGE else snapshots.own_ids
    known = look_up(connection, ids, call.account_id, region_id)
    unknown = [resource_id for resource_id in ids if resource_id not in known]
    if unknown:
        raise codes.RESOURCE_ID_NOT_FOUND.error(
            f"There is no {kind.value} {shorten(unknown[0])} in {region_id}."
        )
    return [
        Resource(
            resource_type=kind,
            resource_id=resource_id,
            account_id=call.account_id,
            region_id=region_id,
        )
        for resource_id in dict.fromkeys(ids)
    ]


def check_keys(keys: Iterable[str]) -> None:
    """Make sure that no key is given twice.

    Raises:
        ServiceError: ``Duplicate.TagKey``.
    """
    for key, count in Counter(keys).items():
        if count > 1:
            raise codes.DUPLICATE_KEY.error(f"{shorten(key)} is given {count} times.")


def by_key(wanted: Sequence[WantedTag]) -> Mapping[str, tuple[str, ...]]:
    """For each key the values that it may have; any where empty.

    Raises:
        ServiceError: a value comes without its key, or a key twice.
    """
    if any(tag.key is None for tag in wanted):
        raise INVALID_TAG_MISMATCH.error()
    check_keys(tag.key for tag in wanted if tag.key is not None)
    return {
        tag.key: () if tag.value is None else (tag.value,) for tag in wanted if tag.key is not None
    }


def _check_quota(resource: Resource, after: Mapping[str, str]) -> None:
    if len(after) > MAX_TAGS:
        raise codes.TAG_QUOTA_EXCEEDED.error(
            f"{resource.resource_id} would have {len(after)} tags. "
            f"{codes.TAG_QUOTA_EXCEEDED.remedy}"
        )
