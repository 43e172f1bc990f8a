"""CreateRole: make a role."""

from __future__ import annotations

from typing import Annotated

from imageferry.accounts import roles
from imageferry.accounts.roles import DEFAULT_SESSION_SECONDS, RoleExistsError
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.ram.common import (
    DESCRIPTION,
    MAX_SESSION_DURATION,
    TRUST,
    RoleName,
    RoleReply,
    check_trust,
    role_reply,
)

LONGEST_ROLE_NAME = 64
"""The most characters of a role's name: RAM's limit."""


class CreateRoleRequest(Model, frozen=True, kw_only=True):
    """The role that is to be made."""

    role_name: RoleName
    assume_role_policy_document: Annotated[str, TRUST]
    description: Annotated[str, DESCRIPTION] = ""
    max_session_duration: Annotated[int, MAX_SESSION_DURATION] = DEFAULT_SESSION_SECONDS


def create_role(call: Call, request: CreateRoleRequest) -> RoleReply:
    """Make a role without a policy."""
    if len(request.role_name) > LONGEST_ROLE_NAME:
        raise codes.INVALID_ROLE_NAME_LENGTH.error()
    check_trust(request.assume_role_policy_document)
    try:
        with call.write() as connection:
            role = roles.create(
                connection,
                call.account_id,
                request.role_name,
                assume_role_policy_document=request.assume_role_policy_document,
                description=request.description,
                max_session_duration=request.max_session_duration,
            )
    except RoleExistsError:
        raise codes.ROLE_EXISTS.error() from None
    return role_reply(role)


CREATE_ROLE = Action(
    name="CreateRole",
    summary="Make a role.",
    request=CreateRoleRequest,
    reply=RoleReply,
    errors=(
        codes.INVALID_ROLE_NAME_CHARACTERS,
        codes.INVALID_ROLE_NAME_LENGTH,
        codes.INVALID_DESCRIPTION_LENGTH,
        codes.INVALID_MAX_SESSION_DURATION,
        codes.MALFORMED_POLICY_DOCUMENT,
        codes.ROLE_EXISTS,
    ),
    policy="ram:CreateRole",
    handler=create_role,
    example={"RoleName": "image-builder", "AssumeRolePolicyDocument": TRUST.example},
)
