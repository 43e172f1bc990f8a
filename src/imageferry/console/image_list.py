"""The list of images, and what an account uses of its quotas."""

from __future__ import annotations

from starlette.responses import Response

from imageferry.console.image_view import FORMATS, SIZE, STATUSES, read_view
from imageferry.console.interface import Backend
from imageferry.console.templating import page, seconds_between
from imageferry.console.visit import Visit


class ImageList:
    """The list of images.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, visit: Visit) -> Response:
        """One page of the list."""
        view = read_view(visit.request.query_params, self._backend.regions)
        account_id = visit.key.account_id
        images = self._backend.images
        found = images.page(account_id, view.condition, number=view.number, size=SIZE)
        now = self._backend.clock()
        return page(
            visit,
            "images.html",
            view=view,
            rows=[(image, seconds_between(image.created, now)) for image in found.images],
            total=found.total,
            has_more=view.number * SIZE < found.total,
            moves=any(image.is_being_made for image in found.images),
            uses=images.uses(account_id),
            statuses=STATUSES,
            formats=FORMATS,
            regions=self._backend.regions,
        )
