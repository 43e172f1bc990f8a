from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from imageferry.oss.authentication import Authenticated
from imageferry.oss.error_codes import METHOD_NOT_ALLOWED, NO_SUCH_KEY
from imageferry.oss.refusals import is_kept, refused_call
from imageferry.oss.request import OssRequest

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PARAMETERS = [
    ("versionId", "null"),
    ("OSSAccessKeyId", "LTAI"),
    ("Signature", "s"),
    ("Expires", "1"),
    ("security-token", "t"),
    ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
    ("x-oss-credential", "c"),
    ("x-oss-date", "d"),
    ("x-oss-expires", "60"),
    ("X-Oss-Signature", "s"),
    ("x-oss-security-token", "t"),
    ("x-oss-additional-headers", "host"),
]
REQUEST = OssRequest("GET", "host", "/golden/a b", PARAMETERS, {}, "golden", "a b")
SENDER = Authenticated(REQUEST, "LTAI", "100", "")


def test_a_refused_request_is_kept_without_what_signs_it() -> None:
    call = refused_call(SENDER, "GetObject", NO_SUCH_KEY.error("Not here."), "ID", NOW)

    assert (call.request_id, call.account_id, call.time) == ("ID", "100", NOW)
    assert (call.access_key_id, call.action, call.status) == ("LTAI", "GetObject", 404)
    assert (call.code, call.message) == ("NoSuchKey", "Not here.")
    assert not call.recommend
    assert call.parameters == {"Bucket": "golden", "Key": "a b", "versionId": "null"}


def test_a_request_for_nothing_is_called_by_its_method() -> None:
    request = dataclasses.replace(REQUEST, method="PROPFIND" * 10)
    sender = dataclasses.replace(SENDER, request=request)

    call = refused_call(sender, "", METHOD_NOT_ALLOWED.error(), "ID", NOW)

    assert call.action == "PROPFINDPROPFIND"


@pytest.mark.parametrize(("method", "kept"), [("GET", True), ("PUT", True), ("HEAD", False)])
def test_questions_whether_an_object_is_there_are_not_kept(method: str, kept: bool) -> None:
    assert is_kept(dataclasses.replace(REQUEST, method=method)) is kept
