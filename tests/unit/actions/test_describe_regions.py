"""DescribeRegions."""

from __future__ import annotations

import pytest

from support.api import Api


def test_every_region_of_the_setting_in_its_order(api: Api) -> None:
    api.set(regions=("us-west-1", "moon-1"))

    reply = api.call("DescribeRegions", AcceptLanguage="en-US")

    assert reply["Regions"]["Region"] == [
        {
            "RegionId": "us-west-1",
            "RegionEndpoint": "127.0.0.1:8080",
            "LocalName": "US (Silicon Valley)",
            "Status": "available",
        },
        {
            "RegionId": "moon-1",
            "RegionEndpoint": "127.0.0.1:8080",
            "LocalName": "moon-1",
            "Status": "available",
        },
    ]


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (None, "华东1（杭州）"),
        ("zh-CN", "华东1（杭州）"),
        ("ZH-tw", "华东1（杭州）"),
        ("en-US", "China (Hangzhou)"),
        ("ja", "China (Hangzhou)"),
    ],
)
def test_names_in_chinese_or_english(api: Api, language: str | None, name: str) -> None:
    asked = {} if language is None else {"AcceptLanguage": language}

    reply = api.call("DescribeRegions", **asked)

    assert reply["Regions"]["Region"][0]["LocalName"] == name


@pytest.mark.parametrize(
    ("name", "status", "code", "message"),
    [
        (
            "AcceptLanguage",
            404,
            "InvalidAcceptLanguage.NotFound",
            "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.",
        ),
        (
            "ResourceType",
            404,
            "InvalidResourceType.NotFound",
            "The ResourceType provided does not exist in our records.",
        ),
        (
            "InstanceChargeType",
            403,
            "Invalid.InstanceChargeType",
            "The specified instanceChargeType is not valid.",
        ),
    ],
)
def test_unknown_words(api: Api, name: str, status: int, code: str, message: str) -> None:
    error = api.refusal("DescribeRegions", **{name: "klingon"})

    assert (error.code.status, error.code.code, error.message) == (status, code, message)


def test_the_region_that_a_client_is_set_to_need_not_exist(api: Api) -> None:
    assert api.call("DescribeRegions", RegionId="nowhere")["Regions"]["Region"]
