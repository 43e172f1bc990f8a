"""A view of the list of tasks: what its address says, and the addresses of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from imageferry.console.interface import TaskFilter, Window

PATH = "/console/tasks"
SIZES = (25, 50, 100)
ACTIONS = ("ImportImage", "ExportImage")
STATUSES = ("Waiting", "Processing", "Paused", "Finished", "Failed", "Deleted")
MAX_SEARCH_CHARACTERS = 128
_FILTERS = ("search", "status", "action", "region", "from", "to")


@dataclass(frozen=True)
class TaskView:
    """A view of the list.

    Attributes:
        values: The filters as the address has them; what cannot be used is empty.
        size: Tasks on a page.
        before, after: Where the page begins or ends, as :class:`Window` has it.
    """

    values: Mapping[str, str]
    size: int = SIZES[0]
    before: int | None = None
    after: int | None = None

    @property
    def condition(self) -> TaskFilter:
        """Which tasks are meant."""
        return TaskFilter(
            region_id=self.values["region"],
            action=self.values["action"],
            status=self.values["status"],
            search=self.values["search"],
            created_from=_moment(self.values["from"]),
            created_to=_end(self.values["to"]),
        )

    @property
    def window(self) -> Window:
        """Which part of them is shown."""
        return Window(before=self.before, after=self.after, size=self.size)

    @property
    def is_filtered(self) -> bool:
        """Whether any condition narrows the list."""
        return any(self.values.values())

    @property
    def address(self) -> str:
        """The view's own address."""
        return self._address(before=self.before, after=self.after)

    @property
    def newest(self) -> str:
        """The address of the first page."""
        return self._address()

    def older_than(self, sequence: int) -> str:
        """The address of the page of older tasks."""
        return self._address(before=sequence)

    def newer_than(self, sequence: int) -> str:
        """The address of the page of newer tasks."""
        return self._address(after=sequence)

    def stream(self, listed: str, seen: str) -> str:
        """The address of the view's changes since a state."""
        query = self._query(before=self.before, after=self.after)
        return f"{PATH}/stream?{urlencode({**query, 'listed': listed, 'seen': seen})}"

    def _address(self, **window: int | None) -> str:
        query = self._query(**window)
        return f"{PATH}?{urlencode(query)}" if query else PATH

    def _query(self, **window: int | None) -> dict[str, str]:
        query = {name: value for name, value in self.values.items() if value}
        if self.size != SIZES[0]:
            query["size"] = str(self.size)
        return query | {name: str(value) for name, value in window.items() if value is not None}


def read_view(query: Mapping[str, str], regions: tuple[str, ...]) -> TaskView:
    """The view that an address means; what cannot be used is passed over."""
    values = {name: query.get(name, "").strip()[:MAX_SEARCH_CHARACTERS] for name in _FILTERS}
    for name, allowed in (("status", STATUSES), ("action", ACTIONS), ("region", regions)):
        values[name] = values[name] if values[name] in allowed else ""
    for name in ("from", "to"):
        values[name] = values[name] if _moment(values[name]) else ""
    values["search"] = values["search"].replace("\0", "")
    size = number(query.get("size", ""))
    return TaskView(
        values,
        size if size in SIZES else SIZES[0],
        before=number(query.get("before", "")),
        after=number(query.get("after", "")),
    )


def number(text: str) -> int | None:
    """A whole number that an address has, or ``None`` where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("9" * 18) else None


def _moment(text: str) -> datetime | None:
    """The beginning of a minute or a day in UTC, as browsers write it in a form."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _end(text: str) -> datetime | None:
    moment = _moment(text)
    return moment and moment.replace(second=59, microsecond=999_999)
