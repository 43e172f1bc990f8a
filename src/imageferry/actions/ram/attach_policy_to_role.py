"""AttachPolicyToRole: give a role a policy."""

from __future__ import annotations

from imageferry.accounts import roles
from imageferry.accounts.roles import PolicyAttachedError
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model, Reply
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.ram.common import (
    PolicyName,
    PolicyType,
    RoleName,
    find_policy,
    find_role,
)


class AttachPolicyToRoleRequest(Model, frozen=True, kw_only=True):
    """The policy and the role."""

    policy_type: PolicyType
    policy_name: PolicyName
    role_name: RoleName


class AttachPolicyToRoleReply(Reply, frozen=True, kw_only=True):
    """The role has the policy."""


def attach_policy_to_role(
    call: Call, request: AttachPolicyToRoleRequest
) -> AttachPolicyToRoleReply:
    """Attach the policy."""
    policy = find_policy(request.policy_type, request.policy_name)
    try:
        with call.write() as connection:
            roles.attach(connection, find_role(connection, call, request.role_name), policy)
    except PolicyAttachedError:
        raise codes.POLICY_ATTACHED.error() from None
    return AttachPolicyToRoleReply()


ATTACH_POLICY_TO_ROLE = Action(
    name="AttachPolicyToRole",
    summary="Give a role a policy. Policies permit nothing by themselves: "
    "a key may do all that its account may.",
    request=AttachPolicyToRoleRequest,
    reply=AttachPolicyToRoleReply,
    errors=(
        codes.INVALID_ROLE_NAME_CHARACTERS,
        codes.INVALID_POLICY_TYPE,
        codes.INVALID_POLICY_NAME_CHARACTERS,
        codes.ROLE_NOT_FOUND,
        codes.POLICY_NOT_FOUND,
        codes.POLICY_ATTACHED,
    ),
    policy="ram:AttachPolicyToRole",
    handler=attach_policy_to_role,
    example={
        "PolicyType": "System",
        "PolicyName": "AliyunECSImageImportRolePolicy",
        "RoleName": "image-builder",
    },
)
