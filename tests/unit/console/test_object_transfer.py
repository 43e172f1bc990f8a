"""What a browser is told of a file to save."""

from __future__ import annotations

import pytest

from imageferry.console.object_calls import ObjectError, error_of
from imageferry.console.object_transfer import attachment


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b/disk.raw", "disk.raw"),
        (
            'x"; filename=evil.exe\r\nSet-Cookie: a',
            "x%22%3B%20filename%3Devil.exe%0D%0ASet-Cookie%3A%20a",
        ),
        ("镜像.raw", "%E9%95%9C%E5%83%8F.raw"),
        ("folder/", "folder"),
        ("/", "object"),
    ],
)
def test_whatever_a_key_holds_it_stays_a_name(key: str, name: str) -> None:
    assert attachment(key) == f"attachment; filename*=UTF-8''{name}"


def test_an_answer_tells_its_error() -> None:
    body = b"<Error><Code>NoSuchKey</Code><Message>It is gone.</Message></Error>"

    assert error_of(404, body) == ObjectError(404, "NoSuchKey", "It is gone.")
    assert error_of(404, b"") == ObjectError(404, "", "")
    assert error_of(204, b"") is None
