"""CancelCopyImage: stop a copy that waits or runs."""

from __future__ import annotations

from imageferry.actions import copy_error_codes as copy_codes
from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found
from imageferry.actions.call import Call
from imageferry.actions.common import ImageId, RegionId
from imageferry.actions.declaration import Action, Model, Reply
from imageferry.actions.regions import check_region
from imageferry.images import queries as images
from imageferry.tasks import transitions


class CancelCopyImageRequest(Model, frozen=True, kw_only=True):
    """Which copy is to stop, by its own id and region."""

    region_id: RegionId
    image_id: ImageId


class CancelCopyImageReply(Reply, frozen=True, kw_only=True):
    """The copy has been stopped, and is gone."""


def cancel_copy_image(call: Call, request: CancelCopyImageRequest) -> CancelCopyImageReply:
    """End the copy's task at once, and take the copy away."""
    check_region(call, "RegionId", request.region_id, copy_codes.CANCEL_REGION_NOT_FOUND)
    with call.write() as connection:
        image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
        if image is None:
            raise not_found.image(request.image_id, request.region_id)
        if not image.copied_from:
            raise copy_codes.NOT_FROM_COPY.error()
        reason = f"Cancelled by account {call.account_id}, request {call.request_id}."
        if not transitions.cancel(connection, image.task_id, reason):
            raise copy_codes.NOT_COPYING.error(f"Image {image.image_id} is {image.status.value}.")
        images.delete(connection, image.image_id)
    return CancelCopyImageReply()


CANCEL_COPY_IMAGE = Action(
    name="CancelCopyImage",
    summary="Stop a copy that waits or runs, and take away what it has made.",
    request=CancelCopyImageRequest,
    reply=CancelCopyImageReply,
    errors=(
        copy_codes.CANCEL_REGION_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        copy_codes.NOT_FROM_COPY,
        copy_codes.NOT_COPYING,
    ),
    policy="ecs:CancelCopyImage",
    handler=cancel_copy_image,
    example={"RegionId": "cn-shanghai", "ImageId": "m-uf6g7004ksh0oeuco3nj"},
)
