"""Images and buckets for the console's pages, without a service behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imageferry.actions.errors import ErrorCode
from imageferry.console.catalogue import Image, ImageDetails, ImageDisk, ImageFilter, ImagePage, Use
from imageferry.console.interface import Key
from imageferry.console.storage import Bucket, Inspection, Listing, StoredObject, UnfinishedUpload
from support.visits import KEY, NOW

REGION = "cn-hangzhou"
DISK = ImageDisk(
    position=1,
    device="/dev/xvda",
    snapshot_id="s-1",
    source_bucket="golden",
    source_object="disk.raw",
    source_etag="etag",
    source_size=2**20,
    source_sha256="5e1f",
    source_format="RAW",
    size_gib=1,
    virtual_size=2**20,
    stored_size=2**19,
    content_hash="c0de",
    findings=[("BootMode", "It has no boot loader.", "High")],
)


def image(**values: Any) -> Image:
    """An image, by default an available one of the visitor's."""
    defaults: dict[str, Any] = {
        "image_id": "m-1",
        "name": "golden",
        "region_id": REGION,
        "owner_id": KEY.account_id,
        "status": "Available",
        "percent": 100,
        "created": NOW,
        "description": "",
        "architecture": "x86_64",
        "os_type": "linux",
        "platform": "Debian",
        "boot_mode": "BIOS",
        "task_id": "t-1",
        "copied_from": "",
        "disks": [DISK],
        "tags": {},
    }
    return Image(**(defaults | values))


@dataclass
class OneImage:
    """A catalogue of one image."""

    details: ImageDetails
    used: Sequence[Use] = ()
    asked: list[tuple[ImageFilter, int]] = field(default_factory=list)

    def page(
        self, _account_id: str, condition: ImageFilter, *, number: int, size: int
    ) -> ImagePage:
        """A page with the image; of many pages."""
        self.asked.append((condition, number))
        return ImagePage([self.details.image], 3 * size)

    def find(self, _account_id: str, image_id: str) -> ImageDetails | None:
        """The image, if it is the one."""
        return self.details if image_id == self.details.image.image_id else None

    def uses(self, _account_id: str) -> Sequence[Use]:
        """What is used."""
        return self.used


@dataclass
class OneBucket:
    """A store of one bucket, with one object that was inspected."""

    inspection: Inspection = field(
        default_factory=lambda: Inspection(
            object=StoredObject("disk.raw", 2**20, NOW), format="RAW", virtual_size=2**20
        )
    )
    listed: Listing = field(default_factory=lambda: Listing([], [], ""))
    unfinished: Sequence[UnfinishedUpload] = ()
    asked: list[tuple[str, str]] = field(default_factory=list)

    def all(self, _account_id: str) -> Sequence[Bucket]:
        """The bucket."""
        return [Bucket("golden", REGION, NOW)]

    def find(self, _account_id: str, name: str) -> Bucket | None:
        """The bucket, if it is the one."""
        return next((bucket for bucket in self.all("") if bucket.name == name), None)

    def listing(self, _name: str, *, prefix: str, marker: str, size: int) -> Listing:
        """What is listed."""
        assert size > 0
        self.asked.append((prefix, marker))
        return self.listed

    def uploads(self, _name: str, _prefix: str) -> Sequence[UnfinishedUpload]:
        """What is under way."""
        return self.unfinished

    def inspect(self, _name: str, key: str) -> Inspection | None:
        """What the object is, if it is the one."""
        return self.inspection if key == self.inspection.object.key else None


@dataclass
class Gateway:
    """Stands for the gateway: keeps what is called, and answers or refuses."""

    reply: Mapping[str, Any] = field(default_factory=dict)
    refusal: ErrorCode | None = None
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def __call__(
        self, key: Key, action: str, parameters: Mapping[str, str], host: str
    ) -> Mapping[str, Any]:
        assert key == KEY
        assert host
        self.calls.append((action, parameters))
        if self.refusal is not None:
            raise self.refusal.error()
        return self.reply
