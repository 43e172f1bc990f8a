"""GetCallerIdentity: whom a key stands for."""

from __future__ import annotations

from typing import Annotated

from imageferry.accounts import access_keys, roles
from imageferry.accounts.roles import Role
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Reply


class GetCallerIdentityRequest(Model, frozen=True, kw_only=True):
    """The signature says all."""


class GetCallerIdentityReply(Reply, frozen=True, kw_only=True):
    """Who the caller is."""

    identity_type: Annotated[
        str,
        Member(description="Account, or AssumedRoleUser with temporary keys.", example="Account"),
    ]
    account_id: Annotated[str, Member(description="The account.", example="1234567890123456")]
    principal_id: Annotated[
        str,
        Member(
            description="The caller's id: the account's, or the role's and the session's name.",
            example="1234567890123456",
        ),
    ]
    arn: Annotated[str, Member(description="The caller.", example="acs:ram::1234567890123456:root")]
    user_id: Annotated[
        str | None,
        Member(
            description="The account's id; not with temporary keys.", example="1234567890123456"
        ),
    ] = None
    role_id: Annotated[
        str | None,
        Member(description="The role's id, with temporary keys.", example="344584339364951234"),
    ] = None


def get_caller_identity(call: Call, _request: GetCallerIdentityRequest) -> GetCallerIdentityReply:
    """Tell the account, or the role that its key was got for."""
    with call.database.read() as connection:
        key = access_keys.find(connection, call.access_key_id)
        if key is not None and key.role_name and key.role_session_name:
            role = roles.find(connection, call.account_id, key.role_name)
            if role is not None:
                return _assumed_role(role, key.role_session_name)
    return GetCallerIdentityReply(
        identity_type="Account",
        account_id=call.account_id,
        principal_id=call.account_id,
        arn=f"acs:ram::{call.account_id}:root",
        user_id=call.account_id,
    )


def _assumed_role(role: Role, session_name: str) -> GetCallerIdentityReply:
    return GetCallerIdentityReply(
        identity_type="AssumedRoleUser",
        account_id=role.account_id,
        principal_id=f"{role.role_id}:{session_name}",
        arn=f"acs:ram::{role.account_id}:assumed-role/{role.role_name}/{session_name}",
        role_id=role.role_id,
    )


GET_CALLER_IDENTITY = Action(
    name="GetCallerIdentity",
    summary="Tell whom the key that signed the request stands for.",
    request=GetCallerIdentityRequest,
    reply=GetCallerIdentityReply,
    errors=(),
    policy="sts:GetCallerIdentity",
    handler=get_caller_identity,
    example={},
)
