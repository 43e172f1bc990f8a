"""The ways in and out: a key and its secret, a link that works once, signing out."""

from __future__ import annotations

import hmac
import time
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from imageferry.console import languages, sessions
from imageferry.console.attempts import Attempts
from imageferry.console.endpoints import HOME, SIGN_IN
from imageferry.console.interface import Backend, Key
from imageferry.console.templating import page
from imageferry.console.visit import Visit

MAX_FAILURES = 10
"""How often an address or a key may fail before it has to wait."""

FAILURE_SECONDS = 300.0
"""How long a failure counts."""

_YEAR_SECONDS = 365 * 24 * 3600


class SigningIn:
    """The pages that let visitors in and out.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._attempts = Attempts(MAX_FAILURES, FAILURE_SECONDS, time.monotonic)

    def home(self, _visit: Visit) -> Response:
        """The way in for whoever knows the console's address alone."""
        return RedirectResponse(HOME, 303)

    def form(self, visit: Visit) -> Response:
        """The page that asks for a key."""
        if visit.session is not None:
            return RedirectResponse(_next(visit.query("next")), 303)
        return page(visit, "sign_in.html", next=visit.query("next"), problem="", key_id="")

    def sign_in(self, visit: Visit) -> Response:
        """Sign in with an access key."""
        key_id = visit.field("access_key_id").strip()
        seconds = self._seconds_to_wait(visit, key_id)
        if seconds:
            return _too_many(visit, seconds)
        key = self._verified(key_id, visit.field("access_key_secret").strip())
        if key is None:
            self._note_failure(visit, key_id)
            values = {"next": visit.field("next"), "problem": "sign_in.wrong", "key_id": key_id}
            return page(visit, "sign_in.html", 403, **values)
        return self._admit(visit, key, visit.field("next"))

    def link(self, visit: Visit) -> Response:
        """The page behind a link: it asks for a click, so that no preview uses the link up."""
        return page(visit, "link.html", token=visit.query("token"))

    def follow_link(self, visit: Visit) -> Response:
        """Sign in with a link."""
        seconds = self._seconds_to_wait(visit, "")
        if seconds:
            return _too_many(visit, seconds)
        key = sessions.redeem_link(self._backend, visit.field("token"))
        if key is None:
            self._note_failure(visit, "")
            values = {"next": "", "problem": "sign_in.link_used", "key_id": ""}
            return page(visit, "sign_in.html", 403, **values)
        return self._admit(visit, key, "")

    def sign_out(self, visit: Visit) -> Response:
        """End the session."""
        response = RedirectResponse(SIGN_IN, 303)
        if visit.session is not None:
            sessions.end(self._backend, visit.session, response)
        return response

    def choose_language(self, visit: Visit) -> Response:
        """Remember the language to answer in."""
        response = RedirectResponse(_next(visit.field("next")), 303)
        if visit.field("language") in languages.LANGUAGES:
            response.set_cookie(
                languages.COOKIE,
                visit.field("language"),
                max_age=_YEAR_SECONDS,
                path=sessions.PATH,
                secure=visit.request.url.scheme == "https",
                httponly=True,
                samesite="strict",
            )
        return response

    def _verified(self, key_id: str, secret: str) -> Key | None:
        key = self._backend.find_key(key_id)
        if key is None or not hmac.compare_digest(key.secret.encode(), secret.encode()):
            return None
        return key

    def _admit(self, visit: Visit, key: Key, wanted: str) -> Response:
        response = RedirectResponse(_next(wanted), 303)
        sessions.begin(self._backend, key, visit.request, response)
        return response

    def _seconds_to_wait(self, visit: Visit, key_id: str) -> int:
        return max(map(self._attempts.seconds_to_wait, _parties(visit, key_id)))

    def _note_failure(self, visit: Visit, key_id: str) -> None:
        for party in _parties(visit, key_id):
            self._attempts.note_failure(party)


def _parties(visit: Visit, key_id: str) -> list[str]:
    """Whom a failure is counted for."""
    client = visit.request.client
    parties = [f"address {client.host if client else ''}"]
    return [*parties, f"key {key_id[:128]}"] if key_id else parties


def _too_many(visit: Visit, seconds: int) -> Response:
    response = page(visit, "too_many.html", 429, seconds=seconds)
    response.headers["Retry-After"] = str(seconds)
    return response


def _next(wanted: str) -> str:
    """Where to go on: only to pages of the console, whatever a link says."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith("/console/")
    return wanted if is_ours and "\\" not in wanted else HOME
