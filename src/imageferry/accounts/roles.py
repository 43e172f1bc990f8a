"""RAM roles: what clients look up, make and assume. Every account has ECS's two from the start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from imageferry.accounts.policies import EXPORT_POLICY, IMPORT_POLICY, SYSTEM_POLICIES, Policy
from imageferry.accounts.tables import role_policies, roles
from imageferry.database.metadata import now

IMPORT_ROLE = "AliyunECSImageImportDefaultRole"
EXPORT_ROLE = "AliyunECSImageExportDefaultRole"

MIN_SESSION_SECONDS = 900
"""The shortest that a role can be assumed for."""

DEFAULT_SESSION_SECONDS = 3600
"""How long a role is assumed for, and at most can be, where nothing else is said."""

LONGEST_SESSION_SECONDS = 43_200
"""The longest that any role can be assumed for."""

_TRUST_IN_ECS = json.dumps(
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


class RoleExistsError(Exception):
    """The account has a role of that name already."""


class PolicyAttachedError(Exception):
    """The role has the policy already."""


@dataclass(frozen=True)
class Role:
    """A role.

    Attributes:
        account_id: The account that it is in.
        role_name: Its name, once in an account.
        role_id: Its id, once everywhere.
        description: What it is for.
        assume_role_policy_document: Who is trusted to assume it, in RAM's language.
        max_session_duration: The longest that it can be assumed for, in seconds.
        created, updated: When it was made and last changed.
    """

    account_id: str
    role_name: str
    role_id: str
    description: str
    assume_role_policy_document: str
    max_session_duration: int
    created: datetime
    updated: datetime

    @property
    def arn(self) -> str:
        """Its name across all accounts."""
        return f"acs:ram::{self.account_id}:role/{self.role_name}"


@dataclass(frozen=True)
class Attachment:
    """A policy that a role has, and since when."""

    policy: Policy
    attached: datetime


def find(connection: sa.Connection, account_id: str, role_name: str) -> Role | None:
    """The account's role of that name."""
    row = connection.execute(sa.select(roles).where(_is(account_id, role_name))).one_or_none()
    return None if row is None else Role(**row._mapping)


def create(
    connection: sa.Connection,
    account_id: str,
    role_name: str,
    *,
    assume_role_policy_document: str,
    description: str = "",
    max_session_duration: int = DEFAULT_SESSION_SECONDS,
) -> Role:
    """Make a role.

    Raises:
        RoleExistsError: there is one of that name.
    """
    moment = now()
    role = Role(
        account_id=account_id,
        role_name=role_name,
        role_id=str(secrets.randbelow(9 * 10**17) + 10**17),
        description=description,
        assume_role_policy_document=assume_role_policy_document,
        max_session_duration=max_session_duration,
        created=moment,
        updated=moment,
    )
    try:
        connection.execute(sa.insert(roles).values(**vars(role)))
    except sa.exc.IntegrityError:
        raise RoleExistsError(role_name) from None
    return role


def update(
    connection: sa.Connection, account_id: str, role_name: str, changes: Mapping[str, Any]
) -> None:
    """Change columns of a role."""
    connection.execute(
        sa.update(roles).where(_is(account_id, role_name)).values(**changes, updated=now())
    )


def attach(connection: sa.Connection, role: Role, policy: Policy) -> None:
    """Attach a policy to a role.

    Raises:
        PolicyAttachedError: the role has it.
    """
    attachment = {"account_id": role.account_id, "role_name": role.role_name}
    try:
        connection.execute(
            sa.insert(role_policies).values(**attachment, policy_name=policy.name, attached=now())
        )
    except sa.exc.IntegrityError:
        raise PolicyAttachedError(policy.name) from None


def attachments(connection: sa.Connection, role: Role) -> Sequence[Attachment]:
    """The policies that a role has, in the order they were attached."""
    rows = connection.execute(
        sa.select(role_policies.c.policy_name, role_policies.c.attached)
        .where(
            role_policies.c.account_id == role.account_id,
            role_policies.c.role_name == role.role_name,
        )
        .order_by(role_policies.c.attached, role_policies.c.policy_name)
    )
    return [Attachment(SYSTEM_POLICIES[row.policy_name], row.attached) for row in rows]


def attachment_count(connection: sa.Connection, account_id: str, policy: Policy) -> int:
    """How many roles of an account have a policy."""
    return connection.execute(
        sa.select(sa.func.count()).where(
            role_policies.c.account_id == account_id, role_policies.c.policy_name == policy.name
        )
    ).scalar_one()


def create_default_roles(connection: sa.Connection, account_id: str) -> None:
    """Make the roles that clients expect ECS to import and export by."""
    for role_name, policy, purpose in (
        (IMPORT_ROLE, IMPORT_POLICY, "import images from"),
        (EXPORT_ROLE, EXPORT_POLICY, "export images to"),
    ):
        role = create(
            connection,
            account_id,
            role_name,
            assume_role_policy_document=_TRUST_IN_ECS,
            description=f"ECS uses this role to {purpose} the account's buckets.",
            max_session_duration=LONGEST_SESSION_SECONDS,
        )
        attach(connection, role, policy)


def _is(account_id: str, role_name: str) -> sa.ColumnElement[bool]:
    return sa.and_(roles.c.account_id == account_id, roles.c.role_name == role_name)
