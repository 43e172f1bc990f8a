"""Signature version 3, ACS3-HMAC-SHA256: over method, path, query, named headers and body.

The steps are apart so that each can be shown: :func:`canonical_request`, then
:func:`string_to_sign`, then :func:`signature`, then :class:`Authorization`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imageferry.signing.encoding import Pair, canonical_query

ALGORITHM = "ACS3-HMAC-SHA256"
SCHEME_PREFIX = "ACS3-"
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"

_AUTHORIZATION = re.compile(
    r"Credential=(?P<credential>[!-+\--~]+), ?"
    r"SignedHeaders=(?P<headers>[!-+\--~]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class UnsupportedAlgorithmError(ValueError):
    """The Authorization header names an algorithm other than ACS3-HMAC-SHA256."""


class MalformedAuthorizationError(ValueError):
    """The Authorization header lacks a part or has one that cannot be read."""


@dataclass(frozen=True)
class Authorization:
    """What an Authorization header says. ``signature`` is lower-case hexadecimal."""

    access_key_id: str
    signed_headers: tuple[str, ...]
    signature: str

    def __str__(self) -> str:
        """The header's value."""
        names = ";".join(self.signed_headers)
        return (
            f"{ALGORITHM} Credential={self.access_key_id},"
            f"SignedHeaders={names},Signature={self.signature}"
        )


def parse_authorization(value: str) -> Authorization:
    """Read an Authorization header.

    Raises:
        UnsupportedAlgorithmError: it is not of ACS3-HMAC-SHA256.
        MalformedAuthorizationError: a part is missing or cannot be read.
    """
    algorithm, _, parts = value.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise UnsupportedAlgorithmError(algorithm)
    match = _AUTHORIZATION.fullmatch(parts.strip())
    if match is None:
        raise MalformedAuthorizationError("expected Credential=…,SignedHeaders=…,Signature=…")
    names = tuple(match["headers"].lower().split(";"))
    return Authorization(match["credential"], names, match["signature"])


def payload_hash(body: bytes) -> str:
    """The SHA-256 of a body in lower-case hexadecimal, as ``x-acs-content-sha256`` has it."""
    return hashlib.sha256(body).hexdigest()


def canonical_request(
    method: str, query: Iterable[Pair], headers: Sequence[Pair], body_sha256: str
) -> str:
    """What the string to sign is a hash of.

    The path in it is always ``/``: an RPC API has no other, and a prefix belongs
    to the way there.

    Args:
        method: The HTTP method, in capitals.
        query: The decoded parameters of the query, in any order.
        headers: The signed headers in the order of the list that names them.
        body_sha256: The hash of the body.
    """
    lines = "".join(f"{name.lower()}:{value.strip()}\n" for name, value in headers)
    names = ";".join(name.lower() for name, _ in headers)
    return "\n".join((method, "/", canonical_query(query), lines, names, body_sha256))


def string_to_sign(canonical: str) -> str:
    """What is signed, of a canonical request."""
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(access_key_secret: str, text: str) -> str:
    """The signature of a string to sign, in lower-case hexadecimal."""
    return hmac.digest(access_key_secret.encode(), text.encode(), hashlib.sha256).hex()


@dataclass(frozen=True)
class SignedRequest:
    """A request that is ready to be sent to the path ``/``."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def sign(
    *,
    access_key_id: str,
    access_key_secret: str,
    host: str,
    action: str,
    version: str,
    date: datetime,
    nonce: str,
    query: Sequence[Pair] = (),
    form: Sequence[Pair] = (),
    security_token: str = "",
    method: str = "POST",
) -> SignedRequest:
    """Put together a signed call of an action.

    Args:
        access_key_id: The key's id.
        access_key_secret: The key's secret.
        host: The value of the Host header, with the port where it is not the scheme's.
        action: The action's name.
        version: The API's version.
        date: The time of the request, UTC.
        nonce: A text that no other request has.
        query: Parameters that travel in the query.
        form: Parameters that travel in the body.
        security_token: The token of temporary credentials.
        method: ``POST`` or ``GET``.
    """
    body = canonical_query(form).encode()
    headers = {
        "accept": "application/json",
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": payload_hash(body),
        "x-acs-date": date.strftime(DATE_FORMAT),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    if body:
        headers["content-type"] = FORM_CONTENT_TYPE
    if security_token:
        headers |= {"x-acs-accesskey-id": access_key_id, "x-acs-security-token": security_token}
    signed = sorted(headers.items())
    canonical = canonical_request(method, query, signed, headers["x-acs-content-sha256"])
    headers["authorization"] = str(
        Authorization(
            access_key_id,
            tuple(name for name, _ in signed),
            signature(access_key_secret, string_to_sign(canonical)),
        )
    )
    return SignedRequest(method, canonical_query(query), headers, body)
