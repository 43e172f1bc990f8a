"""ImportImage: make an image of disk images that lie in buckets."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.accounts.client_tokens import TokenUse
from imageferry.actions import image_error_codes as codes
from imageferry.actions import once
from imageferry.actions.call import Call
from imageferry.actions.catalogue_checks import check_tag_keys, duplicated
from imageferry.actions.declaration import Action, to_wire
from imageferry.actions.error_codes import (
    DRY_RUN_OPERATION,
    IDEMPOTENT_PARAMETER_MISMATCH,
    INVALID_CLIENT_TOKEN,
)
from imageferry.actions.import_admission import AdmittedDisk, admit_disks
from imageferry.actions.import_request import (
    ImageFeatures,
    ImportImageReply,
    ImportImageRequest,
)
from imageferry.actions.quota_error_codes import (
    QUOTA_EXCEED_IMAGE_BYTES,
    QUOTA_EXCEED_WAITING_TASK,
)
from imageferry.actions.quotas import check_new_image
from imageferry.database.metadata import now
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import TaskAction, new_id


def import_image(call: Call, request: ImportImageRequest) -> ImportImageReply:
    """Check all that can be checked beforehand, then make the image's row and its task."""
    call.check_region(request.region_id)
    _check_boot_mode(request)
    check_tag_keys(request.tag)
    use = once.token_use(call, "ImportImage", request.client_token, request)
    with call.database.read() as connection:
        answered = once.answered(connection, use, ImportImageReply)
    if answered is not None:
        return answered
    disks = admit_disks(call, request.disk_device_mapping, request.tag)
    if request.dry_run:
        with call.database.read() as connection:
            _check_catalogue(call, connection, request, disks)
        raise DRY_RUN_OPERATION.error()
    return _make(call, request, disks, use)


def _make(
    call: Call,
    request: ImportImageRequest,
    disks: tuple[AdmittedDisk, ...],
    use: TokenUse | None,
) -> ImportImageReply:
    with call.write() as connection:
        answered = once.answered(connection, use, ImportImageReply)
        if answered is not None:
            return answered
        _check_catalogue(call, connection, request, disks)
        image = _image(call, request, disks)
        images.insert(connection, image)
        transitions.create(
            connection,
            account_id=call.account_id,
            region_id=request.region_id,
            action=TaskAction.IMPORT_IMAGE,
            resource_id=image.image_id,
            request=to_wire(request),
            disks=[disk.related_items for disk in disks],
            task_id=image.task_id,
            priority=request.priority,
            origin=call.origin,
        )
        reply = ImportImageReply(
            image_id=image.image_id, task_id=image.task_id, region_id=image.region_id
        )
        once.remember(connection, use, reply)
        return reply


def _image(call: Call, request: ImportImageRequest, disks: tuple[AdmittedDisk, ...]) -> Image:
    image_id = new_id("m")
    features = request.features or ImageFeatures()
    os_type = (request.os_type or "linux").lower()
    architecture = request.architecture or "x86_64"
    return Image(
        image_id=image_id,
        account_id=call.account_id,
        region_id=request.region_id,
        task_id=new_id("t"),
        status=ImageStatus.WAITING,
        name=request.image_name or image_id,
        description=request.description or "",
        architecture=architecture,
        os_type=os_type,
        platform=request.platform or ("Other Windows" if os_type == "windows" else "Others Linux"),
        boot_mode=request.boot_mode or ("UEFI" if architecture.lower() == "arm64" else "BIOS"),
        license_type=request.license_type or "Auto",
        nvme_support=features.nvme_support or "unsupported",
        imds_support=features.imds_support or "v1",
        resource_group_id=request.resource_group_id or "",
        created=now(),
        detection_strategy=request.detection_strategy or "",
        disks=tuple(_disk(position, disk) for position, disk in enumerate(disks, start=1)),
        tags={tag.key: tag.value for tag in request.tag},
    )


