"""Requests that name the whole URL, as clients send them that take the service for a proxy.

A client whose hosts cannot be set goes to the service by ``HTTP_PROXY`` alone.
Every HTTP server has to accept this form (RFC 9112, section 3.2.2); ours passes
it on as the path.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/]+)(?P<path>/.*)?", re.IGNORECASE)


def with_absolute_form(application: ASGIApp) -> ASGIApp:
    """An application that knows paths alone, made to answer for whole URLs too."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await application(_in_origin_form(scope), receive, send)

    return answer


def _in_origin_form(scope: Scope) -> Scope:
    absolute = _ABSOLUTE.fullmatch(scope["raw_path"])
    if absolute is None:
        return scope
    raw_path = absolute["path"] or b"/"
    # The URL's host is the one that counts, whatever the header says.
    others = [header for header in scope["headers"] if header[0] != b"host"]
    return {
        **scope,
        "raw_path": raw_path,
        "path": unquote(raw_path.decode("ascii")),
        "headers": [*others, (b"host", absolute["authority"])],
    }
