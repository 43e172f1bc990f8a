"""What headers say of an object: its media type and its metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping

from imageferry.buckets.interface import ObjectInfo
from imageferry.oss.conditions import http_date
from imageferry.oss.error_codes import INVALID_ARGUMENT, NOT_IMPLEMENTED
from imageferry.oss.listing import object_type
from imageferry.oss.request import OssRequest

DEFAULT_CONTENT_TYPE = "application/octet-stream"
_WITHOUT_EFFECT = ("x-oss-callback", "x-oss-server-side-encryption", "x-oss-tagging")
_USER_PREFIX = "x-oss-meta-"
_KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
# No header's name holds a colon, so no user metadata can be taken for one of these.
_KEPT_PREFIX = ":"
_OVERRIDES = (*_KEPT, "content-type")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def content_type(request: OssRequest) -> str:
    """The media type that a request gives its object.

    Raises:
        OssError: it is not valid UTF-8.
    """
    given = request.header("content-type") or DEFAULT_CONTENT_TYPE
    _check_text(given, "An object's media type")
    return given


def metadata(request: OssRequest) -> dict[str, str]:
    """The metadata that a request gives its object.

    User metadata is kept under its own names; the headers that OSS hands back
    as they came, under their names behind a colon.

    Raises:
        OssError: a value is not valid UTF-8.
    """
    given = {
        name.removeprefix(_USER_PREFIX): value
        for name, value in request.headers.items()
        if name.startswith(_USER_PREFIX)
    }
    kept = {_KEPT_PREFIX + name: request.header(name) for name in _KEPT if request.header(name)}
    _check_text("".join((given | kept).values()), "An object's metadata")
    return given | kept


def refuse_without_effect(request: OssRequest) -> None:
    """Refuse headers that a client would take for obeyed.

    Raises:
        OssError: the request asks for encryption, tags or a callback.
    """
    for name in _WITHOUT_EFFECT:
        if request.header(name):
            raise NOT_IMPLEMENTED.error(f"This service does not support {name}.")


def version_headers(info: ObjectInfo) -> dict[str, str]:
    """The headers that name an object's version."""
    headers = {
        "etag": f'"{info.etag}"',
        "last-modified": http_date(info.modified),
        "x-oss-object-type": object_type(info),
        "x-oss-storage-class": "Standard",
    }
    if info.crc64 is not None:
        headers["x-oss-hash-crc64ecma"] = str(info.crc64)
    return headers


def object_headers(info: ObjectInfo) -> dict[str, str]:
    """Every header that an object is handed out with."""
    return {
        **version_headers(info),
        "accept-ranges": "bytes",
        "content-type": info.content_type,
        **dict(_stored(info.metadata)),
    }


def overridden_headers(request: OssRequest) -> dict[str, str]:
    """The headers that a signed ``response-…`` parameter asks to have replaced."""
    asked = ((name, request.parameter(f"response-{name}")) for name in _OVERRIDES)
    return {name: value for name, value in asked if value}


def _check_text(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise INVALID_ARGUMENT.error(f"{name} is not valid UTF-8.") from None


def _stored(stored: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (
            name.removeprefix(_KEPT_PREFIX)
            if name.startswith(_KEPT_PREFIX)
            else _USER_PREFIX + name,
            value,
        )
        for name, value in stored.items()
        if _TOKEN.fullmatch(name.removeprefix(_KEPT_PREFIX))
    ]