def _disk(position: int, admitted: AdmittedDisk) -> ImageDisk:
    return ImageDisk(
        position=position,
        device=admitted.mapping.device or "/dev/xvd" + chr(ord("a") + position - 1),
        snapshot_id=new_id("s"),
        source_bucket=admitted.bucket,
        source_object=admitted.object.key,
        source_etag=admitted.object.etag,
        source_size=admitted.object.size,
        declared_format=admitted.mapping.format or "",
        source_format=admitted.format,
        size_gib=admitted.size_gib,
        virtual_size=admitted.virtual_size,
        expected_sha256=admitted.expected.sha256,
    )


def _check_boot_mode(request: ImportImageRequest) -> None:
    is_bios = (request.boot_mode or "").upper() == "BIOS"
    if is_bios and (request.architecture or "").lower() == "arm64":
        raise codes.INVALID_BOOT_MODE_NOT_SUPPORT.error()


def _check_catalogue(
    call: Call,
    connection: sa.Connection,
    request: ImportImageRequest,
    disks: tuple[AdmittedDisk, ...],
) -> None:
    if request.image_name is not None:
        _check_name(call, connection, request.image_name, request.region_id)
    size = sum(disk.object.size for disk in disks)
    check_new_image(call, connection, request.region_id, size)


def _check_name(call: Call, connection: sa.Connection, name: str, region_id: str) -> None:
    taken = images.id_of_name(connection, name, call.account_id, region_id)
    if taken is None:
        return
    image_id, status = taken
    if status.being_made:
        raise codes.IMAGE_IS_IMPORTING.error(f"{name!r} is the name of image {image_id}.")
    raise duplicated(name, image_id)


IMPORT_IMAGE = Action(
    name="ImportImage",
    summary="Make an image of disk images that lie in buckets.",
    request=ImportImageRequest,
    reply=ImportImageReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.MISSING_DISK_DEVICE_MAPPING,
        codes.INVALID_IMAGE_NAME,
        codes.INVALID_IMAGE_NAME_DUPLICATED,
        codes.IMAGE_IS_IMPORTING,
        codes.INVALID_DESCRIPTION,
        codes.INVALID_ARCHITECTURE,
        codes.INVALID_PLATFORM,
        codes.INVALID_OS_TYPE,
        codes.INVALID_BOOT_MODE,
        codes.INVALID_BOOT_MODE_NOT_SUPPORT,
        codes.INVALID_LICENSE_TYPE,
        codes.INVALID_DETECTION_STRATEGY,
        codes.INVALID_IMDS_SUPPORT,
        codes.INVALID_IMAGE_FORMAT,
        codes.IMAGE_REFUSED,
        codes.INVALID_VHD_SIZE,
        codes.INVALID_IMAGE_SIZE,
        codes.INVALID_DATA_DISK_SIZE,
        codes.INVALID_DEVICE,
        codes.INVALID_OSS_BUCKET,
        codes.INVALID_OSS_BUCKET_NOT_FOUND,
        codes.INVALID_OSS_OBJECT,
        codes.INVALID_OSS_OBJECT_NOT_FOUND,
        codes.INVALID_OSS_OBJECT_SIZE,
        codes.INVALID_SHA256,
        codes.OSS_NOT_AUTHORIZED,
        codes.DUPLICATE_TAG_KEY,
        codes.QUOTA_EXCEED_IMAGE,
        QUOTA_EXCEED_IMAGE_BYTES,
        QUOTA_EXCEED_WAITING_TASK,
        INVALID_CLIENT_TOKEN,
        IDEMPOTENT_PARAMETER_MISMATCH,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:ImportImage",
    handler=import_image,
    example={
        "RegionId": "cn-hangzhou",
        "ImageName": "debian-13-golden",
        "DiskDeviceMapping.1.OSSBucket": "golden-images",
        "DiskDeviceMapping.1.OSSObject": "debian-13.qcow2",
    },
)
