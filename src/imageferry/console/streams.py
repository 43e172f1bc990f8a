"""Server-sent events: a page's changes, as long as somebody looks at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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

AWAY_SECONDS = 2.0
"""The time between two looks while the database does not answer."""

HERE = ": still here\n\n"
"""Says nothing; sending it fails where nobody listens any more."""

END = "event: end\ndata: end\n\n"
"""Tells the page that nothing more comes: a browser would ask again for a stream that just ends."""

Changes = Iterator[list[str]]
"""At each step what has changed since the one before, as fragments of HTML; they end where there
is nothing left to look at."""

Begin = Callable[[Visit], Changes | None]
"""Begins to look at what a page shows; nothing where that is not there."""


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


def endpoint(backend: Backend, begin: Begin) -> Endpoint:
    """The endpoint of a stream; ``begin`` gives its changes, or nothing where there are none.

    Whoever has too many open is told so in the page, which does not move then. While the database
    does not answer, pages say that; once it does, all that has changed meanwhile is sent.
    """
    pulse = Pulse(backend.version)

    async def stream(request: Request) -> Response:
        try:
            visit = await read_visit(backend, request)
            changes = None if visit.session is None else await run_in_threadpool(begin, visit)
        except FormError:
            return Response(status_code=204)
        except backend.unavailable:
            return Response(status_code=503)
        if changes is None:
            # A browser asks again after any other answer.
            return Response(status_code=204)
        watch = _Watch(backend, pulse, visit, begin, changes)
        events = _counted(visit, _events(watch)) if OPEN.has_room(visit) else _one_too_many(visit)
        return StreamingResponse(events, media_type="text/event-stream")

    return stream


@dataclass
class _Watch:
    """Looks at what a page shows, again and again.

    Attributes:
        changes: What has changed since the last look; ``None`` where that one failed.
        seen: The version before the last look; ``None`` where there was none, or it failed.
    """

    backend: Backend
    pulse: Pulse
    visit: Visit
    begin: Begin
    changes: Changes | None
    seen: str | None = None

    async def look(self) -> list[str] | None:
        """What has changed, once there may be something; ``None`` where nothing more comes."""
        seen, self.seen = self.seen, None
        if seen is not None:
            await self.pulse.changed(seen, self.backend.is_stopping)
        version = await self.pulse.version()
        found = await run_in_threadpool(self._next)
        self.seen = version
        return found

    async def is_allowed(self) -> bool:
        """Whether the session still is one."""
        return await run_in_threadpool(find_session, self.backend, self.visit.request) is not None

    def _next(self) -> list[str] | None:
        """What has changed; after a failure, since the page was made."""
        changes, self.changes = self.changes or self.begin(self.visit), None
        found = None if changes is None else next(changes, None)
        self.changes = changes
        return found


async def _counted(visit: Visit, events: AsyncIterator[str]) -> AsyncIterator[str]:
    with OPEN.one_more(visit):
        async for event in events:
            yield event


async def _one_too_many(visit: Visit) -> AsyncIterator[str]:
    yield _note(visit, "streams.too_many")
    yield END


def _whose(visit: Visit) -> tuple[str, str]:
    session = visit.session
    return ("" if session is None else session.token.nonce), visit.key.account_id


async def _events(watch: _Watch) -> AsyncIterator[str]:
    # The page has just been read, and the browser still draws it.
    await anyio.sleep(LEAST_SECONDS)
    checked, is_away = anyio.current_time(), False
    while not watch.backend.is_stopping():
        is_due = anyio.current_time() - checked >= CHECK_SECONDS
        try:
            fragments = await watch.look()
            if is_due and not await watch.is_allowed():
                return
        except watch.backend.unavailable:
            yield HERE if is_away else _note(watch.visit, "streams.away")
            is_away = True
            await anyio.sleep(AWAY_SECONDS)
            continue
        if fragments is None:
            yield END
            return
        if is_away:
            yield _note(watch.visit, "")
        if is_due:
            yield HERE
            checked = anyio.current_time()
        is_away = False
        for fragment in fragments:
            yield _event(fragment)


def _note(visit: Visit, key: str) -> str:
    """What is said above what does not move; nothing where it does."""
    return _event(render(visit, "stream_note.html", note=key))


def _event(fragment: str) -> str:
    text = " ".join(fragment.split())
    return f"event: change\ndata: {text}\n\n"
