"""The images that an account may use, of all regions: searched, filtered, in pages; and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from imageferry.images import shares, tags
from imageferry.images.model import Image
from imageferry.images.queries import Page, page_of, with_parts
from imageferry.images.tables import image_disks, images


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """Which images are meant: all that meet every condition; an empty one does not narrow.

    Attributes:
        account_id: Whose images are meant, and those that others share with it.
        source_format: The format that one of the disks came in, in ECS's word.
        search: A part of the image's id or of its name, without regard to case.
        tag_key: The key of a tag that the account gave the image.
        tag_value: The value of that tag; any where empty.
    """

    account_id: str
    region_id: str = ""
    status: str = ""
    source_format: str = ""
    search: str = ""
    tag_key: str = ""
    tag_value: str = ""


def page(connection: sa.Connection, condition: BoardFilter, *, number: int, size: int) -> Page:
    """One page of the images that are meant, newest first; ``number`` counts from 1."""
    return page_of(connection, _where(condition), number=number, size=size)


def find(connection: sa.Connection, account_id: str, image_id: str) -> Image | None:
    """The image of that id, if the account may use it."""
    which = sa.and_(images.c.image_id == image_id, _is_visible(account_id))
    rows = connection.execute(sa.select(images).where(which)).all()
    return next(iter(with_parts(connection, rows)), None)


def copies(connection: sa.Connection, account_id: str, image_id: str) -> Sequence[Image]:
    """The account's images that are copies of another one, newest first."""
    which = sa.and_(images.c.copied_from == image_id, images.c.account_id == account_id)
    rows = connection.execute(sa.select(images).where(which).order_by(images.c.created.desc()))
    return with_parts(connection, rows.all())


def counts(connection: sa.Connection, account_id: str) -> Mapping[str, int]:
    """How many images an account has in each region where it has any, whatever their status."""
    rows = connection.execute(
        sa.select(images.c.region_id, sa.func.count().label("images"))
        .where(images.c.account_id == account_id)
        .group_by(images.c.region_id)
        .order_by(images.c.region_id)
    )
    return {row.region_id: row.images for row in rows}


def _is_visible(account_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        images.c.account_id == account_id,
        images.c.image_id.in_(shares.images_shared_with(account_id)),
    )


def _where(condition: BoardFilter) -> sa.ColumnElement[bool]:
    conditions = [_is_visible(condition.account_id)]
    equal = ((images.c.region_id, condition.region_id), (images.c.status, condition.status))
    conditions.extend(column == value for column, value in equal if value)
    if condition.source_format:
        conditions.append(_came_as(condition.source_format))
    if condition.search:
        texts = (images.c.image_id, images.c.name)
        found = [text.icontains(condition.search, autoescape=True) for text in texts]
        conditions.append(sa.or_(*found))
    if condition.tag_key:
        values = [condition.tag_value] if condition.tag_value else []
        tagged = tags.resources_with(condition.account_id, condition.tag_key, values)
        conditions.append(images.c.image_id.in_(tagged))
    return sa.and_(*conditions)


def _came_as(source_format: str) -> sa.ColumnElement[bool]:
    return images.c.image_id.in_(
        sa.select(image_disks.c.image_id).where(image_disks.c.source_format == source_format)
    )
