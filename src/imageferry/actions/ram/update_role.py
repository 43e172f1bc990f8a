"""UpdateRole: change a role."""

from __future__ import annotations

from typing import Annotated

from imageferry.accounts import roles
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
    find_role,
    role_reply,
)


class UpdateRoleRequest(Model, frozen=True, kw_only=True):
    """What is to be changed; what is absent stays."""

    role_name: RoleName
    new_assume_role_policy_document: Annotated[str | None, TRUST] = None
    new_description: Annotated[str | None, DESCRIPTION] = None
    new_max_session_duration: Annotated[int | None, MAX_SESSION_DURATION] = None


def update_role(call: Call, request: UpdateRoleRequest) -> RoleReply:
    """Change what is given."""
    if request.new_assume_role_policy_document is not None:
        check_trust(request.new_assume_role_policy_document)
    wanted = {
        "assume_role_policy_document": request.new_assume_role_policy_document,
        "description": request.new_description,
        "max_session_duration": request.new_max_session_duration,
    }
    changes = {column: value for column, value in wanted.items() if value is not None}
    with call.write() as connection:
        find_role(connection, call, request.role_name)
        roles.update(connection, call.account_id, request.role_name, changes)
        return role_reply(find_role(connection, call, request.role_name))


UPDATE_ROLE = Action(
    name="UpdateRole",
    summary="Change a role's trust policy, description or longest session.",
    request=UpdateRoleRequest,
    reply=RoleReply,
    errors=(
        codes.INVALID_ROLE_NAME_CHARACTERS,
        codes.INVALID_DESCRIPTION_LENGTH,
        codes.INVALID_MAX_SESSION_DURATION,
        codes.MALFORMED_POLICY_DOCUMENT,
        codes.ROLE_NOT_FOUND,
    ),
    policy="ram:UpdateRole",
    handler=update_role,
    example={"RoleName": "image-builder", "NewMaxSessionDuration": "43200"},
)
