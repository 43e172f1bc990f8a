from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from imageferry.oss import signature_v1
from imageferry.oss.authentication import AccessKey, Authenticated, authenticate
from imageferry.oss.errors import OssError
from imageferry.oss.reply import error_reply
from imageferry.oss.request import OssRequest, parse_request

NOW = datetime(2026, 1, 30, 8, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    secret: str = "secret"
    account_id: str = "100"
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None


def signed(
    path: bytes,
    *,
    bucket: str,
    key: str,
    host: bytes = b"127.0.0.1:8081",
    time: datetime = NOW,
    token: bytes = b"",
) -> OssRequest:
    headers = [(b"host", host), (b"date", format_datetime(time, usegmt=True).encode())]
    if token:
        headers.append((b"x-oss-security-token", token))
    request = parse_request("GET", path, b"", headers)
    date = request.header("date")
    text = signature_v1.string_to_sign(replace(request, bucket=bucket, key=key), date)
    authorization = f"OSS id:{signature_v1.sign('secret', text)}"
    return replace(request, headers={**request.headers, "authorization": authorization})


def verified(request: OssRequest, key: AccessKey | None = None) -> Authenticated:
    return authenticate(request, {"id": key or Key()}.get, NOW)


def code(request: OssRequest, key: AccessKey | None = None) -> str:
    with pytest.raises(OssError) as refused:
        verified(request, key)
    return refused.value.code.code


@pytest.mark.parametrize(
    ("host", "path", "bucket", "key"),
    [
        (b"127.0.0.1:8081", b"/", "", ""),
        (b"127.0.0.1:8081", b"/images", "images", ""),
        (b"127.0.0.1:8081", b"/images/", "images", ""),
        (b"127.0.0.1:8081", b"/images/a/b", "images", "a/b"),
        (b"[::1]:8081", b"/images/a", "images", "a"),
        (b"localhost:8081", b"/images/a%2Fb", "images", "a/b"),
        (b"oss.example.com", b"/images/a", "images", "a"),
        (b"images.oss.example.com", b"/a/b", "images", "a/b"),
        (b"images.localhost", b"/", "images", ""),
        (b"images.oss-cn-hangzhou.aliyuncs.com", b"/images/a", "images", "images/a"),
        (b"images.oss-cn-hangzhou.aliyuncs.com", b"//a", "images", "/a"),
    ],
)
def test_the_signature_tells_which_bucket_is_meant(
    host: bytes, path: bytes, bucket: str, key: str
) -> None:
    found = verified(signed(path, bucket=bucket, key=key, host=host))
    assert (found.request.bucket, found.request.key) == (bucket, key)
    assert found.account_id == "100"


def test_any_change_is_noticed() -> None:
    request = signed(b"/images/a", bucket="images", key="a")
    for changed in (
        replace(request, method="PUT"),
        replace(request, path="/images/b"),
        replace(request, parameters=[("acl", "")]),
        replace(request, headers={**request.headers, "x-oss-meta-a": "1"}),
        replace(request, headers={**request.headers, "content-type": "text/plain"}),
    ):
        assert code(changed) == "SignatureDoesNotMatch"
    assert code(request, Key(secret="other")) == "SignatureDoesNotMatch"


def test_a_mismatch_says_what_was_expected() -> None:
    request = signed(b"/a", bucket="images", key="b", host=b"images.example.com")
    with pytest.raises(OssError) as refused:
        verified(request)
    details = refused.value.details
    assert details["StringToSign"].endswith("/images/a")
    assert bytes.fromhex(details["StringToSignBytes"]).decode() == details["StringToSign"]
    assert details["OSSAccessKeyId"] == "id"


def test_access_keys_that_may_not_be_used() -> None:
    request = signed(b"/", bucket="", key="")
    assert code(request, Key(active=False)) == "InvalidAccessKeyId"
    with pytest.raises(OssError) as refused:
        authenticate(request, lambda _: None, NOW)
    assert refused.value.code.code == "InvalidAccessKeyId"


def test_unsigned_requests_are_refused() -> None:
    assert code(parse_request("GET", b"/images/a", b"", [])) == "AccessDenied"
    signed_with_v2 = [(b"authorization", b"OSS2 AccessKeyId:id,Signature:x")]
    assert code(parse_request("GET", b"/images/a", b"", signed_with_v2)) == "AccessDenied"


@pytest.mark.parametrize(
    ("offset", "refused"),
    [(-901, True), (-899, False), (899, False), (901, True)],
)
def test_clocks_may_differ_by_fifteen_minutes(offset: int, refused: bool) -> None:
    request = signed(b"/", bucket="", key="", time=NOW + timedelta(seconds=offset))
    if refused:
        assert code(request) == "RequestTimeTooSkewed"
    else:
        assert verified(request).account_id == "100"


@pytest.mark.parametrize(
    ("sent", "kept", "accepted"),
    [
        (b"", None, True),
        (b"token", "token", True),
        (b"token", None, False),
        (b"", "token", False),
        (b"Token", "token", False),
    ],
)
def test_security_tokens(sent: bytes, kept: str | None, accepted: bool) -> None:
    request = signed(b"/", bucket="", key="", token=sent)
    if accepted:
        assert verified(request, Key(security_token=kept)).account_id == "100"
    else:
        assert code(request, Key(security_token=kept)) == "InvalidSecurityToken"


@pytest.mark.parametrize(("seconds", "accepted"), [(1, True), (0, False), (-1, False)])
def test_temporary_keys_run_out(seconds: int, accepted: bool) -> None:
    key = Key(security_token="token", expires=NOW + timedelta(seconds=seconds))
    request = signed(b"/", bucket="", key="", token=b"token")
    if accepted:
        assert verified(request, key).account_id == "100"
    else:
        assert code(request, key) == "SecurityTokenExpired"
        assert code(request, replace(key, secret="other")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(("seconds", "accepted"), [(1, True), (-1, False)])
def test_presigned_requests_expire(seconds: int, accepted: bool) -> None:
    expires = str(int(NOW.timestamp()) + seconds)
    request = parse_request("GET", b"/images/a", b"", [])
    text = signature_v1.string_to_sign(replace(request, bucket="images", key="a"), expires)
    parameters = [
        ("OSSAccessKeyId", "id"),
        ("Expires", expires),
        ("Signature", signature_v1.sign("secret", text)),
    ]
    request = replace(request, parameters=parameters)
    if accepted:
        assert verified(request).request.bucket == "images"
    else:
        assert code(request) == "AccessDenied"


def test_headers_that_are_no_utf8_are_signed_byte_by_byte() -> None:
    date = format_datetime(NOW, usegmt=True).encode()
    request = parse_request(
        "PUT", b"/images/a", b"", [(b"date", date), (b"x-oss-meta-a", b"caf\xe9")]
    )
    text = signature_v1.string_to_sign(replace(request, bucket="images", key="a"), date.decode())
    assert b"caf\xe9" in text.encode(errors="surrogateescape")
    authorization = f"OSS id:{signature_v1.sign('secret', text)}"
    request = replace(request, headers={**request.headers, "authorization": authorization})
    assert verified(request).request.key == "a"


def test_an_access_key_id_that_is_no_text_is_not_looked_up() -> None:
    headers = [(b"authorization", b"OSS \xff:s"), (b"date", format_datetime(NOW).encode())]
    request = parse_request("GET", b"/images/a", b"", headers)
    with pytest.raises(OssError) as refused:
        authenticate(request, lambda _: pytest.fail("looked up"), NOW)
    assert refused.value.code.code == "InvalidAccessKeyId"
    assert b"InvalidAccessKeyId" in error_reply(refused.value, request, "id").body
