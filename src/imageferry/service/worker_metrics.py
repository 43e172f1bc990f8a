"""The page of a worker's metrics, for Prometheus."""

from __future__ import annotations

import asyncio
import socket
import threading

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageferry.service.http_server import Server
from imageferry.telemetry.exposition import MEDIA_TYPE, exposition


def show(listener: socket.socket) -> Server:
    """Show the metrics of this process to whoever asks, from one thread for all who do.

    Args:
        listener: Where they may ask.

    Returns:
        The server, which is told by its ``should_exit`` to end.
    """
    server = Server(Starlette(routes=[Route("/metrics", _metrics)]), listener)
    threading.Thread(target=asyncio.run, args=(server.serve([listener]),), daemon=True).start()
    return server


async def _metrics(_request: Request) -> Response:
    """What this process has counted."""
    return Response(exposition(tuple), media_type=MEDIA_TYPE)
