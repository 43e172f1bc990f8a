"""GetPolicy: what a policy permits."""

from __future__ import annotations

from typing import Annotated

from imageferry.accounts import roles
from imageferry.accounts.policies import CREATED, DEFAULT_VERSION, SYSTEM, Policy
from imageferry.actions.call import Call
from imageferry.actions.declaration import Action, Member, Model, Reply
from imageferry.actions.ram import error_codes as codes
from imageferry.actions.ram.common import PolicyName, PolicyType, find_policy
from imageferry.actions.times import to_second


class GetPolicyRequest(Model, frozen=True, kw_only=True):
    """Which policy is meant."""

    policy_type: PolicyType
    policy_name: PolicyName


class PolicyEntry(Reply, frozen=True, kw_only=True):
    """A policy."""

    policy_name: Annotated[
        str, Member(description="Its name.", example="AliyunECSImageImportRolePolicy")
    ]
    policy_type: Annotated[str, Member(description="Its type.", example=SYSTEM)]
    description: Annotated[str, Member(description="What it permits, in a sentence.")]
    default_version: Annotated[
        str, Member(description="The version in force.", example=DEFAULT_VERSION)
    ]
    policy_document: Annotated[str, Member(description="What it permits, in RAM's language.")]
    attachment_count: Annotated[
        int, Member(description="How many of the account's roles have it.", example="1")
    ]
    create_date: Annotated[
        str, Member(description="When it was made.", example="2015-05-01T00:00:00Z")
    ]
    update_date: Annotated[
        str, Member(description="When it was last changed.", example="2015-05-01T00:00:00Z")
    ]


class PolicyVersion(Reply, frozen=True, kw_only=True):
    """A version of a policy."""

    version_id: Annotated[str, Member(description="The version.", example=DEFAULT_VERSION)]
    is_default_version: Annotated[bool, Member(description="Whether it is in force.")]
    policy_document: Annotated[str, Member(description="What it permits, in RAM's language.")]
    create_date: Annotated[
        str, Member(description="When it was made.", example="2015-05-01T00:00:00Z")
    ]


class GetPolicyReply(Reply, frozen=True, kw_only=True):
    """A policy, and the version of it that is in force."""

    policy: Annotated[PolicyEntry, Member(description="The policy.")]
    default_policy_version: Annotated[PolicyVersion, Member(description="The version in force.")]


def get_policy(call: Call, request: GetPolicyRequest) -> GetPolicyReply:
    """Tell a policy."""
    policy = find_policy(request.policy_type, request.policy_name)
    with call.database.read() as connection:
        count = roles.attachment_count(connection, call.account_id, policy)
    return GetPolicyReply(policy=_entry(policy, count), default_policy_version=_version(policy))


def _entry(policy: Policy, attachment_count: int) -> PolicyEntry:
    return PolicyEntry(
        policy_name=policy.name,
        policy_type=SYSTEM,
        description=policy.description,
        default_version=DEFAULT_VERSION,
        policy_document=policy.document,
        attachment_count=attachment_count,
        create_date=to_second(CREATED),
        update_date=to_second(CREATED),
    )


def _version(policy: Policy) -> PolicyVersion:
    return PolicyVersion(
        version_id=DEFAULT_VERSION,
        is_default_version=True,
        policy_document=policy.document,
        create_date=to_second(CREATED),
    )


GET_POLICY = Action(
    name="GetPolicy",
    summary="Tell a policy.",
    request=GetPolicyRequest,
    reply=GetPolicyReply,
    errors=(
        codes.INVALID_POLICY_TYPE,
        codes.INVALID_POLICY_NAME_CHARACTERS,
        codes.POLICY_NOT_FOUND,
    ),
    policy="ram:GetPolicy",
    handler=get_policy,
    example={"PolicyType": "System", "PolicyName": "AliyunECSImageImportRolePolicy"},
)
