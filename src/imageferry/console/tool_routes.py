"""The routes of the API Explorer and the Error Center."""

from __future__ import annotations

from starlette.routing import Route

from imageferry.console.endpoints import for_members
from imageferry.console.error_center import ErrorCenter
from imageferry.console.explorer import Explorer
from imageferry.console.interface import Backend


def tool_routes(backend: Backend) -> list[Route]:
    """The routes, below those of the console."""
    explorer, errors = Explorer(backend), ErrorCenter(backend)
    action = "/explorer/{product}/{action}"
    return [
        Route("/explorer", for_members(backend, explorer.search)),
        Route(action, for_members(backend, explorer.show)),
        Route(action, for_members(backend, explorer.work), methods=["POST"]),
        Route("/errors", for_members(backend, errors.show)),
        Route("/errors/find", for_members(backend, errors.find), methods=["POST"]),
        Route("/errors/codes/{code}", for_members(backend, errors.code)),
        Route("/errors/objects/{code}", for_members(backend, errors.object_code)),
        Route("/errors/calls/{request_id}", for_members(backend, errors.call)),
    ]
