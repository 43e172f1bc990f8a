"""From a handler to an endpoint: reads the request, finds the session, keeps strangers out."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from imageferry.console import languages
from imageferry.console.interface import Backend
from imageferry.console.sessions import find_session
from imageferry.console.templating import page
from imageferry.console.visit import Fields, FormError, Session, Visit, check_origin, read_form

HOME = "/console/tasks"
SIGN_IN = "/console/sign-in"
AGAIN_SECONDS = 5
"""After which a page that cannot be shown is asked for once more."""

FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
TOKEN_HEADER = "x-form-token"  # noqa: S105 - a header's name

Handler = Callable[[Visit], Response]
"""Answers a visit. It runs in a thread, so it may wait for the database."""

Endpoint = Callable[[Request], Awaitable[Response]]

_log = structlog.get_logger(__name__)


def for_everybody(backend: Backend, handler: Handler) -> Endpoint:
    """The endpoint of a page that needs no session."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read_visit(backend, request)
        except FormError as error:
            return _refused(request, str(error))
        except backend.unavailable as error:
            return _unavailable(request, error)
        try:
            return await run_in_threadpool(handler, visit)
        except backend.unavailable as error:
            return _unavailable(request, error, visit.session)

    return endpoint


def for_members(backend: Backend, handler: Handler) -> Endpoint:
    """The endpoint of a page for visitors who have signed in; others are asked to."""

    def guarded(visit: Visit) -> Response:
        if visit.session is None:
            return _to_sign_in(visit)
        if visit.request.method == "POST" and not _has_form_token(visit, visit.session):
            return _refused(visit.request, "form.stale", visit.session)
        return handler(visit)

    return for_everybody(backend, guarded)


def for_scripts(backend: Backend, handler: Handler) -> Endpoint:
    """The endpoint of a page's script: its requests have the form's token in a header.

    What it sends is left for the answer to read, so it may be of any kind and size.
    """

    def answer(request: Request) -> Response:
        session = find_session(backend, request)
        if session is None:
            return Response(status_code=401)
        if not _is_token(request.headers.get(TOKEN_HEADER, ""), session):
            return Response(status_code=403)
        return handler(_visit(request, session, {}))

    async def endpoint(request: Request) -> Response:
        try:
            check_origin(request)
        except FormError:
            return Response(status_code=403)
        try:
            return await run_in_threadpool(answer, request)
        except backend.unavailable as error:
            _note(error)
            return Response(status_code=503)

    return endpoint


async def read_visit(backend: Backend, request: Request) -> Visit:
    """Read a request.

    Raises:
        FormError: it brings a form that is refused.
    """
    form = await read_form(request)
    session = await run_in_threadpool(find_session, backend, request)
    return _visit(request, session, form)


def _visit(request: Request, session: Session | None, form: Fields) -> Visit:
    chosen = request.cookies.get(languages.COOKIE, "")
    language = languages.choose(chosen, request.headers.get("accept-language", ""))
    return Visit(request, language, session, form)


def _to_sign_in(visit: Visit) -> Response:
    request = visit.request
    if request.method != "GET":
        return RedirectResponse(SIGN_IN, 303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = f"{SIGN_IN}?next={quote(wanted, safe='')}"
    if "hx-request" in request.headers:
        # What is asked for is a part of a page, and the form has to be the whole of it.
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _has_form_token(visit: Visit, session: Session) -> bool:
    return _is_token(visit.field(FORM_TOKEN), session)


def _is_token(text: str, session: Session) -> bool:
    return hmac.compare_digest(text.encode(), session.form_token.encode())


def _refused(request: Request, reason: str, session: Session | None = None) -> Response:
    return page(_visit(request, session, {}), "refused.html", 403, reason=reason)


def _unavailable(request: Request, error: Exception, session: Session | None = None) -> Response:
    """What is said while the database does not answer: a page that was only read comes back."""
    _note(error)
    again = AGAIN_SECONDS if request.method == "GET" else 0
    answer = page(_visit(request, session, {}), "unavailable.html", 503, again=again)
    answer.headers["Retry-After"] = str(AGAIN_SECONDS)
    return answer


def _note(error: Exception) -> None:
    """Log what keeps a page from being shown; a text may have the database's address."""
    _log.warning("page_put_off", reason=type(error).__name__)
