"""ExportImage: write an image's disks to a bucket in the format asked for."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa

from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found
from imageferry.actions.bucket_access import own_bucket
from imageferry.actions.call import Call
from imageferry.actions.common import DryRun, ImageId, Priority, RegionId, RoleName, bucket_name
from imageferry.actions.declaration import Action, Member, Parameter, Reply
from imageferry.actions.declaration import Model as RequestModel
from imageferry.actions.error_codes import DRY_RUN_OPERATION
from imageferry.actions.export_layouts import COMPRESSIONS, LAYOUTS, find_layout
from imageferry.actions.quota_error_codes import QUOTA_EXCEED_WAITING_TASK
from imageferry.actions.quotas import check_exports
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.imaging.writers.opening import Layout
from imageferry.tasks import queries as tasks
from imageferry.tasks import transitions
from imageferry.tasks.model import DEFAULT_PRIORITY, TaskAction


class ExportImageRequest(RequestModel, frozen=True, kw_only=True):
    """What an export is asked for with."""

    region_id: RegionId
    image_id: ImageId
    oss_bucket: Annotated[str, bucket_name("The bucket that gets the image.")]
    oss_prefix: Annotated[
        str | None,
        Parameter(
            description="The beginning of the objects' names.",
            example="nightly",
            min_length=1,
            max_length=30,
            pattern=r"[A-Za-z0-9]+",
            rule="letters and digits",
            malformed=codes.INVALID_OSS_PREFIX,
        ),
    ] = None
    image_format: Annotated[
        str | None,
        Parameter(
            description="The format of the objects; raw, as a .tar.gz, where none is given.",
            example="qcow2",
            allowed=tuple(LAYOUTS),
            malformed=codes.INVALID_IMAGE_FORMAT,
        ),
    ] = None
    compression: Annotated[
        str | None,
        Parameter(
            description="How the objects are compressed. Of raw: gzip, as .tar.gz, or none; of "
            "qcow2: none, zlib or zstd; of vmdk always zlib; of others none. The first is the "
            "default.",
            example="zstd",
            allowed=COMPRESSIONS,
            malformed=codes.INVALID_COMPRESSION,
        ),
    ] = None
    priority: Priority = DEFAULT_PRIORITY
    role_name: RoleName = None
    dry_run: DryRun = False


class ExportImageReply(Reply, frozen=True, kw_only=True):
    """The task that writes the image."""

    task_id: Annotated[str, Member(description="The task.")]
    region_id: Annotated[str, Member(description="The task's region.")]


def export_image(call: Call, request: ExportImageRequest) -> ExportImageReply:
    """Check all that can be checked beforehand, then make the task."""
    call.check_region(request.region_id)
    own_bucket(call, "OSSBucket", request.oss_bucket)
    layout = _layout(request)
    with call.write() as connection:
        image = _exportable(call, connection, request)
        _check_sizes(image, layout)
        check_exports(call, connection)
        if request.dry_run:
            raise DRY_RUN_OPERATION.error()
        task_id = _create(call, connection, request, image, layout)
    return ExportImageReply(task_id=task_id, region_id=request.region_id)


def _create(
    call: Call,
    connection: sa.Connection,
    request: ExportImageRequest,
    image: Image,
    layout: Layout,
) -> str:
    objects = [_object_name(request, image, disk, layout) for disk in image.disks]
    return transitions.create(
        connection,
        account_id=call.account_id,
        region_id=request.region_id,
        action=TaskAction.EXPORT_IMAGE,
        resource_id=image.image_id,
        request={
            "OSSBucket": request.oss_bucket,
            "Layout": layout.name,
            "Objects": objects,
        },
        disks=[
            [
                ("OSSBucket", request.oss_bucket),
                ("OSSObject", name),
                ("ImageFormat", layout.format.ecs_name),
            ]
            for name in objects
        ],
        priority=request.priority,
        origin=call.origin,
    )


def _layout(request: ExportImageRequest) -> Layout:
    image_format = (request.image_format or "raw").lower()
    layout = find_layout(image_format, request.compression and request.compression.lower())
    if layout is None:
        choices = ", ".join(LAYOUTS[image_format])
        raise codes.INVALID_COMPRESSION.error(
            f"Compression is {request.compression!r}, but {image_format} has: {choices}."
        )
    return layout


def _object_name(request: ExportImageRequest, image: Image, disk: ImageDisk, layout: Layout) -> str:
    """The name of the object that a disk is written to, which no other disk of the image gets."""
    prefix = f"{request.oss_prefix}_" if request.oss_prefix else ""
    role = "system" if disk.is_system else f"data_{_called(image, disk)}"
    return f"{prefix}{image.image_id}_{role}{layout.suffix}"


def _called(image: Image, disk: ImageDisk) -> str:
    devices = {other.position: other.device.rpartition("/")[2] for other in image.disks[1:]}
    device = devices.pop(disk.position)
    # No device has an underscore in its name.
    return f"{device}_{disk.position}" if device in devices.values() else device


def _exportable(call: Call, connection: sa.Connection, request: ExportImageRequest) -> Image:
    image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
    if image is None:
        raise not_found.image(request.image_id, request.region_id)
    if image.status is not ImageStatus.AVAILABLE:
        raise codes.INCORRECT_IMAGE_STATUS.error(
            f"Image {image.image_id} is {image.status.value}. {codes.INCORRECT_IMAGE_STATUS.remedy}"
        )
    running = tasks.active_of_resource(connection, image.image_id, TaskAction.EXPORT_IMAGE)
    if running is not None:
        raise codes.IMAGE_IS_EXPORTING.error(f"Task {running} exports the image.")
    return image


def _check_sizes(image: Image, layout: Layout) -> None:
    for disk in image.disks:
        if layout.largest_size is not None and disk.virtual_size > layout.largest_size:
            raise codes.IMAGE_TOO_LARGE_FOR_FORMAT.error(
                f"Disk {disk.position} of image {image.image_id} has {disk.virtual_size} bytes; "
                f"{layout.format.ecs_name} holds {layout.largest_size} at most. "
                f"{codes.IMAGE_TOO_LARGE_FOR_FORMAT.remedy}"
            )


EXPORT_IMAGE = Action(
    name="ExportImage",
    summary="Write an image's disks to a bucket in the format asked for.",
    request=ExportImageRequest,
    reply=ExportImageReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        codes.INCORRECT_IMAGE_STATUS,
        codes.INVALID_IMAGE_FORMAT,
        codes.INVALID_COMPRESSION,
        codes.IMAGE_TOO_LARGE_FOR_FORMAT,
        codes.IMAGE_IS_EXPORTING,
        codes.CONCURRENT_EXPORTS_EXCEED,
        QUOTA_EXCEED_WAITING_TASK,
        codes.INVALID_OSS_BUCKET,
        codes.INVALID_OSS_BUCKET_NOT_FOUND,
        codes.INVALID_OSS_PREFIX,
        codes.OSS_NOT_AUTHORIZED,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:ExportImage",
    handler=export_image,
    example={
        "RegionId": "cn-hangzhou",
        "ImageId": "m-bp1g7004ksh0oeuco3nj",
        "OSSBucket": "golden-images",
        "OSSPrefix": "nightly",
        "ImageFormat": "qcow2",
    },
)
