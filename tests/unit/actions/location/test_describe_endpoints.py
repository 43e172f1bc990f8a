"""DescribeEndpoints."""

from __future__ import annotations

import pytest

from support.api import Api


def _endpoints(api: Api, **parameters: object) -> list[dict[str, object]]:
    reply = api.call("DescribeEndpoints", **{"Id": "cn-hangzhou", **parameters})
    assert reply["Success"] is True
    found: list[dict[str, object]] = reply["Endpoints"]["Endpoint"]
    return found


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("ecs", "127.0.0.1:8080"),
        ("Ecs", "127.0.0.1:8080"),
        ("oss", "127.0.0.1:8081"),
        ("ram", "127.0.0.1:8080"),
        ("sts", "127.0.0.1:8080"),
        ("location", "127.0.0.1:8080"),
    ],
)
def test_every_product_is_here(api: Api, code: str, address: str) -> None:
    assert _endpoints(api, ServiceCode=code, Type="openAPI") == [
        {
            "Endpoint": address,
            "Id": "cn-hangzhou",
            "Type": "openAPI",
            "ServiceCode": code,
            "SerivceCode": code,
            "Protocols": {"Protocols": ["HTTP"]},
        }
    ]


@pytest.mark.parametrize(
    ("parameters", "types"),
    [
        ({}, ["openAPI"]),
        ({"Type": ""}, ["openAPI"]),
        ({"Type": "innerAPI"}, ["innerAPI"]),
        ({"Type": "other"}, []),
    ],
)
def test_types_of_addresses(api: Api, parameters: dict[str, str], types: list[str]) -> None:
    found = _endpoints(api, ServiceCode="ecs", **parameters)

    assert [endpoint["Type"] for endpoint in found] == types


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        (
            {"Id": "moon-1", "ServiceCode": "ecs"},
            "InvalidRegionId",
            "The specified region does not exist.",
        ),
        (
            {"Id": "cn-hangzhou", "ServiceCode": "rds"},
            "Illegal Parameter",
            "Please check the parameters",
        ),
    ],
)
def test_refusals_are_those_that_the_sdk_knows(
    api: Api, parameters: dict[str, str], code: str, message: str
) -> None:
    error = api.refusal("DescribeEndpoints", **parameters)

    assert (error.code.code, error.message) == (code, message)
