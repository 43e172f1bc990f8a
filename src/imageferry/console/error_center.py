"""The Error Center: what a code means, and what happened to a call."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from imageferry.console import pasted
from imageferry.console.causes import CAUSES
from imageferry.console.error_catalogue import HOME, Entry, ErrorCatalogue
from imageferry.console.explained import CALLS, OBJECTS
from imageferry.console.explorer import MAX_SEARCH_CHARACTERS, address, every_action
from imageferry.console.interface import Backend
from imageferry.console.object_causes import OBJECT_CAUSES
from imageferry.console.templating import page
from imageferry.console.tools import FailedCall
from imageferry.console.visit import Visit

MAX_CALLS = 20
MAX_EXAMPLES = 5


class ErrorCenter:
    """The pages of the Error Center.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._calls = backend.tools.failed_calls
        self._catalogue = ErrorCatalogue(backend.explanations, backend.tools.object_codes)

    def show(self, visit: Visit) -> Response:
        """The codes that a search finds, and the account's last failures."""
        wanted = visit.query("search")[:MAX_SEARCH_CHARACTERS]
        calls = self._calls.latest(visit.key.account_id, MAX_CALLS)
        entries = self._catalogue.search(wanted)
        return page(visit, "errors.html", entries=entries, search=wanted, calls=calls, problem="")

    def find(self, visit: Visit) -> Response:
        """Go where a pasted text leads: to the call, else to the code."""
        found = pasted.find(visit.field("text"), lambda word: self._any(word, CALLS) is not None)
        for request_id in found.request_ids:
            if self._calls.find(visit.key.account_id, request_id):
                return RedirectResponse(f"{HOME}/calls/{request_id}", 303)
        entry = self._any(found.code, _kind(*found.request_ids))
        if entry is not None:
            return RedirectResponse(entry.address, 303)
        problem = "errors.no_call" if found.request_ids else "errors.nothing"
        return page(visit, "errors.html", entries=[], search="", calls=[], problem=problem)

    def code(self, visit: Visit) -> Response:
        """The page of a code of calls and tasks."""
        return self._code(visit, CALLS)

    def object_code(self, visit: Visit) -> Response:
        """The page of a code of the OSS API."""
        return self._code(visit, OBJECTS)

    def call(self, visit: Visit) -> Response:
        """The page of a call that was refused, for its owner."""
        request_id = visit.request.path_params["request_id"]
        failed = self._calls.find(visit.key.account_id, request_id)
        if failed is None:
            return page(visit, "errors_unknown.html", 404, lead="errors.no_call")
        kind = _kind(request_id)
        entry = self._catalogue.find(failed.code, kind)
        again = _again(failed)
        return page(visit, "failed_call.html", call=failed, entry=entry, kind=kind, again=again)

    def _any(self, code: str, kind: str) -> Entry | None:
        """A code of a kind, else of the other."""
        return self._catalogue.find(code, kind) or self._catalogue.find(code, _other(kind))

    def _code(self, visit: Visit, kind: str) -> Response:
        entry = self._catalogue.find(visit.request.path_params["code"], kind)
        if entry is None:
            return page(visit, "errors_unknown.html", 404, lead="errors.no_code")
        met = self._calls.latest(visit.key.account_id, MAX_CALLS, entry.code)
        causes = (OBJECT_CAUSES if entry.is_of_objects else CAUSES).get(entry.code, ())
        return page(
            visit,
            "error.html",
            entry=entry,
            namesake=self._catalogue.find(entry.code, _other(kind)),
            calls=[call for call in met if _kind(call.request_id) == kind][:MAX_EXAMPLES],
            causes=[getattr(text, visit.language) for text in causes],
        )


def _kind(*request_ids: str) -> str:
    """Whose codes calls of such ids are answered with."""
    return OBJECTS if any(map(pasted.is_of_objects, request_ids)) else CALLS


def _other(kind: str) -> str:
    return CALLS if kind == OBJECTS else OBJECTS


def _again(failed: FailedCall) -> str:
    """The address of the Explorer with the call's parameters filled in."""
    targets = (target for target in every_action() if target.action.name == failed.action)
    return next((address(target, failed.parameters) for target in targets), "")
