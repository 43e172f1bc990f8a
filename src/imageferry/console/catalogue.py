"""What the pages of images are given by the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

BEING_MADE = frozenset({"Waiting", "Creating"})
"""The statuses of an image that a task is still to make."""


@dataclass(frozen=True, kw_only=True)
class ImageDisk:
    """One disk of an image. Sizes are in bytes, hashes in hexadecimal digits, or empty.

    Attributes:
        position: 1 for the system disk, 2 and up for data disks.
        source_bucket, source_object, source_etag: What it was imported from; empty with a copy.
        source_sha256: The hash of that object.
        source_format: The format that was found, in ECS's word.
        stored_size: What it takes in the catalogue; 0 until it is there.
        content_hash: The hash of the guest's bytes.
        findings: What the checks of its content found: a name, a sentence and how bad it is.
    """

    position: int
    device: str
    snapshot_id: str
    source_bucket: str
    source_object: str
    source_etag: str
    source_size: int
    source_sha256: str
    source_format: str
    size_gib: int
    virtual_size: int
    stored_size: int
    content_hash: str
    findings: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image as a list shows it.

    Attributes:
        owner_id: The account that has it; others may have it shared with them.
        percent: How far the task is that makes it.
        copied_from: The image that it is a copy of; empty for an imported one.
    """

    image_id: str
    name: str
    region_id: str
    owner_id: str
    status: str
    percent: int
    created: datetime
    description: str
    architecture: str
    os_type: str
    platform: str
    boot_mode: str
    task_id: str
    copied_from: str
    disks: Sequence[ImageDisk]
    tags: Mapping[str, str]

    @property
    def is_being_made(self) -> bool:
        """Whether a task is still to make it."""
        return self.status in BEING_MADE

    @property
    def formats(self) -> Sequence[str]:
        """The formats that its disks came in, each once."""
        return list(dict.fromkeys(disk.source_format for disk in self.disks if disk.source_format))

    @property
    def virtual_size(self) -> int:
        """The guest's view of the size of all disks, in bytes."""
        return sum(disk.virtual_size for disk in self.disks)

    @property
    def stored_size(self) -> int:
        """What it takes in the catalogue, in bytes."""
        return sum(disk.stored_size for disk in self.disks)


@dataclass(frozen=True)
class Share:
    """An account that an image is shared with, and since when."""

    account_id: str
    since: datetime


@dataclass(frozen=True)
class ImageTask:
    """A task that made or used an image.

    Attributes:
        objects: The objects that it reads or writes, each with its bucket.
    """

    task_id: str
    action: str
    status: str
    created: datetime
    objects: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ImageDetails:
    """All that is known of an image: also what became of it, as far as the account may know."""

    image: Image
    shares: Sequence[Share]
    tasks: Sequence[ImageTask]
    copies: Sequence[Image]


@dataclass(frozen=True, kw_only=True)
class ImageFilter:
    """Which images are meant: all that meet every condition; an empty one does not narrow.

    Attributes:
        source_format: The format that one of the disks came in.
        search: A part of the image's id or of its name, without regard to case.
        tag_key, tag_value: A tag; any value where that is empty.
    """

    region_id: str = ""
    status: str = ""
    source_format: str = ""
    search: str = ""
    tag_key: str = ""
    tag_value: str = ""


@dataclass(frozen=True)
class ImagePage:
    """The images of a page, newest first, and how many the whole list has."""

    images: Sequence[Image]
    total: int


@dataclass(frozen=True, kw_only=True)
class Use:
    """How much of something an account uses.

    Attributes:
        name: What it is: the end of a text's key.
        detail: Of which it is, such as a region; empty where there is but one.
        used: So much.
        limit: The most that it may use; ``None`` where there is no limit.
        in_bytes: Whether the numbers are bytes.
    """

    name: str
    detail: str = ""
    used: int
    limit: int | None = None
    in_bytes: bool = False

    @property
    def is_nearly_used_up(self) -> bool:
        """Whether less than a tenth is left."""
        return self.limit is not None and self.used * 10 > self.limit * 9


class Images(Protocol):
    """The images that accounts may use. Nobody is shown others."""

    def page(self, account_id: str, condition: ImageFilter, *, number: int, size: int) -> ImagePage:
        """A page of the list of the images that an account may use; ``number`` is from 1."""

    def find(self, account_id: str, image_id: str) -> ImageDetails | None:
        """All that is known of an image, if the account may use it."""

    def uses(self, account_id: str) -> Sequence[Use]:
        """What an account uses of its quotas."""
