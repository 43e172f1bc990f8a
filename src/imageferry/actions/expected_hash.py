"""The SHA-256 that the object of an import is to have, wherever its owner says it.

A parameter of our own says it best, but typed SDKs cannot send one: they send a tag. An object
says it of itself in its metadata, as all that ExportImage writes do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.call import shorten
from imageferry.actions.common import Tag
from imageferry.actions.declaration import Parameter, numbered
from imageferry.actions.errors import ServiceError
from imageferry.buckets.interface import ObjectInfo

TAG = "imageferry:sha256"
METADATA = "sha256"

_METADATA_HEADER = f"x-oss-meta-{METADATA}"
_DIGITS = re.compile("[0-9A-Fa-f]{64}")

SHA256 = Annotated[
    str | None,
    Parameter(
        description="The SHA-256 that the object's bytes must have; an import of other bytes "
        f"fails. Where it is not given, that of the tag {TAG} counts in an import of one disk, "
        f"else that of the object's own metadata {_METADATA_HEADER}.",
        example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        pattern=_DIGITS.pattern,
        rule="64 hexadecimal digits",
        malformed=codes.INVALID_SHA256,
    ),
]


@dataclass(frozen=True)
class ExpectedHash:
    """The hash that an object is to have.

    Attributes:
        sha256: In lower-case hexadecimal digits; empty where nobody said it.
        said_by: Where it was said, as ``tag imageferry:sha256``; empty where nobody said it.
    """

    sha256: str = ""
    said_by: str = ""


def tagged_hash(tags: tuple[Tag, ...], disks: int) -> ExpectedHash:
    """What an image's tags say of its one disk.

    Args:
        tags: The tags.
        disks: How many disks the image has.

    Raises:
        ServiceError: the tag's value is no SHA-256, or it could be that of several disks.
    """
    for number, tag in numbered(tags):
        if tag.key == TAG:
            return _tagged(f"Tag.{number}.Value", tag.value, disks)
    return ExpectedHash()


def expected_hash(
    name: str, parameter: str | None, tagged: ExpectedHash, found: ObjectInfo
) -> ExpectedHash:
    """The hash that an object is to have, as the most explicit word says.

    Args:
        name: The parameter's name, as ``DiskDeviceMapping.1.SHA256``.
        parameter: Its value.
        tagged: What the image's tags say.
        found: The object.

    Raises:
        ServiceError: two of them say different hashes.
    """
    said = [
        *([ExpectedHash(parameter.lower(), f"parameter {name}")] if parameter else []),
        *([tagged] if tagged.sha256 else []),
        *_of_metadata(found),
    ]
    if len({word.sha256 for word in said}) > 1:
        both = " and ".join(f"{word.said_by} says {word.sha256}" for word in said)
        raise codes.INVALID_SHA256.error(
            f"Of object {shorten(found.key)} {both}: give the one that its bytes have, and correct "
            "or leave out the other."
        )
    return said[0] if said else ExpectedHash()


def _tagged(name: str, value: str, disks: int) -> ExpectedHash:
    if disks > 1:
        raise codes.INVALID_SHA256.error(
            f"The tag {TAG} cannot say which of {disks} disks it means: "
            "use DiskDeviceMapping.N.SHA256 in its place."
        )
    if not _DIGITS.fullmatch(value):
        raise _malformed_tag(name, value)
    return ExpectedHash(value.lower(), f"tag {TAG}")


def _malformed_tag(name: str, value: str) -> ServiceError:
    return codes.INVALID_SHA256.error(
        f"{name} of the tag {TAG} is '{shorten(value)}': use 64 hexadecimal digits."
    )


def _of_metadata(found: ObjectInfo) -> Iterator[ExpectedHash]:
    """What an object says of itself; other programs may write other things under that name."""
    value = found.metadata.get(METADATA, "")
    if _DIGITS.fullmatch(value):
        yield ExpectedHash(value.lower(), f"metadata {_METADATA_HEADER}")
