"""The codes of RAM, with their statuses and messages."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

_ROLE_NAME_RULE = "Send 1 to 64 letters, digits, '.', '@' and '-'."

INVALID_ROLE_NAME_CHARACTERS = ErrorCode(
    "InvalidParameter.RoleName.InvalidChars",
    400,
    'The parameter - "RoleName" contains invalid chars.',
    "RoleName has characters that are not allowed.",
    _ROLE_NAME_RULE,
)
INVALID_ROLE_NAME_LENGTH = ErrorCode(
    "InvalidParameter.RoleName.Length",
    400,
    'The parameter - "RoleName" beyond the length limit.',
    "RoleName is too long.",
    _ROLE_NAME_RULE,
)
INVALID_DESCRIPTION_LENGTH = ErrorCode(
    "InvalidParameter.Description.Length",
    400,
    'The parameter - "Description" beyond the length limit.',
    "The description is too long.",
    "Send at most 1024 characters.",
)
INVALID_MAX_SESSION_DURATION = ErrorCode(
    "InvalidParameter.MaxSessionDuration",
    400,
    'The parameter - "MaxSessionDuration" is incorrect.',
    "The role could be assumed for too short or too long.",
    "Send 3600 to 43200 seconds.",
)
MALFORMED_POLICY_DOCUMENT = ErrorCode(
    "MalformedPolicyDocument",
    400,
    "The policy document is malformed.",
    "The document is no policy in RAM's language, or longer than 2048 characters.",
    "Send a JSON object with a Version and a list of Statement.",
)
INVALID_POLICY_TYPE = ErrorCode(
    "InvalidParameter.PolicyType",
    400,
    'The parameter - "PolicyType" is incorrect.',
    "The type is none that policies have.",
    "Send System: the service's policies are all of this type.",
)
INVALID_POLICY_NAME_CHARACTERS = ErrorCode(
    "InvalidParameter.PolicyName.InvalidChars",
    400,
    'The parameter - "PolicyName" contains invalid chars.',
    "PolicyName has characters that are not allowed.",
    "Send letters, digits and '-'.",
)
ROLE_NOT_FOUND = ErrorCode(
    "EntityNotExist.Role",
    404,
    "The role does not exist.",
    "The account has no role of that name.",
    "Make it by CreateRole, or check its name.",
)
ROLE_EXISTS = ErrorCode(
    "EntityAlreadyExists.Role",
    409,
    "The role already exists.",
    "The account has a role of that name.",
    "Use it, or choose another name.",
)
POLICY_NOT_FOUND = ErrorCode(
    "EntityNotExist.Policy",
    404,
    "The policy does not exist.",
    "There is no policy of that name and type.",
    "Use AliyunECSImageImportRolePolicy or AliyunECSImageExportRolePolicy, of type System.",
)
POLICY_ATTACHED = ErrorCode(
    "EntityAlreadyExists.Role.Policy",
    409,
    "The role has already been attached this policy.",
    "The role has the policy, so that there was nothing to do.",
    "Go on: the role is as you want it.",
)
