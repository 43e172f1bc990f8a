"""The console's routes, and the headers that every answer of it has."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageferry.console import assets, streams
from imageferry.console.endpoints import for_everybody, for_members
from imageferry.console.interface import Backend
from imageferry.console.signing_in import SigningIn
from imageferry.console.storage_routes import storage_routes
from imageferry.console.task_changes import CHANGES, TaskChanges
from imageferry.console.task_list import TaskList
from imageferry.console.task_page import TaskPages
from imageferry.console.templating import page
from imageferry.console.tool_routes import tool_routes
from imageferry.console.visit import Visit

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load: files of the console alone, and nothing that is written into the page."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes(backend: Backend) -> list[Mount | Route]:
    """The console's routes, to be mounted before those that take every path."""
    return [
        Route("/console", _to_console),
        Mount("/console", routes=_pages(backend), middleware=[Middleware(_WithHeaders)]),
    ]


def _no_page(visit: Visit) -> Response:
    return page(visit, "no_page.html", 404)


async def _to_console(_request: object) -> RedirectResponse:
    return RedirectResponse("/console/", 308)


def _pages(backend: Backend) -> list[Route]:
    signing = SigningIn(backend)
    return [
        Route("/", for_everybody(backend, signing.home)),
        Route("/sign-in", for_everybody(backend, signing.form)),
        Route("/sign-in", for_everybody(backend, signing.sign_in), methods=["POST"]),
        Route("/link", for_everybody(backend, signing.link)),
        Route("/link", for_everybody(backend, signing.follow_link), methods=["POST"]),
        Route("/sign-out", for_members(backend, signing.sign_out), methods=["POST"]),
        Route("/language", for_everybody(backend, signing.choose_language), methods=["POST"]),
        Route("/assets/{name}", assets.serve),
        *_task_pages(backend),
        *storage_routes(backend),
        *tool_routes(backend),
        Route("/{path:path}", for_everybody(backend, _no_page), methods=["GET", "POST"]),
    ]


def _task_pages(backend: Backend) -> list[Route]:
    tasks, pages, changes = TaskList(backend), TaskPages(backend), TaskChanges(backend)
    return [
        Route("/tasks", for_members(backend, tasks.show)),
        Route("/tasks/stream", streams.endpoint(backend, tasks.changes)),
        *(
            Route(f"/tasks/{change.name}", for_members(backend, handler), methods=[method])
            for change in CHANGES
            for method, handler in (("GET", changes.ask(change)), ("POST", changes.make(change)))
        ),
        Route("/tasks/{task_id}", for_members(backend, pages.show)),
        Route("/tasks/{task_id}/stream", streams.endpoint(backend, pages.changes)),
        Route("/tasks/{task_id}/again", for_members(backend, changes.run_again), methods=["POST"]),
    ]


class _WithHeaders:
    """Adds the headers of every answer; pages are kept by no cache."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                ours = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                if b"cache-control" not in present:
                    ours.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        await self._application(scope, receive, send_with_headers)
