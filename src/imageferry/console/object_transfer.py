"""Bytes of objects between a browser and a bucket: downloads, and uploads in parts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from imageferry.console.interface import Backend
from imageferry.console.object_calls import Forwarded, error_of
from imageferry.console.storage import ObjectRequest
from imageferry.console.templating import page
from imageferry.console.visit import Visit

_ASKED = ("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_TOLD = (b"content-length", b"content-range", b"accept-ranges", b"etag", b"last-modified")
_OF_PARTS = ("uploads", "uploadId", "partNumber")
_OF_UPLOADS = (
    *("content-type", "content-length", "transfer-encoding"),
    *("x-oss-forbid-overwrite", "x-oss-hash-crc64ecma"),
)
_REFUSED = 400


class ObjectTransfer:
    """Downloads and uploads.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def download(self, visit: Visit) -> Response:
        """An object's bytes, or the range of them that is asked for."""
        if not visit.query("key"):
            return page(visit, "no_object.html", 404)
        return _Download(self._backend, visit, _request(visit, _ASKED, ()))

    def upload(self, visit: Visit) -> Response:
        """A call of an upload in parts: to begin it, send a part, list, complete or abort it."""
        if not any(name in visit.request.query_params for name in ("uploads", "uploadId")):
            return Response(status_code=404)
        return Forwarded(self._backend, visit, _request(visit, _OF_UPLOADS, _OF_PARTS))


def attachment(key: str) -> str:
    """The Content-Disposition that makes a browser save an object under the last part of its key.

    The name is percent-encoded (RFC 8187), so whatever it holds, it stays a name.
    """
    name = key.rstrip("/").rpartition("/")[2] or "object"
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


class _Download(Forwarded):
    """An object as a file to be saved: never as a page or a script of the console's own origin."""

    def __init__(self, backend: Backend, visit: Visit, request: ObjectRequest) -> None:
        super().__init__(backend, visit, request)
        self._visit = visit
        self._disposition = attachment(request.key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        refused: list[Message] = []

        async def send_file(message: Message) -> None:
            if message.get("status", 0) >= _REFUSED or refused:
                refused.append(message)
            elif message["type"] == "http.response.start":
                await send({**message, "headers": self._file_headers(message)})
            else:
                await send(message)

        await super().__call__(scope, receive, send_file)
        if refused:
            await self._refusal(refused)(scope, receive, send)

    def _file_headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        told = [(name, value) for name, value in message["headers"] if name in _TOLD]
        return [
            *told,
            (b"content-type", b"application/octet-stream"),
            (b"content-disposition", self._disposition.encode()),
        ]

    def _refusal(self, messages: list[Message]) -> Response:
        status = messages[0]["status"]
        error = error_of(status, b"".join(message.get("body", b"") for message in messages))
        return page(
            self._visit, "objects_refused.html", status, error=error, back="/console/buckets"
        )


def _request(visit: Visit, headers: tuple[str, ...], parameters: tuple[str, ...]) -> ObjectRequest:
    """The request that a browser makes, with those of its headers and parameters that count."""
    sent: Mapping[str, str] = visit.request.headers
    query = visit.request.query_params
    return ObjectRequest(
        method=visit.request.method,
        bucket=visit.request.path_params["bucket"],
        key=visit.query("key"),
        parameters=[(name, query[name]) for name in parameters if name in query],
        headers={name: sent[name] for name in headers if name in sent},
    )
