"""OSS's signature version 1: HMAC-SHA1 over method, date, OSS headers and resource.

https://www.alibabacloud.com/help/en/oss/developer-reference/include-signatures-in-the-authorization-header
"""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from imageferry.oss.error_codes import ACCESS_DENIED
from imageferry.oss.request import OssRequest
from imageferry.oss.signature import Claim, malformed, security_token

_SCHEME = "OSS "
_ISO_BASIC = "%Y%m%dT%H%M%SZ"
_SIGNED_PARAMETER_NAMES = """
    accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo
    callback callback-var cloudboxes cname comp continuation-token cors delete encryption endTime
    group httpsConfig img inventory inventoryId lifecycle link live location logging metaQuery
    objectInfo objectMeta partNumber policy position publicAccessBlock qos qosInfo
    qosRequester redundancyTransition referer regionList replication replicationLocation
    replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool
    resourcePoolBuckets resourcePoolInfo response-cache-control response-content-disposition
    response-content-encoding response-content-language response-content-type response-expires
    restore security-token sequential startTime stat status style styleName symlink tagging
    transferAcceleration uploadId uploads versionId versioning versions vod website worm
    wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip x-oss-ac-subnet-mask
    x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process x-oss-process
    x-oss-redundancy-transition-taskid x-oss-request-payer x-oss-target-redundancy-type
    x-oss-traffic-limit x-oss-write-get-object-response
"""
_SIGNED_PARAMETERS = frozenset(_SIGNED_PARAMETER_NAMES.split())


def claim(request: OssRequest) -> Claim | None:
    """What a request signed with version 1 says; ``None`` where it is not signed so.

    Raises:
        OssError: it is, and cannot be read.
    """
    if request.header("authorization").startswith(_SCHEME):
        return _header_claim(request)
    if request.parameter("OSSAccessKeyId") is not None:
        return _query_claim(request)
    return None


def string_to_sign(request: OssRequest, date: str) -> str:
    """The text that is signed.

    Args:
        request: The request, with the bucket and key that it means.
        date: The date as it was sent; a presigned request's time of expiry.
    """
    head = (request.method, request.header("content-md5"), request.header("content-type"), date)
    return "\n".join((*head, _oss_headers(request) + _resource(request)))


def sign(secret: str, text: str) -> str:
    """The signature of a text."""
    data = text.encode(errors="surrogateescape")
    return base64.b64encode(hmac.digest(secret.encode(), data, "sha1")).decode()


def _header_claim(request: OssRequest) -> Claim:
    identity = request.header("authorization").removeprefix(_SCHEME)
    access_key_id, separator, signature = identity.strip().partition(":")
    if not separator:
        raise malformed("expected OSS <AccessKeyId>:<Signature>")
    date = request.header("x-oss-date") or request.header("date")
    return Claim(
        access_key_id=access_key_id,
        signature=signature,
        string_to_sign=lambda addressed: string_to_sign(addressed, date),
        sign=sign,
        token=security_token(request),
        signed_at=_parsed_date(date),
    )


def _query_claim(request: OssRequest) -> Claim:
    expires = request.parameter("Expires") or ""
    return Claim(
        access_key_id=request.parameter("OSSAccessKeyId") or "",
        signature=request.parameter("Signature") or "",
        string_to_sign=lambda addressed: string_to_sign(addressed, expires),
        sign=sign,
        token=security_token(request),
        signed_at=None,
        expires=_parsed_expiry(expires),
    )


def _oss_headers(request: OssRequest) -> str:
    signed = sorted(item for item in request.headers.items() if item[0].startswith("x-oss-"))
    return "".join(f"{name}:{value}\n" for name, value in signed)


def _resource(request: OssRequest) -> str:
    path = f"/{request.bucket}/{request.key}" if request.bucket else "/"
    signed = sorted(pair for pair in request.parameters if pair[0] in _SIGNED_PARAMETERS)
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    return f"{path}?{query}" if query else path


def _parsed_date(date: str) -> datetime:
    try:
        if date.endswith("Z"):
            return datetime.strptime(date, _ISO_BASIC).replace(tzinfo=UTC)
        parsed = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        raise ACCESS_DENIED.error("OSS authentication requires a valid Date.") from None
    # It has no time zone where the date says -0000: that is UTC too.
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _parsed_expiry(expires: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(expires), UTC)
    except (ValueError, OverflowError, OSError):
        raise malformed("Expires is no Unix time") from None
