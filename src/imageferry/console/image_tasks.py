"""Forms that start a task with an image: its export to a bucket, and its copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from imageferry.actions.copy_image import COPY_IMAGE
from imageferry.actions.errors import ServiceError
from imageferry.actions.export_image import EXPORT_IMAGE
from imageferry.actions.export_layouts import LAYOUTS
from imageferry.console import task_view
from imageferry.console.catalogue import Image
from imageferry.console.image_page import own_image
from imageferry.console.image_view import PATH
from imageferry.console.interface import Backend
from imageferry.console.templating import page
from imageferry.console.visit import Visit

LAYOUT_CHOICES = tuple(
    f"{image_format}+{compression}"
    for image_format, layouts in LAYOUTS.items()
    for compression in layouts
)
"""What an export can write: a format and a compression, as one word of a form."""

EXPORT_DEFAULTS = {"layout": "qcow2+none", "bucket": "", "prefix": ""}


class ImageTasks:
    """The forms.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def export_form(self, visit: Visit) -> Response:
        """The form of an export."""
        return self._form(visit, "image_export.html", EXPORT_DEFAULTS, None)

    def export(self, visit: Visit) -> Response:
        """Start an export, and go to its task."""
        names = EXPORT_DEFAULTS
        values = {name: visit.field(name).strip() for name in names}
        image_format, _, compression = values["layout"].partition("+")
        parameters = {
            "OSSBucket": values["bucket"],
            "OSSPrefix": values["prefix"],
            "ImageFormat": image_format,
            "Compression": compression,
        }
        started = self._start(visit, EXPORT_IMAGE.name, parameters)
        if isinstance(started, Mapping):
            return RedirectResponse(f"{task_view.PATH}/{started['TaskId']}", 303)
        return self._form(visit, "image_export.html", values, started)

    def copy_form(self, visit: Visit) -> Response:
        """The form of a copy."""
        return self._form(visit, "image_copy.html", {"region": "", "name": ""}, None)

    def copy(self, visit: Visit) -> Response:
        """Start a copy, and go to the page of the image that it makes."""
        values = {name: visit.field(name).strip() for name in ("region", "name")}
        parameters = {
            "DestinationRegionId": values["region"],
            "DestinationImageName": values["name"],
        }
        started = self._start(visit, COPY_IMAGE.name, parameters)
        if isinstance(started, Mapping):
            return RedirectResponse(f"{PATH}/{started['ImageId']}", 303)
        return self._form(visit, "image_copy.html", values, started)

    def _start(
        self, visit: Visit, action: str, parameters: Mapping[str, str]
    ) -> Mapping[str, Any] | ServiceError | None:
        """What the API answers; ``None`` where the image is not the visitor's."""
        image = self._image(visit)
        if image is None:
            return None
        given = {name: value for name, value in parameters.items() if value}
        which = {"RegionId": image.region_id, "ImageId": image.image_id}
        try:
            return self._backend.call(visit.key, action, which | given, visit.host)
        except ServiceError as error:
            return error

    def _form(
        self, visit: Visit, template: str, values: Mapping[str, str], error: ServiceError | None
    ) -> Response:
        image = self._image(visit)
        if image is None:
            return page(visit, "no_image.html", 404)
        return page(
            visit,
            template,
            200 if error is None else 409,
            image=image,
            given=values,
            error=error,
            layouts=LAYOUT_CHOICES,
            buckets=self._backend.buckets.all(visit.key.account_id),
            regions=self._backend.regions,
        )

    def _image(self, visit: Visit) -> Image | None:
        details = own_image(self._backend, visit)
        return None if details is None else details.image
