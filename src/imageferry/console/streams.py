"""Server-sent events: a page's changes, as long as somebody looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from imageferry.console.endpoints import Endpoint, read_visit
from imageferry.console.interface import Backend
from imageferry.console.sessions import find_session
from imageferry.console.visit import Visit

POLL_SECONDS = 0.5
"""How often a stream looks for changes; whoever looks at a page sees one within a second."""

POLLS_A_CHECK = 20
"""How often, in polls, it makes sure that the session still is one, and that somebody listens."""

Changes = Iterator[list[str]]
"""At each step what has changed since the one before, as fragments of HTML."""


def endpoint(backend: Backend, begin: Callable[[Visit], Changes | None]) -> Endpoint:
    """The endpoint of a stream; ``begin`` gives its changes, or nothing where there are none."""

    async def stream(request: Request) -> Response:
        visit = await read_visit(backend, request)
        changes = None if visit.session is None else await run_in_threadpool(begin, visit)
        if changes is None:
            # A browser asks again after any other answer.
            return Response(status_code=204)
        events = _events(backend, request, changes)
        return StreamingResponse(events, media_type="text/event-stream")

    return stream


async def _events(backend: Backend, request: Request, changes: Changes) -> AsyncIterator[str]:
    polls = 0
    while not backend.is_stopping():
        for fragment in await run_in_threadpool(next, changes):
            yield _event(fragment)
        polls += 1
        if polls % POLLS_A_CHECK == 0:
            if await run_in_threadpool(find_session, backend, request) is None:
                return
            yield ": still here\n\n"
        await anyio.sleep(POLL_SECONDS)


def _event(fragment: str) -> str:
    text = " ".join(fragment.split())
    return f"event: change\ndata: {text}\n\n"
