"""Every question and change of images. Their status follows their task's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from imageferry.database.metadata import LARGEST_INTEGER
from imageferry.images import shares, snapshots, tags
from imageferry.images.model import DetectionItem, Image, ImageDisk, ImageStatus
from imageferry.images.tables import image_disks, images
from imageferry.images.tags import Resource, ResourceType

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""


@dataclass(frozen=True, kw_only=True)
class ImageFilter:
    """Which images are meant. An empty or absent condition does not narrow the choice.

    Attributes:
        account_id: Who asks.
        region_id: Where the images are.
        own: Whether those of the account are meant.
        shared: Whether those that others share with it are meant.
        owner_id: Whose images are meant.
        architecture: In lower case; images keep it in the caller's spelling.
        cloud_init: Whether cloud-init was found in them.
        tags: Tags that the account gave the images.
    """

    account_id: str
    region_id: str
    own: bool = True
    shared: bool = False
    owner_id: str = ""
    image_ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    name: str = ""
    family: str = ""
    snapshot_id: str = ""
    os_type: str = ""
    architecture: str = ""
    resource_group_id: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None
    cloud_init: bool | None = None
    tags: Mapping[str, str | None] | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many images the whole list has."""

    images: Sequence[Image]
    total: int


def insert(connection: sa.Connection, image: Image) -> None:
    """Add an image with its disks, their snapshots and its tags."""
    row = {name: getattr(image, name) for name in images.c.keys()}  # noqa: SIM118 - a collection
    connection.execute(sa.insert(images).values(row | {"status": image.status.value}))
    for disk in image.disks:
        connection.execute(
            sa.insert(image_disks).values(
                vars(disk) | {"image_id": image.image_id, "detection": _json(disk.detection)}
            )
        )
    snapshots.insert(connection, image)
    resource = Resource(
        resource_type=ResourceType.IMAGE,
        resource_id=image.image_id,
        account_id=image.account_id,
        region_id=image.region_id,
    )
    tags.put(connection, resource, image.tags)


def find(connection: sa.Connection, image_id: str) -> Image | None:
    """The image of that id."""
    rows = connection.execute(sa.select(images).where(images.c.image_id == image_id)).all()
    return next(iter(with_parts(connection, rows)), None)


def find_own(
    connection: sa.Connection, image_id: str, account_id: str, region_id: str
) -> Image | None:
    """The image of that id, if the account has it in the region."""
    image = find(connection, image_id)
    if image is None or (image.account_id, image.region_id) != (account_id, region_id):
        return None
    return image


def find_usable(
    connection: sa.Connection, image_id: str, account_id: str, region_id: str
) -> Image | None:
    """The image of that id, if the account has it in the region or it is shared with it."""
    image = find(connection, image_id)
    if image is None or image.region_id != region_id:
        return None
    sharers = {share.account_id for share in shares.of_image(connection, image_id)}
    return image if account_id in {image.account_id, *sharers} else None


def own_ids(
    connection: sa.Connection, image_ids: Sequence[str], account_id: str, region_id: str
) -> set[str]:
    """Those of the ids that are images of the account in the region."""
    return set(
        connection.execute(
            sa.select(images.c.image_id).where(
                images.c.image_id.in_(image_ids),
                images.c.account_id == account_id,
                images.c.region_id == region_id,
            )
        ).scalars()
    )


def copy_in_the_making(connection: sa.Connection, image_id: str) -> str | None:
    """The id of an image that is being copied from that one."""
    return connection.execute(
        sa.select(images.c.image_id)
        .where(
            images.c.copied_from == image_id,
            images.c.status.in_([status.value for status in ImageStatus if status.being_made]),
        )
        .limit(1)
    ).scalar_one_or_none()


def count(connection: sa.Connection, account_id: str, region_id: str) -> int:
    """How many images an account has in a region, whatever their status."""
    return connection.execute(
        sa.select(sa.func.count()).where(
            images.c.account_id == account_id, images.c.region_id == region_id
        )
    ).scalar_one()


def bytes_of_account(connection: sa.Connection, account_id: str) -> int:
    """Bytes that an account's images take; what is in the making counts as what it is made of."""
    size = sa.case(
        (image_disks.c.stored_size > 0, image_disks.c.stored_size), else_=image_disks.c.source_size
    )
    total = connection.execute(
        sa.select(sa.func.coalesce(sa.func.sum(size), 0))
        .select_from(images.join(image_disks))
        .where(
            images.c.account_id == account_id,
            images.c.status != ImageStatus.CREATE_FAILED.value,
        )
    ).scalar_one()
    return int(total)


def id_of_name(
    connection: sa.Connection, name: str, account_id: str, region_id: str
) -> tuple[str, ImageStatus] | None:
    """The id and the status of the account's image of that name in the region.

    An image whose import failed does not keep its name from being used again.
    """
    row = connection.execute(
        sa.select(images.c.image_id, images.c.status).where(
            images.c.account_id == account_id,
            images.c.region_id == region_id,
            images.c.name == name,
            images.c.status != ImageStatus.CREATE_FAILED.value,
        )
    ).first()
    return None if row is None else (row.image_id, ImageStatus(row.status))


def page(connection: sa.Connection, condition: ImageFilter, *, number: int, size: int) -> Page:
    """One page of the images that are meant, newest first; ``number`` counts from 1."""
    return page_of(connection, _where(condition), number=number, size=size)


