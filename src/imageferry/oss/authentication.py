"""Who sent a request, and which bucket and object it means."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imageferry.oss import signature_v1, signature_v4
from imageferry.oss.error_codes import (
    ACCESS_DENIED,
    INVALID_ACCESS_KEY_ID,
    INVALID_SECURITY_TOKEN,
    SECURITY_TOKEN_EXPIRED,
    SIGNATURE_DOES_NOT_MATCH,
)
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest
from imageferry.oss.signature import Claim


class AccessKey(Protocol):
    """What has to be known of an access key."""

    @property
    def secret(self) -> str:
        """The secret that signs."""
        ...

    @property
    def account_id(self) -> str:
        """The account it belongs to."""
        ...

    @property
    def active(self) -> bool:
        """Whether it may be used."""
        ...

    @property
    def security_token(self) -> str | None:
        """The token that has to come with it, for temporary keys."""
        ...

    @property
    def expires(self) -> datetime | None:
        """When a temporary key runs out, UTC."""
        ...


FindAccessKey = Callable[[str], AccessKey | None]
"""Looks an access key up by its id; ``None`` where there is none."""


@dataclass(frozen=True)
class Authenticated:
    """A request whose sender is known.

    Attributes:
        request: The request with the bucket and key that were signed.
        access_key_id: The access key that signed it.
        account_id: The account of its sender.
        region: The region it was signed for; empty where the signature has none.
    """

    request: OssRequest
    access_key_id: str
    account_id: str
    region: str


def authenticate(
    request: OssRequest, find_access_key: FindAccessKey, now: datetime
) -> Authenticated:
    """Find out who sent a request.

    Raises:
        OssError: it is not signed, or not by an access key that may be used.
    """
    claim = signature_v4.claim(request) or signature_v1.claim(request)
    if claim is None:
        raise ACCESS_DENIED.error("The request is not signed, or not with version 1 or 4.")
    known = claim.access_key_id.isascii() and claim.access_key_id.isprintable()
    key = find_access_key(claim.access_key_id) if known else None
    if key is None:
        raise INVALID_ACCESS_KEY_ID.error(OSSAccessKeyId=claim.access_key_id)
    if not key.active:
        raise INVALID_ACCESS_KEY_ID.error(
            "The OSS Access Key Id you provided is disabled.", OSSAccessKeyId=claim.access_key_id
        )
    claim.check_time(now)
    _check_token(claim, key)
    signed = _signed(request, claim, key.secret)
    if key.expires is not None and now >= key.expires:
        raise SECURITY_TOKEN_EXPIRED.error(OSSAccessKeyId=claim.access_key_id)
    return Authenticated(signed, claim.access_key_id, key.account_id, claim.region)


def _check_token(claim: Claim, key: AccessKey) -> None:
    if not _equal(claim.token, key.security_token or ""):
        raise INVALID_SECURITY_TOKEN.error(OSSAccessKeyId=claim.access_key_id)


def _signed(request: OssRequest, claim: Claim, secret: str) -> OssRequest:
    candidates = list(request.addressed())
    for candidate in candidates:
        expected = claim.sign(secret, claim.string_to_sign(candidate))
        if _equal(expected, claim.signature):
            return candidate
    raise _mismatch(claim, candidates[-1])


def _mismatch(claim: Claim, likely: OssRequest) -> OssError:
    text = claim.string_to_sign(likely)
    data = text.encode(errors="surrogateescape")
    return SIGNATURE_DOES_NOT_MATCH.error(
        OSSAccessKeyId=claim.access_key_id,
        SignatureProvided=claim.signature,
        StringToSign=data.decode(errors="replace"),
        StringToSignBytes=data.hex(" ").upper(),
    )


def _equal(one: str, other: str) -> bool:
    encoded = (text.encode(errors="surrogateescape") for text in (one, other))
    return hmac.compare_digest(*encoded)
