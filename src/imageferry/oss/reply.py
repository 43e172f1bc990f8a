"""What is answered to a request."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from imageferry.buckets.interface import ObjectReader
from imageferry.oss import xml
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest


@dataclass(frozen=True)
class ByteRange:
    """Bytes of an open object that are sent as the body. Offset and length in bytes."""

    reader: ObjectReader
    offset: int
    length: int


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status: The HTTP status.
        headers: Headers besides those that every answer has.
        body: The body, or
        content: the bytes of an object in its place.
        length: The Content-Length of an answer to HEAD, which has no body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content: ByteRange | None = None
    length: int | None = None

    @property
    def content_length(self) -> int:
        """How many bytes the body has, or would have."""
        if self.length is not None:
            return self.length
        return self.content.length if self.content else len(self.body)


def xml_reply(name: str, content: xml.Content, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer with an XML document."""
    document = xml.document(name, content)
    return Reply(headers={"content-type": "application/xml", **(headers or {})}, body=document)


def error_reply(error: OssError, request: OssRequest | None, request_id: str) -> Reply:
    """The answer that says why a request was refused.

    A HEAD has no body, so clients find the XML in a header, in base64.
    """
    content = {
        "Code": error.code.code,
        "Message": error.message,
        "RequestId": request_id,
        "HostId": request.host if request else "",
        **error.details,
    }
    document = xml.document("Error", content)
    headers = {"content-type": "application/xml"}
    if request is not None and request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(document).decode()
        return Reply(error.code.status, headers)
    return Reply(error.code.status, headers, document)
