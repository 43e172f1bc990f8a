"""DeleteImage: take an image out of the catalogue."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa

from imageferry.actions import image_error_codes as codes
from imageferry.actions import not_found
from imageferry.actions.call import Call
from imageferry.actions.common import DryRun, ImageId, RegionId
from imageferry.actions.copy_error_codes import IMAGE_COPYING_ON_DELETE
from imageferry.actions.declaration import Action, Model, Parameter, Reply
from imageferry.actions.error_codes import DRY_RUN_OPERATION
from imageferry.actions.share_error_codes import IMAGE_USE_SHARED
from imageferry.images import queries as images
from imageferry.images.model import Image
from imageferry.tasks import queries as tasks
from imageferry.tasks.model import TaskAction


class DeleteImageRequest(Model, frozen=True, kw_only=True):
    """Which image is to go."""

    region_id: RegionId
    image_id: ImageId
    force: Annotated[
        bool,
        Parameter(
            description="Delete the image also when instances use it.",
            example="false",
            unused="there are no instances here that could use it",
        ),
    ] = False
    dry_run: DryRun = False


class DeleteImageReply(Reply, frozen=True, kw_only=True):
    """The image is gone."""


def delete_image(call: Call, request: DeleteImageRequest) -> DeleteImageReply:
    """Forget the image, then take its files away."""
    call.check_region(request.region_id)
    with call.write() as connection:
        image = images.find_own(connection, request.image_id, call.account_id, request.region_id)
        if image is None:
            raise not_found.image(request.image_id, request.region_id)
        _check_copies(connection, image)
        if image.status.being_made:
            raise codes.IMAGE_IS_IMPORTING.error(f"Task {image.task_id} imports the image.")
        export = tasks.active_of_resource(connection, image.image_id, TaskAction.EXPORT_IMAGE)
        if export is not None:
            raise codes.IMAGE_IS_EXPORTING_ON_DELETE.error(f"Task {export} exports the image.")
        if image.shared:
            raise IMAGE_USE_SHARED.error()
        if request.dry_run:
            raise DRY_RUN_OPERATION.error()
        images.delete(connection, image.image_id, keep_snapshots=image.status.made)
    call.services.discard(image.image_id)
    return DeleteImageReply()


def _check_copies(connection: sa.Connection, image: Image) -> None:
    if image.copied_from and image.status.being_made:
        raise IMAGE_COPYING_ON_DELETE.error()
    copy = images.copy_in_the_making(connection, image.image_id)
    if copy is not None:
        raise IMAGE_COPYING_ON_DELETE.error(f"Image {copy} is being copied from it.")


DELETE_IMAGE = Action(
    name="DeleteImage",
    summary="Take an image and its disks out of the catalogue.",
    request=DeleteImageRequest,
    reply=DeleteImageReply,
    errors=(
        codes.INVALID_REGION_ID_NOT_FOUND,
        codes.INVALID_IMAGE_ID_NOT_FOUND,
        codes.IMAGE_IS_IMPORTING,
        codes.IMAGE_IS_EXPORTING_ON_DELETE,
        IMAGE_COPYING_ON_DELETE,
        IMAGE_USE_SHARED,
        DRY_RUN_OPERATION,
    ),
    policy="ecs:DeleteImage",
    handler=delete_image,
    example={"RegionId": "cn-hangzhou", "ImageId": "m-bp1g7004ksh0oeuco3nj"},
)
