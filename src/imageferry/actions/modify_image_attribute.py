"""ModifyImageAttribute: change what is said of an image, also while it is being made."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions import life_cycle_error_codes as life_cycle
from imageferry.actions import not_found
from imageferry.actions.call import Call
from imageferry.actions.catalogue_checks import check_name
from imageferry.actions.common import (
    RESERVED_PREFIXES,
    WEB_ADDRESSES,
    Description,
    DryRun,
    ImageId,
    ImageName,
    RegionId,
)
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.error_codes import DRY_RUN_OPERATION
from imageferry.actions.import_request import ImageFeatures
from imageferry.images import queries as images
from imageferry.images.model import Image, ImageStatus


class ModifyImageAttributeRequest(Model, frozen=True, kw_only=True):
    """Which image is changed, and how; what is absent stays as it is."""

    region_id: RegionId
    image_id: ImageId
    image_name: ImageName = None
    description: Description = None
    image_family: Annotated[
        str | None,
        Parameter(
            description="The family that the image belongs to.",
            example="debian",
            malformed=life_cycle.INVALID_IMAGE_FAMILY,
            min_length=2,
            max_length=128,
            pattern=r"[^\W\d_][\w.:\-]*",
            rule="a letter first, then letters, digits, '.', ':', '_' and '-'",
            forbidden_prefixes=RESERVED_PREFIXES,
            forbidden_substrings=WEB_ADDRESSES,
        ),
    ] = None
    status: Annotated[
        str | None,
        Parameter(
            description="Deprecated takes an Available image out of lists and use, Available puts "
            "a Deprecated one back.",
            example="Deprecated",
            allowed=("Deprecated", "Available"),
        ),
    ] = None
    boot_mode: Annotated[
        str | None,
        Parameter(
            description="How the image starts.",
            example="UEFI-Preferred",
            allowed=("BIOS", "UEFI", "UEFI-Preferred"),
            malformed=life_cycle.BOOT_MODE_NOT_SUPPORTED,
        ),
    ] = None
    license_type: Annotated[
        str | None,
        Parameter(
            description="Who brings the licence of the operating system.",
            example="BYOL",
            allowed=("BYOL",),
            malformed=life_cycle.LICENSE_TYPE_NOT_SUPPORTED,
        ),
    ] = None
    features: Annotated[
        ImageFeatures | None, Parameter(description="What the image is able to do.")
    ] = None
    dry_run: DryRun = False


class ModifyImageAttributeReply(Reply, frozen=True, kw_only=True):
    """The image is changed."""


def modify_image_attribute(
    call: Call, request: ModifyImageAttributeRequest
) -> ModifyImageAttributeReply:
    """Change all that is asked for, or nothing."""
    call.check_region(request.region_id)
    with call.write() as connection:
        image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
        if image is None:
            raise not_found.image(request.image_id, request.region_id)
        if request.image_name is not None:
            check_name(
                call, connection, request.image_name, image.region_id, image_id=image.image_id
            )
        _check_status(request, image)
        _check_boot_mode(request, image)
        _check_imds_support(request, image)
        if request.dry_run:
            raise DRY_RUN_OPERATION.error()
        images.modify(connection, image.image_id, **_changes(request))
    return ModifyImageAttributeReply()


def _changes(request: ModifyImageAttributeRequest) -> dict[str, str]:
    features = request.features or ImageFeatures()
    wanted = {
        "name": request.image_name,
        "description": request.description,
        "image_family": request.image_family,
        "status": request.status and request.status.capitalize(),
        "boot_mode": request.boot_mode,
        "license_type": request.license_type,
        "nvme_support": features.nvme_support,
        "imds_support": features.imds_support,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _check_status(request: ModifyImageAttributeRequest, image: Image) -> None:
    if request.status is None:
        return
    shown = f"Image {image.image_id} is {image.status.value}."
    if image.status.being_made:
        raise life_cycle.IMAGE_IS_CREATING.error(f"{shown} {life_cycle.IMAGE_IS_CREATING.remedy}")
    if request.status.lower() == "available":
        if image.status is not ImageStatus.DEPRECATED:
            raise life_cycle.IMAGE_NOT_DEPRECATED.error(shown)
        return
    if image.status is not ImageStatus.AVAILABLE:
        raise life_cycle.IMAGE_NOT_AVAILABLE.error(shown)
    if image.shared:
        raise life_cycle.IMAGE_USE_SHARED_ON_MODIFY.error()


def _check_boot_mode(request: ModifyImageAttributeRequest, image: Image) -> None:
    is_bios = (request.boot_mode or "").upper() == "BIOS"
    if is_bios and image.architecture.lower() == "arm64":
        raise codes.INVALID_BOOT_MODE_NOT_SUPPORT.error()


def _check_imds_support(request: ModifyImageAttributeRequest, image: Image) -> None:
    wanted = request.features.imds_support if request.features else None
    if (wanted or "").lower() == "v1" and image.imds_support.lower() == "v2":
        raise life_cycle.IMDS_SUPPORT_CANNOT_GO_BACK.error()


MODIFY_IMAGE_ATTRIBUTE = Action(
    name="ModifyImageAttribute",
    summary="Change an image's name, description, family, status and other attributes.",
    request=ModifyImageAttributeRequest,
    reply=ModifyImageAttributeReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        codes.INVALID_IMAGE_NAME,
        codes.INVALID_IMAGE_NAME_DUPLICATED,
        codes.INVALID_DESCRIPTION,
        life_cycle.INVALID_IMAGE_FAMILY,
        life_cycle.BOOT_MODE_NOT_SUPPORTED,
        codes.INVALID_BOOT_MODE_NOT_SUPPORT,
        life_cycle.LICENSE_TYPE_NOT_SUPPORTED,
        codes.INVALID_IMDS_SUPPORT,
        life_cycle.IMDS_SUPPORT_CANNOT_GO_BACK,
        life_cycle.IMAGE_IS_CREATING,
        life_cycle.IMAGE_NOT_AVAILABLE,
        life_cycle.IMAGE_NOT_DEPRECATED,
        life_cycle.IMAGE_USE_SHARED_ON_MODIFY,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:ModifyImageAttribute",
    handler=modify_image_attribute,
    example={
        "RegionId": "cn-hangzhou",
        "ImageId": "m-bp1g7004ksh0oeuco3nj",
        "ImageName": "debian-13-golden",
        "ImageFamily": "debian",
    },
)
