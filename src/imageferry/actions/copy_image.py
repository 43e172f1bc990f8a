"""CopyImage: make an image of another one, in its region or another."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa

from imageferry.accounts.client_tokens import TokenUse
from imageferry.actions import copy_error_codes as copy_codes
from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found, once
from imageferry.actions.call import Call
from imageferry.actions.catalogue_checks import check_name, check_tag_keys
from imageferry.actions.common import (
    Description,
    DryRun,
    ImageId,
    ImageName,
    Priority,
    RegionId,
    ResourceGroupId,
    Tag,
)
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.error_codes import (
    DRY_RUN_OPERATION,
    IDEMPOTENT_PARAMETER_MISMATCH,
    INVALID_CLIENT_TOKEN,
)
from imageferry.actions.once import ClientToken
from imageferry.actions.quota_error_codes import (
    QUOTA_EXCEED_IMAGE_BYTES,
    QUOTA_EXCEED_WAITING_TASK,
)
from imageferry.actions.quotas import check_new_image
from imageferry.actions.regions import check_region
from imageferry.database.metadata import now
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageDisk, ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import DEFAULT_PRIORITY, TaskAction, new_id


class CopyImageRequest(Model, frozen=True, kw_only=True):
    """What a copy is asked for with."""

    region_id: RegionId
    image_id: ImageId
    destination_region_id: Annotated[
        str | None,
        Parameter(
            description="The region of the copy; the image's own where none is given.",
            example="cn-shanghai",
        ),
    ] = None
    destination_image_name: ImageName = None
    destination_description: Description = None
    tag: Annotated[
        tuple[Tag, ...],
        Parameter(description="Tags that the copy gets.", max_items=20),
    ] = ()
    resource_group_id: ResourceGroupId = None
    encrypted: Annotated[
        bool,
        Parameter(
            description="Whether the copy is encrypted: there is no key service here.",
            example="false",
        ),
    ] = False
    kms_key_id: Annotated[
        str | None,
        Parameter(
            description="The key to encrypt the copy with; only with Encrypted.",
            example="0e478b7a-4262-4802-b8cb-00d3fb40826X",
        ),
    ] = None
    encrypt_algorithm: Annotated[
        str | None,
        Parameter(
            description="The algorithm to encrypt the copy by; only with Encrypted.",
            example="aes-256",
        ),
    ] = None
    priority: Priority = DEFAULT_PRIORITY
    client_token: ClientToken = None
    dry_run: DryRun = False

    @property
    def target_region(self) -> str:
        """The region that the copy gets."""
        return self.destination_region_id or self.region_id


class CopyImageReply(Reply, frozen=True, kw_only=True):
    """The copy, whose Status and Progress tell how far it is."""

    image_id: Annotated[str, Member(description="The copy, which can be described at once.")]


def copy_image(call: Call, request: CopyImageRequest) -> CopyImageReply:
    """Check all that can be checked beforehand, then make the copy's row and its task."""
    check_region(call, "RegionId", request.region_id, copy_codes.SOURCE_REGION_NOT_FOUND)
    check_region(
        call,
        "DestinationRegionId",
        request.target_region,
        copy_codes.DESTINATION_REGION_NOT_FOUND,
    )
    _check_encryption(request)
    check_tag_keys(request.tag)
    use = once.token_use(call, "CopyImage", request.client_token, request)
    with call.write() as connection:
        answered = once.answered(connection, use, CopyImageReply)
        return answered or _make(call, connection, request, use)


def _make(
    call: Call, connection: sa.Connection, request: CopyImageRequest, use: TokenUse | None
) -> CopyImageReply:
    source = _source(call, connection, request)
    if request.destination_image_name is not None:
        check_name(call, connection, request.destination_image_name, request.target_region)
    size = sum(disk.stored_size for disk in source.disks)
    check_new_image(call, connection, request.target_region, size)
    if request.dry_run:
        raise DRY_RUN_OPERATION.error()
    image = _image(call, request, source)
    images.insert(connection, image)
    transitions.create(
        connection,
        account_id=call.account_id,
        region_id=image.region_id,
        action=TaskAction.COPY_IMAGE,
        resource_id=image.image_id,
        request={"ImageId": source.image_id},
        disks=[[("ImageId", source.image_id)] for _ in source.disks],
        task_id=image.task_id,
        priority=request.priority,
        origin=call.origin,
    )
    reply = CopyImageReply(image_id=image.image_id)
    once.remember(connection, use, reply)
    return reply


