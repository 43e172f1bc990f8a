"""DescribeImages: list images, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions import times
from imageferry.actions.call import Call, shorten
from imageferry.actions.common import (
    ARCHITECTURES,
    OS_TYPES,
    DryRun,
    PageNumber,
    PageSize,
    RegionId,
)
from imageferry.actions.declaration import Action, Model, Parameter
from imageferry.actions.error_codes import DRY_RUN_OPERATION, INVALID_PARAMETER
from imageferry.actions.image_entry import DescribeImagesReply, ImageSet, image_entry
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.images.queries import ImageFilter
from imageferry.tasks import queries as tasks

MAX_IMAGE_IDS = 100
EVERYBODY = ""
"""The owner alias that does not narrow the choice."""
NOTHING = ("none",)
"""Statuses that no image has: the list of what does not exist here."""


class ImageTagFilter(Model, frozen=True, kw_only=True):
    """A tag that the images have."""

    key: Annotated[
        str | None,
        Parameter(description="The tag's key.", example="created-by"),
    ] = None
    value: Annotated[
        str | None,
        Parameter(description="The tag's value; any where none is given.", example="mantle"),
    ] = None


class ImageAttributeFilter(Model, frozen=True, kw_only=True):
    """A further condition on the images."""

    key: Annotated[
        str | None,
        Parameter(
            description="What is compared.",
            example="CreationStartTime",
            allowed=(
                "CreationStartTime",
                "CreationEndTime",
                "NetworkType",
                "CpuOnlineUpgrade",
                "CpuOnlineDowngrade",
                "MemoryOnlineUpgrade",
                "MemoryOnlineDowngrade",
            ),
            malformed=codes.INVALID_FILTER_KEY,
        ),
    ] = None
    value: Annotated[
        str | None,
        Parameter(
            description="What it is compared with; times in UTC.", example="2026-11-22T08:30Z"
        ),
    ] = None


class DescribeImagesRequest(Model, frozen=True, kw_only=True):
    """Which images are asked for."""

    region_id: RegionId
    image_id: Annotated[
        str | None,
        Parameter(
            description="Up to 100 images, separated by commas.",
            example="m-bp1g7004ksh0oeuco3nj",
        ),
    ] = None
    status: Annotated[
        str | None,
        Parameter(
            description="The images' statuses, separated by commas: Creating, Waiting, Available, "
            "UnAvailable, CreateFailed, Deprecated, or ALL. Available where none is given.",
            example="Creating,Waiting,Available,UnAvailable,CreateFailed",
        ),
    ] = None
    image_name: Annotated[
        str | None,
        Parameter(description="The images' name.", example="debian-13-golden"),
    ] = None
    image_family: Annotated[
        str | None,
        Parameter(description="The images' family.", example="debian"),
    ] = None
    image_owner_alias: Annotated[
        str | None,
        Parameter(
            description="Whose images: self for the caller's, others for those that other "
            "accounts share with the caller, both where none is given; system and marketplace "
            "have none here.",
            example="self",
            allowed=("system", "self", "others", "marketplace"),
            malformed=codes.INVALID_IMAGE_OWNER_ALIAS,
        ),
    ] = None
    image_owner_id: Annotated[
        int | None,
        Parameter(
            description="The account whose images are asked for.",
            example="1234567890123456",
        ),
    ] = None
    snapshot_id: Annotated[
        str | None,
        Parameter(
            description="A snapshot that the image is made of.",
            example="s-bp1g7004ksh0oeuco3nj",
        ),
    ] = None
    os_type: Annotated[
        str | None,
        Parameter(
            description="The images' type of operating system.",
            example="linux",
            allowed=OS_TYPES,
            malformed=codes.INVALID_OS_TYPE_FILTER,
        ),
    ] = None
    architecture: Annotated[
        str | None,
        Parameter(
            description="The processors that the images run on.",
            example="x86_64",
            allowed=ARCHITECTURES,
            malformed=codes.INVALID_ARCHITECTURE_FILTER,
        ),
    ] = None
    usage: Annotated[
        str | None,
        Parameter(
            description="Whether instances use the images: none of them is used here.",
            example="none",
            allowed=("instance", "none"),
            malformed=codes.INVALID_USAGE,
        ),
    ] = None
    tag: Annotated[
        tuple[ImageTagFilter, ...],
        Parameter(
            description="Tags that the images have.",
            max_items=20,
            malformed=codes.INVALID_TAG_COUNT,
        ),
    ] = ()
    filter: Annotated[
        tuple[ImageAttributeFilter, ...],
        Parameter(description="Further conditions.", max_items=10),
    ] = ()
    resource_group_id: Annotated[
        str | None,
        Parameter(description="The images' resource group.", example="rg-bp67acfmxazb4p"),
    ] = None
    is_public: Annotated[
        bool, Parameter(description="Only community images: there are none here.", example="false")
    ] = False
    usable: Annotated[
        bool | None,
        Parameter(description="Whether the images can be used to make instances.", example="true"),
    ] = None
    page_number: PageNumber = 1
    page_size: PageSize = 10
    dry_run: DryRun = False
    action_type: Annotated[
        str | None,
        Parameter(
            description="What the images are wanted for.",
            example="CreateEcs",
            allowed=("CreateEcs", "ChangeOS"),
            unused="there are no instances here",
        ),
    ] = None
    instance_type: Annotated[
        str | None,
        Parameter(
            description="The type of instance that the images are wanted for.",
            example="ecs.g8i.large",
            unused="there are no instances here",
        ),
    ] = None
    is_support_cloudinit: Annotated[
        bool | None,
        Parameter(
            description="Whether cloud-init was found in the images, by DetectionStrategy.",
            example="true",
        ),
    ] = None
    is_support_io_optimized: Annotated[
        bool | None,
        Parameter(
            description="Whether the images run on I/O optimized instances.",
            example="true",
            unused="all do",
        ),
    ] = None
    show_expired: Annotated[
        bool,
        Parameter(
            description="List expired images too.", example="false", unused="images do not expire"
        ),
    ] = False


def describe_images(call: Call, request: DescribeImagesRequest) -> DescribeImagesReply:
    """List images of a region that the caller may use; one that does not exist is left out."""
    call.check_region(request.region_id)
    if request.dry_run:
        raise DRY_RUN_OPERATION.error()
    condition = _filter(call, request)
    with call.database.read() as connection:
        page = images.page(
            connection, condition, number=request.page_number, size=request.page_size
        )
        percents = tasks.percents(connection, [image.task_id for image in page.images])
    return DescribeImagesReply(
        page_number=request.page_number,
        page_size=request.page_size,
        total_count=page.total,
        region_id=request.region_id,
        images=ImageSet(
            image=tuple(
                image_entry(image, image.percent(percents), call.account_id)
                for image in page.images
            )
        ),
    )


def _filter(call: Call, request: DescribeImagesRequest) -> ImageFilter:
    created_from, created_to = _creation_times(request)
    alias = (request.image_owner_alias or EVERYBODY).lower()
    return ImageFilter(
        account_id=call.account_id,
        region_id=request.region_id,
        own=alias in {EVERYBODY, "self"},
        shared=alias in {EVERYBODY, "others"},
        owner_id="" if request.image_owner_id is None else str(request.image_owner_id),
        image_ids=_image_ids(request.image_id),
        statuses=NOTHING if _asks_for_nothing(request) else _statuses(request),
        name=request.image_name or "",
        family=request.image_family or "",
        snapshot_id=request.snapshot_id or "",
        os_type=(request.os_type or "").lower(),
        architecture=(request.architecture or "").lower(),
        resource_group_id=request.resource_group_id or "",
        created_from=created_from,
        created_to=created_to,
        cloud_init=request.is_support_cloudinit,
        tags=_tags(request),
    )


def _tags(request: DescribeImagesRequest) -> dict[str, str | None]:
    if any(tag.key is None for tag in request.tag):
        raise codes.INVALID_TAG_MISMATCH.error()
    return {tag.key: tag.value for tag in request.tag if tag.key is not None}


def _asks_for_nothing(request: DescribeImagesRequest) -> bool:
    """Whether community images are asked for, or those that instances use."""
    return request.is_public or (request.usage or "none").lower() == "instance"


def _image_ids(text: str | None) -> tuple[str, ...]:
    ids = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if len(ids) > MAX_IMAGE_IDS:
        raise INVALID_PARAMETER.error(
            f"ImageId names {len(ids)} images; {MAX_IMAGE_IDS} are the most.", name="ImageId"
        )
    return ids


def _statuses(request: DescribeImagesRequest) -> tuple[str, ...]:
    known = {status.value.lower(): status.value for status in ImageStatus}
    words = [word.strip().lower() for word in (request.status or "Available").split(",")]
    chosen = set(known.values()) if "all" in words else {known.get(word, word) for word in words}
    if request.usable is not None:
        usable = {ImageStatus.AVAILABLE.value}
        chosen = chosen & usable if request.usable else chosen - usable
    return tuple(sorted(chosen)) or NOTHING


def _creation_times(
    request: DescribeImagesRequest,
) -> tuple[datetime | None, datetime | None]:
    created_from = created_to = None
    for position, condition in enumerate(request.filter, start=1):
        match (condition.key or "").lower():
            case "creationstarttime":
                created_from = _time(position, condition.value)[0]
            case "creationendtime":
                created_to = _time(position, condition.value)[1]
    return created_from, created_to


def _time(position: int, text: str | None) -> tuple[datetime, datetime]:
    try:
        return times.parse(text or "")
    except ValueError:
        raise codes.INVALID_FILTER_VALUE.error(
            f"Filter.{position}.Value is {shorten(text)}. {codes.INVALID_FILTER_VALUE.remedy}"
        ) from None


DESCRIBE_IMAGES = Action(
    name="DescribeImages",
    summary="List images, newest first.",
    request=DescribeImagesRequest,
    reply=DescribeImagesReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_FILTER_KEY,
        codes.INVALID_FILTER_VALUE,
        codes.INVALID_TAG_COUNT,
        codes.INVALID_TAG_MISMATCH,
        codes.INVALID_OS_TYPE_FILTER,
        codes.INVALID_ARCHITECTURE_FILTER,
        codes.INVALID_USAGE,
        codes.INVALID_IMAGE_OWNER_ALIAS,
        INVALID_PARAMETER,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:DescribeImages",
    handler=describe_images,
    example={"RegionId": "cn-hangzhou", "Status": "Creating,Waiting,Available"},
)
