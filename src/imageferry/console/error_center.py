"""The Error Center: what a code means, and what happened to a call."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from imageferry.console import pasted
from imageferry.console.causes import CAUSES
from imageferry.console.error_catalogue import Entry, ErrorCatalogue
from imageferry.console.explorer import MAX_SEARCH_CHARACTERS, address, every_action
from imageferry.console.interface import Backend
from imageferry.console.templating import page
from imageferry.console.tools import FailedCall
from imageferry.console.visit import Visit

HOME = "/console/errors"
MAX_CALLS = 20
MAX_EXAMPLES = 5


class ErrorCenter:
    """The pages of the Error Center.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._calls = backend.tools.failed_calls
        self._catalogue = ErrorCatalogue(backend.explanations)

    def show(self, visit: Visit) -> Response:
        """The codes that a search finds, and the account's last failures."""
        wanted = visit.query("search")[:MAX_SEARCH_CHARACTERS]
        calls = self._calls.latest(visit.key.account_id, MAX_CALLS)
        entries = self._catalogue.search(wanted)
        return page(visit, "errors.html", entries=entries, search=wanted, calls=calls, problem="")

    def find(self, visit: Visit) -> Response:
        """Go where a pasted text leads: to the call, else to the code."""
        found = pasted.find(
            visit.field("text"), lambda word: self._catalogue.find(word) is not None
        )
        if found.request_id and self._calls.find(visit.key.account_id, found.request_id):
            return RedirectResponse(f"{HOME}/calls/{found.request_id}", 303)
        entry = self._catalogue.find(found.code)
        if entry is not None:
            return RedirectResponse(f"{HOME}/codes/{entry.code}", 303)
        problem = "errors.no_call" if found.request_id else "errors.nothing"
        return page(visit, "errors.html", entries=[], search="", calls=[], problem=problem)

    def code(self, visit: Visit) -> Response:
        """The page of a code."""
        entry = self._catalogue.find(visit.request.path_params["code"])
        if entry is None:
            return page(visit, "errors_unknown.html", 404, lead="errors.no_code")
        calls = self._calls.latest(visit.key.account_id, MAX_EXAMPLES, entry.code)
        causes = [getattr(text, visit.language) for text in CAUSES.get(entry.code, ())]
        return page(visit, "error.html", entry=entry, calls=calls, causes=causes)

    def call(self, visit: Visit) -> Response:
        """The page of a call that was refused, for its owner."""
        request_id = visit.request.path_params["request_id"]
        failed = self._calls.find(visit.key.account_id, request_id)
        if failed is None:
            return page(visit, "errors_unknown.html", 404, lead="errors.no_call")
        entry: Entry | None = self._catalogue.find(failed.code)
        return page(visit, "failed_call.html", call=failed, entry=entry, again=_again(failed))


def _again(failed: FailedCall) -> str:
    """The address of the Explorer with the call's parameters filled in."""
    targets = (target for target in every_action() if target.action.name == failed.action)
    return next((address(target, failed.parameters) for target in targets), "")
