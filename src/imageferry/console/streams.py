"""Server-sent events: a page's changes, as long as somebody looks at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from imageferry.console.endpoints import Endpoint, read_visit
from imageferry.console.interface import Backend
from imageferry.console.pulse import LEAST_SECONDS, Pulse
from imageferry.console.sessions import find_session
from imageferry.console.templating import render
from imageferry.console.visit import FormError, Visit

CHECK_SECONDS = 10.0
"""How often a stream makes sure that the session still is one, and that somebody listens."""

MOST_OF_A_SESSION = 12
"""The most streams of one session: a browser has six connections for pages without TLS."""

MOST_OF_AN_ACCOUNT = 60
"""The most streams of one account in a process: while much is written, each looks at the database
four times a second, so one account cannot slow the service down for the others."""

END = "event: end\ndata: end\n\n"
"""Tells the page that nothing more comes: a browser would ask again for a stream that just ends."""

Changes = Iterator[list[str]]
"""At each step what has changed since the one before, as fragments of HTML; they end where there
is nothing left to look at."""


class OpenStreams:
    """Counts the streams of this process. Used in one event loop alone."""

    def __init__(self) -> None:
        self._of_sessions: Counter[str] = Counter()
        self._of_accounts: Counter[str] = Counter()

    def has_room(self, visit: Visit) -> bool:
        """Whether the visitor may open another one."""
        session, account = _whose(visit)
        return (
            self._of_sessions[session] < MOST_OF_A_SESSION
            and self._of_accounts[account] < MOST_OF_AN_ACCOUNT
        )

    @contextmanager
    def one_more(self, visit: Visit) -> Iterator[None]:
        """Count one of the visitor's meanwhile."""
        session, account = _whose(visit)
        self._of_sessions[session] += 1
        self._of_accounts[account] += 1
        try:
            yield
        finally:
            self._of_sessions[session] -= 1
            self._of_accounts[account] -= 1
            self._of_sessions += Counter()
            self._of_accounts += Counter()


OPEN = OpenStreams()


def endpoint(backend: Backend, begin: Callable[[Visit], Changes | None]) -> Endpoint:
    """The endpoint of a stream; ``begin`` gives its changes, or nothing where there are none.

    Whoever has too many open is told so in the page, which does not move then.
    """
    pulse = Pulse(backend.version)

    async def stream(request: Request) -> Response:
        try:
            visit = await read_visit(backend, request)
        except FormError:
            return Response(status_code=204)
        changes = None if visit.session is None else await run_in_threadpool(begin, visit)
        if changes is None:
            # A browser asks again after any other answer.
            return Response(status_code=204)
        events = (
            _counted(visit, _events(backend, request, pulse, changes))
            if OPEN.has_room(visit)
            else _one_too_many(visit)
        )
        return StreamingResponse(events, media_type="text/event-stream")

    return stream


async def _counted(visit: Visit, events: AsyncIterator[str]) -> AsyncIterator[str]:
    with OPEN.one_more(visit):
        async for event in events:
            yield event


async def _one_too_many(visit: Visit) -> AsyncIterator[str]:
    yield _event(render(visit, "stream_refused.html"))
    yield END


def _whose(visit: Visit) -> tuple[str, str]:
    session = visit.session
    return ("" if session is None else session.token.nonce), visit.key.account_id


async def _events(
    backend: Backend, request: Request, pulse: Pulse, changes: Changes
) -> AsyncIterator[str]:
    # The page has just been read, and the browser still draws it.
    await anyio.sleep(LEAST_SECONDS)
    checked = anyio.current_time()
    while not backend.is_stopping():
        version = await pulse.version()
        fragments = await run_in_threadpool(next, changes, None)
        if fragments is None:
            yield END
            return
        for fragment in fragments:
            yield _event(fragment)
        if anyio.current_time() - checked >= CHECK_SECONDS:
            if await run_in_threadpool(find_session, backend, request) is None:
                return
            yield ": still here\n\n"
            checked = anyio.current_time()
        await pulse.changed(version, backend.is_stopping)


def _event(fragment: str) -> str:
    text = " ".join(fragment.split())
    return f"event: change\ndata: {text}\n\n"
