"""Replies and errors as JSON and as XML."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from imageferry.actions.declaration import Reply, to_wire
from imageferry.actions.errors import ServiceError
from imageferry.gateway.reply_format import ReplyFormat

CONTENT_TYPES = {
    ReplyFormat.JSON: "application/json;charset=utf-8",
    # The Tea SDK parses an XML error only under exactly this type.
    ReplyFormat.XML: "text/xml;charset=utf-8",
}

_ERROR_ROOT = "Error"

_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def render_reply(
    reply: Reply, *, action: str, request_id: str, reply_format: ReplyFormat
) -> Response:
    """The response of an action that succeeded."""
    members = {"RequestId": request_id, **to_wire(reply)}
    return _response(200, _reply_root(action), members, request_id, reply_format)


def render_error(
    error: ServiceError, *, host_id: str, request_id: str, reply_format: ReplyFormat
) -> Response:
    """The response to a request that is refused. Every member is a string, in both formats."""
    members = {
        "RequestId": request_id,
        "HostId": host_id,
        "Code": error.code.code,
        "Message": error.message,
        "Recommend": error.recommend,
    }
    # A file's name may have got into a message, and need not be text.
    texts = {name: text.encode(errors="replace").decode() for name, text in members.items()}
    return _response(error.code.status, _ERROR_ROOT, texts, request_id, reply_format)


def as_xml(action: str, members: Mapping[str, Any]) -> str:
    """An answer of an action as XML, made of its members as JSON has them."""
    is_error = "Code" in members  # no reply has such a member
    return _xml_document(_ERROR_ROOT if is_error else _reply_root(action), members).decode()


def _reply_root(action: str) -> str:
    return f"{action}Response"


def _response(
    status: int, root: str, members: Mapping[str, Any], request_id: str, reply_format: ReplyFormat
) -> Response:
    headers = (("Content-Type", CONTENT_TYPES[reply_format]), ("x-acs-request-id", request_id))
    if reply_format is ReplyFormat.XML:
        return Response(status, headers, _xml_document(root, members))
    return Response(status, headers, msgspec.json.encode(members))


def _xml_document(root: str, members: Mapping[str, Any]) -> bytes:
    return f"<?xml version='1.0' encoding='UTF-8'?>{_xml(root, members)}".encode()


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, item) for item in value)
    if isinstance(value, Mapping):
        content = "".join(_xml(key, member) for key, member in value.items())
    elif isinstance(value, bool):
        content = str(value).lower()
    else:
        content = _xml_text(str(value))
    return f"<{name}>{content}</{name}>"


def _xml_text(text: str) -> str:
    # A bare carriage return would be read back as a line feed.
    allowed = _NO_XML_CHARACTER.sub("\ufffd", text)
    return html.escape(allowed, quote=False).replace("\r", "&#13;")
