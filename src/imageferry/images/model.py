"""What an image is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ImageStatus(StrEnum):
    """An image's status in the words of the API."""

    WAITING = "Waiting"
    CREATING = "Creating"
    AVAILABLE = "Available"
    DEPRECATED = "Deprecated"
    CREATE_FAILED = "CreateFailed"

    @property
    def being_made(self) -> bool:
        """Whether a task is still to make the image."""
        return self in {ImageStatus.WAITING, ImageStatus.CREATING}

    @property
    def made(self) -> bool:
        """Whether the image's disks are in the catalogue."""
        return self in {ImageStatus.AVAILABLE, ImageStatus.DEPRECATED}


@dataclass(frozen=True)
class DetectionItem:
    """What one check of a disk's content found.

    Attributes:
        name: The check.
        value: What it found, as a sentence.
        risk_code: What may go wrong; empty for nothing.
        risk_level: How bad that is: ``High``, ``Medium``, ``Low``, or empty.
    """

    name: str
    value: str
    risk_code: str
    risk_level: str


@dataclass(frozen=True, kw_only=True)
class ImageDisk:
    """One disk of an image.

    Attributes:
        position: 1 for the system disk, 2 and up for data disks.
        device: The device name it is mapped to.
        snapshot_id: The id under which clients tag or delete the disk's snapshot.
        source_bucket, source_object, source_etag: The object it came from, and
            the version of it that was asked for; empty with a copy.
        source_size: The size of what it is made of in bytes.
        expected_sha256: The SHA-256 that the object is to have; empty where nobody said it.
        source_sha256: SHA-256 of the object; empty until it was read.
        declared_format: The format in the caller's own spelling; empty where none was given.
        source_format: The format that was found, in ECS's word.
        size_gib: The size that was asked for, or the virtual size, in GiB.
        virtual_size: The guest's view of its size in bytes.
        stored_size: Bytes in the catalogue; 0 until the disk is there.
        content_hash: The hash of the guest's bytes, in hexadecimal digits; empty until they
            were moved. See :mod:`imageferry.imaging.content_hash`.
        content_crc32: Their CRC-32; ``None`` until they were moved.
        detection: What the checks of its content found; empty where none were made.
    """

    position: int
    device: str
    snapshot_id: str
    source_bucket: str
    source_object: str
    source_etag: str
    source_size: int
    expected_sha256: str = ""
    source_sha256: str = ""
    declared_format: str
    source_format: str
    size_gib: int
    virtual_size: int
    stored_size: int = 0
    content_hash: str = ""
    content_crc32: int | None = None
    detection: tuple[DetectionItem, ...] = ()

    @property
    def is_system(self) -> bool:
        """Whether it is the disk that the image starts from."""
        return self.position == 1


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image with its disks and tags.

    Attributes:
        task_id: The task that makes it.
        image_family: The family it belongs to; empty for none.
        copied_from: The image that it is a copy of; empty for an imported one.
        detection_strategy: Which checks of its content were asked for; empty for none.
        cloud_init: Whether they found cloud-init.
        tags: The tags that its owner gave it.
        shared: Whether it is shared with other accounts.
    """

    image_id: str
    account_id: str
    region_id: str
    task_id: str
    status: ImageStatus
    name: str
    description: str
    architecture: str
    os_type: str
    platform: str
    boot_mode: str
    license_type: str
    nvme_support: str
    imds_support: str
    resource_group_id: str
    created: datetime
    image_family: str = ""
    copied_from: str = ""
    detection_strategy: str = ""
    cloud_init: bool = False
    disks: tuple[ImageDisk, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False

    def percent(self, percents: Mapping[str, int]) -> int:
        """How far it is made, by how far tasks are; an old task may be forgotten before it is."""
        return percents.get(self.task_id, 100 if self.status.made else 0)

    def key(self, disk: ImageDisk) -> str:
        """The disk's key in the catalogue."""
        return catalogue_key(self.image_id, disk.position)


def catalogue_key(image_id: str, position: int) -> str:
    """The key of a disk in the catalogue: a qcow2 file that anybody can take and boot."""
    role = "system" if position == 1 else f"data-{position - 1}"
    return f"{image_id}-{role}.qcow2"


def image_of_key(key: str) -> str:
    """The image that a key in the catalogue belongs to."""
    return "-".join(key.split("-")[:2])
