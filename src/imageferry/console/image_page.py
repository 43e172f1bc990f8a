"""The page of one image, and small changes made from there: its tags, its shares, its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from imageferry.actions.delete_image import DELETE_IMAGE
from imageferry.actions.errors import ServiceError
from imageferry.actions.modify_image_share_permission import MODIFY_IMAGE_SHARE_PERMISSION
from imageferry.actions.tag_resources import TAG_RESOURCES
from imageferry.actions.untag_resources import UNTAG_RESOURCES
from imageferry.console.catalogue import Image, ImageDetails, ImageTask, Share
from imageferry.console.image_view import PATH
from imageferry.console.interface import ENDED, Backend
from imageferry.console.templating import page
from imageferry.console.visit import Visit

MAX_ACCOUNTS_A_CALL = 10
"""How many accounts one call of ModifyImageSharePermission takes; it passes over the others."""


class ImagePages:
    """The pages of images.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, visit: Visit) -> Response:
        """The page of one image."""
        details = self._find(visit)
        if details is None:
            return page(visit, "no_image.html", 404)
        return page(
            visit,
            "image.html",
            image=details.image,
            details=details,
            is_own=_is_own(visit, details.image),
        )

    def change_tags(self, visit: Visit) -> Response:
        """Give the image a tag, or take one from it."""
        key = visit.field("remove")
        if key:
            return self._changed(visit, UNTAG_RESOURCES.name, {"TagKey.1": key})
        tag = {"Tag.1.Key": visit.field("key").strip(), "Tag.1.Value": visit.field("value").strip()}
        return self._changed(visit, TAG_RESOURCES.name, tag)

    def change_shares(self, visit: Visit) -> Response:
        """Share the image with an account, or no longer."""
        name, account_id = "RemoveAccount.1", visit.field("remove")
        if not account_id:
            name, account_id = "AddAccount.1", visit.field("account").strip()
        return self._changed(visit, MODIFY_IMAGE_SHARE_PERMISSION.name, {name: account_id})

    def ask(self, visit: Visit) -> Response:
        """The page that asks whether the image is to be deleted."""
        details = self._own(visit)
        if details is None:
            return page(visit, "no_image.html", 404)
        exports = [task for task in details.tasks if _is_running(task, "ExportImage")]
        return page(
            visit,
            "image_delete.html",
            image=details.image,
            details=details,
            exports=exports,
            copies=[copy for copy in details.copies if copy.is_being_made],
        )

    def delete(self, visit: Visit) -> Response:
        """Delete the image, after its shares where that was asked for too."""
        details = self._own(visit)
        if details is None:
            return page(visit, "no_image.html", 404)
        image = details.image
        try:
            if visit.field("unshare"):
                self._unshare(visit, image, details.shares)
            self._call(visit, DELETE_IMAGE.name, _named(image))
        except ServiceError as error:
            return not_done(visit, error, f"{PATH}/{image.image_id}")
        return RedirectResponse(PATH, 303)

    def _unshare(self, visit: Visit, image: Image, shares: Sequence[Share]) -> None:
        for start in range(0, len(shares), MAX_ACCOUNTS_A_CALL):
            some = shares[start : start + MAX_ACCOUNTS_A_CALL]
            named = {f"RemoveAccount.{n}": share.account_id for n, share in enumerate(some, 1)}
            self._call(visit, MODIFY_IMAGE_SHARE_PERMISSION.name, _named(image) | named)

    def _changed(self, visit: Visit, action: str, parameters: Mapping[str, str]) -> Response:
        details = self._own(visit)
        if details is None:
            return page(visit, "no_image.html", 404)
        image = details.image
        resource = {"ResourceType": "image", "ResourceId.1": image.image_id}
        of_tags = action in {TAG_RESOURCES.name, UNTAG_RESOURCES.name}
        which = {"RegionId": image.region_id, **resource} if of_tags else _named(image)
        try:
            self._call(visit, action, {**which, **parameters})
        except ServiceError as error:
            return not_done(visit, error, f"{PATH}/{image.image_id}")
        return RedirectResponse(f"{PATH}/{image.image_id}", 303)

    def _call(self, visit: Visit, action: str, parameters: Mapping[str, str]) -> None:
        self._backend.call(visit.key, action, parameters, visit.host)

    def _find(self, visit: Visit) -> ImageDetails | None:
        return find_image(self._backend, visit)

    def _own(self, visit: Visit) -> ImageDetails | None:
        return own_image(self._backend, visit)


def find_image(backend: Backend, visit: Visit) -> ImageDetails | None:
    """The image that a page is about, if the visitor may use it."""
    return backend.images.find(visit.key.account_id, visit.request.path_params["image_id"])


def own_image(backend: Backend, visit: Visit) -> ImageDetails | None:
    """The image that a page is about, if it is the visitor's own."""
    details = find_image(backend, visit)
    return details if details is not None and _is_own(visit, details.image) else None


def not_done(visit: Visit, error: ServiceError, back: str) -> Response:
    """The page that says why a change was refused, and leads back."""
    return page(visit, "not_done.html", 409, error=error, back=back)


def _is_own(visit: Visit, image: Image) -> bool:
    return image.owner_id == visit.key.account_id


def _named(image: Image) -> dict[str, str]:
    return {"RegionId": image.region_id, "ImageId": image.image_id}


def _is_running(task: ImageTask, action: str) -> bool:
    return task.action == action and task.status not in ENDED
