"""ListPoliciesForRole: the policies that a role has."""

from __future__ import annotations

from typing import Annotated

from imageferry.accounts import roles
from imageferry.accounts.policies import DEFAULT_VERSION, SYSTEM
from imageferry.accounts.roles import Attachment
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Reply
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.ram.common import RoleName, find_role
from imageferry.actions.times import to_second


class ListPoliciesForRoleRequest(Model, frozen=True, kw_only=True):
    """Which role is meant."""

    role_name: RoleName


class AttachedPolicy(Reply, frozen=True, kw_only=True):
    """A policy that the role has."""

    policy_name: Annotated[
        str, Member(description="Its name.", example="AliyunECSImageImportRolePolicy")
    ]
    policy_type: Annotated[str, Member(description="Its type.", example=SYSTEM)]
    description: Annotated[str, Member(description="What it permits.")]
    default_version: Annotated[
        str, Member(description="The version in force.", example=DEFAULT_VERSION)
    ]
    attach_date: Annotated[
        str, Member(description="Since when the role has it.", example="2026-11-22T08:30:00Z")
    ]


class PolicySet(Reply, frozen=True, kw_only=True):
    """The policies."""

    policy: Annotated[tuple[AttachedPolicy, ...], Member(description="The policies.")]


class ListPoliciesForRoleReply(Reply, frozen=True, kw_only=True):
    """The policies that the role has."""

    policies: Annotated[
        PolicySet, Member(description="The policies, in the order they were attached.")
    ]


def list_policies_for_role(
    call: Call, request: ListPoliciesForRoleRequest
) -> ListPoliciesForRoleReply:
    """List a role's policies."""
    with call.database.read() as connection:
        role = find_role(connection, call, request.role_name)
        attached = roles.attachments(connection, role)
    return ListPoliciesForRoleReply(policies=PolicySet(policy=tuple(map(_entry, attached))))


def _entry(attachment: Attachment) -> AttachedPolicy:
    return AttachedPolicy(
        policy_name=attachment.policy.name,
        policy_type=SYSTEM,
        description=attachment.policy.description,
        default_version=DEFAULT_VERSION,
        attach_date=to_second(attachment.attached),
    )


LIST_POLICIES_FOR_ROLE = Action(
    name="ListPoliciesForRole",
    summary="List the policies that a role has.",
    request=ListPoliciesForRoleRequest,
    reply=ListPoliciesForRoleReply,
    errors=(codes.INVALID_ROLE_NAME_CHARACTERS, codes.ROLE_NOT_FOUND),
    policy="ram:ListPoliciesForRole",
    handler=list_policies_for_role,
    example={"RoleName": "AliyunECSImageImportDefaultRole"},
)
