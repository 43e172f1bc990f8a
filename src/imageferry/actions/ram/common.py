"""Parameters, reply fields and look-ups that several actions of RAM share."""

from __future__ import annotations

import json
from typing import Annotated

import sqlalchemy as sa

from imageferry.accounts import roles
from imageferry.accounts.policies import SYSTEM, SYSTEM_POLICIES, Policy
from imageferry.accounts.roles import DEFAULT_SESSION_SECONDS, LONGEST_SESSION_SECONDS, Role
from imageferry.actions.call import Call, shorten
from imageferry.actions.declaration import Member, Parameter, Reply
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.times import to_second

LONGEST_DOCUMENT = 2048
"""The most characters of a trust policy: RAM's limit."""

_TRUST = (
    '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow",'
    '"Principal":{"Service":["ecs.aliyuncs.com"]}}],"Version":"1"}'
)

RoleName = Annotated[
    str,
    Parameter(
        description="The role.",
        example="AliyunECSImageImportDefaultRole",
        malformed=codes.INVALID_ROLE_NAME_CHARACTERS,
        pattern=r"[A-Za-z0-9.@-]+",
        rule="letters, digits, '.', '@' and '-'",
    ),
]
PolicyType = Annotated[
    str,
    Parameter(
        description="The policy's type.",
        example=SYSTEM,
        malformed=codes.INVALID_POLICY_TYPE,
        allowed=(SYSTEM, "Custom"),
    ),
]
PolicyName = Annotated[
    str,
    Parameter(
        description="The policy.",
        example="AliyunECSImageImportRolePolicy",
        malformed=codes.INVALID_POLICY_NAME_CHARACTERS,
        pattern=r"[A-Za-z0-9-]+",
        rule="letters, digits and '-'",
    ),
]
TRUST = Parameter(
    description="Who is trusted to assume the role, in RAM's language.",
    example=_TRUST,
    malformed=codes.MALFORMED_POLICY_DOCUMENT,
    max_length=LONGEST_DOCUMENT,
)
DESCRIPTION = Parameter(
    description="What the role is for.",
    example="Lets ECS import images",
    malformed=codes.INVALID_DESCRIPTION_LENGTH,
    max_length=1024,
)
MAX_SESSION_DURATION = Parameter(
    description="The longest that the role can be assumed for, in seconds.",
    example=str(DEFAULT_SESSION_SECONDS),
    malformed=codes.INVALID_MAX_SESSION_DURATION,
    minimum=DEFAULT_SESSION_SECONDS,
    maximum=LONGEST_SESSION_SECONDS,
)


class RoleEntry(Reply, frozen=True, kw_only=True):
    """A role."""

    role_id: Annotated[str, Member(description="Its id.", example="344584339364951234")]
    role_name: Annotated[
        str, Member(description="Its name.", example="AliyunECSImageImportDefaultRole")
    ]
    arn: Annotated[
        str,
        Member(
            description="Its name across all accounts.",
            example="acs:ram::1234567890123456:role/AliyunECSImageImportDefaultRole",
        ),
    ]
    description: Annotated[str, Member(description="What it is for.")]
    assume_role_policy_document: Annotated[
        str, Member(description="Who is trusted to assume it.", example=_TRUST)
    ]
    max_session_duration: Annotated[
        int, Member(description="The longest that it can be assumed for.", example="3600")
    ]
    create_date: Annotated[
        str, Member(description="When it was made.", example="2026-11-22T08:30:00Z")
    ]
    update_date: Annotated[
        str, Member(description="When it was last changed.", example="2026-11-22T08:30:00Z")
    ]


class RoleReply(Reply, frozen=True, kw_only=True):
    """A role."""

    role: Annotated[RoleEntry, Member(description="The role.")]


def role_reply(role: Role) -> RoleReply:
    """A role as replies tell it."""
    return RoleReply(
        role=RoleEntry(
            role_id=role.role_id,
            role_name=role.role_name,
            arn=role.arn,
            description=role.description,
            assume_role_policy_document=role.assume_role_policy_document,
            max_session_duration=role.max_session_duration,
            create_date=to_second(role.created),
            update_date=to_second(role.updated),
        )
    )


def find_role(connection: sa.Connection, call: Call, role_name: str) -> Role:
    """The caller's role of that name.

    Raises:
        ServiceError: ``EntityNotExist.Role``.
    """
    role = roles.find(connection, call.account_id, role_name)
    if role is None:
        raise codes.ROLE_NOT_FOUND.error(
            f"There is no role {shorten(role_name)}: make it by CreateRole, or check its name."
        )
    return role


def find_policy(policy_type: str, policy_name: str) -> Policy:
    """The policy of that type and name.

    Raises:
        ServiceError: ``EntityNotExist.Policy``.
    """
    policy = SYSTEM_POLICIES.get(policy_name)
    if policy is None or policy_type.lower() != SYSTEM.lower():
        raise codes.POLICY_NOT_FOUND.error()
    return policy


def check_trust(document: str) -> None:
    """Make sure that a trust policy is one.

    Raises:
        ServiceError: ``MalformedPolicyDocument``.
    """
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise codes.MALFORMED_POLICY_DOCUMENT.error("The document is not JSON.") from None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if not isinstance(statements, list) or not statements:
        raise codes.MALFORMED_POLICY_DOCUMENT.error("The document has no list of Statement.")
