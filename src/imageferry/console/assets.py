"""The files that pages need, shipped in the package and named by their content."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/console/assets/"
_YEAR_SECONDS = 365 * 24 * 3600


@cache
def content(name: str) -> bytes | None:
    """The bytes of an asset, if there is one of that name."""
    folder = resources.files("imageferry.console") / "assets"
    known = {file.name: file for file in folder.iterdir()}
    return known[name].read_bytes() if name in known else None


@cache
def address(name: str) -> str:
    """Where a browser gets an asset; another content has another address.

    Raises:
        FileNotFoundError: there is no such asset.
    """
    data = content(name)
    if data is None:
        raise FileNotFoundError(name)
    return f"{PREFIX}{name}?{hashlib.sha256(data).hexdigest()[:12]}"


def serve(request: Request) -> Response:
    """Answer with an asset."""
    name = request.path_params["name"]
    data = content(name)
    if data is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable"}
    return Response(data, 200, headers, media_type)
