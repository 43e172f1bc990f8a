"""Every question and change of tags: of images, and of snapshots, which may outlive theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from imageferry.images.tables import tags


class ResourceType(StrEnum):
    """What can have tags, in the words of the API."""

    IMAGE = "image"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something that has tags."""

    resource_type: ResourceType
    resource_id: str
    account_id: str
    region_id: str


@dataclass(frozen=True)
class Tag:
    """One tag of one resource."""

    resource_id: str
    resource_type: ResourceType
    key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class TagFilter:
    """Which resources are meant. An empty or absent condition does not narrow the choice.

    Attributes:
        account_id, region_id: Whose they are, and where.
        resource_type: What they are.
        resource_ids: Their ids.
        wanted: For each key that they have the values that it may have; any where empty.
    """

    account_id: str
    region_id: str
    resource_type: ResourceType | None = None
    resource_ids: tuple[str, ...] = ()
    wanted: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TagUse:
    """A key and value, and how many resources of each type have them."""

    key: str
    value: str
    counts: Mapping[ResourceType, int]


def put(connection: sa.Connection, resource: Resource, new: Mapping[str, str]) -> None:
    """Give a resource tags; one that it has with the same key is replaced."""
    remove(connection, [resource.resource_id], list(new))
    for key, value in new.items():
        connection.execute(sa.insert(tags).values(**vars(resource), key=key, value=value))


def remove(
    connection: sa.Connection, resource_ids: Sequence[str], keys: Sequence[str] | None = None
) -> None:
    """Take tags from resources: those of the keys, or all; none is missed."""
    change = sa.delete(tags).where(tags.c.resource_id.in_(resource_ids))
    connection.execute(change if keys is None else change.where(tags.c.key.in_(keys)))


def of_resources(
    connection: sa.Connection, resource_ids: Sequence[str]
) -> Mapping[str, Mapping[str, str]]:
    """The tags of each resource by key; an empty mapping for one that has none."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(
        sa.select(tags).where(tags.c.resource_id.in_(resource_ids)).order_by(tags.c.key)
    ):
        found[row.resource_id][row.key] = row.value
    return found


def page(
    connection: sa.Connection, condition: TagFilter, *, after: tuple[str, str], size: int
) -> Sequence[Tag]:
    """The tags of the resources that are meant, by resource and key.

    Args:
        connection: A transaction.
        condition: Which resources are meant.
        after: The resource and the key that the page follows; empty texts for the first.
        size: The most tags of a page.
    """
    rows = connection.execute(
        sa.select(tags.c.resource_id, tags.c.resource_type, tags.c.key, tags.c.value)
        .where(_where(condition), sa.tuple_(tags.c.resource_id, tags.c.key) > after)
        .order_by(tags.c.resource_id, tags.c.key)
        .limit(size)
    )
    return [
        Tag(row.resource_id, ResourceType(row.resource_type), row.key, row.value) for row in rows
    ]


def uses(connection: sa.Connection, condition: TagFilter) -> Sequence[TagUse]:
    """The distinct keys and values of the resources that are meant, in order."""
    rows = connection.execute(
        sa.select(
            tags.c.key, tags.c.value, tags.c.resource_type, sa.func.count().label("resources")
        )
        .where(_where(condition))
        .group_by(tags.c.key, tags.c.value, tags.c.resource_type)
        .order_by(tags.c.key, tags.c.value)
    )
    counts: dict[tuple[str, str], dict[ResourceType, int]] = defaultdict(dict)
    for row in rows:
        counts[row.key, row.value][ResourceType(row.resource_type)] = row.resources
    return [TagUse(key, value, found) for (key, value), found in counts.items()]


def resources_with(account_id: str, key: str, values: Sequence[str]) -> sa.Select[tuple[str]]:
    """The ids of an account's resources with a tag of that key and one of the values, if any."""
    tagged = sa.select(tags.c.resource_id).where(tags.c.account_id == account_id, tags.c.key == key)
    return tagged.where(tags.c.value.in_(values)) if values else tagged


def _where(condition: TagFilter) -> sa.ColumnElement[bool]:
    conditions = [
        tags.c.account_id == condition.account_id,
        tags.c.region_id == condition.region_id,
    ]
    if condition.resource_type is not None:
        conditions.append(tags.c.resource_type == condition.resource_type.value)
    if condition.resource_ids:
        conditions.append(tags.c.resource_id.in_(condition.resource_ids))
    conditions.extend(
        tags.c.resource_id.in_(resources_with(condition.account_id, key, values))
        for key, values in condition.wanted.items()
    )
    return sa.and_(*conditions)
