"""The pages that operators and their machines ask for. They tell nothing of any account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageferry.service import readiness, state_metrics
from imageferry.service.installation import Installation
from imageferry.service.readiness import Readiness
from imageferry.service.recent import Recent
from imageferry.telemetry.exposition import MEDIA_TYPE, Value, exposition


def operator_routes(installation: Installation) -> list[Route]:
    """``/healthz``, ``/readyz`` and ``/metrics``."""
    ready = Recent(partial(readiness.look, installation), readiness.KEPT_SECONDS)
    state = Recent(partial(state_metrics.look_up, installation), state_metrics.KEPT_SECONDS)
    return [
        Route("/healthz", _healthy),
        Route("/readyz", partial(_ready, ready)),
        Route("/metrics", partial(_metrics, state)),
    ]


async def _healthy(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "healthy"})


async def _ready(ready: Recent[Readiness], _request: Request) -> JSONResponse:
    """All that serving needs answers, or else what does not."""
    found = await run_in_threadpool(ready.get)
    status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(found.document, status)


async def _metrics(state: Recent[Sequence[Value]], _request: Request) -> Response:
    """What Prometheus reads."""
    text = await run_in_threadpool(exposition, state.get)
    return Response(text, media_type=MEDIA_TYPE)
