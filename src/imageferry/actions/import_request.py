"""What ImportImage is asked for with, and what it answers."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions.common import (
    ARCHITECTURES,
    OS_TYPES,
    Description,
    DryRun,
    ImageName,
    Priority,
    RegionId,
    ResourceGroupId,
    RoleName,
    Tag,
)
from imageferry.actions.declaration import Member, Model, Parameter, Reply
from imageferry.actions.import_admission import DiskDeviceMapping
from imageferry.actions.once import ClientToken
from imageferry.tasks.model import DEFAULT_PRIORITY

PLATFORMS = (
    "Aliyun",
    "Anolis",
    "CentOS",
    "Ubuntu",
    "CoreOS",
    "SUSE",
    "Debian",
    "OpenSUSE",
    "FreeBSD",
    "RedHat",
    "Kylin",
    "UOS",
    "Fedora",
    "Fedora CoreOS",
    "CentOS Stream",
    "AlmaLinux",
    "Rocky Linux",
    "Gentoo",
    "Customized Linux",
    "Others Linux",
    "Windows Server 2022",
    "Windows Server 2019",
    "Windows Server 2016",
    "Windows Server 2012",
    "Windows Server 2008",
    "Windows Server 2003",
    "Other Windows",
)


class ImageFeatures(Model, frozen=True, kw_only=True):
    """What the image is able to do."""

    nvme_support: Annotated[
        str | None,
        Parameter(
            description="Whether the image starts from an NVMe disk.",
            example="supported",
            allowed=("supported", "unsupported"),
        ),
    ] = None
    imds_support: Annotated[
        str | None,
        Parameter(
            description="The version of the metadata service that instances use.",
            example="v2",
            allowed=("v1", "v2"),
            malformed=codes.INVALID_IMDS_SUPPORT,
        ),
    ] = None


class ImportImageRequest(Model, frozen=True, kw_only=True):
    """What an import is asked for with."""

    region_id: RegionId
    disk_device_mapping: Annotated[
        tuple[DiskDeviceMapping, ...],
        Parameter(
            description="The disks: the first is the system disk, up to 16 data disks follow.",
            max_items=17,
            excess_ignored=True,
        ),
    ] = ()
    image_name: ImageName = None
    description: Description = None
    architecture: Annotated[
        str | None,
        Parameter(
            description="The processors that the image runs on; x86_64 where none is given.",
            example="x86_64",
            allowed=ARCHITECTURES,
            malformed=codes.INVALID_ARCHITECTURE,
        ),
    ] = None
    os_type: Annotated[
        str | None,
        Parameter(
            description="The type of operating system; linux where none is given.",
            example="linux",
            allowed=OS_TYPES,
            malformed=codes.INVALID_OS_TYPE,
        ),
    ] = None
    platform: Annotated[
        str | None,
        Parameter(
            description="The operating system; Others Linux or Other Windows where none is given.",
            example="Debian",
            allowed=PLATFORMS,
            malformed=codes.INVALID_PLATFORM,
        ),
    ] = None
    boot_mode: Annotated[
        str | None,
        Parameter(
            description="How the image starts; BIOS where none is given, UEFI on arm64.",
            example="UEFI",
            allowed=("BIOS", "UEFI"),
            malformed=codes.INVALID_BOOT_MODE,
        ),
    ] = None
    license_type: Annotated[
        str | None,
        Parameter(
            description="Who brings the licence of the operating system.",
            example="Auto",
            allowed=("Auto", "Aliyun", "BYOL"),
            malformed=codes.INVALID_LICENSE_TYPE,
        ),
    ] = None
    detection_strategy: Annotated[
        str | None,
        Parameter(
            description="The checks on what the disks hold, made before the image is available: "
            "partition table, file systems, operating system, boot mode, cloud-init. They are "
            "advice and fail no import; none are made where nothing is given.",
            example="Standard",
            allowed=("Standard",),
            malformed=codes.INVALID_DETECTION_STRATEGY,
        ),
    ] = None
    features: Annotated[
        ImageFeatures | None, Parameter(description="What the image is able to do.")
    ] = None
    tag: Annotated[
        tuple[Tag, ...],
        Parameter(description="Tags that the image gets.", max_items=20),
    ] = ()
    priority: Priority = DEFAULT_PRIORITY
    client_token: ClientToken = None
    dry_run: DryRun = False
    role_name: RoleName = None
    resource_group_id: ResourceGroupId = None
    storage_location_arn: Annotated[
        str | None,
        Parameter(
            description="The cloud box that keeps the image.",
            example="arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx",
            unused="there are no cloud boxes here",
        ),
    ] = None


class ImportImageReply(Reply, frozen=True, kw_only=True):
    """The task and the image it makes."""

    image_id: Annotated[str, Member(description="The image, which can be described at once.")]
    task_id: Annotated[str, Member(description="The task that makes the image.")]
    region_id: Annotated[str, Member(description="The region of both.")]
