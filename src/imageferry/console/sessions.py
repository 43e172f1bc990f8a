"""Sessions: kept by the browser in a signed cookie, ended by the server where it must be."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from imageferry.console import tokens
from imageferry.console.interface import Backend, Key
from imageferry.console.tokens import Purpose, Token
from imageferry.console.visit import Session

COOKIE = "imageferry_session"
PATH = "/console/"
LINK = "/console/link"

LASTS = timedelta(hours=12)
"""A working day: after that one signs in again."""

LINK_LASTS = timedelta(minutes=10)
"""Long enough to walk over to a browser."""


def find_session(backend: Backend, request: Request) -> Session | None:
    """The session that a request's cookie names, if it has not ended."""
    text = request.cookies.get(COOKIE, "")
    token = tokens.read(text, Purpose.SESSION, backend.find_key, backend.clock())
    if token is None or backend.is_spent(token.key.access_key_id, _nonce(token)):
        return None
    return Session(token)


def begin(backend: Backend, key: Key, request: Request, response: Response) -> None:
    """Let the answer begin a session."""
    response.set_cookie(
        COOKIE,
        tokens.issue(key, Purpose.SESSION, backend.clock() + LASTS),
        max_age=int(LASTS.total_seconds()),
        path=PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def end(backend: Backend, session: Session, response: Response) -> None:
    """End a session for good, also for whoever has copied its cookie."""
    token = session.token
    backend.spend_nonce(token.key.access_key_id, _nonce(token), token.expires)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def issue_link(key: Key, now: datetime) -> str:
    """The address, without the host, of a page that signs in whoever opens it first."""
    return f"{LINK}?token={tokens.issue(key, Purpose.LINK, now + LINK_LASTS)}"


def redeem_link(backend: Backend, text: str) -> Key | None:
    """The key that a link's token stands for, the first time it is asked for."""
    token = tokens.read(text, Purpose.LINK, backend.find_key, backend.clock())
    if token is None:
        return None
    is_first = backend.spend_nonce(token.key.access_key_id, _nonce(token), token.expires)
    return token.key if is_first else None


def _nonce(token: Token) -> str:
    # The API keeps its nonces in the same table; no client of it chooses such a one.
    return f"console {token.nonce}"
