from datetime import UTC, datetime, timedelta

import pytest
from alibabacloud_oss_v2.credentials import StaticCredentialsProvider
from alibabacloud_oss_v2.signer.v4 import SignerV4
from alibabacloud_oss_v2.types import HttpRequest, SigningContext

from imageferry.oss import signature_v4
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest, parse_request

NOW = datetime(2026, 1, 30, 8, 15, 0, tzinfo=UTC)
SCOPE = "20260130/cn-hangzhou/oss/aliyun_v4_request"
KEY = "a b/ü+%.txt"
PATH = b"/bucket/a%20b/%C3%BC%2B%25.txt"


def signed_by_the_sdk(*, presigned: bool, token: str | None = None) -> HttpRequest:
    """A request with metadata, a query and an additional header, as the official SDK signs it."""
    request = HttpRequest(
        "PUT",
        "http://127.0.0.1/bucket/a%20b/%C3%BC%2B%25.txt?uploadId=x%2Fy&acl",
        headers={"x-oss-meta-a": "b", "content-type": "text/plain", "range": "bytes=0-1"},
    )
    context = SigningContext(
        product="oss",
        region="cn-hangzhou",
        bucket="bucket",
        key=KEY,
        request=request,
        credentials=StaticCredentialsProvider("id", "secret", token).get_credentials(),
        signing_time=NOW,
    )
    context.auth_method_query = presigned
    context.expiration_time = NOW + timedelta(minutes=5)
    context.additional_headers = {"Range"}
    SignerV4().sign(context)
    return request


def received(request: HttpRequest) -> OssRequest:
    _, _, query = request.url.partition("?")
    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    return parse_request("PUT", PATH, query.encode(), headers)


@pytest.mark.parametrize("presigned", [False, True])
@pytest.mark.parametrize("token", [None, "to/ken+=="])
def test_what_the_sdk_signs_is_verified(presigned: bool, token: str | None) -> None:
    request = received(signed_by_the_sdk(presigned=presigned, token=token))
    claim = signature_v4.claim(request)
    assert claim is not None
    text = claim.string_to_sign(next(request.addressed()))
    assert claim.sign("secret", text) == claim.signature
    assert claim.sign("Secret", text) != claim.signature
    assert (claim.access_key_id, claim.region, claim.token) == ("id", "cn-hangzhou", token or "")
    assert claim.signed_at == NOW
    assert claim.expires == (NOW + timedelta(minutes=5) if presigned else None)


def header_request(**changes: str) -> OssRequest:
    fields = {"Credential": f"id/{SCOPE}", "Signature": "0" * 64} | changes
    date = fields.pop("date", "20260130T081500Z")
    digest = fields.pop("digest", "UNSIGNED-PAYLOAD")
    authorization = ", ".join(f"{name}={value}" for name, value in fields.items())
    headers = {
        "authorization": f"OSS4-HMAC-SHA256 {authorization}",
        "x-oss-date": date,
        "x-oss-content-sha256": digest,
    }
    return parse_request(
        "GET",
        b"/",
        b"",
        [(k.encode(), v.encode(errors="surrogateescape")) for k, v in headers.items()],
    )


def test_fields_may_be_separated_by_comma_and_space() -> None:
    claim = signature_v4.claim(header_request(AdditionalHeaders="Host;range"))
    assert claim is not None
    assert claim.access_key_id == "id"


@pytest.mark.parametrize(
    "changes",
    [
        {"Credential": "id"},
        {"Credential": "id/20260130/cn-hangzhou/s3/aliyun_v4_request"},
        {"Credential": "id/20260130/cn-hangzhou/oss/aws4_request"},
        {"Credential": f"id/{SCOPE}/more"},
        {"date": "20260131T081500Z"},
        {"date": "yesterday"},
        {"date": ""},
        {"digest": "0" * 64},
    ],
)
def test_claims_that_cannot_be_read(changes: dict[str, str]) -> None:
    with pytest.raises(OssError):
        signature_v4.claim(header_request(**changes))


@pytest.mark.parametrize("expires", ["", "0", "-1", "604801", "1e3", "x", "9" * 5000])
def test_presigned_requests_live_a_week_at_most(expires: str) -> None:
    query = (
        f"x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=id/{SCOPE}"
        f"&x-oss-date=20260130T081500Z&x-oss-expires={expires}&x-oss-signature=0"
    )
    with pytest.raises(OssError):
        signature_v4.claim(parse_request("GET", b"/", query.encode(), []))


def test_other_requests_make_no_claim() -> None:
    headers = [(b"authorization", b"OSS id:signature")]
    assert signature_v4.claim(parse_request("GET", b"/", b"OSSAccessKeyId=id", headers)) is None


def test_a_presigned_request_may_expire_at_the_end_of_time() -> None:
    query = (
        "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=99991231T235959Z&x-oss-signature=0"
        "&x-oss-credential=id/99991231/cn/oss/aliyun_v4_request&x-oss-expires=604800"
    )
    claim = signature_v4.claim(parse_request("GET", b"/", query.encode(), []))
    assert claim is not None
    assert claim.expires == datetime.max.replace(tzinfo=UTC)


def test_a_scope_that_is_no_utf_8_can_be_signed() -> None:
    request = header_request(Credential="id/20260130/\udcff/oss/aliyun_v4_request")
    claim = signature_v4.claim(request)
    assert claim is not None
    assert len(claim.sign("secret", claim.string_to_sign(request))) == 64