def _source(call: Call, connection: sa.Connection, request: CopyImageRequest) -> Image:
    image = images.find_usable(connection, request.image_id, call.account_id, request.region_id)
    if image is None:
        raise not_found.image(request.image_id, request.region_id)
    if image.copied_from and image.status.being_made:
        raise copy_codes.IMAGE_COPYING.error()
    if image.status is not ImageStatus.AVAILABLE:
        raise codes.INCORRECT_IMAGE_STATUS.error(
            f"Image {image.image_id} is {image.status.value}. {codes.INCORRECT_IMAGE_STATUS.remedy}"
        )
    if image.account_id != call.account_id and request.target_region != image.region_id:
        raise copy_codes.SAME_REGION_ONLY.error()
    return image


def _image(call: Call, request: CopyImageRequest, source: Image) -> Image:
    image_id = new_id("m")
    return Image(
        image_id=image_id,
        account_id=call.account_id,
        region_id=request.target_region,
        task_id=new_id("t"),
        status=ImageStatus.WAITING,
        name=request.destination_image_name or image_id,
        description=request.destination_description or "",
        architecture=source.architecture,
        os_type=source.os_type,
        platform=source.platform,
        boot_mode=source.boot_mode,
        license_type=source.license_type,
        nvme_support=source.nvme_support,
        imds_support=source.imds_support,
        resource_group_id=request.resource_group_id or "",
        created=now(),
        copied_from=source.image_id,
        detection_strategy=source.detection_strategy,
        cloud_init=source.cloud_init,
        disks=tuple(_disk(disk) for disk in source.disks),
        tags={tag.key: tag.value for tag in request.tag},
    )


def _disk(source: ImageDisk) -> ImageDisk:
    return ImageDisk(
        position=source.position,
        device=source.device,
        snapshot_id=new_id("s"),
        source_bucket="",
        source_object="",
        source_etag="",
        source_size=source.stored_size,
        source_sha256=source.source_sha256,
        declared_format=source.declared_format,
        source_format=source.source_format,
        size_gib=source.size_gib,
        virtual_size=source.virtual_size,
        content_hash=source.content_hash,
        content_crc32=source.content_crc32,
        detection=source.detection,
    )


def _check_encryption(request: CopyImageRequest) -> None:
    if request.encrypted:
        raise copy_codes.KMS_NOT_ENABLED.error()
    if request.kms_key_id is not None:
        raise copy_codes.KEY_WITHOUT_ENCRYPTION.error()
    if request.encrypt_algorithm is not None:
        raise copy_codes.ALGORITHM_WITHOUT_ENCRYPTION.error()


COPY_IMAGE = Action(
    name="CopyImage",
    summary="Make an image of another one, in its region or another.",
    request=CopyImageRequest,
    reply=CopyImageReply,
    errors=(
        copy_codes.SOURCE_REGION_NOT_FOUND,
        copy_codes.DESTINATION_REGION_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        codes.INCORRECT_IMAGE_STATUS,
        copy_codes.IMAGE_COPYING,
        copy_codes.SAME_REGION_ONLY,
        codes.INVALID_IMAGE_NAME,
        codes.INVALID_IMAGE_NAME_DUPLICATED,
        codes.INVALID_DESCRIPTION,
        codes.DUPLICATE_TAG_KEY,
        codes.QUOTA_EXCEED_IMAGE,
        QUOTA_EXCEED_IMAGE_BYTES,
        QUOTA_EXCEED_WAITING_TASK,
        copy_codes.KMS_NOT_ENABLED,
        copy_codes.KEY_WITHOUT_ENCRYPTION,
        copy_codes.ALGORITHM_WITHOUT_ENCRYPTION,
        INVALID_CLIENT_TOKEN,
        IDEMPOTENT_PARAMETER_MISMATCH,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:CopyImage",
    handler=copy_image,
    example={
        "RegionId": "cn-hangzhou",
        "ImageId": "m-bp1g7004ksh0oeuco3nj",
        "DestinationRegionId": "cn-shanghai",
        "DestinationImageName": "debian-13-golden",
    },
)
