import pytest

from imageferry.oss.errors import OssError
from imageferry.oss.request import parse_request


def test_parameters_are_decoded_in_order() -> None:
    request = parse_request("GET", b"/", b"a=1&b&a=2&c=%2B+%C3%BC&&d=e=f", [])
    assert request.parameters == [("a", "1"), ("b", ""), ("a", "2"), ("c", "+ ü"), ("d", "e=f")]
    assert request.parameter("a") == "1"
    assert request.parameter("b") == ""
    assert request.parameter("z") is None


def test_header_names_are_lower_case_and_values_stripped() -> None:
    request = parse_request(
        "GET", b"/", b"", [(b"X-OSS-Meta-A", b" v "), (b"HOST", b"H.Example:80")]
    )
    assert request.header("x-oss-meta-a") == "v"
    assert request.header("none") == ""
    assert request.host == "h.example"


def test_paths_keep_their_slashes() -> None:
    assert parse_request("GET", b"/b/a%2F%2Fb//c/", b"", []).path == "/b/a//b//c/"


def test_paths_have_to_be_utf8() -> None:
    with pytest.raises(OssError) as refused:
        parse_request("GET", b"/b/caf%E9", b"", [])
    assert refused.value.code.code == "InvalidObjectName"


def test_parameters_are_bounded() -> None:
    with pytest.raises(OssError):
        parse_request("GET", b"/", b"&".join([b"a=1"] * 201), [])


@pytest.mark.parametrize(
    ("host", "meanings"),
    [
        (b"127.0.0.1:8081", [("b", "k/l")]),
        (b"[2001:db8::1]:8081", [("b", "k/l")]),
        (b"localhost", [("b", "k/l")]),
        (b"", [("b", "k/l")]),
        (b"No_Bucket.example.com", [("b", "k/l")]),
        (b"images.example.com", [("b", "k/l"), ("images", "b/k/l")]),
    ],
)
def test_what_a_request_may_mean(host: bytes, meanings: list[tuple[str, str]]) -> None:
    request = parse_request("GET", b"/b/k/l", b"", [(b"host", host)])
    assert [(found.bucket, found.key) for found in request.addressed()] == meanings
