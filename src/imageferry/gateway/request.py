"""A request as it came over the wire, apart from any web framework: bytes can be replayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from imageferry.signing import acs_v3
from imageferry.signing.encoding import Pair

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

MAX_BODY_BYTES = 256 * 1024
"""The contract's largest request, 17 disks and 20 tags in Chinese, is under 100 KiB encoded."""

MAX_QUERY_BYTES = 64 * 1024
"""What common HTTP servers and proxies let through in a request line."""

BEARER_HEADER = "x-acs-bearer-token"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: In capitals.
        path: As sent; nothing depends on it.
        raw_query: What follows the question mark, still encoded.
        headers: Names and values in the order they came.
        body: The whole body.
    """

    method: str
    path: str
    raw_query: bytes
    headers: tuple[Pair, ...]
    body: bytes = b""

    @cached_property
    def headers_by_name(self) -> Mapping[str, str]:
        """The headers by name in lower case; one that was sent twice has both, as HTTP says."""
        values: dict[str, str] = {}
        for name, value in self.headers:
            earlier = values.get(name.lower())
            values[name.lower()] = value if earlier is None else f"{earlier},{value}"
        return values

    def header(self, name: str) -> str:
        """A header's value by its name without regard to case, or nothing."""
        return self.headers_by_name.get(name.lower(), "")

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def speaks_v3(self) -> bool:
        """Whether it follows signature version 3.

        The SDKs send ``x-acs-action`` with version 1 too, so that header says nothing.
        """
        scheme = self.header("authorization").lstrip()
        return scheme.startswith(acs_v3.SCHEME_PREFIX) or bool(self.header(BEARER_HEADER))

    def loose_pairs(self) -> Iterator[Pair]:
        """The parameters of query and form as far as they can be read, with no error ever.

        For what has to be known even of a request that will be refused.
        """
        yield from _loosely(self.raw_query[:MAX_QUERY_BYTES])
        if self.media_type == FORM:
            yield from _loosely(self.body[:MAX_BODY_BYTES])

    def loose(self, name: str) -> str:
        """One of the :meth:`loose_pairs`, by name without regard to case, or nothing."""
        values = (value for key, value in self.loose_pairs() if key.lower() == name.lower())
        return next(values, "")


def _loosely(encoded: bytes) -> list[Pair]:
    return parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, errors="replace")
