"""What a new or renamed image must fit into: the names of an account's images, and its tags."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import Call
from imageferry.actions.common import Tag
from imageferry.actions.errors import ServiceError
from imageferry.images import queries as images


def check_name(
    call: Call, connection: sa.Connection, name: str, region_id: str, *, image_id: str = ""
) -> None:
    """Make sure that no other image of the account in the region has the name.

    Args:
        call: Who asks.
        connection: A transaction.
        name: The name.
        region_id: The region of the image that is to have it.
        image_id: That image, where it is there already.

    Raises:
        ServiceError: ``InvalidImageName.Duplicated``.
    """
    taken = images.id_of_name(connection, name, call.account_id, region_id)
    if taken is not None and taken[0] != image_id:
        raise duplicated(name, taken[0])


def duplicated(name: str, image_id: str) -> ServiceError:
    """The error that says which image has the name."""
    return codes.INVALID_IMAGE_NAME_DUPLICATED.error(f"{name!r} is the name of image {image_id}.")


def check_tag_keys(tags: tuple[Tag, ...]) -> None:
    """Make sure that no two tags of a new image have the same key, whatever its case.

    Raises:
        ServiceError: ``TagKey.Duplication``.
    """
    keys = [tag.key.casefold() for tag in tags]
    if len(set(keys)) < len(keys):
        raise codes.DUPLICATE_TAG_KEY.error()
