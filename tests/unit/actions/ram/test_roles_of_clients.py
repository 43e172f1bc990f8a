"""The actions of RAM, in the order in which clients call them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from imageferry.accounts.roles import EXPORT_ROLE, IMPORT_ROLE
from support.api import Api

TRUST = json.dumps(
    {
        "Statement": [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"Service": ["ecs.aliyuncs.com"]},
            }
        ],
        "Version": "1",
    }
)
POLICY = {"PolicyType": "System", "PolicyName": "AliyunECSImageImportRolePolicy"}


def _create(api: Api, **parameters: object) -> dict[str, Any]:
    reply = api.call(
        "CreateRole",
        **{"RoleName": "image-builder", "AssumeRolePolicyDocument": TRUST, **parameters},
    )
    role: dict[str, Any] = reply["Role"]
    return role


def _policies(api: Api, role: str) -> list[dict[str, Any]]:
    policies: list[dict[str, Any]] = api.call("ListPoliciesForRole", RoleName=role)["Policies"][
        "Policy"
    ]
    return policies


@pytest.mark.parametrize(
    ("role", "policy"),
    [
        (IMPORT_ROLE, "AliyunECSImageImportRolePolicy"),
        (EXPORT_ROLE, "AliyunECSImageExportRolePolicy"),
    ],
)
def test_ecs_has_its_roles_and_they_their_policies(api: Api, role: str, policy: str) -> None:
    found = api.call("GetRole", RoleName=role)["Role"]

    assert found["Arn"] == f"acs:ram::{api.account_id}:role/{role}"
    trusted = json.loads(found["AssumeRolePolicyDocument"])["Statement"][0]["Principal"]["Service"]
    assert trusted == ["ecs.aliyuncs.com"]
    (attached,) = _policies(api, role)
    assert (attached["PolicyName"], attached["PolicyType"]) == (policy, "System")


def test_a_client_makes_its_own_role_where_it_finds_none(api: Api) -> None:
    missing = api.refusal("GetRole", RoleName="image-builder")
    assert (missing.code.status, missing.code.code) == (404, "EntityNotExist.Role")

    role = _create(api, Description="Builds images.", MaxSessionDuration=7200)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", role["CreateDate"])
    assert role == {
        "RoleId": role["RoleId"],
        "RoleName": "image-builder",
        "Arn": f"acs:ram::{api.account_id}:role/image-builder",
        "Description": "Builds images.",
        "AssumeRolePolicyDocument": TRUST,
        "MaxSessionDuration": 7200,
        "CreateDate": role["CreateDate"],
        "UpdateDate": role["CreateDate"],
    }
    assert api.call("GetRole", RoleName="image-builder")["Role"] == role
    assert _policies(api, "image-builder") == []
    assert api.call("AttachPolicyToRole", RoleName="image-builder", **POLICY) == {}
    assert [each["PolicyName"] for each in _policies(api, "image-builder")] == [
        POLICY["PolicyName"]
    ]


def test_a_client_changes_who_is_trusted(api: Api) -> None:
    before = _create(api, Description="Builds images.")
    trust = TRUST.replace("ecs", "oss")

    api.call("UpdateRole", RoleName="image-builder", NewAssumeRolePolicyDocument=trust)
    reply = api.call("UpdateRole", RoleName="image-builder", NewMaxSessionDuration=43_200)

    changed = {"AssumeRolePolicyDocument": trust, "MaxSessionDuration": 43_200}
    expected = before | changed | {"UpdateDate": reply["Role"]["UpdateDate"]}
    assert reply["Role"] == expected
    assert api.call("GetRole", RoleName="image-builder")["Role"] == expected


def test_what_there_is_already_is_told(api: Api) -> None:
    exists = api.refusal("CreateRole", RoleName=IMPORT_ROLE, AssumeRolePolicyDocument=TRUST)
    assert (exists.code.status, exists.code.code) == (409, "EntityAlreadyExists.Role")

    attached = api.refusal("AttachPolicyToRole", RoleName=IMPORT_ROLE, **POLICY)
    assert (attached.code.status, attached.code.code) == (409, "EntityAlreadyExists.Role.Policy")


def test_a_policy_tells_what_it_permits(api: Api) -> None:
    reply = api.call("GetPolicy", **POLICY)

    policy, version = reply["Policy"], reply["DefaultPolicyVersion"]
    assert (policy["PolicyName"], policy["PolicyType"]) == (POLICY["PolicyName"], "System")
    assert (policy["DefaultVersion"], policy["AttachmentCount"]) == ("v1", 1)
    assert "oss:GetObject" in json.loads(policy["PolicyDocument"])["Statement"][0]["Action"]
    assert (version["VersionId"], version["IsDefaultVersion"]) == ("v1", True)
    assert version["PolicyDocument"] == policy["PolicyDocument"]


@pytest.mark.parametrize(
    "policy", [{"PolicyType": "Custom"}, {"PolicyName": "AdministratorAccess"}]
)
def test_policies_that_there_are_not(api: Api, policy: dict[str, str]) -> None:
    wanted = POLICY | policy

    for error in (
        api.refusal("GetPolicy", **wanted),
        api.refusal("AttachPolicyToRole", RoleName=EXPORT_ROLE, **wanted),
    ):
        assert (error.code.status, error.code.code) == (404, "EntityNotExist.Policy")


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("GetRole", {}),
        ("ListPoliciesForRole", {}),
        ("UpdateRole", {}),
        ("AttachPolicyToRole", POLICY),
    ],
)
def test_roles_of_other_accounts_are_unknown(
    api: Api, action: str, parameters: dict[str, str]
) -> None:
    _create(api.as_other_account())

    error = api.refusal(action, RoleName="image-builder", **parameters)

    assert (error.code.status, error.code.code) == (404, "EntityNotExist.Role")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"RoleName": "a b"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"RoleName": "a" * 65}, "InvalidParameter.RoleName.Length"),
        ({"Description": "a" * 1025}, "InvalidParameter.Description.Length"),
        ({"MaxSessionDuration": 3599}, "InvalidParameter.MaxSessionDuration"),
        ({"MaxSessionDuration": 43_201}, "InvalidParameter.MaxSessionDuration"),
        ({"AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": "[]"}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": '{"Statement": {}}'}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": '{"Statement": []}'}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": "[" * 2048}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": TRUST + " " * 2048}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": ""}, "MissingParameter"),
    ],
)
def test_roles_that_cannot_be_made(api: Api, parameters: dict[str, object], code: str) -> None:
    wanted = {"RoleName": "image-builder", "AssumeRolePolicyDocument": TRUST, **parameters}

    assert api.refusal("CreateRole", **wanted).code.code == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"PolicyType": "Mine"}, "InvalidParameter.PolicyType"),
        ({"PolicyName": "a_b"}, "InvalidParameter.PolicyName.InvalidChars"),
    ],
)
def test_policies_that_cannot_be_named(api: Api, parameters: dict[str, str], code: str) -> None:
    assert api.refusal("GetPolicy", **(POLICY | parameters)).code.code == code


def test_a_trust_policy_that_is_none_changes_nothing(api: Api) -> None:
    before = _create(api)

    refused = api.refusal(
        "UpdateRole", RoleName="image-builder", NewAssumeRolePolicyDocument="trust everybody"
    )

    assert refused.code.code == "MalformedPolicyDocument"
    assert api.call("GetRole", RoleName="image-builder")["Role"] == before
