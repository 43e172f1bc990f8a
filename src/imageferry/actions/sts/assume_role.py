"""AssumeRole: temporary credentials for a role."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from imageferry.accounts import access_keys, roles
from imageferry.accounts.access_keys import AccessKey
from imageferry.accounts.roles import (
    DEFAULT_SESSION_SECONDS,
    LONGEST_SESSION_SECONDS,
    MIN_SESSION_SECONDS,
    Role,
)
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.sts import error_codes as codes
from imageferry.actions.times import to_second
from imageferry.database.metadata import now


class AssumeRoleRequest(Model, frozen=True, kw_only=True):
    """Which role is to be assumed, by whom and for how long."""

    role_arn: Annotated[
        str,
        Parameter(
            description="The role.",
            example="acs:ram::1234567890123456:role/AliyunECSImageImportDefaultRole",
            malformed=codes.INVALID_ROLE_ARN,
            pattern=r"acs:ram::[0-9]+:role/[A-Za-z0-9.@_-]+",
            rule="acs:ram::, the account's id, :role/ and the role's name",
        ),
    ]
    role_session_name: Annotated[
        str,
        Parameter(
            description="What the credentials' user is called.",
            example="alice",
            malformed=codes.INVALID_ROLE_SESSION_NAME,
            min_length=2,
            max_length=64,
            pattern=r"[A-Za-z0-9.@_-]+",
            rule="letters, digits, '.', '@', '-' and '_'",
        ),
    ]
    duration_seconds: Annotated[
        int,
        Parameter(
            description="The seconds that the credentials last. The role's MaxSessionDuration "
            "limits them too.",
            example="3600",
            malformed=codes.INVALID_DURATION_SECONDS,
            minimum=MIN_SESSION_SECONDS,
            maximum=LONGEST_SESSION_SECONDS,
        ),
    ] = DEFAULT_SESSION_SECONDS
    policy: Annotated[
        str | None,
        Parameter(
            description="A policy that limits what the credentials are good for.",
            malformed=codes.INVALID_POLICY,
            max_length=2048,
            unused="a key may do all that its account may",
        ),
    ] = None
    external_id: Annotated[
        str | None,
        Parameter(
            description="What a third party is known by.",
            example="abcd1234",
            unused="roles are assumed within their account",
        ),
    ] = None


class Credentials(Reply, frozen=True, kw_only=True):
    """Temporary credentials."""

    access_key_id: Annotated[
        str, Member(description="The access key's id.", example="STS.NUgYrLnoC37mZZCNnAbez4UkL")
    ]
    access_key_secret: Annotated[str, Member(description="The secret to sign with.")]
    security_token: Annotated[str, Member(description="The token to send with each request.")]
    expiration: Annotated[
        str, Member(description="When they run out.", example="2026-11-22T09:30:00Z")
    ]


class AssumedRoleUser(Reply, frozen=True, kw_only=True):
    """Who the credentials make their user."""

    arn: Annotated[
        str,
        Member(
            description="The user.",
            example="acs:ram::1234567890123456:role/AliyunECSImageImportDefaultRole/alice",
        ),
    ]
    assumed_role_id: Annotated[
        str, Member(description="The user's id.", example="344584339364951234:alice")
    ]


class AssumeRoleReply(Reply, frozen=True, kw_only=True):
    """Temporary credentials, and whom they stand for."""

    credentials: Annotated[Credentials, Member(description="The credentials.")]
    assumed_role_user: Annotated[AssumedRoleUser, Member(description="Whom they stand for.")]


def assume_role(call: Call, request: AssumeRoleRequest) -> AssumeRoleReply:
    """Give out a temporary key."""
    with call.write() as connection:
        role = roles.find(connection, call.account_id, request.role_arn.rpartition("/")[2])
        if role is None or role.arn != request.role_arn:
            raise codes.ROLE_NOT_FOUND.error()
        _check_duration(role, request.duration_seconds)
        key = access_keys.create_temporary_key(
            connection, role, request.role_session_name, _expiry(call, request.duration_seconds)
        )
    return AssumeRoleReply(
        credentials=_credentials(key),
        assumed_role_user=AssumedRoleUser(
            arn=f"{role.arn}/{request.role_session_name}",
            assumed_role_id=f"{role.role_id}:{request.role_session_name}",
        ),
    )


def _check_duration(role: Role, seconds: int) -> None:
    if seconds > role.max_session_duration:
        raise codes.INVALID_DURATION_SECONDS.error(
            f"DurationSeconds is {seconds}, and {role.role_name} can be assumed for "
            f"{role.max_session_duration} seconds at most: send less, or raise its "
            "MaxSessionDuration by UpdateRole."
        )


def _expiry(call: Call, seconds: int) -> datetime:
    """When the credentials run out: never after those that they are got with."""
    wanted = now().replace(microsecond=0) + timedelta(seconds=seconds)
    return wanted if call.expires is None else min(wanted, call.expires)


def _credentials(key: AccessKey) -> Credentials:
    assert key.security_token is not None  # noqa: S101 - a temporary key has both
    assert key.expires is not None  # noqa: S101
    return Credentials(
        access_key_id=key.access_key_id,
        access_key_secret=key.secret,
        security_token=key.security_token,
        expiration=to_second(key.expires),
    )


ASSUME_ROLE = Action(
    name="AssumeRole",
    summary="Get temporary credentials, for ECS and OSS alike.",
    request=AssumeRoleRequest,
    reply=AssumeRoleReply,
    errors=(
        codes.INVALID_ROLE_ARN,
        codes.INVALID_ROLE_SESSION_NAME,
        codes.INVALID_DURATION_SECONDS,
        codes.INVALID_POLICY,
        codes.ROLE_NOT_FOUND,
    ),
    policy="sts:AssumeRole",
    handler=assume_role,
    example={
        "RoleArn": "acs:ram::1234567890123456:role/AliyunECSImageImportDefaultRole",
        "RoleSessionName": "alice",
    },
)
