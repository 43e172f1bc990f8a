from __future__ import annotations

import json
import re

import pytest

from imageferry.accounts import access_keys, roles
from imageferry.accounts.policies import EXPORT_POLICY, IMPORT_POLICY, SYSTEM_POLICIES
from imageferry.accounts.roles import PolicyAttachedError, Role, RoleExistsError
from support.rows import Rows


def _create(rows: Rows, name: str = "builder") -> Role:
    with rows.database.write() as connection:
        return roles.create(connection, rows.account, name, assume_role_policy_document="{}")


@pytest.mark.parametrize(
    ("name", "policy"),
    [(roles.IMPORT_ROLE, IMPORT_POLICY), (roles.EXPORT_ROLE, EXPORT_POLICY)],
)
def test_every_account_has_the_roles_of_imports_and_exports(
    rows: Rows, name: str, policy: object
) -> None:
    with rows.database.write() as connection:
        for account in (rows.account, access_keys.create_account(connection, "another")):
            role = roles.find(connection, account, name)
            assert role is not None
            assert role.arn == f"acs:ram::{account}:role/{name}"
            trusted = json.loads(role.assume_role_policy_document)["Statement"][0]["Principal"]
            assert trusted == {"Service": ["ecs.aliyuncs.com"]}
            (attachment,) = roles.attachments(connection, role)
            assert attachment.policy == policy


def test_a_role_is_found_again(rows: Rows) -> None:
    role = _create(rows)

    assert re.fullmatch(r"[1-9]\d{17}", role.role_id)
    with rows.database.write() as connection:
        other = access_keys.create_account(connection, "another")
        assert roles.find(connection, rows.account, "builder") == role
        assert roles.find(connection, rows.account, "Builder") is None
        assert roles.find(connection, other, "builder") is None


def test_a_name_is_given_once(rows: Rows) -> None:
    _create(rows)

    with pytest.raises(RoleExistsError):
        _create(rows)


def test_a_role_is_changed_alone(rows: Rows) -> None:
    role, other = _create(rows), _create(rows, "other")
    with rows.database.write() as connection:
        roles.update(connection, rows.account, "builder", {"description": "Builds."})
        changed = roles.find(connection, rows.account, "builder")

        assert roles.find(connection, rows.account, "other") == other
    assert changed is not None
    assert (changed.description, changed.created) == ("Builds.", role.created)
    assert changed.updated > role.updated


def test_policies_are_listed_in_the_order_they_were_attached(rows: Rows) -> None:
    role = _create(rows)
    with rows.database.write() as connection:
        assert roles.attachments(connection, role) == []
        roles.attach(connection, role, IMPORT_POLICY)
        roles.attach(connection, role, EXPORT_POLICY)

        attached = [each.policy for each in roles.attachments(connection, role)]
        assert attached == [IMPORT_POLICY, EXPORT_POLICY]
        assert roles.attachment_count(connection, rows.account, IMPORT_POLICY) == 2


def test_a_policy_is_attached_once(rows: Rows) -> None:
    role = _create(rows)
    with rows.database.write() as connection:
        roles.attach(connection, role, IMPORT_POLICY)

        with pytest.raises(PolicyAttachedError):
            roles.attach(connection, role, IMPORT_POLICY)


def test_policies_permit_what_the_contract_asks_of_them() -> None:
    document = json.loads(SYSTEM_POLICIES["AliyunECSImageImportRolePolicy"].document)

    assert document["Version"] == "1"
    assert document["Statement"][0]["Action"] == [
        "oss:GetObject",
        "oss:GetBucketLocation",
        "oss:GetBucketInfo",
    ]
    assert set(IMPORT_POLICY.actions) < set(EXPORT_POLICY.actions)
