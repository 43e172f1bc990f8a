"""What an image is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ImageStatus(StrEnum):
    """An image's status in the words of the API."""

    WAITING = "Waiting"
    CREATING = "Creating"
    AVAILABLE = "Available"
    CREATE_FAILED = "CreateFailed"


@dataclass(frozen=True, kw_only=True)
class ImageDisk:
    """One disk of an image.

    Attributes:
        position: 1 for the system disk, 2 and up for data disks.
        device: The device name it is mapped to.
        snapshot_id: The id under which clients tag or delete the disk's snapshot.
        source_bucket, source_object, source_etag: The object it came from, and
            the version of it that was asked for.
        source_size: The object's size in bytes.
        source_sha256: SHA-256 of the object; empty until it was read.
        declared_format: The format in the caller's own spelling; empty where none was given.
        source_format: The format that was found, in ECS's word.
        size_gib: The size that was asked for, or the virtual size, in GiB.
        virtual_size: The guest's view of its size in bytes.
        stored_size: Bytes in the catalogue; 0 until the disk is there.
    """

    position: int
    device: str
    snapshot_id: str
    source_bucket: str
    source_object: str
    source_etag: str
    source_size: int
    source_sha256: str = ""
    declared_format: str
    source_format: str
    size_gib: int
    virtual_size: int
    stored_size: int = 0

    @property
    def is_system(self) -> bool:
        """Whether it is the disk that the image starts from."""
        return self.position == 1


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image with its disks and tags."""

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
    disks: tuple[ImageDisk, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

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
