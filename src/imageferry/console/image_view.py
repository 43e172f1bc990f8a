"""A view of the list of images: what its address says, and the addresses of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from imageferry.actions.import_admission import DiskDeviceMapping
from imageferry.console.catalogue import ImageFilter
from imageferry.console.declared import choices
from imageferry.console.task_view import number

PATH = "/console/images"
SIZE = 25
"""Images on a page."""

STATUSES = ("Waiting", "Creating", "Available", "Deprecated", "CreateFailed")
FORMATS = choices(DiskDeviceMapping, "Format")
MAX_CHARACTERS = 128
MAX_PAGE = 100_000
_FILTERS = ("search", "status", "format", "region", "tag")


@dataclass(frozen=True)
class ImageView:
    """A view of the list.

    Attributes:
        values: The filters as the address has them; what cannot be used is empty.
        number: The page, from 1.
    """

    values: Mapping[str, str]
    number: int = 1

    @property
    def condition(self) -> ImageFilter:
        """Which images are meant. A tag is its key, or key and value with ``=`` between."""
        key, _, value = self.values["tag"].partition("=")
        return ImageFilter(
            region_id=self.values["region"],
            status=self.values["status"],
            source_format=self.values["format"],
            search=self.values["search"],
            tag_key=key.strip(),
            tag_value=value.strip(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether any condition narrows the list."""
        return any(self.values.values())

    @property
    def address(self) -> str:
        """The view's own address."""
        return self.page(self.number)

    def page(self, number: int) -> str:
        """The address of another page."""
        query = {name: value for name, value in self.values.items() if value}
        if number > 1:
            query["page"] = str(number)
        return f"{PATH}?{urlencode(query)}" if query else PATH


def read_view(query: Mapping[str, str], regions: tuple[str, ...]) -> ImageView:
    """The view that an address means; what cannot be used is passed over."""
    values = {
        name: query.get(name, "").replace("\0", "").strip()[:MAX_CHARACTERS] for name in _FILTERS
    }
    for name, allowed in (("status", STATUSES), ("format", FORMATS), ("region", regions)):
        values[name] = values[name] if values[name] in allowed else ""
    page = number(query.get("page", "")) or 1
    return ImageView(values, min(page, MAX_PAGE))
