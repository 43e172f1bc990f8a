"""OSS's signature version 4: HMAC-SHA256 with a key derived from date, region and product.

https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from imageferry.oss.request import OssRequest
from imageferry.oss.signature import Claim, malformed, security_token

ALGORITHM = "OSS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_EXPIRY = timedelta(days=7)
_PRODUCT = "oss"
_TERMINATOR = "aliyun_v4_request"
_DATE = "%Y%m%dT%H%M%SZ"
_SECONDS = re.compile(r"[0-9]{1,9}")
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_ALWAYS_SIGNED = {"content-type", "content-md5"}


class _Scope:
    """The scope of a signing key: ``date/region/product/aliyun_v4_request``."""

    def __init__(self, credential: str) -> None:
        self.access_key_id, _, self.text = credential.partition("/")
        parts = self.text.split("/")
        if len(parts) != len(("date", "region", "product", "terminator")):
            raise malformed(
                "expected a credential <AccessKeyId>/<date>/<region>/oss/" + _TERMINATOR
            )
        self.date, self.region, self.product, terminator = parts
        if (self.product, terminator) != (_PRODUCT, _TERMINATOR):
            raise malformed(f"the credential's scope does not end in {_PRODUCT}/{_TERMINATOR}")


def claim(request: OssRequest) -> Claim | None:
    """What a request signed with version 4 says; ``None`` where it is not signed so.

    Raises:
        OssError: it is, and cannot be read.
    """
    authorization = request.header("authorization")
    if authorization.startswith(ALGORITHM):
        return _header_claim(request, authorization.removeprefix(ALGORITHM))
    if request.parameter("x-oss-signature-version") == ALGORITHM:
        return _query_claim(request)
    return None


def canonical_request(request: OssRequest, additional_headers: frozenset[str]) -> str:
    """The request in the form whose digest is signed.

    Args:
        request: The request, with the bucket and key that it means.
        additional_headers: Lower-case names of headers that are signed though
            they need not be.
    """
    path = f"/{request.bucket}/{request.key}" if request.bucket else "/"
    return "\n".join(
        (
            request.method,
            quote(path, safe="/"),
            _canonical_query(request),
            _canonical_headers(request, additional_headers),
            ";".join(sorted(additional_headers)),
            request.header("x-oss-content-sha256") or UNSIGNED_PAYLOAD,
        )
    )


def string_to_sign(
    request: OssRequest, additional_headers: frozenset[str], date: str, scope: str
) -> str:
    """The text that is signed.

    Args:
        request: The request, with the bucket and key that it means.
        additional_headers: As with :func:`canonical_request`.
        date: The time of the signature, as the request says it.
        scope: What the signing key is derived from, ``date/region/oss/aliyun_v4_request``.
    """
    canonical = canonical_request(request, additional_headers).encode(errors="surrogateescape")
    return "\n".join((ALGORITHM, date, scope, hashlib.sha256(canonical).hexdigest()))


def sign(secret: str, text: str) -> str:
    """The signature of a text to sign, which names its scope in its third line."""
    key = f"aliyun_v4{secret}".encode()
    for part in text.split("\n")[2].split("/"):
        key = hmac.digest(key, part.encode(errors="surrogateescape"), "sha256")
    return hmac.digest(key, text.encode(errors="surrogateescape"), "sha256").hex()


def _header_claim(request: OssRequest, credentials: str) -> Claim:
    fields = dict(field.strip().partition("=")[::2] for field in credentials.split(","))
    return _claim(
        request,
        credential=fields.get("Credential", ""),
        signature=fields.get("Signature", ""),
        additional_headers=fields.get("AdditionalHeaders", ""),
        date=request.header("x-oss-date"),
        expiry=None,
    )


def authorization(
    access_key_id: str, secret: str, request: OssRequest, signed_at: datetime, region: str
) -> dict[str, str]:
    """The headers that sign a request, which has its bucket and key, and no others of the kind."""
    date = f"{signed_at.astimezone(UTC):{_DATE}}"
    scope = f"{date[:8]}/{region}/{_PRODUCT}/{_TERMINATOR}"
    dated = dataclasses.replace(request, headers={**request.headers, "x-oss-date": date})
    signature = sign(secret, string_to_sign(dated, frozenset(), date, scope))
    credential = f"{access_key_id}/{scope}"
    return {
        "x-oss-date": date,
        "authorization": f"{ALGORITHM} Credential={credential},Signature={signature}",
    }


def _query_claim(request: OssRequest) -> Claim:
    seconds = request.parameter("x-oss-expires") or ""
    if not _SECONDS.fullmatch(seconds) or not 0 < int(seconds) <= MAX_EXPIRY.total_seconds():
        raise malformed(f"x-oss-expires is not 1 to {MAX_EXPIRY // timedelta(seconds=1)} seconds")
    return _claim(
        request,
        credential=request.parameter("x-oss-credential") or "",
        signature=request.parameter("x-oss-signature") or "",
        additional_headers=request.parameter("x-oss-additional-headers") or "",
        date=request.parameter("x-oss-date") or "",
        expiry=timedelta(seconds=int(seconds)),
    )


def _claim(
    request: OssRequest,
    *,
    credential: str,
    signature: str,
    additional_headers: str,
    date: str,
    expiry: timedelta | None,
) -> Claim:
    scope = _Scope(credential)
    signed_at = _parsed(date)
    if not date.startswith(scope.date):
        raise malformed("x-oss-date is not of the credential's day")
    if request.header("x-oss-content-sha256") not in {"", UNSIGNED_PAYLOAD}:
        raise malformed(f"x-oss-content-sha256 is not {UNSIGNED_PAYLOAD}")
    names = frozenset(name.lower() for name in additional_headers.split(";") if name)

    def signed_text(addressed: OssRequest) -> str:
        return string_to_sign(addressed, names, date, scope.text)

    return Claim(
        access_key_id=scope.access_key_id,
        signature=signature,
        string_to_sign=signed_text,
        sign=sign,
        token=security_token(request),
        signed_at=signed_at,
        expires=None if expiry is None else _later(signed_at, expiry),
        region=scope.region,
    )


def _canonical_query(request: OssRequest) -> str:
    pairs = sorted(
        (quote(name, safe=""), quote(value, safe=""))
        for name, value in request.parameters
        if name != "x-oss-signature"
    )
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def _canonical_headers(request: OssRequest, additional: frozenset[str]) -> str:
    signed = sorted(
        (name, value)
        for name, value in request.headers.items()
        if name.startswith("x-oss-") or name in _ALWAYS_SIGNED or name in additional
    )
    return "".join(f"{name}:{value}\n" for name, value in signed)


def _later(time: datetime, by: timedelta) -> datetime:
    return time + min(by, _END_OF_TIME - time)


def _parsed(date: str) -> datetime:
    try:
        return datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    except ValueError:
        raise malformed("x-oss-date is no time such as 20260130T081500Z") from None
