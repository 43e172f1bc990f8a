"""ModifyImageSharePermission: let other accounts use an image, or no longer."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa

from imageferry.accounts import accounts
from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found
from imageferry.actions import share_error_codes as share_codes
from imageferry.actions.call import Call, shorten
from imageferry.actions.common import DryRun, ImageId, RegionId
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.error_codes import DRY_RUN_OPERATION
from imageferry.images import queries as images
from imageferry.images import shares
from imageferry.images.model import Image, ImageStatus

MAX_SHARES = 50
"""The most accounts that an image is shared with."""


def _accounts(description: str) -> Parameter:
    return Parameter(
        description=description, example="1234567890123456", max_items=10, excess_ignored=True
    )


class ModifyImageSharePermissionRequest(Model, frozen=True, kw_only=True):
    """Which image is shared, and with whom."""

    region_id: RegionId
    image_id: ImageId
    add_account: Annotated[
        tuple[str, ...], _accounts("Accounts that may use the image from now on.")
    ] = ()
    remove_account: Annotated[
        tuple[str, ...], _accounts("Accounts that may use the image no more.")
    ] = ()
    is_public: Annotated[
        bool | None,
        Parameter(
            description="Whether everybody may use the image: there are no community images here.",
            example="false",
        ),
    ] = None
    launch_permission: Annotated[
        str | None,
        Parameter(
            description="A group that may use the image: there are no groups here.",
            example="hidden",
        ),
    ] = None
    dry_run: DryRun = False


class ModifyImageSharePermissionReply(Reply, frozen=True, kw_only=True):
    """The image is shared as asked for."""


def modify_image_share_permission(
    call: Call, request: ModifyImageSharePermissionRequest
) -> ModifyImageSharePermissionReply:
    """Add accounts, then take accounts away; one that is in both lists is taken away."""
    call.check_region(request.region_id)
    _check_ways(request)
    with call.write() as connection:
        image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
        if image is None:
            raise not_found.image(request.image_id, request.region_id)
        _check_accounts(call, connection, request)
        new = _new_accounts(connection, request, image)
        if request.dry_run:
            raise DRY_RUN_OPERATION.error()
        shares.remove(connection, image.image_id, request.remove_account)
        for account_id in new:
            shares.add(connection, image.image_id, account_id)
    return ModifyImageSharePermissionReply()


def _check_ways(request: ModifyImageSharePermissionRequest) -> None:
    has_accounts = bool(request.add_account or request.remove_account)
    if request.launch_permission is not None:
        if has_accounts:
            raise share_codes.LAUNCH_PERMISSION_AND_ACCOUNTS.error()
        raise share_codes.NO_LAUNCH_PERMISSION.error()
    if request.is_public:
        if has_accounts:
            raise share_codes.PUBLIC_AND_ACCOUNTS.error()
        raise share_codes.NO_PUBLIC_IMAGES.error()
    if request.is_public is False and not has_accounts:
        raise share_codes.IMAGE_NOT_PUBLIC.error()


def _check_accounts(
    call: Call, connection: sa.Connection, request: ModifyImageSharePermissionRequest
) -> None:
    named = (*request.add_account, *request.remove_account)
    if call.account_id in named:
        raise share_codes.OWN_ACCOUNT.error()
    known = accounts.known(connection, named)
    unknown = [account_id for account_id in named if account_id not in known]
    if unknown:
        raise share_codes.ACCOUNT_NOT_FOUND.error(
            f"There is no account {shorten(unknown[0])}. {share_codes.ACCOUNT_NOT_FOUND.remedy}"
        )


def _new_accounts(
    connection: sa.Connection, request: ModifyImageSharePermissionRequest, image: Image
) -> list[str]:
    """The accounts that get the image, each once."""
    if request.add_account and image.status is ImageStatus.DEPRECATED:
        raise share_codes.IMAGE_IS_DEPRECATED.error()
    before = {share.account_id for share in shares.of_image(connection, image.image_id)}
    kept = before - set(request.remove_account)
    added = dict.fromkeys(request.add_account)
    new = [account for account in added if account not in before | set(request.remove_account)]
    if new and len(kept) + len(new) > MAX_SHARES:
        raise share_codes.TOO_MANY_SHARES.error(
            f"The image would be shared with {len(kept) + len(new)} accounts, and may be with "
            f"{MAX_SHARES}: end the sharing with some first."
        )
    return new


MODIFY_IMAGE_SHARE_PERMISSION = Action(
    name="ModifyImageSharePermission",
    summary="Let other accounts use an image, or no longer.",
    request=ModifyImageSharePermissionRequest,
    reply=ModifyImageSharePermissionReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        share_codes.ACCOUNT_NOT_FOUND,
        share_codes.OWN_ACCOUNT,
        share_codes.TOO_MANY_SHARES,
        share_codes.IMAGE_IS_DEPRECATED,
        share_codes.NO_PUBLIC_IMAGES,
        share_codes.IMAGE_NOT_PUBLIC,
        share_codes.PUBLIC_AND_ACCOUNTS,
        share_codes.LAUNCH_PERMISSION_AND_ACCOUNTS,
        share_codes.NO_LAUNCH_PERMISSION,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:ModifyImageSharePermission",
    handler=modify_image_share_permission,
    example={
        "RegionId": "cn-hangzhou",
        "ImageId": "m-bp1g7004ksh0oeuco3nj",
        "AddAccount.1": "1234567890123456",
    },
)
