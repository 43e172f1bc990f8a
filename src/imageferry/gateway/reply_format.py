"""Which of JSON and XML a caller wants."""

from __future__ import annotations

from enum import Enum

from imageferry.gateway.request import Request


class ReplyFormat(Enum):
    """How a reply is written."""

    JSON = "JSON"
    XML = "XML"


_MEDIA_TYPES = {
    "application/json": ReplyFormat.JSON,
    "*/*": ReplyFormat.JSON,
    "text/xml": ReplyFormat.XML,
    "application/xml": ReplyFormat.XML,
}

# The legacy Python SDK sends the text None where a program sets no format.
_FORMATS = {"JSON": ReplyFormat.JSON, "XML": ReplyFormat.XML}
_NONE_GIVEN = ("", "NONE")


def requested_format(request: Request) -> ReplyFormat | None:
    """The format a request asks for, or None where it asks for one that does not exist.

    With signature version 3 it is Accept's; else it is the parameter Format's and,
    without one, Accept's. Where neither says, it is JSON: of the contract's two
    defaults the only one whose errors every official SDK can read.

    It can be told of every request, also of one that will be refused.
    """
    if not request.speaks_v3:
        given = request.loose("Format").upper()
        if given not in _NONE_GIVEN:
            return _FORMATS.get(given)
    return _accepted_format(request.header("accept"))


def _accepted_format(accept: str) -> ReplyFormat:
    for item in accept.split(","):
        media_type = item.partition(";")[0].strip().lower()
        if media_type in _MEDIA_TYPES:
            return _MEDIA_TYPES[media_type]
    return ReplyFormat.JSON
