from datetime import UTC, datetime, timedelta

import pytest

from imageferry.buckets.interface import ObjectInfo
from imageferry.oss.conditions import Conditions, copy_range, http_date, requested_range
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest, parse_request

MODIFIED = datetime(2026, 1, 30, 8, 15, 0, 500_000, tzinfo=UTC)
INFO = ObjectInfo("k", 1000, "TAG", MODIFIED)
SAME, BEFORE, AFTER = (http_date(MODIFIED + timedelta(seconds=seconds)) for seconds in (0, -1, 1))


def request(**headers: str) -> OssRequest:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return parse_request("GET", b"/b/k", b"", pairs)


@pytest.mark.parametrize(
    ("headers", "goes_on"),
    [
        ({}, True),
        ({"if_match": '"TAG"'}, True),
        ({"if_match": "TAG"}, True),
        ({"if_match": "*"}, True),
        ({"if_match": '"OTHER", "TAG"'}, True),
        ({"if_none_match": '"TAG"'}, False),
        ({"if_none_match": 'W/"TAG"'}, False),
        ({"if_none_match": "*"}, False),
        ({"if_none_match": '"OTHER"'}, True),
        ({"if_modified_since": SAME}, False),
        ({"if_modified_since": AFTER}, False),
        ({"if_modified_since": BEFORE}, True),
        ({"if_modified_since": "nonsense"}, True),
        ({"if_modified_since": f"Fri, 30 Jan 2026 08:15:00 +{'9' * 30}"}, True),
        ({"if_unmodified_since": SAME}, True),
        ({"if_none_match": '"OTHER"', "if_modified_since": AFTER}, True),
        ({"if_match": '"TAG"', "if_unmodified_since": BEFORE}, True),
    ],
)
def test_conditions_that_do_not_refuse(headers: dict[str, str], goes_on: bool) -> None:
    assert Conditions.of_read(request(**headers)).check(INFO) is goes_on


@pytest.mark.parametrize(
    "headers", [{"if_match": '"OTHER"'}, {"if_match": '"tag"'}, {"if_unmodified_since": BEFORE}]
)
def test_conditions_that_refuse(headers: dict[str, str]) -> None:
    with pytest.raises(OssError) as refused:
        Conditions.of_read(request(**headers)).check(INFO)
    assert refused.value.code.status == 412


def test_a_copy_has_conditions_of_its_own() -> None:
    copy = request(if_match='"OTHER"', x_oss_copy_source_if_match='"TAG"')
    assert Conditions.of_copy(copy).check(INFO) is True


@pytest.mark.parametrize(
    ("header", "oss", "standard"),
    [
        ("bytes=0-0", (0, 1), (0, 1)),
        ("bytes=0-999", (0, 1000), (0, 1000)),
        ("bytes=500-", (500, 500), (500, 500)),
        ("bytes=-100", (900, 100), (900, 100)),
        ("bytes=-2000", (0, 1000), (0, 1000)),
        ("bytes=500-2000", None, (500, 500)),
        ("bytes=1000-2000", None, "InvalidRange"),
        ("bytes=1000-", None, "InvalidRange"),
        ("bytes=-0", None, "InvalidRange"),
        ("bytes=5-4", None, None),
        ("bytes=0-1,3-4", None, None),
        ("bytes=-", None, None),
        (f"bytes={'9' * 5000}-", None, None),
        ("chunks=0-1", None, None),
        ("", None, None),
    ],
)
def test_ranges(
    header: str, oss: tuple[int, int] | None, standard: tuple[int, int] | str | None
) -> None:
    assert requested_range(request(range=header), 1000) == oss
    strict = request(range=header, x_oss_range_behavior="standard")
    if isinstance(standard, str):
        with pytest.raises(OssError) as refused:
            requested_range(strict, 1000)
        assert refused.value.code.code == standard
    else:
        assert requested_range(strict, 1000) == standard


def test_no_range_of_an_empty_object() -> None:
    assert requested_range(request(range="bytes=0-"), 0) is None


def test_copy_ranges() -> None:
    assert copy_range(request(), 10) == (0, 10)
    assert copy_range(request(x_oss_copy_source_range="bytes=2-9"), 10) == (2, 8)


@pytest.mark.parametrize(
    "header", ["bytes=2-10", "bytes=3-2", "bytes=2-", "bytes=-2", "2-3", f"bytes=0-{'9' * 5000}"]
)
def test_copy_ranges_that_are_refused(header: str) -> None:
    with pytest.raises(OssError):
        copy_range(request(x_oss_copy_source_range=header), 10)
