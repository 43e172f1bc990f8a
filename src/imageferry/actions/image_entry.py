"""An image as DescribeImages tells it."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import times
from imageferry.actions.declaration import Member, Reply
from imageferry.images.model import Image, ImageDisk, ImageStatus


class DiskDeviceEntry(Reply, frozen=True, kw_only=True):
    """A disk of an image."""

    device: Annotated[str, Member(description="Its device name.", example="/dev/xvda")]
    type: Annotated[str, Member(description="system or data.", example="system")]
    size: Annotated[str, Member(description="Its size in GiB, as it was asked for.", example="40")]
    snapshot_id: Annotated[str, Member(description="Its snapshot.")]
    format: Annotated[
        str,
        Member(
            description="The format in the caller's own spelling, or the one that was found.",
            example="qcow2",
        ),
    ]
    import_oss_bucket: Annotated[
        str, Member(description="The bucket it was imported from; empty with a copy.")
    ]
    import_oss_object: Annotated[str, Member(description="The object it was imported from.")]
    progress: Annotated[str, Member(description="How far it is in per cent.", example="100%")]
    remain_time: Annotated[
        int, Member(description="Seconds until it is there; 0 where that is not known.")
    ]
    encrypted: Annotated[bool, Member(description="Whether it is encrypted.")]


class DiskDeviceMappings(Reply, frozen=True, kw_only=True):
    """The disks of an image."""

    disk_device_mapping: Annotated[
        tuple[DiskDeviceEntry, ...], Member(description="The disks, system disk first.")
    ]


class TagEntry(Reply, frozen=True, kw_only=True):
    """A tag of an image."""

    tag_key: Annotated[str, Member(description="The tag's key.")]
    tag_value: Annotated[str, Member(description="The tag's value.")]


class TagSet(Reply, frozen=True, kw_only=True):
    """The tags of an image."""

    tag: Annotated[tuple[TagEntry, ...], Member(description="The tags by key.")]


class FeaturesEntry(Reply, frozen=True, kw_only=True):
    """What an image is able to do."""

    nvme_support: Annotated[
        str, Member(description="Whether it starts from an NVMe disk.", example="supported")
    ]
    imds_support: Annotated[
        str, Member(description="The version of the metadata service.", example="v1")
    ]


class DetectionItemEntry(Reply, frozen=True, kw_only=True):
    """What one check of the disks' content found."""

    name: Annotated[
        str,
        Member(
            description="The check; with a data disk the disk before it.",
            example="BootMode",
        ),
    ]
    value: Annotated[
        str,
        Member(
            description="What it found, as a sentence.",
            example="The disk has a boot loader for BIOS and UEFI.",
        ),
    ]
    risk_code: Annotated[
        str,
        Member(description="What may go wrong; empty for nothing.", example="BootMode.Mismatch"),
    ]
    risk_level: Annotated[
        str,
        Member(
            description="High where instances will probably not start, Medium where they may "
            "not be as they were meant to be, Low where it is worth knowing; empty for nothing.",
            example="High",
        ),
    ]


class DetectionItems(Reply, frozen=True, kw_only=True):
    """What the checks of the disks' content found."""

    item: Annotated[
        tuple[DetectionItemEntry, ...], Member(description="The checks, system disk first.")
    ]


class DetectionOptions(Reply, frozen=True, kw_only=True):
    """The checks of the disks' content."""

    status: Annotated[str, Member(description="Processing until they are made, then Finished.")]
    items: Annotated[DetectionItems, Member(description="What they found.")]


class ImageEntry(Reply, frozen=True, kw_only=True):
    """An image."""

    image_id: Annotated[str, Member(description="The image.")]
    image_name: Annotated[str, Member(description="Its name.")]
    description: Annotated[str, Member(description="What it is for.")]
    image_owner_alias: Annotated[
        str, Member(description="Whose it is: self or others.", example="self")
    ]
    image_owner_id: Annotated[int, Member(description="The account that has it.")]
    status: Annotated[
        str,
        Member(
            description="Waiting, Creating, Available, Deprecated or CreateFailed.",
            example="Available",
        ),
    ]
    progress: Annotated[str, Member(description="How far it is in per cent.", example="100%")]
    usable: Annotated[bool, Member(description="Whether instances can be made of it.")]
    size: Annotated[int, Member(description="The size of the system disk in GiB.")]
    architecture: Annotated[str, Member(description="The processors that it runs on.")]
    os_type: Annotated[str, Member(description="windows or linux.", example="linux")]
    platform: Annotated[str, Member(description="The operating system.")]
    os_name: Annotated[str, Member(description="The operating system's full name.")]
    os_name_en: Annotated[str, Member(description="The operating system's full name in English.")]
    boot_mode: Annotated[str, Member(description="BIOS, UEFI or UEFI-Preferred.", example="UEFI")]
    creation_time: Annotated[
        str, Member(description="When it was made, UTC.", example="2026-11-22T08:30:00Z")
    ]
    disk_device_mappings: Annotated[DiskDeviceMappings, Member(description="Its disks.")]
    tags: Annotated[TagSet, Member(description="Its tags.")]
    features: Annotated[FeaturesEntry, Member(description="What it is able to do.")]
    license_type: Annotated[str, Member(description="Who brings the licence.")]
    resource_group_id: Annotated[str, Member(description="Its resource group.")]
    image_family: Annotated[str, Member(description="Its family.")]
    image_version: Annotated[str, Member(description="Its version.")]
    is_public: Annotated[bool, Member(description="Whether everybody may use it.")]
    is_copied: Annotated[bool, Member(description="Whether it is a copy.")]
    is_self_shared: Annotated[
        str, Member(description='"true" when the caller shares it with others, else empty.')
    ]
    is_subscribed: Annotated[bool, Member(description="Whether it was bought.")]
    is_support_cloudinit: Annotated[
        bool, Member(description="Whether the checks of its content found cloud-init.")
    ]
    is_support_io_optimized: Annotated[
        bool, Member(description="Whether it runs on I/O optimized instances.")
    ]
    login_as_non_root_supported: Annotated[
        bool, Member(description="Whether others than root can log in to its instances.")
    ]
    product_code: Annotated[str, Member(description="Its product in the marketplace.")]
    detection_options: Annotated[
        DetectionOptions | None,
        Member(
            description="The checks of its content; only where it was imported with "
            "DetectionStrategy, and only told to its owner."
        ),
    ] = None
    supplier_name: Annotated[str, Member(description="Its supplier in the marketplace.")]
    usage: Annotated[str, Member(description="Whether instances use it.", example="none")]


