"""AssumeRole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from imageferry.accounts import access_keys
from imageferry.accounts.access_keys import AccessKey
from imageferry.accounts.roles import IMPORT_ROLE
from imageferry.database.metadata import now
from support.api import Api

SLACK = timedelta(seconds=60)


def _arn(api: Api, role: str = IMPORT_ROLE) -> str:
    return f"acs:ram::{api.account_id}:role/{role}"


def _assume(api: Api, **parameters: object) -> dict[str, Any]:
    return api.call(
        "AssumeRole", **{"RoleArn": _arn(api), "RoleSessionName": "al@x-1", **parameters}
    )


def _key(api: Api, reply: dict[str, Any]) -> AccessKey:
    with api.database.read() as connection:
        key = access_keys.find(connection, reply["Credentials"]["AccessKeyId"])
    assert key is not None
    return key


def test_credentials_are_those_of_a_temporary_key(api: Api) -> None:
    reply = _assume(api)
    key = _key(api, reply)

    assert reply["Credentials"] == {
        "AccessKeyId": key.access_key_id,
        "AccessKeySecret": key.secret,
        "SecurityToken": key.security_token,
        "Expiration": f"{key.expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert key.access_key_id.startswith("STS.")
    assert (key.account_id, key.role_name) == (api.account_id, IMPORT_ROLE)


def test_the_assumed_role_has_the_session_s_name(api: Api) -> None:
    role_id = api.call("GetRole", RoleName=IMPORT_ROLE)["Role"]["RoleId"]

    assert _assume(api)["AssumedRoleUser"] == {
        "Arn": f"{_arn(api)}/al@x-1",
        "AssumedRoleId": f"{role_id}:al@x-1",
    }


@pytest.mark.parametrize(
    ("parameters", "seconds"),
    [
        ({}, 3600),
        ({"DurationSeconds": 900}, 900),
        ({"DurationSeconds": 43_200}, 43_200),
    ],
)
def test_credentials_last_as_long_as_asked_for(
    api: Api, parameters: dict[str, int], seconds: int
) -> None:
    expires = datetime.fromisoformat(_assume(api, **parameters)["Credentials"]["Expiration"])

    assert abs(expires - now() - timedelta(seconds=seconds)) < SLACK


def test_credentials_never_outlive_those_they_are_got_with(api: Api) -> None:
    api.expires = now() + timedelta(seconds=1000)

    assert _key(api, _assume(api)).expires == api.expires
    assert _key(api, _assume(api, DurationSeconds=900)).expires != api.expires


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"RoleArn": "AliyunECSImageImportDefaultRole"}, "InvalidParameter.RoleArn"),
        ({"RoleArn": "acs:ram::1:user/alice"}, "InvalidParameter.RoleArn"),
        ({"RoleSessionName": "x"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "x" * 65}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "with space"}, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": 899}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": 43_201}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "an hour"}, "InvalidParameter.DurationSeconds"),
        ({"Policy": "x" * 2049}, "InvalidParameter.PolicyGrammar"),
        ({"RoleArn": ""}, "MissingParameter"),
        ({"RoleSessionName": ""}, "MissingParameter"),
    ],
)
def test_refusals(api: Api, parameters: dict[str, object], code: str) -> None:
    complete = {"RoleArn": _arn(api), "RoleSessionName": "alice", **parameters}

    assert api.refusal("AssumeRole", **complete).code.code == code


def test_a_role_limits_how_long_it_can_be_assumed(api: Api) -> None:
    api.call("CreateRole", RoleName="short", AssumeRolePolicyDocument='{"Statement": [{}]}')
    parameters = {"RoleArn": _arn(api, "short"), "RoleSessionName": "alice"}

    assert api.call("AssumeRole", DurationSeconds=3600, **parameters)
    error = api.refusal("AssumeRole", DurationSeconds=3601, **parameters)
    assert error.code.code == "InvalidParameter.DurationSeconds"
    assert "short can be assumed for 3600 seconds at most" in error.recommend


def test_only_the_account_s_own_roles_can_be_assumed(api: Api) -> None:
    other = api.as_other_account()

    for arn in (_arn(api, "nobody"), _arn(other)):
        error = api.refusal("AssumeRole", RoleArn=arn, RoleSessionName="alice")
        assert (error.code.status, error.code.code) == (404, "EntityNotExist.Role")
