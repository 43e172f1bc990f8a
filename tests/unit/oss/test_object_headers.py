from __future__ import annotations

import pytest

from imageferry.oss import object_headers
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest, parse_request


def put(name: bytes, value: bytes) -> OssRequest:
    return parse_request("PUT", b"/b/k", b"", [(name, value)])


def test_a_media_type_is_kept_as_it_came() -> None:
    assert object_headers.content_type(put(b"Content-Type", "a/b; c=é".encode())) == "a/b; c=é"
    assert object_headers.content_type(put(b"Host", b"h")) == object_headers.DEFAULT_CONTENT_TYPE


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(OssError) as refused:
        object_headers.content_type(put(b"Content-Type", b"a/b; c=\xe9"))
    assert refused.value.code.code == "InvalidArgument"
    with pytest.raises(OssError) as refused:
        object_headers.metadata(put(b"x-oss-meta-c", b"\xe9"))
    assert refused.value.code.code == "InvalidArgument"