class ImageSet(Reply, frozen=True, kw_only=True):
    """The images of a page."""

    image: Annotated[tuple[ImageEntry, ...], Member(description="The images, newest first.")]


class DescribeImagesReply(Reply, frozen=True, kw_only=True):
    """One page of a list of images."""

    page_number: Annotated[int, Member(description="The page.")]
    page_size: Annotated[int, Member(description="The entries on a page.")]
    total_count: Annotated[int, Member(description="The entries of the whole list.")]
    region_id: Annotated[str, Member(description="The region.")]
    images: Annotated[ImageSet, Member(description="The images of the page.")]


def image_entry(image: Image, percent: int, account_id: str) -> ImageEntry:
    """An image as it is listed.

    Args:
        image: The image.
        percent: How far the task is that makes it.
        account_id: Who sees it: tags, group and origin are told to its owner alone.
    """
    is_own = image.account_id == account_id
    tags = image.tags if is_own else {}
    return ImageEntry(
        image_id=image.image_id,
        image_name=image.name,
        description=image.description,
        image_owner_alias="self" if is_own else "others",
        image_owner_id=int(image.account_id),
        status=image.status.value,
        progress=f"{percent}%",
        usable=image.status is ImageStatus.AVAILABLE,
        size=image.disks[0].size_gib,
        architecture=image.architecture,
        os_type=image.os_type,
        platform=image.platform,
        os_name=image.platform,
        os_name_en=image.platform,
        boot_mode=image.boot_mode,
        creation_time=times.to_second(image.created),
        disk_device_mappings=DiskDeviceMappings(
            disk_device_mapping=tuple(_disk(disk, percent, is_own=is_own) for disk in image.disks)
        ),
        tags=TagSet(
            tag=tuple(TagEntry(tag_key=key, tag_value=value) for key, value in tags.items())
        ),
        features=FeaturesEntry(nvme_support=image.nvme_support, imds_support=image.imds_support),
        license_type=image.license_type,
        resource_group_id=image.resource_group_id if is_own else "",
        image_family=image.image_family,
        image_version="1",
        is_public=False,
        is_copied=image.copied_from != "",
        is_self_shared="true" if is_own and image.shared else "",
        is_subscribed=False,
        is_support_cloudinit=image.cloud_init,
        is_support_io_optimized=True,
        login_as_non_root_supported=False,
        detection_options=_detection(image) if is_own and image.detection_strategy else None,
        product_code="",
        supplier_name="",
        usage="none",
    )


def _detection(image: Image) -> DetectionOptions:
    entries = (
        DetectionItemEntry(
            name=item.name if disk.is_system else f"DiskDeviceMapping.{disk.position}.{item.name}",
            value=item.value,
            risk_code=item.risk_code,
            risk_level=item.risk_level,
        )
        for disk in image.disks
        for item in disk.detection
    )
    status = "Processing" if image.status.being_made else "Finished"
    return DetectionOptions(status=status, items=DetectionItems(item=tuple(entries)))


def _disk(disk: ImageDisk, percent: int, *, is_own: bool) -> DiskDeviceEntry:
    return DiskDeviceEntry(
        device=disk.device,
        type="system" if disk.is_system else "data",
        size=str(disk.size_gib),
        snapshot_id=disk.snapshot_id,
        format=disk.declared_format or disk.source_format,
        import_oss_bucket=disk.source_bucket if is_own else "",
        import_oss_object=disk.source_object if is_own else "",
        progress=f"{percent}%",
        remain_time=0,
        encrypted=False,
    )
