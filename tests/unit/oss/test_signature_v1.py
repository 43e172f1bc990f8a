import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from imageferry.oss import signature_v1
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest, parse_request

DATE = "Thu, 17 Nov 2005 18:49:58 GMT"
SIGNED_AT = datetime(2005, 11, 17, 18, 49, 58, tzinfo=UTC)
# The example in OSS's documentation of the signature.
SECRET = "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV"
SIGNATURE = "26NBxoKdsyly4EDv6inkoDft/yA="
HEADERS = [
    (b"Host", b"oss-example.oss-cn-hangzhou.aliyuncs.com"),
    (b"Content-MD5", b"ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM="),
    (b"Content-Type", b"text/html"),
    (b"Date", DATE.encode()),
    (b"X-OSS-Meta-Author", b"foo@bar.com"),
    (b"X-OSS-Magic", b"abracadabra"),
]


def example(*more: tuple[bytes, bytes], query: bytes = b"") -> OssRequest:
    return parse_request("PUT", b"/nelson", query, [*HEADERS, *more])


def addressed(request: OssRequest) -> OssRequest:
    return list(request.addressed())[-1]


def test_documented_example() -> None:
    text = signature_v1.string_to_sign(addressed(example()), DATE)
    assert signature_v1.sign(SECRET, text) == SIGNATURE


def test_header_claim() -> None:
    request = example((b"Authorization", b"OSS 44CF9590006BF252F707:" + SIGNATURE.encode()))
    claim = signature_v1.claim(request)
    assert claim is not None
    assert (claim.access_key_id, claim.signature) == ("44CF9590006BF252F707", SIGNATURE)
    assert claim.sign(SECRET, claim.string_to_sign(addressed(request))) == SIGNATURE
    assert (claim.signed_at, claim.expires, claim.token, claim.region) == (SIGNED_AT, None, "", "")


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets the server be where the clocks show another time than UTC."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize("zone", ["GMT", "UT", "+0000", "-0000"])
def test_a_date_is_read_alike_wherever_the_server_is(zone: str) -> None:
    date = f"Thu, 17 Nov 2005 18:49:58 {zone}".encode()
    headers = [(b"Authorization", b"OSS a:b"), (b"Date", date)]

    claim = signature_v1.claim(parse_request("PUT", b"/nelson", b"", headers))

    assert claim is not None
    assert claim.signed_at == SIGNED_AT


def test_x_oss_date_goes_before_date() -> None:
    request = example((b"Authorization", b"OSS a:b"), (b"x-oss-date", b"20051117T185000Z"))
    claim = signature_v1.claim(request)
    assert claim is not None
    assert claim.signed_at == SIGNED_AT + timedelta(seconds=2)
    assert "\n20051117T185000Z\nx-oss-date:20051117T185000Z" in claim.string_to_sign(request)


def test_query_claim() -> None:
    query = b"OSSAccessKeyId=id&Expires=1132253400&Signature=s%2Bg%3D&security-token=t&acl&x=1"
    claim = signature_v1.claim(example(query=query))
    assert claim is not None
    assert (claim.access_key_id, claim.signature, claim.token) == ("id", "s+g=", "t")
    assert claim.expires == datetime.fromtimestamp(1132253400, UTC)
    text = claim.string_to_sign(addressed(example(query=query)))
    assert "\n1132253400\n" in text
    assert text.endswith("\n/oss-example/nelson?acl&security-token=t")


@pytest.mark.parametrize(
    ("path", "query", "resource"),
    [
        (b"/", b"prefix=a", "/"),
        (b"/bucket", b"uploads", "/bucket/?uploads"),
        (
            b"/bucket/a%2Fb%20c",
            b"partNumber=2&uploadId=X&foo=1",
            "/bucket/a/b c?partNumber=2&uploadId=X",
        ),
        (b"/bucket/k", b"response-content-type=a%2Fb+c", "/bucket/k?response-content-type=a/b c"),
    ],
)
def test_resource(path: bytes, query: bytes, resource: str) -> None:
    request = next(parse_request("GET", path, query, []).addressed())
    assert signature_v1.string_to_sign(request, "D") == f"GET\n\n\nD\n{resource}"


def test_other_requests_make_no_claim() -> None:
    assert signature_v1.claim(example()) is None
    assert signature_v1.claim(example((b"Authorization", b"OSS4-HMAC-SHA256 x"))) is None


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"Authorization", b"OSS id")], b""),
        ([(b"Authorization", b"OSS id:s"), (b"Date", b"yesterday")], b""),
        ([(b"Authorization", b"OSS id:s"), (b"x-oss-date", b"2005Z")], b""),
        ([], b"OSSAccessKeyId=id&Signature=s"),
        ([], b"OSSAccessKeyId=id&Signature=s&Expires=soon"),
        ([], b"OSSAccessKeyId=id&Signature=s&Expires=99999999999999999999"),
    ],
)
def test_claims_that_cannot_be_read(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    with pytest.raises(OssError):
        signature_v1.claim(example(*headers, query=query))
