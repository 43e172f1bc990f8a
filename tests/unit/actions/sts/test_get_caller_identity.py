"""GetCallerIdentity."""

from __future__ import annotations

from imageferry.accounts.roles import IMPORT_ROLE
from support.api import Api


def test_an_account_s_key(api: Api) -> None:
    assert api.call("GetCallerIdentity") == {
        "IdentityType": "Account",
        "AccountId": api.account_id,
        "PrincipalId": api.account_id,
        "UserId": api.account_id,
        "Arn": f"acs:ram::{api.account_id}:root",
    }


def test_a_key_of_an_assumed_role(api: Api) -> None:
    role = api.call("GetRole", RoleName=IMPORT_ROLE)["Role"]
    assumed = api.call("AssumeRole", RoleArn=role["Arn"], RoleSessionName="alice")
    api.access_key_id = assumed["Credentials"]["AccessKeyId"]

    assert api.call("GetCallerIdentity") == {
        "IdentityType": "AssumedRoleUser",
        "AccountId": api.account_id,
        "PrincipalId": f"{role['RoleId']}:alice",
        "RoleId": role["RoleId"],
        "Arn": f"acs:ram::{api.account_id}:assumed-role/{IMPORT_ROLE}/alice",
    }
