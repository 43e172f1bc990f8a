"""GetRole: what is known of a role."""

from __future__ import annotations

from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Model
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.ram.common import RoleName, RoleReply, find_role, role_reply


class GetRoleRequest(Model, frozen=True, kw_only=True):
    """Which role is meant."""

    role_name: RoleName


def get_role(call: Call, request: GetRoleRequest) -> RoleReply:
    """Tell a role."""
    with call.database.read() as connection:
        return role_reply(find_role(connection, call, request.role_name))


GET_ROLE = Action(
    name="GetRole",
    summary="Tell a role.",
    request=GetRoleRequest,
    reply=RoleReply,
    errors=(codes.INVALID_ROLE_NAME_CHARACTERS, codes.ROLE_NOT_FOUND),
    policy="ram:GetRole",
    handler=get_role,
    example={"RoleName": "AliyunECSImageImportDefaultRole"},
)
