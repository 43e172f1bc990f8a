"""DescribeImageSharePermission: which accounts an image is shared with."""

from __future__ import annotations

from typing import Annotated

from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found, times
from imageferry.actions.call import Call
from imageferry.actions.common import ImageId, PageNumber, PageSize, RegionId
from imageferry.actions.declaration import Action, Member, Model, Reply
from imageferry.images import queries as images
from imageferry.images import shares


class DescribeImageSharePermissionRequest(Model, frozen=True, kw_only=True):
    """Which image is asked for."""

    region_id: RegionId
    image_id: ImageId
    page_number: PageNumber = 1
    page_size: PageSize = 10


class SharedAccount(Reply, frozen=True, kw_only=True):
    """An account that the image is shared with."""

    aliyun_id: Annotated[str, Member(description="The account.", example="1234567890123456")]
    shared_time: Annotated[
        str, Member(description="Since when, UTC.", example="2026-11-22T08:30:00Z")
    ]


class SharedAccounts(Reply, frozen=True, kw_only=True):
    """The accounts of a page."""

    account: Annotated[
        tuple[SharedAccount, ...], Member(description="The accounts, in the order they got it.")
    ]


class ShareGroup(Reply, frozen=True, kw_only=True):
    """A group that the image is shared with."""

    group: Annotated[str, Member(description="The group.")]


class ShareGroups(Reply, frozen=True, kw_only=True):
    """The groups that the image is shared with."""

    share_group: Annotated[
        tuple[ShareGroup, ...], Member(description="Always empty: there are no groups here.")
    ] = ()


class DescribeImageSharePermissionReply(Reply, frozen=True, kw_only=True):
    """One page of the accounts that an image is shared with."""

    image_id: Annotated[str, Member(description="The image.")]
    region_id: Annotated[str, Member(description="Its region.")]
    page_number: Annotated[int, Member(description="The page.")]
    page_size: Annotated[int, Member(description="The entries on a page.")]
    total_count: Annotated[int, Member(description="The entries of the whole list.")]
    accounts: Annotated[SharedAccounts, Member(description="The accounts of the page.")]
    share_groups: Annotated[ShareGroups, Member(description="The groups.")]


def describe_image_share_permission(
    call: Call, request: DescribeImageSharePermissionRequest
) -> DescribeImageSharePermissionReply:
    """List the accounts that one of the caller's images is shared with."""
    call.check_region(request.region_id)
    with call.database.read() as connection:
        image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
        if image is None:
            raise not_found.image(request.image_id, request.region_id)
        found = shares.of_image(connection, image.image_id)
    start = (request.page_number - 1) * request.page_size
    return DescribeImageSharePermissionReply(
        image_id=image.image_id,
        region_id=image.region_id,
        page_number=request.page_number,
        page_size=request.page_size,
        total_count=len(found),
        accounts=SharedAccounts(
            account=tuple(
                SharedAccount(aliyun_id=share.account_id, shared_time=times.to_second(share.shared))
                for share in found[start : start + request.page_size]
            )
        ),
        share_groups=ShareGroups(),
    )


DESCRIBE_IMAGE_SHARE_PERMISSION = Action(
    name="DescribeImageSharePermission",
    summary="List the accounts that an image is shared with.",
    request=DescribeImageSharePermissionRequest,
    reply=DescribeImageSharePermissionReply,
    errors=(codes.INVALID_REGION_ID_NOT_FOUND, codes.INVALID_IMAGE_ID_NOT_FOUND),
    policy="ecs:DescribeImageSharePermission",
    handler=describe_image_share_permission,
    example={"RegionId": "cn-hangzhou", "ImageId": "m-bp1g7004ksh0oeuco3nj"},
)
