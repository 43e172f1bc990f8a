"""Requests that no SDK would send, and what is looked for in their answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3

from integration.oss.service import Service, presigned

BUCKET = "wire"
CONNECTIONS = 12
PART = b"p" * (100 << 10)
"""The least that OSS takes for a part that is not the last."""
HTTP = urllib3.PoolManager(retries=False, maxsize=CONNECTIONS)


def send(
    service: Service,
    method: str,
    key: str = "key",
    *,
    body: Any = None,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    signed: Mapping[str, str] | None = None,
) -> urllib3.BaseHTTPResponse:
    url = presigned(service, method, BUCKET, key, parameters=parameters, headers=signed)
    return HTTP.request(method, url, body=body, headers={**(signed or {}), **(headers or {})})


def raw_request(service: Service, method: str, *headers: str) -> bytes:
    url = urlsplit(presigned(service, method, BUCKET, "key"))
    lines = (f"{method} {url.path}?{url.query} HTTP/1.1", f"Host: {url.netloc}", *headers)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def code(response: urllib3.BaseHTTPResponse) -> str:
    return ElementTree.fromstring(response.data).findtext("Code") or ""


def hidden_files(service: Service) -> set[Path]:
    hidden = service.root / ".imageferry"
    return {path for path in hidden.rglob("*") if path.is_file()}


def completion(*parts: tuple[int, str]) -> bytes:
    named = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
