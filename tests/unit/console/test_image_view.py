"""Addresses of views of the list of images."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from imageferry.console.image_view import FORMATS, STATUSES, read_view
from imageferry.images.model import ImageStatus

REGIONS = ("cn-hangzhou",)


def test_a_view_reads_its_own_address() -> None:
    query = {"search": "a&b", "status": "Available", "format": "QCOW2", "tag": "team = a=b"}
    view = read_view({**query, "region": "cn-hangzhou", "page": "3"}, REGIONS)

    again = read_view(dict(parse_qsl(urlsplit(view.address).query)), REGIONS)

    assert again == view
    assert (view.number, view.condition.search, view.is_filtered) == (3, "a&b", True)
    assert (view.condition.tag_key, view.condition.tag_value) == ("team", "a=b")
    assert read_view({}, REGIONS).page(1) == "/console/images"
    assert read_view({}, REGIONS).page(2) == "/console/images?page=2"


@pytest.mark.parametrize(
    "query",
    [
        {"status": "Weird"},
        {"format": "<script>"},
        {"region": "mars"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "9" * 30},
        {"search": "\0"},
    ],
)
def test_what_cannot_be_used_is_passed_over(query: dict[str, str]) -> None:
    assert read_view(query, REGIONS) == read_view({}, REGIONS)


def test_numbers_and_texts_have_their_limits() -> None:
    view = read_view({"search": "x" * 10_000, "page": "9" * 18}, ())

    assert len(view.condition.search) == 128
    assert view.number == 100_000


def test_the_statuses_are_those_of_images() -> None:
    assert set(STATUSES) == {status.value for status in ImageStatus}
    assert "QCOW2" in FORMATS
