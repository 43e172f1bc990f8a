"""A request to OSS as it was understood, and which bucket and object it may mean."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from imageferry.buckets.names import is_bucket_name
from imageferry.oss.error_codes import INVALID_ARGUMENT, INVALID_OBJECT_NAME

_MAX_PARAMETERS = 200


@dataclass(frozen=True)
class OssRequest:
    """The head of one request.

    Attributes:
        method: The HTTP method.
        host: The host it was sent to, without the port.
        path: The path, decoded.
        parameters: The names and values of the query, decoded, as they came.
        headers: The headers by their lower-case names; bytes that are no UTF-8
            are kept as surrogates, so that a signature over them can be checked.
        bucket: The bucket that is meant; empty for the service itself.
        key: The object that is meant; empty for the bucket itself.
    """

    method: str
    host: str
    path: str
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    bucket: str = ""
    key: str = ""

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter, or ``None``."""
        return next((value for found, value in self.parameters if found == name), None)

    def header(self, name: str) -> str:
        """The value of a header by its lower-case name; empty where there is none."""
        return self.headers.get(name, "")

    def addressed(self) -> Iterator[OssRequest]:
        """The request with each bucket and key that it may mean.

        A path-style request has the bucket in its path; a virtual-host style one
        as the first label of its host. For a host that may be either, only the
        signature, which covers both bucket and key, tells which was meant.
        """
        bucket, _, key = self.path.removeprefix("/").partition("/")
        yield dataclasses.replace(self, bucket=bucket, key=key)
        label, _, domain = self.host.partition(".")
        if domain and not _is_address(self.host) and is_bucket_name(label):
            yield dataclasses.replace(self, bucket=label, key=self.path.removeprefix("/"))


def parse_request(
    method: str, raw_path: bytes, query: bytes, raw_headers: Iterable[tuple[bytes, bytes]]
) -> OssRequest:
    """Read the head of a request.

    Raises:
        OssError: it cannot be read.
    """
    headers = {
        name.decode("latin-1").lower(): value.decode(errors="surrogateescape").strip()
        for name, value in raw_headers
    }
    try:
        path = unquote(raw_path.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        raise INVALID_OBJECT_NAME.error("The path is not valid UTF-8.") from None
    return OssRequest(
        method=method,
        host=_host_name(headers.get("host", "")),
        path=path,
        parameters=_parameters(query.decode("latin-1")),
        headers=headers,
    )


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [pair for pair in query.split("&") if pair]
    if len(pairs) > _MAX_PARAMETERS:
        raise INVALID_ARGUMENT.error(f"A request may have {_MAX_PARAMETERS} parameters at most.")
    split = (pair.partition("=") for pair in pairs)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in split]


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
