"""What anybody can send to the two endpoints: heads, signatures, parameters and XML.

The input is a request as text: method and address, headers, an empty line, and the body.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fuzz.target import Target
from imageferry.actions.errors import ServiceError
from imageferry.actions.registry import PRODUCTS
from imageferry.buckets.interface import ObjectInfo
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.claims import read_claim
from imageferry.gateway.parameters import read
from imageferry.gateway.request import FORM, JSON, Request
from imageferry.gateway.wire_parameters import read_wire_parameters
from imageferry.oss import object_headers, xml
from imageferry.oss.authentication import authenticate
from imageferry.oss.body import CheckedBody, RequestBody
from imageferry.oss.conditions import Conditions, copy_range, requested_range
from imageferry.oss.errors import OssError
from imageferry.oss.operations import operation_for
from imageferry.oss.reply import error_reply
from imageferry.oss.request import OssRequest, parse_request

_NOW = datetime(2026, 1, 30, 8, 15, 0, tzinfo=UTC)
_OBJECT = ObjectInfo("key", 1000, "etag", _NOW)
_XML_ROOTS = ("Delete", "CompleteMultipartUpload", "CreateBucketConfiguration")
_ACTIONS = [action for product in PRODUCTS for action in product.actions.values()]


@dataclass(frozen=True)
class _Message:
    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> _Message:
        head, _, body = data.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        method, _, address = first.partition(b" ")
        path, _, query = address.partition(b"?")
        pairs = (line.partition(b":") for line in lines)
        headers = [(name.strip(), value.strip()) for name, _, value in pairs]
        return cls(method.decode("latin-1"), path, query, headers, body)


@dataclass(frozen=True)
class _Key:
    secret: str = "secret"
    account_id: str = "100"
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None


def _any_key(access_key_id: str) -> _Key:
    access_key_id.encode()  # as a database does
    return _Key()


def _check_oss(data: bytes) -> None:
    message = _Message.of(data)
    request: OssRequest | None = None
    try:
        request = parse_request(message.method, message.path, message.query, message.headers)
        authenticate(request, _any_key, _NOW)
    except OssError as error:
        assert error_reply(error, request, "id").status >= 400  # noqa: PT017  either is right
    if request is not None:
        _check_oss_request(request)


def _check_oss_request(request: OssRequest) -> None:
    parts: list[Callable[[], object]] = [
        lambda: [operation_for(addressed) for addressed in request.addressed()],
        lambda: Conditions.of_read(request).check(_OBJECT),
        lambda: Conditions.of_copy(request).check(_OBJECT),
        lambda: _check_range(requested_range(request, _OBJECT.size)),
        lambda: _check_range(copy_range(request, _OBJECT.size)),
        lambda: object_headers.metadata(request),
        lambda: object_headers.overridden_headers(request),
        lambda: CheckedBody(request, _NO_BODY),
    ]
    for part in parts:
        try:
            part()
        except OssError as error:
            assert error_reply(error, request, "id").status >= 400  # noqa: PT017  either is right


def _check_range(found: tuple[int, int] | None) -> None:
    if found is not None:
        offset, length = found
        assert 0 <= offset < offset + length <= _OBJECT.size


class _NoBody(RequestBody):
    def __init__(self) -> None:
        """There is none."""


_NO_BODY = _NoBody()


def _check_xml(data: bytes) -> None:
    for name in _XML_ROOTS:
        with contextlib.suppress(OssError):
            root = xml.parse(data, name)
            assert root.tag == name
            for item in root.findall("Object"):
                (item.findtext("Key") or "").encode()


def _gateway_request(data: bytes) -> Request:
    message = _Message.of(data)
    headers = tuple(
        (name.decode("latin-1"), value.decode(errors="replace")) for name, value in message.headers
    )
    return Request(message.method, "/", message.query, headers, message.body)


def _check_gateway(data: bytes) -> None:
    request = _gateway_request(data)
    request.loose("Action").encode()
    with contextlib.suppress(ServiceError):
        parameters = read_wire_parameters(request)
        for name, value in parameters.pairs:
            (name + value).encode()
        for part in (_check_claim, _check_actions):
            with contextlib.suppress(ServiceError):
                part(request)


def _check_claim(request: Request) -> None:
    parameters = read_wire_parameters(request)
    with contextlib.suppress(ServiceError):
        read_claim(request, parameters).sign("secret")
    _AUTHENTICATOR.authenticate(request, parameters)


def _check_actions(request: Request) -> None:
    values = read_wire_parameters(request).values
    named = values.get("action", "").lower()
    for action in _ACTIONS:
        if not named or action.name.lower() == named:
            with contextlib.suppress(ServiceError):
                read(action.request, values)


def _gateway_key(access_key_id: str) -> AccessKey:
    access_key_id.encode()
    return AccessKey(id=access_key_id, secret="secret", account_id="100")


_AUTHENTICATOR = Authenticator(
    find_access_key=_gateway_key,
    find_bearer=_gateway_key,
    remember_nonce=lambda key, nonce, until: True,
    clock=lambda: _NOW,
)


def _message(first: str, *headers: str, body: bytes = b"") -> bytes:
    return "\n".join((first, *headers)).encode() + b"\n\n" + body


_V4 = "OSS4-HMAC-SHA256 Credential=id/20260130/cn-hangzhou/oss/aliyun_v4_request"
_RPC = (
    "GET /?Version=2014-05-26&AccessKeyId=id&Signature=s&SignatureMethod=HMAC-SHA1"
    "&SignatureVersion=1.0&SignatureNonce=n&Timestamp=2026-01-30T08:15:00Z"
)
_IMPORT = (
    "&Action=ImportImage&RegionId=cn-hangzhou&DiskDeviceMapping.1.OSSBucket=b"
    "&DiskDeviceMapping.1.OSSObject=o&DiskDeviceMapping.1.DiskImageSize=5&Tag.1.Key=k&Tag.1.Value=v"
)
_V3 = (
    f"x-acs-date:2026-01-30T08:15:00Z\nx-acs-signature-nonce:n\nx-acs-content-sha256:{'0' * 64}\n"
    "x-acs-action:DescribeImages\nx-acs-version:2014-05-26\nhost:h\n"
    "authorization:ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-action;x-acs-date;"
    f"x-acs-signature-nonce;x-acs-content-sha256;x-acs-version,Signature={'0' * 64}"
)
_JSON = (
    b'{"RegionId":"cn","Tag":[{"Key":"k","Value":1}],"DryRun":true,"ImageId":null,"A":{"B":1.5}}'
)

_DIGITS = "9" * 5000
_OSS_BUGS = (
    b"GET /b/k\nauthorization:OSS \xff:s\ndate:Fri, 30 Jan 2026 08:15:00 GMT\n\n",
    b"GET /b/k\nhost:\xff\n\n",
    _message("GET /b/k", "authorization:" + _V4, "x-oss-date:20260130T081500Z").replace(
        b"cn-hangzhou", b"\xff"
    ),
    _message("GET /b/k", f"range:bytes={_DIGITS}-"),
    _message("GET /b/k", f"x-oss-copy-source-range:bytes=0-{_DIGITS}"),
    _message("PUT /b/k", f"x-oss-hash-crc64ecma:{_DIGITS}"),
    _message(f"GET /b/k?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-expires={_DIGITS}"),
    _message(
        "GET /b/k?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-expires=604800"
        "&x-oss-credential=id/99991231/cn/oss/aliyun_v4_request&x-oss-date=99991231T235959Z"
    ),
    _message("GET /b/k", f"if-modified-since:Fri, 30 Jan 2026 08:15:00 +{_DIGITS[:30]}"),
)

TARGETS = (
    Target(
        "oss",
        (
            _message(
                "GET /bucket/key?list-type=2&max-keys=5",
                f"authorization:{_V4},AdditionalHeaders=host,Signature=0",
                "host:bucket.localhost:8081",
                "x-oss-date:20260130T081500Z",
                "range:bytes=1-9",
                "x-oss-range-behavior:standard",
            ),
            _message(
                "PUT /bucket/key?partNumber=1&uploadId=u",
                "authorization:OSS id:c2ln",
                "date:Fri, 30 Jan 2026 08:15:00 GMT",
                "if-modified-since:Fri, 30 Jan 2026 08:15:00 +0100",
                "if-match:etag",
                "content-md5:1B2M2Y8AsgTpgAmY7PhCfg==",
                "x-oss-hash-crc64ecma:0",
                "x-oss-copy-source-range:bytes=0-9",
                "x-oss-meta-a:b",
            ),
            _message(
                "GET /bucket/key?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-expires=60"
                "&x-oss-credential=id/20260130/cn/oss/aliyun_v4_request&x-oss-signature=0"
                "&x-oss-date=20260130T081500Z"
            ),
            _message("HEAD /b/k?OSSAccessKeyId=id&Signature=s&Expires=1769761000", "host:[::1]:1"),
        ),
        _check_oss,
        bugs=_OSS_BUGS,
    ),
    Target(
        "xml",
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Delete><Quiet>true</Quiet></Delete>',
            b"<Delete><Object><Key>a</Key></Object><Object><Key>&lt;&#228;</Key></Object></Delete>",
            b'<a:Delete xmlns:a="http://x/"><a:Object/></a:Delete>',
            "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>".encode("utf-16"),
        ),
        _check_xml,
        bugs=(
            b'<?xml version="1.0" encoding="UTF-7"?><Delete/>',
            b'<?xml version="1.0" encoding="unknown"?><Delete/>',
        ),
    ),
    Target(
        "gateway",
        (
            _message(_RPC + _IMPORT),
            _message(
                "POST /?Action=DescribeTasks",
                f"content-type:{FORM}",
                body=b"TaskIds=t-1%2Ct-2&PageSize=10&PageNumber=1",
            ),
            _message("POST /", f"content-type:{JSON}", *_V3.split("\n"), body=_JSON),
        ),
        _check_gateway,
        bugs=(
            _message(
                "POST /",
                f"content-type:{JSON}",
                *_V3.split("\n"),
                body=b'{"":' * 900 + b"1" + b"}" * 900,
            ),
        ),
    ),
)