def page_of(
    connection: sa.Connection, which: sa.ColumnElement[bool], *, number: int, size: int
) -> Page:
    """One page of the images that a condition holds for, newest first; it counts from 1."""
    total = connection.execute(
        sa.select(sa.func.count()).select_from(images).where(which)
    ).scalar_one()
    rows = connection.execute(
        sa.select(images)
        .where(which)
        .order_by(images.c.created.desc(), images.c.image_id)
        .limit(size)
        .offset(min((number - 1) * size, LARGEST_INTEGER))
    ).all()
    return Page(with_parts(connection, rows), total)


def keep_ids(connection: sa.Connection, image_ids: Sequence[str]) -> set[str]:
    """Those of the ids whose image may have disks in the catalogue."""
    kept: set[str] = set()
    for start in range(0, len(image_ids), IDS_A_QUERY):
        kept.update(
            connection.execute(
                sa.select(images.c.image_id).where(
                    images.c.image_id.in_(image_ids[start : start + IDS_A_QUERY]),
                    images.c.status != ImageStatus.CREATE_FAILED.value,
                )
            ).scalars()
        )
    return kept


def set_status(connection: sa.Connection, image_id: str, status: ImageStatus) -> None:
    """Let the image follow its task."""
    connection.execute(
        sa.update(images).where(images.c.image_id == image_id).values(status=status.value)
    )


def modify(connection: sa.Connection, image_id: str, **values: str) -> None:
    """Change attributes that the owner may choose; without any, nothing."""
    if values:
        connection.execute(sa.update(images).where(images.c.image_id == image_id).values(**values))


def record_disk(connection: sa.Connection, image_id: str, position: int, **values: Any) -> None:
    """Note what was found out of a disk."""
    connection.execute(
        sa.update(image_disks)
        .where(image_disks.c.image_id == image_id, image_disks.c.position == position)
        .values(**values)
    )


def record_detection(
    connection: sa.Connection, image_id: str, position: int, items: Sequence[DetectionItem]
) -> None:
    """Note what the checks of a disk's content found."""
    record_disk(connection, image_id, position, detection=_json(items))


def record_cloud_init(connection: sa.Connection, image_id: str) -> None:
    """Note that cloud-init was found in an image."""
    connection.execute(
        sa.update(images).where(images.c.image_id == image_id).values(cloud_init=True)
    )


def delete(connection: sa.Connection, image_id: str, *, keep_snapshots: bool = False) -> None:
    """Forget an image, its disks, its shares and its tags, and its snapshots unless kept."""
    if not keep_snapshots:
        snapshots.delete(connection, snapshots.of_image(connection, image_id))
    tags.remove(connection, [image_id])
    connection.execute(sa.delete(images).where(images.c.image_id == image_id))


def _where(condition: ImageFilter) -> sa.ColumnElement[bool]:
    columns = images.c
    equal = (
        (columns.account_id, condition.owner_id),
        (columns.name, condition.name),
        (columns.image_family, condition.family),
        (columns.os_type, condition.os_type),
        (sa.func.lower(columns.architecture), condition.architecture),
        (columns.resource_group_id, condition.resource_group_id),
    )
    conditions = [_is_visible(condition), columns.region_id == condition.region_id]
    conditions.extend(column == value for column, value in equal if value)
    if condition.image_ids:
        conditions.append(columns.image_id.in_(condition.image_ids))
    if condition.statuses:
        conditions.append(columns.status.in_(condition.statuses))
    if condition.created_from is not None:
        conditions.append(columns.created >= condition.created_from)
    if condition.created_to is not None:
        conditions.append(columns.created <= condition.created_to)
    if condition.cloud_init is not None:
        conditions.append(columns.cloud_init == condition.cloud_init)
    if condition.snapshot_id:
        conditions.append(_has_snapshot(condition.snapshot_id))
    for key, value in (condition.tags or {}).items():
        values = [] if value is None else [value]
        tagged = tags.resources_with(condition.account_id, key, values)
        conditions.append(columns.image_id.in_(tagged))
    return sa.and_(*conditions)


def _is_visible(condition: ImageFilter) -> sa.ColumnElement[bool]:
    ways = []
    if condition.own:
        ways.append(images.c.account_id == condition.account_id)
    if condition.shared:
        ways.append(images.c.image_id.in_(shares.images_shared_with(condition.account_id)))
    return sa.or_(sa.false(), *ways)


def _has_snapshot(snapshot_id: str) -> sa.ColumnElement[bool]:
    return images.c.image_id.in_(
        sa.select(image_disks.c.image_id).where(image_disks.c.snapshot_id == snapshot_id)
    )


def with_parts(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> Sequence[Image]:
    """Rows of the table, with every column, as images with their disks and tags."""
    ids = [row.image_id for row in rows]
    disks: dict[str, list[ImageDisk]] = defaultdict(list)
    for row in connection.execute(
        sa.select(image_disks).where(image_disks.c.image_id.in_(ids)).order_by("position")
    ):
        values = dict(row._mapping)
        values["detection"] = tuple(DetectionItem(**item) for item in values["detection"])
        disks[values.pop("image_id")].append(ImageDisk(**values))
    of_images = tags.of_resources(connection, ids)
    shared = shares.shared_ids(connection, ids)
    return [
        _image(
            row,
            disks=tuple(disks[row.image_id]),
            tags=of_images.get(row.image_id, {}),
            shared=row.image_id in shared,
        )
        for row in rows
    ]


def _json(items: Sequence[DetectionItem]) -> list[dict[str, str]]:
    return [asdict(item) for item in items]


def _image(row: sa.Row[Any], **parts: Any) -> Image:
    values = dict(row._mapping)
    values["status"] = ImageStatus(values["status"])
    return Image(**values, **parts)
